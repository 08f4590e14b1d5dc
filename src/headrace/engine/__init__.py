"""How a definition runs."""
