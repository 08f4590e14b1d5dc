"""Versions by content, their numbers, and the drafts that they come from."""
