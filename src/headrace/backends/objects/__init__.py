"""What answers for buckets of objects."""
