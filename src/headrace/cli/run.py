"""``headrace run``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import msgspec

from headrace.cli.client import RemoteConsole, find_server
from headrace.cli.execution_lines import find_reader
from headrace.cli.given import text_given
from headrace.cli.options import json_option, read_settings, store_option
from headrace.cli.progress import Progress, plain
from headrace.core.execution import Event

FAILED = 1
"""The exit status of a run that failed."""
ASKS = 3
"""The exit status of a run that waits for an answer."""
Ask = Callable[[], str | None]
"""Gives the answer to what the run asks; None when it asks nothing, or nobody answers."""

_event = msgspec.json.Decoder(Event)


@click.command("run")
@click.argument("flow")
@click.option("--input", "document", required=True, metavar="JSON|TEXT|@FILE|-", help="The document.")
@click.option("--alias", help="An alias or environment, by name or id.")
@click.option("--version", "number", type=int, help="A version's number.")
@click.option("--draft", is_flag=True, help="The prepared draft.")
@click.option("--answer", "execution", metavar="EXECUTION", help="The input answers this waiting execution.")
@click.option("--background", is_flag=True, help="Only start it; it goes on without this command.")
@click.option("--name", help="With --background: what AWS clients know the execution by.")
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
      headrace run support/triage --input @year.json --alias production --background
      headrace run flow.json --input @document.json --scripted answers.yaml

    FLOW is a flow's path, name or id. Without a choice it is what the default environment has, else the
    newest version, else the draft. Input that is not JSON is text. Outputs go to the standard output. When
    the flow asks for something, you are asked on a terminal; elsewhere the run waits for --answer.

    With --background the execution's id is printed, to `headrace executions watch` it by; it survives what
    carries it out, and goes by an alias, an environment or the draft.

    The exit status is 1 when the run failed, 2 when the definition can't run, 3 when it waits for an answer.
    """
    if options["background"]:
        _start(options)
        return
    if options["name"]:
        raise click.UsageError("--name is for --background.")
    is_live = sys.stderr.isatty()
    progress = Progress(
        to=sys.stderr, is_live=is_live, shows_lines=is_live or options["trace"], shows_values=options["trace"]
    )
    is_file = _is_file(options["flow"])
    lines = _lines(options, read_input(options["document"]), is_file, lambda: _answer(progress))
    opening = json.loads(next(lines))
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
    _end(progress, None if is_file else opening["execution"])


def _start(options: dict[str, Any]) -> None:
    """Have it run in the background."""
    barred = [name for name in ("number", "execution", "trace", "scripted") if options[name]]
    if barred or _is_file(options["flow"]):
        raise click.UsageError("--background is for flows of a server, by an alias or the draft.")
    wanted = {
        "flow": options["flow"],
        "input": read_input(options["document"]),
        "alias": options["alias"],
        "draft": options["draft"],
        "execution": options["name"],
    }
    started = find_reader(read_settings(store=options["store"])).call("POST", "/console/executions", wanted)
    click.echo(json.dumps(started, indent=2) if options["as_json"] else started["id"])


def read_input(text: str) -> Any:
    """The document that ``--input`` names: JSON, or else text."""
    given = text_given(text)
    try:
        return json.loads(given)
    except ValueError:
        return given


def _is_file(flow: str) -> bool:
    path = Path(flow)
    return path.suffix == ".json" or path.is_file()


def _answer(progress: Progress) -> str | None:
    """What the user says to the question, when there is one and a user."""
    question = progress.question
    if question is None or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    asked = f"{question.node} asks: {plain(question.value)}"
    try:
        text: str = click.prompt(asked, prompt_suffix="\n> ", err=True)
    except click.Abort:
        click.echo(err=True)
        return None
    return text


def _lines(options: dict[str, Any], document: Any, is_file: bool, ask: Ask) -> Iterator[bytes]:
    """The run as JSON lines: what it is called, then what happens."""
    settings = read_settings(store=options["store"])
    if is_file:
        from headrace.cli.run_file import run_file

        if options["execution"]:
            raise click.UsageError("--answer is for a run on a server: that of a file is kept nowhere.")
        return run_file(settings, Path(options["flow"]), document, scripted=options["scripted"], ask=ask)
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
    return _turns(find_server(settings), wanted, ask)


def _turns(server: RemoteConsole, wanted: dict[str, Any], ask: Ask) -> Iterator[bytes]:
    """A run on a server, turn after turn."""
    lines = server.stream("/console/runs", wanted)
    opening = next(lines)
    yield opening
    yield from lines
    execution = json.loads(opening)["execution"]
    while (answer := ask()) is not None:
        wanted = {**wanted, "input": answer, "answer": True, "execution": execution}
        lines = server.stream("/console/runs", wanted)
        next(lines)  # its opening, which is known
        yield from lines


def _end(progress: Progress, execution: str | None) -> None:
    """Say how it ended unless it ended well, and end the command so.

    Args:
        execution: what the run can be answered by; None when it can't.
    """
    if progress.failure is not None:
        click.echo(f"Error: {progress.failure.message}", err=True)
        raise SystemExit(FAILED)
    if progress.question is not None:
        click.echo(f"{progress.question.node} asks: {plain(progress.question.value)}", err=True)
        click.echo(_NOWHERE if execution is None else f"Go on with --answer {execution}.", err=True)
        raise SystemExit(ASKS)


_NOWHERE = "The run of a file is kept nowhere: answer it on a terminal, or have a server run the flow."


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
