"""``headrace compare``."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import click

from headrace.cli.client import find_server
from headrace.cli.diff import DIFFERENT, Trouble
from headrace.cli.native import output_options, place
from headrace.cli.options import name_argument, read_settings
from headrace.cli.run import read_input
from headrace.core.diff import diff
from headrace.core.diff_text import WIDTH_COLUMNS, render, seen
from headrace.core.errors import Invalid

LAST = "last:"
INDENT = "      "
INPUT_CHARS = 80
"""So much of an input is shown."""
SAME = "same"
SIDES = ("before", "after")


@click.command("compare")
@name_argument("file")
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@click.option("--dataset", help="Compare on the datapoints of this dataset, by its id or path.")
@click.option("--dataset-version", metavar="VERSION", help="Its version's id or number, or an environment.")
@click.option(
    "--executions",
    multiple=True,
    metavar="last:COUNT|ID",
    help="Compare on what ran in the past: so many of the newest, or these.",
)
@click.option(
    "--input",
    "documents",
    multiple=True,
    metavar="JSON|TEXT|@FILE|-",
    help="Compare on this document, or these inputs of a prompt. May be repeated.",
)
@click.option(
    "--evaluator", "evaluators", multiple=True, help="Have this evaluator judge both; may be repeated."
)
@click.option(
    "--context", type=click.IntRange(0, 100), default=2, show_default=True, help="Lines around a change."
)
@click.option(
    "--exit-code", "tells", is_flag=True, help="End with 1 unless all outputs are the same, 2 on any trouble."
)
@output_options
def command(file: str, before: str, after: str, **options: Any) -> None:
    """Run versions A and B of FILE, a flow or a prompt, on the same inputs, and show what differs.

    A and B are each a version's id or number, `draft`, or the name of an environment or of an alias. The
    runs are ordinary ones that are recorded and cost what runs cost; stopping the command stops them. With
    --json each line is printed as the server answers it.

    \b
    Examples:
      headrace compare support/triage 3 draft --input "My parcel is late"
      headrace compare support/triage production staging --executions last:20
      headrace compare support/triage 3 4 --dataset data/tickets --evaluator judges/tone
    """
    body = {"from": before, "to": after, **_source(options), "evaluators": list(options["evaluators"])}
    try:
        lines = find_server(read_settings(store=options["store"])).stream(place(file, "compare"), body)
        summary = _show(lines, context_lines=options["context"], as_json=options["as_json"])
    except click.ClickException as error:
        if options["tells"]:
            raise Trouble(error.format_message()) from None
        raise
    if options["tells"] and summary["same"] < summary["pairs"]:
        sys.exit(DIFFERENT)


def _source(options: dict[str, Any]) -> dict[str, Any]:
    """What to compare on, as a request says it."""
    named = [name for name in ("dataset", "executions", "documents") if options[name]]
    if len(named) != 1:
        raise click.UsageError("Name one of --dataset, --executions and --input.")
    if options["dataset_version"] is not None and options["dataset"] is None:
        raise click.UsageError("--dataset-version goes with --dataset.")
    if options["documents"]:
        return {"inputs": [read_input(text) for text in options["documents"]]}
    if options["executions"]:
        return _past(options["executions"])
    version = options["dataset_version"]
    return {"dataset": options["dataset"], **({} if version is None else {"dataset_version": version})}


def _past(words: Sequence[str]) -> dict[str, Any]:
    newest = [word.removeprefix(LAST) for word in words if word.startswith(LAST)]
    if not newest:
        return {"executions": list(words)}
    count = newest[0]
    if len(words) > 1 or not (count.isascii() and count.isdecimal()):
        raise click.UsageError("--executions is last:COUNT, such as last:20, or ids.")
    return {"last": int(count)}


def _show(lines: Iterator[bytes], *, context_lines: int, as_json: bool) -> dict[str, Any]:
    """Print what comes as it comes; the summary.

    Raises:
        ClickException: it ends without one.
    """
    names: dict[str, str] = {}
    for line in lines:
        told = json.loads(line)
        if as_json:
            click.echo(line.decode(), nl=False)
        elif told["line"] == "comparison":
            names = {one["id"]: one["path"] for one in told["evaluators"]}
            click.echo(_opening_text(told))
        elif told["line"] == "pair":
            click.echo("\n".join(_pair_lines(told, names, context_lines)))
        else:
            click.echo("\n".join(_summary_lines(told, names)))
        if told["line"] == "summary":
            return dict(told)
    raise click.ClickException("The comparison was broken off before its end.")


def _opening_text(told: dict[str, Any]) -> str:
    before, after = (_version_text(told[side]) for side in SIDES)
    inputs = "1 input" if told["inputs"] == 1 else f"{told['inputs']} inputs"
    return f"{seen(told['file']['path'])}: {before} and {after} on {inputs}"


def _version_text(content: dict[str, Any]) -> str:
    if content["is_draft"]:
        return "the draft"
    number = max(content["numbers"], default=None)
    return content["version_id"] if number is None else f"{number} ({content['version_id']})"


def _pair_lines(pair: dict[str, Any], names: dict[str, str], context_lines: int) -> Iterator[str]:
    """One input: a line, and what differs below it."""
    latencies = "  ".join(_seconds(pair[side]["latency_s"]) for side in SIDES)
    ids = "  ".join(_id_of(pair[side]) for side in SIDES)
    yield f"{pair['index'] + 1:>4}  {pair['likeness']:<9}  {latencies}  {ids}".rstrip()
    below = [*_differences(pair, context_lines), *_score_lines(pair, names)]
    if pair["likeness"] != SAME:
        below.insert(0, f"input: {_short(pair['input'])}")
    yield from (f"{INDENT}{line}" for line in below)


def _id_of(outcome: dict[str, Any]) -> str:
    return str(outcome["execution_id"] or outcome["log_id"] or "-")


def _short(value: Any) -> str:
    text = seen(json.dumps(value, ensure_ascii=False))
    return text if len(text) <= INPUT_CHARS else f"{text[:INPUT_CHARS]}…"


def _differences(pair: dict[str, Any], context_lines: int) -> Iterator[str]:
    """What differs between the two outcomes of an input."""
    for side in SIDES:
        if pair[side]["error"] is not None:
            at = f" at {pair[side]['failed_node']}" if pair[side]["failed_node"] else ""
            yield f"{side}: {pair[side]['status']}{seen(at)}: {seen(pair[side]['error'])}"
    apart = pair["path_difference"]
    if apart is not None:
        yield f"path: {seen(apart['before'] or 'nothing more')} → {seen(apart['after'] or 'nothing more')}"
    if pair["likeness"] == "different":
        yield from _output_lines(pair["before"]["output"], pair["after"]["output"], context_lines)


def _output_lines(before: Any, after: Any, context_lines: int) -> Iterator[str]:
    is_terminal = sys.stdout.isatty()
    columns = shutil.get_terminal_size().columns if is_terminal else WIDTH_COLUMNS
    try:
        text = render(
            diff({"output": before}, {"output": after}),
            width_columns=columns - len(INDENT),
            context_lines=context_lines,
            is_coloured=is_terminal and "NO_COLOR" not in os.environ,
        )
    except Invalid as error:  # too deep to be walked
        text = f"\noutput: {error.message}"
    _, *rows = text.splitlines()  # the first one counts, which says little of one value
    yield from rows


def _score_lines(pair: dict[str, Any], names: dict[str, str]) -> Iterator[str]:
    """What evaluators found, where they found something else of either."""
    found = {side: {one["evaluator_id"]: one for one in pair[side]["scores"]} for side in SIDES}
    for evaluator_id, path in names.items():
        before, after = (_score_text(found[side].get(evaluator_id)) for side in SIDES)
        if before != after:
            yield f"{seen(path)}: {before} → {after}"


def _score_text(score: dict[str, Any] | None) -> str:
    if score is None:
        return "-"
    return _short(score["judgment"]) if score["error"] is None else f"error: {seen(score['error'])}"


def _summary_lines(told: dict[str, Any], names: dict[str, str]) -> Iterator[str]:
    """What it all adds up to, as a table."""
    yield ""
    yield (
        f"Outputs: {told['same']} same, {told['different']} different, {told['failed']} failed. "
        f"Paths: {told['different_paths']} different."
    )
    rows = [("", *SIDES), *_rows(told["before"], told["after"], names)]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for name, before, after in rows:
        yield f"  {name:<{widths[0]}}  {before:>{widths[1]}}  {after:>{widths[2]}}"


def _rows(
    before: dict[str, Any], after: dict[str, Any], names: dict[str, str]
) -> Iterator[tuple[str, str, str]]:
    for key in ("runs", "errors"):
        yield key, str(before[key]), str(after[key])
    for name, key in (("latency p50", "latency_p50_s"), ("latency p95", "latency_p95_s")):
        yield name, _seconds(before[key]), _seconds(after[key])
    for name, key in (("input tokens", "input_tokens"), ("output tokens", "output_tokens")):
        yield name, str(before[key]), str(after[key])
    yield "cost", _dollars(before["cost_usd"]), _dollars(after["cost_usd"])
    for one, other in zip(before["scores"], after["scores"], strict=True):
        yield seen(names[one["evaluator_id"]]), _mean(one), _mean(other)


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f} s"


def _dollars(value: float | None) -> str:
    return "-" if value is None else f"{value:.6f} USD"


def _mean(score: dict[str, Any]) -> str:
    if score["mean"] is None:
        return f"- ({score['errors']} errors)" if score["errors"] else "-"
    return f"{score['mean']:.3f} of {score['judgments']}"
