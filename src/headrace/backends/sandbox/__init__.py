"""Runs the code of InlineCode nodes and of code evaluators where it can do no harm.

``runners`` makes a sandbox; ``native`` is CPython behind the locks that ``jail`` sets. What this defends
against, and what it does not, is told in ``docs/explanation/sandbox.md``.
"""
