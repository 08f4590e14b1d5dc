"""The contract of both protocols as a probe: small checks that any server of either can be put to.

Nothing here knows how Headrace does what it does. A check speaks HTTP as a client does, and compares
what comes back.
"""
