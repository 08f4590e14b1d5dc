"""Asks for known vulnerabilities of all that is installed: for Python, and for the web UI.

Both indexes are on the network. Without an answer of one, nothing is known: that is said loudly, and is no
failure, unless ``--strict`` is given.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

UI = Path(__file__).parent.parent / "ui"
WITHIN_S = 300
FOUND = "found vulnerabilities"
UNKNOWN = "could not be audited"
"""What pip-audit says of a package that its index does not know."""
OWN = "headrace "
UNREACHED = (
    "ConnectionError",
    "Connection error",
    "Max retries exceeded",
    "ENOTFOUND",
    "EAI_AGAIN",
    "ECONNREFUSED",
    "ETIMEDOUT",
    "audit endpoint returned an error",
    "request to ",
    "ServiceError",
)
"""What the tools say when they could not ask."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of asking.

    Attributes:
        is_bad: whether something is known to be vulnerable; None when nobody could be asked.
    """

    what: str
    is_bad: bool | None
    text: str


def ask(what: str, command: list[str], *, folder: Path | None = None) -> Outcome:
    """Run a tool that ends with 0 when nothing is found."""
    if shutil.which(command[0]) is None:
        return Outcome(what=what, is_bad=None, text=f"{command[0]} is not installed")
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=WITHIN_S, check=False
        )
    except subprocess.TimeoutExpired:
        return Outcome(what=what, is_bad=None, text=f"no answer within {WITHIN_S} s")
    text = (done.stdout + done.stderr).strip()
    unknown = [line for line in text.splitlines() if UNKNOWN in line and not line.startswith(OWN)]
    if unknown:
        return Outcome(what=what, is_bad=None, text=f"{len(unknown)} packages: {unknown[0]}")
    if done.returncode == 0:
        return Outcome(what=what, is_bad=False, text=text)
    if any(word in text for word in UNREACHED):
        return Outcome(what=what, is_bad=None, text=text[-2_000:])
    return Outcome(what=what, is_bad=True, text=text)


def told(outcome: Outcome) -> str:
    """An outcome in a few lines."""
    if outcome.is_bad is None:
        bar = "!" * 72
        return (
            f"{bar}\nNOT AUDITED: {outcome.what}. Nobody could be asked, so nothing is known.\n"
            f"{outcome.text}\n{bar}"
        )
    return f"{outcome.what}: {FOUND if outcome.is_bad else 'nothing known'}\n{outcome.text}"


def main(arguments: list[str]) -> int:
    """Ask about both; the status to end with."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--strict", action="store_true", help="fail, too, when nobody could be asked")
    parser.add_argument("--tool", default="pip-audit", help="where pip-audit is")
    said = parser.parse_args(arguments)
    packages = sysconfig.get_path("purelib")
    outcomes = [
        ask(
            "Python packages",
            [said.tool, "--path", packages, "--progress-spinner=off"],
        ),
        ask("packages of the web UI", ["npm", "audit", "--omit=dev"], folder=UI),
        ask("packages that build the web UI", ["npm", "audit"], folder=UI),
    ]
    sys.stdout.write("\n\n".join(map(told, outcomes)) + "\n")
    is_bad = any(one.is_bad or (said.strict and one.is_bad is None) for one in outcomes)
    return int(is_bad)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
