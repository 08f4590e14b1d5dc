"""The directory on the disk: reading and writing that never leaves it.

Names come from a server or from a repository, and neither is trusted: every part of one is opened by itself,
and what is a symbolic link is not followed.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from headrace.workspace.paths import folded

MAX_FILE_BYTES = 64 * 1024 * 1024
IS_SAFE = os.open in os.supports_dir_fd
"""Whether the system opens names below an open directory, following no link; Windows does not."""
_NO_LINK = os.O_NOFOLLOW | os.O_CLOEXEC if IS_SAFE else 0
_TOP = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC if IS_SAFE else 0
_DIRECTORY = _TOP | _NO_LINK
_MADE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK
PARTIAL = ".headrace-part-"
"""How the names of files begin that are being written."""


class BadName(Exception):
    """A name that leads somewhere else, or to nothing that can be read or written."""


class Folder:
    """A directory that is kept in step.

    Args:
        root: is made when it is not there.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def names(self, below: str) -> Iterator[str]:
        """All but directories somewhere below a directory, sorted; hidden ones are left out."""
        try:
            with self._opened(below, is_made=False) as place:
                entries = sorted(os.scandir(place), key=lambda entry: entry.name)
                folders = {entry.name for entry in entries if entry.is_dir(follow_symlinks=False)}
        except FileNotFoundError:
            return
        for entry in entries:
            name = f"{below}/{entry.name}"
            if entry.name.startswith("."):
                continue
            if entry.name in folders:
                yield from self.names(name)
            else:  # links too: who reads them is told that they are no files
                yield name

    def read(self, name: str) -> bytes:
        """What is in a file.

        Raises:
            FileNotFoundError: it is not there.
            BadName: it is none, is too large, or the name leads out.
        """
        above, _, last = name.rpartition("/")
        with self._opened(above, is_made=False) as place, _told(name):
            found = os.open(last, os.O_RDONLY | _NO_LINK | os.O_NONBLOCK, dir_fd=place)
            with os.fdopen(found, "rb") as file:
                status = os.fstat(found)
                if not stat.S_ISREG(status.st_mode):
                    raise BadName(f"{name} is no file.")
                if status.st_size > MAX_FILE_BYTES:
                    raise BadName(f"{name} has more than {MAX_FILE_BYTES} bytes.")
                return file.read()

    def write(self, name: str, content: bytes, *, is_durable: bool = False) -> None:
        """Put a file in the place of what was there: all of it, or nothing.

        Args:
            is_durable: whether it survives that the machine stops right after.

        Raises:
            BadName: the name leads out, or something else than a file is there.
        """
        above, _, last = name.rpartition("/")
        part = PARTIAL + secrets.token_hex(8)
        with self._opened(above, is_made=True) as place, _told(name):
            _check_file(place, last, name)
            try:
                with os.fdopen(os.open(part, _MADE, 0o666, dir_fd=place), "wb") as file:
                    file.write(content)
                    if is_durable:
                        file.flush()
                        os.fsync(file.fileno())
                os.replace(part, last, src_dir_fd=place, dst_dir_fd=place)
            except BaseException:
                with suppress(FileNotFoundError):
                    os.unlink(part, dir_fd=place)
                raise

    def remove(self, name: str) -> None:
        """Remove a file, and the directories above it that are empty then. Nothing there is no error."""
        above, _, last = name.rpartition("/")
        with suppress(FileNotFoundError), self._opened(above, is_made=False) as place, _told(name):
            os.unlink(last, dir_fd=place)
        while "/" in above:
            above, _, last = above.rpartition("/")
            try:
                with self._opened(above, is_made=False) as place:
                    os.rmdir(last, dir_fd=place)
            except OSError:  # something is still in it
                return

    def clean(self, below: str) -> None:
        """Remove what an interrupted write left in a directory and those below it."""
        top = self.root / below
        for place, _, files in os.walk(top, followlinks=False):
            for name in files:
                if name.startswith(PARTIAL):
                    with suppress(FileNotFoundError):
                        (Path(place) / name).unlink()

    @contextmanager
    def _opened(self, below: str, *, is_made: bool) -> Iterator[int]:
        """A directory, opened part by part."""
        if not IS_SAFE:
            raise BadName(f"{self.root}: this system has no way to open files that never leaves a directory.")
        if is_made:
            self.root.mkdir(parents=True, exist_ok=True)
        place = os.open(self.root, _TOP)
        try:
            for part in below.split("/") if below else ():
                with _told(below):
                    _check_part(part, below)
                    if is_made:
                        with suppress(FileExistsError):
                            os.mkdir(part, dir_fd=place)
                    inner = os.open(part, _DIRECTORY, dir_fd=place)
                os.close(place)
                place = inner
            yield place
        finally:
            os.close(place)


def _check_part(part: str, name: str) -> None:
    if part in ("", ".", "..") or "\0" in part:
        raise BadName(f"{name} leads out of the directory.")


def _check_file(place: int, last: str, name: str) -> None:
    """Refuse to write where something else than a file is."""
    _check_part(last, name)
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(os.stat(last, dir_fd=place, follow_symlinks=False).st_mode):
            raise BadName(f"{name} is a link, or no file; it is left as it is.")


@contextmanager
def _told(name: str) -> Iterator[None]:
    """What the system refuses, by the name that was asked for."""
    try:
        yield
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise BadName(f"{name}: {reason}") from None


def sha(content: bytes) -> str:
    """By what the bytes of a file are known."""
    return hashlib.sha256(content).hexdigest()


class Names:
    """Names that are taken, as a file system sees them that does not tell upper case from lower."""

    def __init__(self) -> None:
        self._taken: dict[str, str] = {}

    def is_free(self, name: str) -> bool:
        """Whether a name and the directories in it are not those of others in another case."""
        return all(self._taken.get(folded(part), part) == part for part in _prefixes(name))

    def take(self, name: str) -> None:
        """Note a name."""
        for part in _prefixes(name):
            self._taken.setdefault(folded(part), part)


def _prefixes(name: str) -> Iterator[str]:
    parts = name.split("/")
    return ("/".join(parts[: count + 1]) for count in range(len(parts)))
