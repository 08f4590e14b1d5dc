"""Reads the files that a knowledge base is filled with: text, Markdown, PDF."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from headrace.backends.knowledge.chunks import Passage, passages

MARKDOWN = frozenset({".md", ".markdown"})
TEXT = frozenset({".txt", ".text", ".rst", ".csv", ".tsv", ".json", ".yaml", ".yml", ".html", ".htm", ".log"})
KINDS = MARKDOWN | TEXT | {".pdf"}
"""The file names' ends that are taken."""
METADATA = ".metadata.json"
"""Beside ``guide.md``, ``guide.md.metadata.json`` holds ``{"metadataAttributes": {…}}``, as AWS has it."""


class Unreadable(ValueError):
    """A file can't be taken into a knowledge base."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file's passages.

    Attributes:
        source: what results name it by: its path, or a URI.
        metadata: what results show besides; strings, numbers, booleans, lists of strings.
    """

    source: str
    passages: tuple[Passage, ...]
    metadata: Mapping[str, Any] = field(default_factory=dict)


def find_files(path: Path) -> Iterator[Path]:
    """A file itself, or the files of a folder that can be taken, in order; hidden ones are left out."""
    if path.is_file():
        yield path
        return
    if not path.is_dir():
        raise Unreadable(f"{path} is not there.")
    for found in sorted(path.rglob("*")):
        is_hidden = any(part.startswith(".") for part in found.relative_to(path).parts)
        if not is_hidden and is_kind(found) and found.is_file():
            yield found


def is_kind(path: Path) -> bool:
    """Whether a file's name says that it can be taken."""
    return path.suffix.lower() in KINDS and not path.name.endswith(METADATA)


def read_document(path: Path, *, source: str) -> Document:
    """Read a file.

    Raises:
        Unreadable: it is of another kind, or not what its name says.
    """
    kind = path.suffix.lower()
    if not is_kind(path):
        raise Unreadable(f"{path}: only {', '.join(sorted(KINDS))} are taken.")
    try:
        found = _pdf(path) if kind == ".pdf" else _text(path, is_markdown=kind in MARKDOWN)
        metadata = _metadata(path.with_name(path.name + METADATA))
    except OSError as error:
        raise Unreadable(f"{path} can't be read: {error.strerror}.") from None
    if not found:
        raise Unreadable(f"{path} holds no text.")
    return Document(source=source, passages=tuple(found), metadata=metadata)


def _text(path: Path, *, is_markdown: bool) -> list[Passage]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable(f"{path} is not UTF-8.") from None
    return list(passages(text, is_markdown=is_markdown))


def _pdf(path: Path) -> list[Passage]:
    try:
        pypdf = importlib.import_module("pypdf")
    except ImportError:
        raise Unreadable(f"{path}: PDF needs a package: install `headrace[kb]`.") from None
    try:
        pages = [page.extract_text() for page in pypdf.PdfReader(path).pages]
    except (pypdf.errors.PyPdfError, ValueError, KeyError) as error:
        raise Unreadable(f"{path} is no PDF that can be read: {error}.") from None
    return [
        passage
        for number, text in enumerate(pages, start=1)
        for passage in passages(text, is_markdown=False, page=number)
    ]


class _Sidecar(msgspec.Struct, frozen=True):
    metadataAttributes: dict[str, str | int | float | bool | list[str]]  # noqa: N815 - AWS's word


def _metadata(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        return {}
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Sidecar).metadataAttributes
    except msgspec.MsgspecError as error:
        raise Unreadable(f"{path}: {error}") from None
