"""What the export tool leaves behind: reading such a folder, making one, and both ends in the server."""
