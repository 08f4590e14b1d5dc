"""The rules that `headrace.core.validate` holds a definition to, by what they look at."""
