"""``headrace run``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import msgspec

from headrace.cli.client import find_server
from headrace.cli.options import json_option, read_settings, store_option
from headrace.cli.progress import Progress, plain
from headrace.core.execution import Event

FAILED = 1
"""The exit status of a run that failed, or waits for an answer."""

_event = msgspec.json.Decoder(Event)


@click.command("run")
@click.argument("flow")
@click.option("--input", "document", required=True, metavar="JSON|TEXT|@FILE|-", help="The document.")
@click.option("--alias", help="An alias or environment, by name or id.")
@click.option("--version", "number", type=int, help="A version's number.")
@click.option("--draft", is_flag=True, help="The prepared draft.")
@click.option("--answer", "execution", metavar="EXECUTION", help="The input answers this waiting execution.")
@click.option("--trace", is_flag=True, help="Show what goes in and out of each node.")
@click.option("--scripted", metavar="FILE", help="Answers of models, for a definition in a file.")
@store_option
@json_option
def command(**options: Any) -> None:
    """Run FLOW on the running server, or in this process when it is a definition in a JSON file.

    \b
    Examples:
      headrace run support/triage --input "My parcel is late"
      headrace run support/triage --input '{"order": 12}' --alias production --trace
      headrace run support/triage --input blue --answer 3f0c8f6e-...
      headrace run flow.json --input @document.json --scripted answers.yaml

    FLOW is a flow's path, name or id. Without a choice it is what the default environment has, else the
    newest version, else the draft. Input that is not JSON is text. Outputs go to the standard output; the
    exit status is 1 when the run failed or asks for an answer, 2 when the definition can't run.
    """
    lines = _lines(options, read_input(options["document"]))
    opening = json.loads(next(lines))
    is_live = sys.stderr.isatty()
    progress = Progress(
        to=sys.stderr, is_live=is_live, shows_lines=is_live or options["trace"], shows_values=options["trace"]
    )
    kept = []
    for line in lines:
        progress.see(_event.decode(line))
        if options["as_json"] and options["trace"]:
            kept.append(json.loads(line))
    if options["as_json"]:
        click.echo(json.dumps(_summary(opening["execution"], progress, kept), indent=2, ensure_ascii=False))
    else:
        for output in progress.outputs:
            click.echo(plain(output.value))
    _end(opening["execution"], progress)


def read_input(text: str) -> Any:
    """The document that ``--input`` names: JSON, or else text."""
    try:
        if text == "-":
            text = sys.stdin.read()
        elif text.startswith("@"):
            text = Path(text[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"--input: {error}") from None
    try:
        return json.loads(text)
    except ValueError:
        return text


def _lines(options: dict[str, Any], document: Any) -> Iterator[bytes]:
    """The run as JSON lines: what it is called, then what happens."""
    settings = read_settings(store=options["store"])
    path = Path(options["flow"])
    if path.suffix == ".json" or path.is_file():
        from headrace.cli.run_file import run_file

        return run_file(settings, path, document, scripted=options["scripted"])
    if options["scripted"]:
        raise click.UsageError("--scripted is for a definition in a file.")
    wanted = {
        "flow": options["flow"],
        "input": document,
        "alias": options["alias"],
        "version": options["number"],
        "draft": options["draft"],
        "execution": options["execution"],
        "answer": options["execution"] is not None,
    }
    return find_server(settings).stream("/console/runs", wanted)


def _end(execution: str, progress: Progress) -> None:
    """Say how it ended unless it ended well, and end the command so."""
    if progress.failure is not None:
        click.echo(f"Error: {progress.failure.message}", err=True)
    elif progress.question is not None:
        click.echo(f"{progress.question.node} asks: {plain(progress.question.value)}", err=True)
        click.echo(f"Go on with --answer {execution}.", err=True)
    else:
        return
    raise SystemExit(FAILED)


def _summary(execution: str, progress: Progress, kept: list[Any]) -> dict[str, Any]:
    summary: dict[str, Any] = {
        "execution": execution,
        "outputs": [{"node": one.node, "document": one.value} for one in progress.outputs],
    }
    if progress.question is not None:
        summary["question"] = {"node": progress.question.node, "document": progress.question.value}
    if progress.failure is not None:
        failure = progress.failure
        summary["error"] = {"kind": failure.kind.value, "node": failure.node, "message": failure.message}
    return {**summary, "events": kept} if kept else summary
