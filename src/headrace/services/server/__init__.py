"""The server itself: who asks, which processes there are, and what is kept in order."""
