"""``headrace export``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from headrace.apis.bedrock.exchange.bundle import Note
from headrace.apis.bedrock.exchange.cloudformation_writer import TemplateWriter
from headrace.apis.bedrock.exchange.terraform import ConfigurationWriter
from headrace.apis.bedrock.model import load
from headrace.cli.archive import take_out
from headrace.cli.client import find_console
from headrace.cli.export_humanloop import humanloop
from headrace.cli.options import read_settings, store_option

Documents = Sequence[Mapping[str, Any]]


@click.group("export")
def command() -> None:
    """Take flows and prompts out, or everything.

    While a server runs on the store this speaks to it; else it opens the store itself. For a server
    elsewhere set HEADRACE_URL and HEADRACE_API_KEY.
    """


def _as_json(documents: Documents) -> tuple[str, list[Note]]:
    return _dump(documents), []


def _as_template(documents: Documents) -> tuple[str, list[Note]]:
    writer = TemplateWriter(load())
    return _dump(writer.write(documents)), writer.notes


def _as_yaml_template(documents: Documents) -> tuple[str, list[Note]]:
    try:
        import yaml
    except ImportError:
        raise click.ClickException("Writing YAML needs PyYAML: pip install 'headrace[yaml]'.") from None

    class Plain(yaml.SafeDumper):
        """Writes what is there twice twice: CloudFormation takes no YAML aliases."""

        def ignore_aliases(self, data: object) -> bool:
            return True

    writer = TemplateWriter(load())
    text = yaml.dump(writer.write(documents), Dumper=Plain, sort_keys=False, allow_unicode=True)
    return text, writer.notes


def _as_configuration(documents: Documents) -> tuple[str, list[Note]]:
    writer = ConfigurationWriter(load())
    return writer.write(documents), writer.notes


FORMATS: Mapping[str, tuple[str, Callable[[Documents], tuple[str, list[Note]]]]] = {
    "json": ("bedrock.json", _as_json),
    "cloudformation": ("template.json", _as_template),
    "cloudformation-yaml": ("template.yaml", _as_yaml_template),
    "terraform": ("bedrock.tf", _as_configuration),
}
"""Each format's file name and what writes it."""


@command.command("bedrock")
@click.option("--flow", "flows", multiple=True, metavar="NAME|ID", help="A flow, with its prompts. [all]")
@click.option("--format", "form", type=click.Choice(list(FORMATS)), default="json", show_default=True)
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="The directory to write to; made when missing. [standard output]",
)
@store_option
def bedrock(flows: tuple[str, ...], form: str, output: Path | None, store: str | None) -> None:
    """Export flows, versions, aliases and prompts for Amazon Bedrock.

    \b
    Examples:
      headrace export bedrock > backup.json
      headrace export bedrock --flow my-flow --format cloudformation -o build
      headrace export bedrock --format terraform
    """
    documents = find_console(read_settings(store=store)).take_out(flows)
    name, write = FORMATS[form]
    text, notes = write(documents)
    if output is None:
        click.echo(text)
    else:
        output.mkdir(parents=True, exist_ok=True)
        (output / name).write_text(text + "\n")
        click.echo(f"{output / name}: {len(documents)} resources")
    for note in notes:
        click.echo(f"note: {note.source}: {note.reason}", err=True)


command.add_command(humanloop)
command.add_command(take_out)


def _dump(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
