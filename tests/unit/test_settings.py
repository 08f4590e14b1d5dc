"""Settings: from the environment, checked, and nothing ignored."""

from __future__ import annotations

import dataclasses

import pytest

from headrace.settings import BadSetting, Settings


def test_defaults() -> None:
    settings = Settings.from_env({})
    assert settings == Settings()
    assert (settings.host, settings.port, settings.store) == ("127.0.0.1", 8321, "sqlite:///headrace.db")
    assert (settings.account, settings.region) == ("000000000000", "us-east-1")


def test_variables_of_every_type() -> None:
    settings = Settings.from_env(
        {
            "HEADRACE_PORT": "0",
            "HEADRACE_RATE_LIMIT": "2.5",
            "HEADRACE_STRICT_LIMITS": "Yes",
            "HEADRACE_LOG_REQUESTS": "",
            "HEADRACE_REGION": "eu-central-1",
            "PORT": "9",
        }
    )
    assert (settings.port, settings.rate_limit, settings.region) == (0, 2.5, "eu-central-1")
    assert (settings.strict_limits, settings.log_requests) == (True, False)


def test_options_win_when_they_are_given() -> None:
    settings = Settings.from_env({"HEADRACE_PORT": "1", "HEADRACE_HOST": "::1"}, port=2, host=None)
    assert (settings.port, settings.host) == (2, "::1")


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("HEADRACE_PROT", "1", "Did you mean HEADRACE_PORT?"),
        ("HEADRACE_STOR", "x", "Did you mean HEADRACE_STORE?"),
        ("HEADRACE_QUOTA_FLOW", "1", "Did you mean HEADRACE_QUOTA_FLOWS?"),
        ("HEADRACE_", "1", "There is no setting HEADRACE_."),
        ("HEADRACE_PORT", "1.5", "must be a whole number, not '1.5'"),
        ("HEADRACE_PORT", "-1", "HEADRACE_PORT must be 0 or more, not -1"),
        ("HEADRACE_PORT", "65536", "0 to 65535"),
        ("HEADRACE_CONCURRENT_JOBS", "0", "HEADRACE_CONCURRENT_JOBS must be 1 or more, not 0"),
        ("HEADRACE_RATE_LIMIT", "fast", "must be a number, not 'fast'"),
        ("HEADRACE_RATE_LIMIT", "nan", "must be 0 or more, not nan"),
        ("HEADRACE_RATE_LIMIT", "inf", "must be 0 or more, not inf"),
        ("HEADRACE_QUOTA_FLOWS", "-1", "must be 0 or more"),
        ("HEADRACE_STRICT_LIMITS", "maybe", "must be true or false, not 'maybe'"),
        ("HEADRACE_ACCOUNT", "1234", "must be twelve digits"),
        ("HEADRACE_ACCOUNT", "٠" * 12, "must be twelve digits"),
        ("HEADRACE_REGION", "EU West", "must be up to twenty lower-case letters"),
        ("HEADRACE_DEFAULT_ROLE", "role", "must be the ARN of an IAM role"),
        ("HEADRACE_TLS_KEY", "key.pem", "both HEADRACE_TLS_CERTIFICATE and HEADRACE_TLS_KEY"),
        ("HEADRACE_LOG_FORMAT", "xml", "must be text or json"),
        ("HEADRACE_LOG_LEVEL", "loud", "debug, info, warning or error"),
    ],
)
def test_what_is_of_no_use(variable: str, value: str, words: str) -> None:
    with pytest.raises(BadSetting) as caught:
        Settings.from_env({variable: value})
    assert words in str(caught.value)


def test_variables_that_are_no_settings() -> None:
    others = {"HEADRACE_URL": "http://x", "HEADRACE_API_KEY": "y", "HEADRACE_TEST_ANYTHING": "z"}
    assert Settings.from_env(others) == Settings()


@pytest.mark.parametrize("one", dataclasses.fields(Settings), ids=lambda one: one.name)
def test_every_setting_says_what_it_is_for(one: dataclasses.Field[object]) -> None:
    assert one.metadata["help"].endswith(".")
    if isinstance(one.default, int) and not isinstance(one.default, bool) and "port" not in one.name:
        assert one.metadata["unit"]
