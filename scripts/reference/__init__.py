"""The pages of docs/reference that are read off the code, one module a page or two."""
