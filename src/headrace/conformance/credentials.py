"""Finds AWS credentials: in the environment, or as the SDK does, or in its file."""

from __future__ import annotations

import configparser
import importlib
import os
from pathlib import Path
from typing import Any

from headrace.conformance.signing import Credentials

ANY = Credentials(access_key_id="AKIAIOSFODNN7EXAMPLE", secret="any")  # noqa: S106 - no secret: for open servers
"""What a server is asked with that asks for no credentials."""


def find(profile: str | None) -> Credentials | None:
    """The credentials of a profile, or of the environment or the default profile; None when there are none.

    With botocore installed all that it can do is done, single sign-on and roles among it. Without it the
    shared credentials file is read.

    Raises:
        ValueError: the profile that is named can't be used.
    """
    if profile is None and "AWS_ACCESS_KEY_ID" in os.environ and "AWS_SECRET_ACCESS_KEY" in os.environ:
        return Credentials(
            access_key_id=os.environ["AWS_ACCESS_KEY_ID"],
            secret=os.environ["AWS_SECRET_ACCESS_KEY"],
            token=os.environ.get("AWS_SESSION_TOKEN", ""),
        )
    name = profile or os.environ.get("AWS_PROFILE") or "default"
    try:
        session = importlib.import_module("botocore.session")
    except ImportError:
        found = _from_file(name)
    else:
        found = _from_sdk(session, name)
    if found is None and profile is not None:
        raise ValueError(f"The AWS profile {profile} has no credentials.")
    return found


def _from_sdk(session: Any, profile: str) -> Credentials | None:
    from botocore.exceptions import BotoCoreError  # type: ignore[import-untyped,unused-ignore]

    try:
        made = session.Session(profile=None if profile == "default" else profile)
        found = made.get_credentials()
        if found is None:
            return None
        frozen = found.get_frozen_credentials()
    except BotoCoreError as error:
        raise ValueError(f"The AWS profile {profile} can't be used: {error}") from None
    return Credentials(access_key_id=frozen.access_key, secret=frozen.secret_key, token=frozen.token or "")


def _from_file(profile: str) -> Credentials | None:
    path = Path(os.environ.get("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")).expanduser()
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read(path)
        section = parser[profile]
        return Credentials(
            access_key_id=section["aws_access_key_id"],
            secret=section["aws_secret_access_key"],
            token=section.get("aws_session_token", ""),
        )
    except KeyError:
        return None
    except configparser.Error as error:
        raise ValueError(f"{path} can't be read: {error}") from None
