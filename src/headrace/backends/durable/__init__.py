"""What has durable executions carried out to their end: DBOS, in threads of its own."""
