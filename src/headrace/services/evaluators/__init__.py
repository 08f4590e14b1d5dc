"""Evaluators, what they monitor, and their judgments."""
