"""Logs of any kind: recording, reading, searching, forgetting; and the traces that they are part of."""
