"""Datasets: a version's content names its datapoints and holds none: see `headrace.core.datasets`."""

from __future__ import annotations

import msgspec

from headrace.core.kinds.kind import FileKind


class DatasetContent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The content of a dataset's version.

    Attributes:
        datapoints: the digest of the set of its datapoints.
        count: how many they are.
        membership: the digest of the list that has them in their order.
        attributes: the author's own, as JSON text.
    """

    datapoints: str
    count: int
    membership: str
    attributes: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


def read_dataset(content: bytes) -> DatasetContent:
    """Stored content."""
    return _decode(content)


def write_dataset(dataset: DatasetContent) -> bytes:
    """The same as text."""
    return _encode(dataset)


def _identity(content: bytes) -> bytes:
    """The set of datapoints and the attributes: another order is no other version (humanloop 2.1)."""
    dataset = read_dataset(content)
    return _encode(_Identity(datapoints=dataset.datapoints, attributes=dataset.attributes))


class _Identity(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    datapoints: str
    attributes: msgspec.Raw | msgspec.UnsetType


_decode = msgspec.json.Decoder(DatasetContent).decode
_encode = msgspec.json.Encoder().encode

KIND = FileKind(name="dataset", title="Dataset", prefix="ds_", version_prefix="dsv_", identity=_identity)
