"""What answers for knowledge bases."""
