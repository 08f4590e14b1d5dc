"""Peers, each in a virtual environment of its own, made when first wanted from `bench/peers/NAME.txt`.

`python -m bench.environments [NAME ...]` installs some, or all. A peer that can't be installed is no error:
whoever wants it is told why, and says so in what it prints.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

PINS = Path(__file__).parent / "peers"
FOLDER = Path("build/peers")
INSTALL_LIMIT_S = 600.0
REASON_CHARACTERS = 300
VERSIONS = """
import importlib.metadata as m, json, sys
print(json.dumps({name: m.version(name) for name in sys.argv[1:]}))
"""


class NotThere(Exception):
    """A peer can't be measured here; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A peer that is installed.

    Attributes:
        name: that of its file of pins.
        python: the interpreter of its environment.
    """

    name: str
    python: Path

    def program(self, name: str) -> str:
        """The path of a program that it brings."""
        return str(self.python.with_name(name))

    def versions(self) -> dict[str, str]:
        """Of what its file of pins names."""
        done = subprocess.run(
            [str(self.python), "-c", VERSIONS, *pinned(self.name)],
            capture_output=True,
            check=True,
            timeout=60,
        )
        found: dict[str, str] = json.loads(done.stdout)
        return found


def names() -> list[str]:
    """Every peer that there are pins for."""
    return sorted(path.stem for path in PINS.glob("*.txt"))


def pinned(name: str) -> list[str]:
    """The packages that a peer's pins name, without versions and extras."""
    lines = (PINS / f"{name}.txt").read_text().splitlines()
    return [line.partition("==")[0].partition("[")[0] for line in lines if line and not line.startswith("#")]


def ready(name: str) -> Peer:
    """A peer's environment, made now if it is missing; `BENCH_INSTALL=0` takes only what is there.

    Raises:
        NotThere: it is missing, and can't or may not be made.
    """
    folder = FOLDER.absolute() / name
    peer = Peer(name=name, python=folder / ".venv/bin/python")
    if is_there(name):
        return peer
    if os.environ.get("BENCH_INSTALL") == "0":
        raise NotThere(f"not installed; `python -m bench.environments {name}` does that")
    _install(name, folder)
    _marker(name).write_text(_digest(name))
    return peer


def is_there(name: str) -> bool:
    """Whether a peer is installed as its pins are now."""
    return _marker(name).exists() and _marker(name).read_text() == _digest(name)


def _marker(name: str) -> Path:
    return FOLDER.absolute() / name / "installed"


def _digest(name: str) -> str:
    return hashlib.sha256((PINS / f"{name}.txt").read_bytes() + sys.version.encode()).hexdigest()


def _install(name: str, folder: Path) -> None:
    print(f"Installing {name} into {folder} ...", file=sys.stderr, flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for command in _steps(name, folder / ".venv"):
        try:
            subprocess.run(command, capture_output=True, check=True, text=True, timeout=INSTALL_LIMIT_S)
        except subprocess.TimeoutExpired as late:
            raise NotThere(f"its installation took more than {INSTALL_LIMIT_S:g} s") from late
        except subprocess.CalledProcessError as failed:
            said = " ".join(failed.stderr.split())[-REASON_CHARACTERS:]
            raise NotThere(f"it can't be installed: {said}") from failed


def _steps(name: str, folder: Path) -> list[list[str]]:
    """The commands that make an environment."""
    pip = [str(folder / "bin/python"), "-m", "pip", "install", "--quiet", "--no-input"]
    return [
        [sys.executable, "-m", "venv", str(folder)],
        [*pip, "--disable-pip-version-check", "--requirement", str(PINS / f"{name}.txt")],
    ]


def main() -> None:
    """Install those that are named, or all, and say how that went."""
    missing = 0
    for name in sys.argv[1:] or names():
        try:
            found = ready(name).versions()
            print(f"{name}: " + ", ".join(f"{package} {version}" for package, version in found.items()))
        except NotThere as reason:
            missing += 1
            print(f"{name}: SKIPPED: {reason}")
    sys.exit(1 if missing else 0)


if __name__ == "__main__":
    main()
