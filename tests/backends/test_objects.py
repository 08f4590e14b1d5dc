"""Buckets that are folders: what is kept, and that nothing leads out."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.backends.things import context, failure, with_effects

from headrace.backends.objects.folder import Folder
from headrace.core.effects import EffectFailed, Effects, Fault

CONFIG = """
    [[objects.route]]
    type = "folder"
    match = "docs-*"
    root = "buckets"
    max_bytes = 100
"""


def put(tmp_path: Path, key: str, body: bytes = b"x", bucket: str = "docs-1") -> str:
    return with_effects(
        CONFIG, lambda effects: effects.objects.put(bucket, key, body, context()), folder=tmp_path
    )


def get(tmp_path: Path, key: str, bucket: str = "docs-1") -> bytes:
    return with_effects(CONFIG, lambda effects: effects.objects.get(bucket, key, context()), folder=tmp_path)


@pytest.mark.parametrize("key", ["a", "a/b/c.json", "..a", "a..", "ä b%2F", "back\\slash", ".hidden", " "])
def test_an_object_is_a_file_of_its_key(key: str, tmp_path: Path) -> None:
    assert put(tmp_path, key, b"\xff\x00") == f"s3://docs-1/{key}"
    assert (tmp_path / "buckets" / "docs-1" / key).read_bytes() == b"\xff\x00"
    assert get(tmp_path, key) == b"\xff\x00"


def test_an_object_is_written_over_whole(tmp_path: Path) -> None:
    put(tmp_path, "a", b"long before")
    put(tmp_path, "a", b"now")
    assert get(tmp_path, "a") == b"now"
    assert [path.name for path in (tmp_path / "buckets" / ".parts").iterdir()] == []


KEYS_OUT = ["..", "../x", "a/../../x", "/etc/passwd", "a//b", "a/", "./a", "a/./b", "a\0b", ".", "/"]


@pytest.mark.parametrize("key", [*KEYS_OUT, "", "k" * 1025, "k" * 300])
def test_a_key_that_is_no_name_of_a_file_is_refused(key: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("outside")
    assert failure(lambda: put(tmp_path, key), Fault.DEPENDENCY).resource == "Amazon S3"
    assert failure(lambda: get(tmp_path, key), Fault.DEPENDENCY).resource == "Amazon S3"
    assert (tmp_path / "x").read_text() == "outside"


@pytest.mark.parametrize("bucket", ["docs-..", "docs-/../..", "docs-A", "docs-\0", "docs-" + "x" * 60])
def test_a_bucket_that_is_no_name_is_refused(bucket: str, tmp_path: Path) -> None:
    failure(lambda: put(tmp_path, "a", bucket=bucket), Fault.DEPENDENCY, match="name of a bucket")


def test_a_bucket_that_nothing_is_mapped_to_says_how(tmp_path: Path) -> None:
    match = r'\[\[objects.route\]\] match = "other"'
    failure(lambda: get(tmp_path, "a", bucket="other"), Fault.DEPENDENCY, match=match)


def test_links_are_not_followed(tmp_path: Path) -> None:
    put(tmp_path, "a")
    bucket = tmp_path / "buckets" / "docs-1"
    (tmp_path / "secret").write_text("outside")
    (bucket / "file").symlink_to(tmp_path / "secret")
    (bucket / "folder").symlink_to(tmp_path)
    (tmp_path / "buckets" / "docs-2").symlink_to(tmp_path)
    failure(lambda: get(tmp_path, "file"), Fault.DEPENDENCY)
    failure(lambda: get(tmp_path, "folder/secret"), Fault.DEPENDENCY)
    failure(lambda: put(tmp_path, "folder/new"), Fault.DEPENDENCY)
    failure(lambda: get(tmp_path, "secret", bucket="docs-2"), Fault.DEPENDENCY)
    put(tmp_path, "file", b"inside")  # takes the place of the link
    assert (tmp_path / "secret").read_text() == "outside"
    assert not (tmp_path / "new").exists()
    assert get(tmp_path, "file") == b"inside"


def test_what_is_no_file_is_no_object(tmp_path: Path) -> None:
    put(tmp_path, "a/b")
    os.mkfifo(tmp_path / "buckets" / "docs-1" / "pipe")
    failure(lambda: get(tmp_path, "pipe"), Fault.DEPENDENCY, match="is no file")
    failure(lambda: get(tmp_path, "a"), Fault.DEPENDENCY)
    failure(lambda: put(tmp_path, "a"), Fault.DEPENDENCY)
    failure(lambda: put(tmp_path, "a/b/c"), Fault.DEPENDENCY)


@pytest.mark.parametrize(("key", "bucket"), [("none", "docs-1"), ("a", "docs-9"), ("no/ne", "docs-1")])
def test_what_is_not_there(key: str, bucket: str, tmp_path: Path) -> None:
    failure(lambda: get(tmp_path, key, bucket), Fault.DEPENDENCY, match="There is no object")  # nor a root
    put(tmp_path, "a")
    failure(lambda: get(tmp_path, key, bucket), Fault.DEPENDENCY, match=f"There is no object s3://{bucket}/")


def test_an_object_that_is_too_large(tmp_path: Path) -> None:
    put(tmp_path, "big", b"x" * 101)
    failure(lambda: get(tmp_path, "big"), Fault.DEPENDENCY, match="max_bytes")


def test_names_that_a_file_system_can_not_tell_apart(tmp_path: Path) -> None:
    files = Folder(tmp_path / "buckets", max_bytes=100, is_case_blind=True)
    files.put("docs-1", "Straße/a", b"1")
    for key in ("straße/a", "STRASSE/a", "Straße/A"):
        with pytest.raises(EffectFailed, match="only in how it is written"):
            files.put("docs-1", key, b"2")
        with pytest.raises(EffectFailed, match="only in how it is written"):
            files.get("docs-1", key)
    files.put("docs-1", "Straße/a", b"3")
    assert files.get("docs-1", "Straße/a") == b"3"


def test_a_reader_sees_one_object_or_the_other(tmp_path: Path) -> None:
    files = Folder(tmp_path / "buckets", max_bytes=10**6)
    bodies = {letter * 200_000 for letter in (b"a", b"b")}
    files.put("docs-1", "k", b"a" * 200_000)
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            for body in bodies:
                files.put("docs-1", "k", body)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert {files.get("docs-1", "k") for _ in range(100)} <= bodies
    finally:
        stop.set()
        writer.join()


@given(key=st.text(st.sampled_from("a./\\\0~%A\u0301"), max_size=12))
def test_no_key_leaves_the_root(key: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    outer = tmp_path_factory.mktemp("outer")
    root = outer / "root"
    files = Folder(root, max_bytes=100)
    try:
        files.put("docs-1", key, b"body")
    except EffectFailed:
        return
    written = [path for path in outer.rglob("*") if path.is_file()]
    assert written == [root / "docs-1" / key]
    assert files.get("docs-1", key) == b"body"


def test_many_at_once(tmp_path: Path) -> None:
    import asyncio

    async def use(effects: Effects) -> set[bytes]:
        keys = [f"k/{number}" for number in range(100)]
        await asyncio.gather(*(effects.objects.put("docs-1", key, key.encode(), context()) for key in keys))
        return set(await asyncio.gather(*(effects.objects.get("docs-1", key, context()) for key in keys)))

    assert len(with_effects(CONFIG, use, folder=tmp_path)) == 100
