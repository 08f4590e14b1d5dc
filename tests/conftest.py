"""What holds for all tests: where a change is judged, the same examples are tried every time."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("same every time", derandomize=True, database=None)
if os.environ.get("CI"):
    settings.load_profile("same every time")
