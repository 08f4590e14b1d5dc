"""Buckets as folders: one file an object, and no way out of the root.

Every step from the root down is opened relative to the one before and never through a symbolic link, so what
is checked is what is used. A key that would not be a file of exactly that name is refused, never rewritten.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from headrace.backends.failures import S3
from headrace.core.effects import EffectFailed, Fault

BUCKET = re.compile(r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\Z")
MAX_KEY_BYTES = 1024
PARTS = ".parts"
"""Where objects are written before they are moved to their place; no bucket can have this name."""

IS_SAFE = os.open in os.supports_dir_fd
"""Whether the system opens names below an open folder, following no link; Windows does not."""
_NO_LINK = os.O_NOFOLLOW | os.O_CLOEXEC if IS_SAFE else 0
_TOP = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC if IS_SAFE else 0
_FOLDER = _TOP | _NO_LINK
_READ = os.O_RDONLY | _NO_LINK | os.O_NONBLOCK if IS_SAFE else 0  # a pipe with no writer must not block
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK


class Folder:
    """The buckets below a root.

    Args:
        is_case_blind: whether the file system takes names that differ in case, or in how Unicode
            composes them, for one; None is to find out.
    """

    def __init__(self, root: Path, *, max_bytes: int, is_case_blind: bool | None = None) -> None:
        self._root = root
        self._max_bytes = max_bytes
        self._is_case_blind = is_case_blind

    def put(self, bucket: str, key: str, body: bytes) -> None:
        """Write an object, whole or not at all.

        Raises:
            EffectFailed: the name can't be a file's, or the file can't be written.
        """
        *folders, name = self._steps(bucket, key)
        with _explained(bucket, key):
            self._root.mkdir(parents=True, exist_ok=True)
            with self._opened([PARTS], make=True) as parts, self._opened(folders, make=True) as folder:
                self._check_case(folder, name)
                part = secrets.token_hex(16)
                try:
                    _write(part, parts, body)
                    os.replace(part, name, src_dir_fd=parts, dst_dir_fd=folder)
                except BaseException:
                    with suppress(FileNotFoundError):
                        os.unlink(part, dir_fd=parts)
                    raise
                os.fsync(folder)

    def get(self, bucket: str, key: str) -> bytes:
        """Read an object.

        Raises:
            EffectFailed: there is none of that name, or it is too large.
        """
        *folders, name = self._steps(bucket, key)
        with _explained(bucket, key), self._opened(folders) as folder:
            self._check_case(folder, name)
            with os.fdopen(os.open(name, _READ, dir_fd=folder), "rb") as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise EffectFailed(f"The object s3://{bucket}/{key} is no file.", resource=S3)
                body = file.read(self._max_bytes + 1)
        if len(body) > self._max_bytes:
            raise too_large(bucket, key, self._max_bytes)
        return body

    def _steps(self, bucket: str, key: str) -> list[str]:
        """The names from the root to the object's file."""
        if not BUCKET.match(bucket) or ".." in bucket:
            raise EffectFailed(f"`{bucket}` can't be the name of a bucket.", resource=S3)
        steps = key.split("/")
        if not key or len(key.encode(errors="surrogatepass")) > MAX_KEY_BYTES:
            raise EffectFailed(f"A key has 1 to {MAX_KEY_BYTES} bytes.", resource=S3)
        if "\0" in key or any(step in ("", ".", "..") for step in steps):
            raise EffectFailed(
                f"The key `{key}` can't be a file: no part between slashes may be empty, `.` or `..`.",
                resource=S3,
            )
        return [bucket, *steps]

    @contextmanager
    def _opened(self, folders: list[str], *, make: bool = False) -> Iterator[int]:
        """A descriptor of a folder below the root."""
        if not IS_SAFE:
            raise EffectFailed(
                "This system has no way to open files that never leaves a folder.", resource=S3
            )
        current = os.open(self._root, _TOP)
        try:
            for name in folders:
                self._check_case(current, name)
                if make:
                    with suppress(FileExistsError):
                        os.mkdir(name, mode=0o700, dir_fd=current)
                below = os.open(name, _FOLDER, dir_fd=current)
                os.close(current)
                current = below
            yield current
        finally:
            os.close(current)

    def _check_case(self, folder: int, name: str) -> None:
        """Refuse a name that the file system would take for another one's."""
        if self._is_case_blind is None:
            self._is_case_blind = _is_case_blind(self._root)
        if not self._is_case_blind:
            return
        for other in os.listdir(folder):
            if other != name and _folded(other) == _folded(name):
                raise EffectFailed(
                    f"`{name}` differs from `{other}`, which is there, only in how it is written, and this "
                    "file system can't hold both.",
                    resource=S3,
                )


def too_large(bucket: str, key: str, max_bytes: int) -> EffectFailed:
    """The failure for an object that is larger than the configuration allows."""
    return EffectFailed(
        f"The object s3://{bucket}/{key} is larger than `max_bytes`, {max_bytes}.", resource=S3
    )


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _is_case_blind(root: Path) -> bool:
    """Whether the file system of a folder knows it by another spelling too."""
    other = root.with_name(root.name.swapcase())
    return other != root and other.exists() and other.samefile(root)


def _write(name: str, folder: int, body: bytes) -> None:
    with os.fdopen(os.open(name, _WRITE, 0o600, dir_fd=folder), "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _explained(bucket: str, key: str) -> Iterator[None]:
    """The file system's errors as failures of the object."""
    try:
        yield
    except FileNotFoundError:
        raise EffectFailed(f"There is no object s3://{bucket}/{key}.", resource=S3) from None
    except PermissionError as error:
        raise EffectFailed(
            f"s3://{bucket}/{key}: {error.strerror}", resource=S3, fault=Fault.DENIED
        ) from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise EffectFailed(f"s3://{bucket}/{key} can't be a file here: {why}.", resource=S3) from None
