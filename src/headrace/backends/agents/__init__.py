"""What answers for agents."""
