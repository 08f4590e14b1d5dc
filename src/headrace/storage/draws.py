"""The lots by which samples of logs are drawn."""

from __future__ import annotations

import hashlib


def draw_of(log_id: str) -> int:
    """The lot of a log, from 0 up to 2³²: a sample is the logs with the lowest.

    It depends on the id alone, so that the pages of one sample fit together.
    """
    return int.from_bytes(hashlib.blake2b(log_id.encode(), digest_size=4).digest(), "big")
