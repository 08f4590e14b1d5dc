"""``headrace kb``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from headrace.cli.options import json_option, read_settings, store_option

if TYPE_CHECKING:
    from headrace.backends.knowledge.local import LocalKnowledge

SHOWN_CHARS = 300


@click.group("kb")
def command() -> None:
    """Keep local knowledge bases for KnowledgeBase nodes.

    They lie in a file of their own beside the store; a running server sees changes at once.
    """


@command.command("create")
@click.argument("name")
@store_option
@json_option
def create(name: str, store: str | None, as_json: bool) -> None:
    """Make an empty knowledge base. A node names it by NAME or by the id that is printed.

    \b
    Example:
      headrace kb create handbook
    """
    with _told():
        base_id = _bases(store).create(name)
    click.echo(json.dumps({"id": base_id, "name": name}) if as_json else f"{base_id} is {name}.")


@command.command("add")
@click.argument("name")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--as", "prefix", metavar="URI", help="What results name a folder by, such as s3://docs.")
@store_option
def add(name: str, paths: tuple[Path, ...], prefix: str | None, store: str | None) -> None:
    """Add files and folders of text, Markdown and PDF. A file that is in already takes its own place.

    \b
    Examples:
      headrace kb add handbook ./docs guide.pdf
      headrace kb add handbook ./docs --as s3://company-docs
    """
    from headrace.backends.knowledge.documents import find_files, read_document

    documents = passages = 0
    with _told():
        bases = _bases(store)
        for path in paths:
            for file in find_files(path):
                document = read_document(file, source=_source(file, path, prefix))
                bases.add(name, document)
                documents += 1
                passages += len(document.passages)
    click.echo(f"{documents} document{'s' if documents != 1 else ''}: {passages} passages.")


@command.command("query")
@click.argument("name")
@click.argument("question")
@click.option(
    "--most", type=click.IntRange(1, 100), default=5, show_default=True, help="How many passages at the most."
)
@store_option
@json_option
def query(name: str, question: str, most: int, store: str | None, as_json: bool) -> None:
    """Ask as a node would.

    \b
    Example:
      headrace kb query handbook "How long does a refund take?"
    """
    with _told():
        found = _bases(store).query(name, question, most=most)
    if as_json:
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    for one in found:
        heading = one["metadata"].get("heading", "")
        click.echo(
            f"{one['score']:.3f}  {one['metadata']['x-amz-bedrock-kb-source-uri']}  {heading}".rstrip()
        )
        click.echo(f"       {one['content']['text'][:SHOWN_CHARS]}\n")


@command.command("list")
@store_option
@json_option
def list_(store: str | None, as_json: bool) -> None:
    """List the knowledge bases.

    \b
    Example:
      headrace kb list --json
    """
    with _told():
        found = _bases(store).list()
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(found), indent=2))
        return
    for one in found:
        click.echo(f"{one.id}  {one.name:<24}  {one.documents} documents, {one.passages} passages")


@command.command("delete")
@click.argument("name")
@click.option("--document", metavar="SOURCE", help="Only this document, by what results name it.")
@store_option
def delete(name: str, document: str | None, store: str | None) -> None:
    """Delete a knowledge base, or one document of it.

    \b
    Example:
      headrace kb delete handbook --document s3://company-docs/old.md
    """
    with _told():
        if document is None:
            _bases(store).delete(name)
        else:
            _bases(store).remove(name, document)
    click.echo(f"{document or name} is deleted.")


def _bases(store: str | None) -> LocalKnowledge:
    from headrace.backends.knowledge.local import KnowledgeError, LocalKnowledge, file_of
    from headrace.storage.place import path_of

    settings = read_settings(store=store)
    path = file_of(settings.knowledge, path_of(settings.store))
    if path is None:
        raise KnowledgeError(
            "This store is no file, so there is no place for knowledge bases beside it: "
            "set HEADRACE_KNOWLEDGE."
        )
    return LocalKnowledge(path)


def _source(file: Path, below: Path, prefix: str | None) -> str:
    """What results name a file by: its path, or its place below the prefix."""
    if prefix is None:
        return str(file.resolve())
    place = file.name if file == below else file.relative_to(below).as_posix()
    return f"{prefix.rstrip('/')}/{place}"


@contextmanager
def _told() -> Iterator[None]:
    """Tell what went wrong in a line."""
    from headrace.backends.knowledge.documents import Unreadable
    from headrace.backends.knowledge.local import KnowledgeError

    try:
        yield
    except (KnowledgeError, Unreadable) as error:
        raise click.ClickException(str(error)) from None
