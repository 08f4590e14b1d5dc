"""Flows: a version's content is a map of attributes, of which three have a meaning to the engine.

``definition`` is a graph of nodes and connections and makes the version runnable; ``executionRoleArn`` and
``customerEncryptionKeyArn`` are kept with it and echoed. Absent ones are absent. Everything else in the map
is the author's own.
"""

from __future__ import annotations

from typing import Any

import msgspec

from headrace.core.kinds.kind import FileKind
from headrace.core.parsing import parse

KIND = FileKind(name="flow", title="Flow", prefix="fl_", version_prefix="flv_", is_prepared=True)


class FlowContent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The meaningful part of a runnable flow's content.

    Attributes:
        definition: JSON text of the graph, exactly as it was sent.
        role: ``executionRoleArn``: the role a run would use; kept and echoed.
        key: ``customerEncryptionKeyArn``: kept and echoed; it encrypts nothing.
    """

    definition: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    role: str | msgspec.UnsetType = msgspec.field(name="executionRoleArn", default=msgspec.UNSET)
    key: str | msgspec.UnsetType = msgspec.field(name="customerEncryptionKeyArn", default=msgspec.UNSET)

    def parsed_definition(self) -> Any:
        """The graph as plain JSON values; None when there is none."""
        return None if self.definition is msgspec.UNSET else parse(self.definition)


_decoder = msgspec.json.Decoder(FlowContent)
_encoder = msgspec.json.Encoder()


def read_content(content: bytes) -> FlowContent:
    """The meaningful part of stored content. Only for content that is runnable or was written as a draft."""
    return _decoder.decode(content)


def write_content(*, definition: bytes | None, role: str | None, key: str | None) -> bytes:
    """Content that holds what is given and nothing else."""
    return _encoder.encode(
        FlowContent(
            definition=msgspec.UNSET if definition is None else msgspec.Raw(definition),
            role=msgspec.UNSET if role is None else role,
            key=msgspec.UNSET if key is None else key,
        )
    )
