"""The reference model, in dicts."""
