"""Measurements: each figure beside its floor, taken in the same run. `python -m bench` runs them all."""
