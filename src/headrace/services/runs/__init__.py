"""Running flows: what a call leads to, and what goes on while it runs."""
