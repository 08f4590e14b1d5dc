"""The vault: what is sealed opens with the same key only, what is signed can't be forged."""

from __future__ import annotations

from pathlib import Path

import pytest

from headrace.vault import BadKey, KeyVault, key_beside, new_key


def test_sealing() -> None:
    key = new_key()
    sealed = KeyVault(key).seal(b"secret")
    assert "secret" not in sealed
    assert KeyVault(key).open(sealed) == b"secret"
    assert KeyVault(key).seal(b"secret") != sealed, "equal secrets are not seen to be equal"


def test_another_key_opens_nothing() -> None:
    sealed = KeyVault(new_key()).seal(b"secret")
    assert KeyVault(new_key()).open(sealed) is None


def test_altered_text_opens_nothing() -> None:
    vault = KeyVault(new_key())
    sealed = vault.seal(b"secret")
    middle = len(sealed) // 2
    altered = sealed[:middle] + ("A" if sealed[middle] != "A" else "B") + sealed[middle + 1 :]
    assert vault.open(altered) is None


def test_signing() -> None:
    key = new_key()
    signed = KeyVault(key).sign(b"message", purpose="one")
    assert len(signed) == 32
    assert KeyVault(key).sign(b"message", purpose="one") == signed
    others = {
        KeyVault(key).sign(b"message", purpose="two"),
        KeyVault(key).sign(b"Message", purpose="one"),
        KeyVault(new_key()).sign(b"message", purpose="one"),
    }
    assert len(others) == 3
    assert signed not in others


@pytest.mark.parametrize("key", ["", "short", "A" * 42, "A" * 64, "é" * 43, "!" * 44])
def test_keys_that_are_none(key: str) -> None:
    with pytest.raises(BadKey, match="URL-safe base64 of 32 random bytes"):
        KeyVault(key)


def test_the_key_beside_a_store(tmp_path: Path) -> None:
    path = tmp_path / "store.key"
    key = key_beside(path)
    KeyVault(key)
    assert path.stat().st_mode & 0o777 == 0o600
    assert key_beside(path) == key
    assert new_key() != new_key()


def test_a_key_is_in_its_file_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "store.key"
    (tmp_path / "store.key.new").write_text("half a k")  # what a crash leaves
    KeyVault(key_beside(path))
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("content", [b"", b"half a k", b"\xff\xfe"])
def test_a_file_that_holds_no_key(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "store.key"
    path.write_bytes(content)
    with pytest.raises(BadKey, match=r"store\.key holds no key"):
        key_beside(path)
    assert path.read_bytes() == content
