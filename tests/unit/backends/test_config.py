"""The rules of the configuration, and what its errors name."""

from __future__ import annotations

from pathlib import Path

import pytest

from headrace.backends.config import BadConfig, Config, parse_config, read_config
from headrace.backends.models.openai import OpenAi
from headrace.backends.models.router import ModelRoute


def test_nothing_is_a_configuration() -> None:
    assert parse_config("") == Config()


def test_tables_become_values() -> None:
    config = parse_config("""
        [models.providers.vllm]
        type = "openai"
        url = "http://127.0.0.1:8000/v1"
        [[models.route]]
        match = "acme.*"
        provider = "vllm"
    """)
    assert config.models.providers == {"vllm": OpenAi(url="http://127.0.0.1:8000/v1")}
    assert config.models.route == (ModelRoute(match="acme.*", provider="vllm"),)


@pytest.mark.parametrize(
    ("text", "key", "rule"),
    [
        ("models = 3", "models", "Expected `object`"),
        ("[model]", "top level", "unknown field `model`"),
        ('[[models.route]]\nmatch = "*"', "models.route[0]", "missing required field `provider`"),
        ('[[models.route]]\nmatch = "*"\nprovider = "gpt"', "models", "route[0].provider is `gpt`; there is"),
        ('[models.providers.a]\ntype = "open"', "models.providers.a.type", "Invalid value 'open'"),
        ('[models.providers.a]\ntype = "openai"\nur = "x"', "models.providers.a", "unknown field `ur`"),
        (
            '[models.providers.a]\ntype = "record"\nprovider = "a"\nfolder = "f"',
            "models",
            "providers.a.provider is `a`",
        ),
        (
            '[[models.price]]\nmatch = "*"\ninput_usd = "1"\noutput_usd = 1',
            "models.price[0].input_usd",
            "Expected `float`, got `str`",
        ),
        (
            '[[functions.route]]\ntype = "http"\nmatch = "*"\nurl = "file:///etc/passwd"',
            "functions.route[0]",
            "url must begin with http",
        ),
        (
            '[[functions.route]]\ntype = "handler"\nmatch = "*"\nhandler = "os.system"',
            "functions.route[0]",
            "handler must be `module:function`",
        ),
        (
            """
                [[agents.route]]
                type = "local"
                match = "*"
                model = "m"
                instructions = "i"
                tools = [{name = "ask_user", handler = "a:b"}]
            """,
            "agents.route[0].tools[0]",
            "can't be called ask_user",
        ),
        (
            '[[lex.route]]\ntype = "table"\nmatch = "*"\nrules = [{pattern = "(", intent = "A"}]',
            "lex.route[0].rules[0]",
            "no regular expression",
        ),
        ("a = ", "", "is no TOML"),
    ],
)
def test_what_breaks_a_rule_is_named_with_file_key_and_rule(text: str, key: str, rule: str) -> None:
    with pytest.raises(BadConfig) as caught:
        parse_config(text, name="here.toml")
    assert str(caught.value).startswith("here.toml")
    assert f": {key}: " in str(caught.value) or not key
    assert rule in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match=r"none\.toml can't be read"):
        read_config(tmp_path / "none.toml")


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "headrace.toml"
    path.write_text('[handlers]\npath = ["ä"]', encoding="utf-8")
    assert read_config(path).handlers.path == ("ä",)
