"""``headrace import``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import msgspec

from headrace.apis.bedrock.exchange.bundle import Bundle, Note
from headrace.apis.bedrock.exchange.cloudformation import TemplateReader
from headrace.apis.bedrock.exchange.documents import DocumentReader, Unreadable, is_definition
from headrace.apis.bedrock.exchange.template import load_template
from headrace.apis.bedrock.model import ServiceModel, load
from headrace.cli.archive import take_in
from headrace.cli.client import Console, find_console
from headrace.cli.given import text_of
from headrace.cli.import_humanloop import humanloop
from headrace.cli.import_pieces import bring_in_pieces
from headrace.cli.options import json_option, read_settings, store_option


@click.group("import")
def command() -> None:
    """Bring in flows and prompts from elsewhere.

    While a server runs on the store this speaks to it; else it opens the store itself. For a server
    elsewhere set HEADRACE_URL and HEADRACE_API_KEY.
    """


@command.command("bedrock")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--name", help="The flow's name, when FILE is a bare definition. [the file's name]")
@click.option("--role", help="Its execution role, likewise. [the server's default]")
@click.option("--parameter", "pairs", multiple=True, metavar="KEY=VALUE", help="A template's parameter.")
@click.option(
    "--s3-root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Where s3://BUCKET/KEY is found as BUCKET/KEY.",
)
@click.option("--update", "is_update", is_flag=True, help="Change what is there already.")
@click.option(
    "--in-pieces",
    "is_in_pieces",
    is_flag=True,
    help="Bring in what belongs together at a time; what is there already is left alone.",
)
@click.option("--dry-run", "is_rehearsal", is_flag=True, help="Say what would happen, and keep nothing.")
@store_option
@json_option
def bedrock(
    files: tuple[Path, ...],
    name: str | None,
    role: str | None,
    pairs: tuple[str, ...],
    s3_root: Path | None,
    is_update: bool,
    is_in_pieces: bool,
    is_rehearsal: bool,
    store: str | None,
    as_json: bool,
) -> None:
    """Import Amazon Bedrock flows and prompts, all or nothing.

    With --in-pieces each flow comes with its prompts, or not at all, and others can write in between: for
    very many of them. If that is stopped or one is refused, start it again.

    FILE is what GetFlow, GetFlowVersion, GetFlowAlias or GetPrompt answered (also by the AWS CLI; also
    several, in a list or in several files), a flow definition alone, or a CloudFormation template in
    JSON or YAML.

    \b
    Examples:
      aws bedrock-agent get-flow --flow-identifier 0XE4WXCT1P > flow.json
      headrace import bedrock flow.json --dry-run
      headrace import bedrock template.yaml --parameter Stage=prod --update
      headrace import bedrock definition.json --name my-flow
      headrace import bedrock flows.json --in-pieces
    """
    console = find_console(read_settings(store=store), makes_store=True)
    bundle, notes = _read(
        console, files, name=name, role=role, parameters=_parameters(pairs), s3_root=s3_root
    )
    if is_in_pieces:
        report = bring_in_pieces(console, bundle, is_update=is_update, is_rehearsal=is_rehearsal)
    else:
        report = console.bring_in(msgspec.json.encode(bundle), is_update=is_update, is_rehearsal=is_rehearsal)
    report["notes"] = [*map(msgspec.to_builtins, notes), *report["notes"]]
    if as_json:
        click.echo(json.dumps(report, indent=2))
        return
    for one in report["outcomes"]:
        click.echo(_line(one, is_rehearsal=is_rehearsal))
    if not report["outcomes"] and not report["notes"]:
        click.echo("Nothing to import: there is no flow and no prompt in what was given.", err=True)
    for note in report["notes"]:
        click.echo(f"note: {note['source']}: {note['reason']}", err=True)


command.add_command(humanloop)
command.add_command(take_in)


def _line(outcome: Mapping[str, Any], *, is_rehearsal: bool) -> str:
    would = "would be " if is_rehearsal else ""
    told = [f"{key} {outcome[key]}" for key in ("id", "version", "status", "arn") if key in outcome]
    return f"{would}{outcome['act']}: {outcome['kind']} {outcome['name']}  {'  '.join(told)}".rstrip()


def _parameters(pairs: tuple[str, ...]) -> Mapping[str, str]:
    for pair in pairs:
        if "=" not in pair:
            raise click.BadParameter(f"{pair!r} is not KEY=VALUE.", param_hint="--parameter")
    return dict(pair.split("=", 1) for pair in pairs)


def _read(
    console: Console,
    files: tuple[Path, ...],
    *,
    name: str | None,
    role: str | None,
    parameters: Mapping[str, str],
    s3_root: Path | None,
) -> tuple[Bundle, list[Note]]:
    """All files as one bundle, and what could not be mapped.

    A template is a world of its own, so it comes alone; documents belong together by their ids.
    """
    model = load()
    documents = DocumentReader(model)
    for path in files:
        try:
            content = load_template(text_of(path))
            if isinstance(content, dict) and "Resources" in content:
                if len(files) > 1:
                    raise click.UsageError("A template is imported alone, one at a time.")
                return _read_template(console, model, content, path, parameters=parameters, s3_root=s3_root)
            _add(documents, content, path, name=name, role=role)
        except Unreadable as error:
            raise click.ClickException(f"{path}: {error}") from None
    return documents.bundle(), documents.notes


def _read_template(
    console: Console,
    model: ServiceModel,
    content: Mapping[str, Any],
    path: Path,
    *,
    parameters: Mapping[str, str],
    s3_root: Path | None,
) -> tuple[Bundle, list[Note]]:
    reader = TemplateReader(
        model=model, place=console.place(), parameters=parameters, s3_root=s3_root, source=path.name
    )
    bundle = reader.read(content)
    if not bundle.items:
        reasons = "".join(f"\n  {note.source}: {note.reason}" for note in reader.notes)
        raise Unreadable(f"Nothing in this template can be made here.{reasons}")
    return bundle, reader.notes


def _add(documents: DocumentReader, content: Any, path: Path, *, name: str | None, role: str | None) -> None:
    for one in content if isinstance(content, list) else [content]:
        if not isinstance(one, dict):
            raise Unreadable("This is neither a JSON object nor a list of them.")
        if is_definition(one):
            documents.add_definition(one, name=name or path.stem, role=role, source=path.name)
        else:
            documents.add(one, source=path.name)
