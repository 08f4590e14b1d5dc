"""Every setting explains itself."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from headrace.settings import Settings

FIELDS = dataclasses.fields(Settings)


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_a_setting_has_a_default_and_a_sentence(field: dataclasses.Field[Any]) -> None:
    assert isinstance(field.default, str | bool | int | float)
    assert field.metadata["help"].endswith(".")
    assert isinstance(field.metadata["unit"], str)


@pytest.mark.parametrize(
    "field", [one for one in FIELDS if type(one.default) is int], ids=lambda one: one.name
)
def test_a_number_says_of_what(field: dataclasses.Field[Any]) -> None:
    assert "port" in field.name or field.metadata["unit"]
