"""The configurations in the pages are ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.backends.things import ask, converse
from tests.docs.pages import ROOT, Block, blocks

from headrace.backends.config import BadConfig, Config, parse_config

PAGES = [
    ROOT / "docs" / "how-to" / f"{name}.md" for name in ("models", "knowledge-bases", "functions-and-objects")
]
TABLES = [block for page in PAGES for block in blocks(page, "toml")]
MODELS = PAGES[0]


def test_there_is_something_to_check() -> None:
    assert len(TABLES) > 8


@pytest.mark.parametrize("block", TABLES, ids=lambda block: f"line-{block.line}")
def test_a_configuration_can_be_used(block: Block) -> None:
    assert parse_config(block.text) != Config()


def test_the_error_that_is_shown_is_the_error() -> None:
    (shown,) = blocks(MODELS, "text")
    with pytest.raises(BadConfig) as caught:
        parse_config('[models.providers.vllm]\ntype = "openai"\nur = "x"')
    assert str(caught.value) == shown.text.strip()


def test_the_script_does_what_it_says(tmp_path: Path) -> None:
    (script,) = blocks(MODELS, "yaml")
    (tmp_path / "answers.yaml").write_text(script.text)
    config = next(block.text for block in TABLES if "scripted" in block.text)
    assert converse(config, ask("A REFUND"), folder=tmp_path, node="Classify").text == "billing"
    assert converse(config, ask("Hello"), folder=tmp_path, node="Classify").usage.input_tokens == 12
    with pytest.raises(Exception, match="slow down"):
        converse(config, ask(model_id="anthropic.m"), folder=tmp_path, node="Other")
