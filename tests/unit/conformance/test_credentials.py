"""Credentials come from where AWS's own programs take them, with their SDK and without."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from headrace.conformance.credentials import find
from headrace.conformance.signing import Credentials

FILE = """[default]
aws_access_key_id = DEFAULT
aws_secret_access_key = one%two

[other]
aws_access_key_id = OTHER
aws_secret_access_key = three
aws_session_token = four
"""
VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE")


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "credentials").write_text(FILE)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(params=["with the SDK", "without it"], autouse=True)
def _sdk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "without it":
        monkeypatch.setitem(sys.modules, "botocore.session", None)


def test_the_environment_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in zip(VARIABLES, ("KEY", "secret", "token"), strict=False):
        monkeypatch.setenv(name, value)
    assert find(None) == Credentials(access_key_id="KEY", secret="secret", token="token")
    found = find("other")
    assert found is not None
    assert found.access_key_id == "OTHER", "a profile that is named comes before it"


def test_the_default_profile() -> None:
    assert find(None) == Credentials(access_key_id="DEFAULT", secret="one%two")


def test_a_profile_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    other = Credentials(access_key_id="OTHER", secret="three", token="four")
    assert find("other") == other
    monkeypatch.setenv("AWS_PROFILE", "other")
    assert find(None) == other


def test_a_profile_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="nobody"):
        find("nobody")


def test_there_may_be_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "nothing"))
    assert find(None) is None
