"""Build what is released, and try it: python scripts/dist.py [--offline] [--release]

1. the source distribution, with the web UI built into it;
2. the wheel, out of that and nothing else, and without Node.js;
3. what is said of both, and what is in them;
4. an installation of the wheel in an environment of its own: it serves, runs a flow, has a fixture.

Both are in dist/ afterwards. With --offline the environment uses the dependencies of this interpreter; else
pip fetches them. With --release the version has to be a heading of CHANGELOG.md.
"""

from __future__ import annotations

import argparse
import email.parser
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import venv
import zipfile
from email.message import Message
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WITHIN_S = 900
NEEDED = {
    "Name": "headrace",
    "Requires-Python": ">=3.11",
    "License-Expression": "Apache-2.0",
    "Description-Content-Type": "text/markdown",
}
IN_WHEEL = (
    "headrace/__init__.py",
    "headrace/py.typed",
    "headrace/web/index.html",
    "headrace/storage/sql/queries.sql",
    "headrace/storage/schema/0001_registry.sql",
    "headrace/storage/schema/postgres/0001_registry.sql",
    "headrace/pytest_plugin.py",
)
ONLY_IN_WHEEL = re.compile(r"headrace(-[^/]+\.dist-info)?/(?!.*(node_modules|__pycache__|\.pyc$)).+")
IN_SOURCE = (
    "pyproject.toml",
    "hatch_build.py",
    "README.md",
    "CHANGELOG.md",
    "LICENSE",
    "NOTICE",
    "src/headrace/web/index.html",
)
SMOKE = """
DEFINITION = {
    "nodes": [
        {"name": "In", "type": "Input", "configuration": {"input": {}},
         "outputs": [{"name": "document", "type": "String"}]},
        {"name": "Out", "type": "Output", "configuration": {"output": {}},
         "inputs": [{"name": "document", "type": "String", "expression": "$.data"}]},
    ],
    "connections": [
        {"name": "Arrow", "type": "Data", "source": "In", "target": "Out",
         "configuration": {"data": {"sourceOutput": "document", "targetInput": "document"}}},
    ],
}


def test_it_serves_and_runs_a_flow(headrace):
    assert headrace.flow(DEFINITION)("hello") == {"Out": "hello"}
"""


class Wrong(Exception):
    """This is not to be released."""


def build(source: Path, kind: str, target: Path, **environment: str) -> Path:
    """Build a distribution of a kind out of a folder.

    Raises:
        Wrong: it can't be built.
    """
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(target)]
    done = subprocess.run(
        command,
        cwd=source,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    if done.returncode:
        raise Wrong(f"The {kind} can't be built:\n{done.stdout}{done.stderr}")
    (made,) = target.glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return made


def unpacked(source: Path, folder: Path) -> Path:
    """The folder in a source distribution."""
    with tarfile.open(source) as tar:
        tar.extractall(folder, filter="data")
    (found,) = folder.iterdir()
    return found


def check_source(source: Path) -> None:
    """Raise Wrong when something is missing in a source distribution."""
    with tarfile.open(source) as tar:
        names = {name.partition("/")[2] for name in tar.getnames()}
    missing = [name for name in IN_SOURCE if name not in names]
    if missing:
        raise Wrong(f"{source.name} lacks {', '.join(missing)}.")


def check_wheel(wheel: Path, *, is_release: bool) -> str:
    """The version that a wheel says it has.

    Raises:
        Wrong: it lacks something, holds too much, or says something wrong of itself.
    """
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        about = next(name for name in names if name.endswith(".dist-info/METADATA"))
        metadata = email.parser.Parser().parsestr(archive.read(about).decode())
        points = archive.read(about.replace("METADATA", "entry_points.txt")).decode()
    missing = [name for name in IN_WHEEL if name not in names]
    extra = [name for name in names if not ONLY_IN_WHEEL.fullmatch(name)]
    if missing or extra:
        raise Wrong(f"{wheel.name} lacks {missing or 'nothing'}, and has {extra or 'nothing'} too much.")
    if "headrace = headrace.cli:main" not in points or "headrace = headrace.pytest_plugin" not in points:
        raise Wrong(f"{wheel.name} has no command, or no plug-in of pytest:\n{points}")
    return _checked(metadata, wheel, is_release=is_release)


def _checked(metadata: Message, wheel: Path, *, is_release: bool) -> str:
    wrong = {name: metadata[name] for name, value in NEEDED.items() if metadata[name] != value}
    if wrong or not str(metadata.get_payload()).strip():
        raise Wrong(f"{wheel.name} says of itself {wrong}, or has no description.")
    version = str(metadata["Version"])
    init = (ROOT / "src" / "headrace" / "__init__.py").read_text()
    if f'__version__ = "{version}"' not in init or f"-{version}-" not in wheel.name:
        raise Wrong(f"{wheel.name} says that it is {version}, the package says something else.")
    if is_release and f"\n## [{version}]" not in (ROOT / "CHANGELOG.md").read_text():
        raise Wrong(f"CHANGELOG.md has no heading [{version}].")
    return version


def try_out(wheel: Path, version: str, folder: Path, *, is_offline: bool) -> None:
    """Install a wheel in an environment of its own, and use it.

    Raises:
        Wrong: it does not work there.
    """
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("HEADRACE", "PYTHON"))}
    # Packages in folders of PYTHONPATH are found, and what makes an installation editable is not.
    lent = {"PYTHONPATH": sysconfig.get_path("purelib")} if is_offline else {}
    what = ["--no-deps", "--no-index", str(wheel)] if is_offline else [str(wheel), "pytest"]
    _run([python, "-m", "pip", "install", "--quiet", *what], folder, clean)
    said = _run([python, "-m", "headrace", "--version"], folder, {**clean, **lent})
    if version not in said:
        raise Wrong(f"`headrace --version` says {said!r}.")
    place = _run([python, "-c", "import headrace; print(headrace.__file__)"], folder, {**clean, **lent})
    if not Path(place.strip()).is_relative_to(folder.resolve()):
        raise Wrong(f"Another installation was tried: {place}")
    (folder / "test_smoke.py").write_text(SMOKE)
    _run([python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_smoke.py"], folder, {**clean, **lent})


def _run(command: list[object], folder: Path, environment: dict[str, str]) -> str:
    line = [str(part) for part in command]
    done = subprocess.run(
        line, cwd=folder, env=environment, capture_output=True, text=True, timeout=WITHIN_S, check=False
    )
    if done.returncode:
        raise Wrong(f"{' '.join(line[1:])} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def main() -> None:
    """Do it all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--offline", action="store_true", help="use the dependencies of this interpreter")
    parser.add_argument("--release", action="store_true", help="the version has to stand in CHANGELOG.md")
    options = parser.parse_args()
    target = ROOT / "dist"
    shutil.rmtree(target, ignore_errors=True)
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            source = build(ROOT, "sdist", target)
            check_source(source)
            # Without a way to Node.js: what is released has to be enough.
            wheel = build(unpacked(source, folder / "source"), "wheel", target, PATH=str(folder))
            version = check_wheel(wheel, is_release=options.release)
            (folder / "trial").mkdir()
            try_out(wheel, version, folder / "trial", is_offline=options.offline)
    except Wrong as error:
        sys.exit(str(error))
    for path in sorted(target.iterdir()):
        print(f"{path.relative_to(ROOT)}  {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
