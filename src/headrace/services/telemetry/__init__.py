"""What is told to those who watch: spans of the server's own, and those that others send."""
