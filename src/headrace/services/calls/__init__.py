"""Calls of prompts and tools, and the providers that answer them."""
