"""What was measured and on what: the machine, the interpreter, the versions, the commit, how busy it was."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

import apsw

import headrace

PACKAGES = (
    "apsw",
    "dbos",
    "httptools",
    "jsonschema-rs",
    "msgspec",
    "uvicorn",
    "uvloop",
    "boto3",
    "humanloop",
)
"""Whose versions matter to the figures."""


def load() -> list[float]:
    """How many processes wanted a processor, over the last 1, 5 and 15 minutes."""
    return [round(value, 1) for value in os.getloadavg()]


def described() -> dict[str, Any]:
    """The machine."""
    return {
        "os": platform.platform(),
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "cores_usable": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": _memory_gib(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "disk": _file_system(Path("build")),
    }


def versions() -> dict[str, str]:
    """Of Headrace and of what it stands on."""
    found = {"headrace": headrace.__version__, "SQLite": apsw.sqlite_lib_version()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found


def commit() -> str:
    """The commit that was measured, and whether files differed from it; empty outside of a repository."""
    try:
        head = _git("rev-parse", "--short=12", "HEAD")
        return f"{head} with changes" if _git("status", "--porcelain", "--", "src", "bench") else head
    except (OSError, subprocess.CalledProcessError):
        return ""


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], capture_output=True, check=True, text=True, timeout=30)
    return done.stdout.strip()


def _cpu() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _memory_gib() -> float | None:
    path = Path("/proc/meminfo")
    if not path.exists():
        return None
    kib = int(path.read_text().split("MemTotal:")[1].split()[0])
    return round(kib / 1024**2, 1)


def _file_system(folder: Path) -> str:
    """The kind of file system that stores are made on."""
    folder.mkdir(exist_ok=True)
    done = subprocess.run(["df", "-PT", str(folder)], capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    return lines[1].split()[1] if done.returncode == 0 and len(lines) > 1 else "unknown"
