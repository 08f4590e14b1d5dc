"""A clock that jumps, for the process of a server only: a small library that is loaded before all others."""

from __future__ import annotations

import atexit
import functools
import mmap
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path

SOURCE = Path(__file__).with_name("clock.c")
COMPILED_WITHIN_S = 60
_SECONDS = struct.Struct("=q")


@functools.cache
def library() -> Path | None:
    """The library, compiled; None where there is no compiler for it."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        return None
    folder = Path(tempfile.mkdtemp(prefix="headrace-clock-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    made = folder / "clock.so"
    command = [compiler, "-shared", "-fPIC", "-O2", "-o", str(made), str(SOURCE), "-ldl"]
    done = subprocess.run(command, check=False, capture_output=True, timeout=COMPILED_WITHIN_S)
    return made if done.returncode == 0 else None


class Clock:
    """The clock of one server.

    Attributes:
        variables: what its environment needs; nothing where the clock can't be turned.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        path.write_bytes(_SECONDS.pack(0))
        found = library()
        self.variables = {} if found is None else {"LD_PRELOAD": str(found), "SOAK_CLOCK": str(path)}

    def turn(self, ahead_s: int) -> None:
        """Let it be ahead by so many seconds from now on."""
        with self._path.open("r+b") as file, mmap.mmap(file.fileno(), _SECONDS.size) as shared:
            shared[:] = _SECONDS.pack(ahead_s)
