"""Headrace: one self-hosted server for versioned LLM flows, in two wire protocols."""

__version__ = "0.1.0"
