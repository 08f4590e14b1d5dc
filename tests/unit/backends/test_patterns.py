"""What things are called in patterns."""

from __future__ import annotations

import pytest

from headrace.backends.models.router import ModelRoute
from headrace.backends.patterns import first_match, function_names, model_names, split_function

ARN = "arn:aws:lambda:us-east-1:123456789012:function:total"
MODEL = "arn:aws:bedrock:us-east-1::foundation-model"


@pytest.mark.parametrize(
    ("model", "names"),
    [
        ("acme.m-1", ("acme.m-1",)),
        ("us.acme.m-1", ("us.acme.m-1", "acme.m-1")),
        ("us-gov.acme.m-1", ("us-gov.acme.m-1", "acme.m-1")),
        ("us.model", ("us.model",)),  # a vendor called us
        ("gpt-4", ("gpt-4",)),
        (f"{MODEL}/acme.m:0", (f"{MODEL}/acme.m:0", "acme.m:0")),
    ],
)
def test_names_of_models(model: str, names: tuple[str, ...]) -> None:
    assert model_names(model) == names


@pytest.mark.parametrize(
    ("arn", "names", "split"),
    [
        (ARN, (ARN, "total"), (ARN, None)),
        (f"{ARN}:7", (f"{ARN}:7", ARN, "total:7", "total"), (ARN, "7")),
        (f"{ARN}:$LATEST", (f"{ARN}:$LATEST", ARN, "total:$LATEST", "total"), (ARN, "$LATEST")),
        ("total", ("total",), ("total", None)),
    ],
)
def test_names_of_functions(arn: str, names: tuple[str, ...], split: tuple[str, str | None]) -> None:
    assert function_names(arn) == names
    assert split_function(arn) == split


def test_case_matters_and_the_first_one_wins() -> None:
    routes = [ModelRoute(match=match, provider=match) for match in ("ACME.*", "acme.*", "*")]
    assert first_match(routes, ("acme.m",)) == routes[1]
    assert first_match(routes[:1], ("acme.m",)) is None
