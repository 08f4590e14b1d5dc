"""Pointers at versions: what they target, what lets them move, and what is watched afterwards."""
