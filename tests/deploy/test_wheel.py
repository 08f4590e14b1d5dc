"""What is released: the web UI is built in, left out when asked, and never left out without a word; it works."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
WITHIN_S = 300
IGNORED = shutil.ignore_patterns(
    "node_modules", "web", "__pycache__", ".*", "build", "tests", "docs", "bench"
)


@pytest.fixture
def hook() -> ModuleType:
    """`hatch_build.py`, as a module."""
    return module_of("hatch_build", ROOT / "hatch_build.py")


def module_of(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def wheel(source: Path, target: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)],
        cwd=source,
        env={**os.environ, **more},
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )


def names(folder: Path) -> list[str]:
    (made,) = folder.glob("*.whl")
    return zipfile.ZipFile(made).namelist()


@pytest.fixture
def dist() -> ModuleType:
    """`scripts/dist.py`, as a module."""
    return module_of("dist", ROOT / "scripts" / "dist.py")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """What is in the repository, and nothing that was built."""
    return Path(shutil.copytree(ROOT, tmp_path / "source", ignore=IGNORED))


@pytest.mark.slow
@pytest.mark.js
@pytest.mark.timeout(WITHIN_S)
def test_a_wheel_has_the_ui(source: Path, tmp_path: Path) -> None:
    done = wheel(source, tmp_path / "with")
    assert done.returncode == 0, done.stdout + done.stderr
    web = [name for name in names(tmp_path / "with") if name.startswith("headrace/web/")]
    assert "headrace/web/index.html" in web
    assert any(name.endswith(".js") for name in web)
    assert not any("node_modules" in name for name in names(tmp_path / "with"))


def test_a_wheel_without_the_ui_is_asked_for(source: Path, tmp_path: Path) -> None:
    done = wheel(source, tmp_path / "without", HEADRACE_BUILD_UI="0")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not [name for name in names(tmp_path / "without") if name.startswith("headrace/web/")]


def test_a_build_that_can_not_make_the_ui_fails_and_names_the_way_out(source: Path, tmp_path: Path) -> None:
    done = wheel(source, tmp_path / "none", PATH=str(tmp_path))
    assert done.returncode != 0
    assert "There is no Node.js." in done.stderr
    assert "HEADRACE_BUILD_UI=0" in done.stderr
    assert not list(tmp_path.glob("none/*.whl"))


def test_what_was_built_of_the_same_sources_is_not_built_again(
    hook: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr(hook, "_npm", lambda: ["npm"])
    monkeypatch.setattr(hook, "_run", lambda command, folder: ran.append(command))
    source, target = tmp_path / "ui", tmp_path / "web"
    (source / "node_modules").mkdir(parents=True)
    (source / "main.tsx").write_text("one")
    target.mkdir()
    assert hook.build(source, target)
    (source / "node_modules" / "more").write_text("of no weight")
    assert not hook.build(source, target)
    (source / "main.tsx").write_text("two")
    assert hook.build(source, target)
    assert [command[1] for command in ran] == ["ci", "run"] * 2


def furnish(source: Path, hook: ModuleType) -> None:
    """Put something in the place of the UI, as if it had been built."""
    web = source / "src" / "headrace" / "web"
    web.mkdir()
    (web / "index.html").write_text("<html></html>")
    (web / hook.STAMP).write_text(hook._digest(source / "ui"))


@pytest.mark.slow
@pytest.mark.live
@pytest.mark.timeout(WITHIN_S)
def test_a_wheel_out_of_a_source_distribution_needs_no_node_and_works(
    hook: ModuleType, dist: ModuleType, source: Path, tmp_path: Path
) -> None:
    furnish(source, hook)
    made = dist.build(source, "sdist", tmp_path / "dist", PATH=str(tmp_path))
    dist.check_source(made)
    unpacked = dist.unpacked(made, tmp_path / "unpacked")
    built = dist.build(unpacked, "wheel", tmp_path / "dist", PATH=str(tmp_path))
    version = dist.check_wheel(built, is_release=False)
    (tmp_path / "trial").mkdir()
    dist.try_out(built, version, tmp_path / "trial", is_offline=True)


def test_what_is_not_to_be_released_is_refused(dist: ModuleType, source: Path, tmp_path: Path) -> None:
    done = wheel(source, tmp_path, HEADRACE_BUILD_UI="0")
    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = tmp_path.glob("*.whl")
    with pytest.raises(dist.Wrong, match=r"lacks \['headrace/web/index\.html'\]"):
        dist.check_wheel(made, is_release=False)
    with zipfile.ZipFile(made, "a") as archive:
        archive.writestr("headrace/web/index.html", "<html></html>")
    assert dist.check_wheel(made, is_release=False) in made.name
    with pytest.raises(dist.Wrong, match=r"CHANGELOG\.md has no heading"):
        dist.check_wheel(made, is_release=True)
    with zipfile.ZipFile(made, "a") as archive:
        archive.writestr("tests/test_a.py", "")
    with pytest.raises(dist.Wrong, match=r"tests/test_a\.py"):
        dist.check_wheel(made, is_release=False)
