"""Contents that come in and go out in large pieces: imports, archives, directories of files."""
