"""The tree of files: finding, making, moving and removing what stands in it."""
