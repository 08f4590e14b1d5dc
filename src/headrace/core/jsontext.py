"""Values as JSON text, whatever is in them."""

from __future__ import annotations

import json
from typing import Any

import msgspec

_encode = msgspec.json.Encoder().encode


def json_text(value: Any) -> bytes:
    """A value as JSON in UTF-8. Half a surrogate pair, which UTF-8 has no form for, becomes a ``?``.

    No request can bring such a text in, but whoever answers for a model or a function could.
    """
    try:
        return _encode(value)
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(value), ensure_ascii=False).encode("utf-8", "replace")
