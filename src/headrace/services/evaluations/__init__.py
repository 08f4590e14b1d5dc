"""Evaluations, their runs, and how far they are."""
