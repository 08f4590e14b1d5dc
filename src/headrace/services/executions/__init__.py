"""Recorded runs for people: lists, steps, lines of time."""
