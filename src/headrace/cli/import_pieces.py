"""``headrace import bedrock --in-pieces``: one import after another, each all or nothing."""

from __future__ import annotations

from typing import Any

import click
import msgspec

from headrace.apis.bedrock.exchange.bundle import Bundle, check_distinct
from headrace.apis.bedrock.exchange.pieces import pieces
from headrace.cli.client import CONFLICT, Console, Refusal
from headrace.cli.import_humanloop import Progress
from headrace.core.errors import Invalid


def bring_in_pieces(
    console: Console, bundle: Bundle, *, is_update: bool, is_rehearsal: bool
) -> dict[str, Any]:
    """Bring a bundle in, what belongs together at a time; one report of it all.

    A piece that is there already, whole or in part, is left alone; a note says so.

    Raises:
        ClickException: a piece is refused for another reason; those before it stay.
    """
    try:
        check_distinct(bundle)  # two that are one thing may be in different pieces
    except Invalid as error:
        raise click.ClickException(str(error)) from None
    several = pieces(bundle)
    report: dict[str, Any] = {"is_rehearsal": is_rehearsal, "outcomes": [], "notes": []}
    progress, seen_to = Progress(), 0
    try:
        with console.held():
            for piece in several:
                progress(f"{seen_to:,} of {len(several):,} pieces")
                found = _bring_in(console, piece, is_update=is_update, is_rehearsal=is_rehearsal)
                report["outcomes"] += found["outcomes"]
                report["notes"] += found["notes"]
                seen_to += 1
    except click.ClickException as error:
        message = f"{error.message} {seen_to:,} of {len(several):,} pieces were seen to; start it again."
        raise click.ClickException(message) from None
    finally:
        progress.end()
    return report


def _bring_in(console: Console, piece: Bundle, *, is_update: bool, is_rehearsal: bool) -> dict[str, Any]:
    try:
        return console.bring_in(msgspec.json.encode(piece), is_update=is_update, is_rehearsal=is_rehearsal)
    except Refusal as error:
        if error.status != CONFLICT or is_update:
            raise
        sources = ", ".join(dict.fromkeys(item.source for item in piece.items))
        return {"outcomes": [], "notes": [{"source": sources, "reason": f"Left alone. {error.message}"}]}
