"""What answers for models: a routing table and one file a provider."""
