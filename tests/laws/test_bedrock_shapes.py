"""The fast verdict, the walk and botocore agree about the shapes of requests."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import unquote

import jsonschema_rs
import pytest
from botocore.loaders import create_loader
from botocore.model import ServiceModel as BotocoreModel
from botocore.serialize import create_serializer
from botocore.validate import ParamValidator
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.apis.bedrock.codec import Codec
from headrace.apis.bedrock.model import SERVICES, Operation, Service, Shape, load
from headrace.apis.bedrock.pattern import portable_pattern
from headrace.apis.bedrock.shapes import Checker, ShapeCompiler, served_shapes

MODEL = load()
CODEC = Codec(MODEL)
SHAPES: Mapping[Service, Mapping[str, Shape]] = {
    name: served_shapes(name, shapes, strict=False) for name, shapes in MODEL.shapes.items()
}
COMPILERS = {name: ShapeCompiler(shapes) for name, shapes in SHAPES.items()}
BOTOCORE = {
    name: BotocoreModel(create_loader().load_service_model(name, "service-2"), name) for name in SERVICES
}


# Values of a shape

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text(max_size=5)
)
DOCUMENTS = st.recursive(
    SCALARS.filter(lambda value: value not in (float("inf"), float("-inf"))),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@cache
def strings(service: Service, name: str) -> st.SearchStrategy[str]:
    shape = SHAPES[service][name]
    least, most = int(shape.min or 0), None if shape.max is None else int(shape.max)
    if shape.enum:
        return st.sampled_from(shape.enum)
    if shape.pattern is None:
        return st.text(min_size=least, max_size=min(most or 20, least + 20))
    matching = st.from_regex(re.compile(portable_pattern(shape.pattern), re.ASCII), fullmatch=True)
    return matching.filter(lambda text: least <= len(text) <= (most or len(text)))


@st.composite
def values(draw: st.DrawFn, service: Service, name: str, depth: int = 0) -> Any:
    """A valid value of a shape."""
    shape = SHAPES[service][name]
    if shape.document:
        return draw(DOCUMENTS)
    match shape.type:
        case "structure":
            names = draw(members_of(shape, depth))
            return {member: draw(values(service, shape.members[member].shape, depth + 1)) for member in names}
        case "list":
            least = int(shape.min or 0)
            size = draw(st.integers(least, least if depth > 6 else min(int(shape.max or 3), least + 2)))
            return [draw(values(service, shape.member.shape, depth + 1)) for _ in range(size)]
        case "map":
            inner = values(service, shape.value.shape, depth + 1)
            return draw(st.dictionaries(strings(service, shape.key.shape), inner, max_size=3))
        case "string":
            return draw(strings(service, name))
        case "boolean":
            return draw(st.booleans())
        case "integer":
            return draw(st.integers(int(shape.min or 0), int(shape.max or 2**31 - 1)))
        case "float":
            return draw(st.floats(shape.min, shape.max, width=32) | st.sampled_from([0, 1]))
    raise AssertionError(shape.type)


@st.composite
def members_of(draw: st.DrawFn, shape: Shape, depth: int) -> list[str]:
    optional = sorted(set(shape.members) - set(shape.required))
    if shape.union:
        # A loop holds a definition; deep down it would hold one for ever.
        return [draw(st.sampled_from([name for name in optional if depth < 6 or name != "loop"]))]
    if depth > 6 or not optional:
        return list(shape.required)
    chosen = draw(st.lists(st.sampled_from(optional), unique=True))
    return draw(st.permutations([*shape.required, *chosen]))


def containers(value: Any) -> list[Any]:
    """Every object and list in a value, itself included."""
    if not isinstance(value, (dict, list)):
        return []
    inner = value.values() if isinstance(value, dict) else value
    return [value, *(found for item in inner for found in containers(item))]


@st.composite
def damaged(draw: st.DrawFn, value: Any) -> Any:
    """The value after a few changes, most of which break a rule."""
    value = copy.deepcopy(value)
    for _ in range(draw(st.integers(1, 3))):
        target = draw(st.sampled_from(containers(value)))
        if isinstance(target, dict):
            names = st.sampled_from(sorted(target)) if target else st.nothing()
            name = draw(names | st.sampled_from(["unknown", "name", "text"]))
            if draw(st.booleans()):
                target.pop(name, None)
            else:
                target[name] = draw(DOCUMENTS)
        else:
            target.insert(0, draw(DOCUMENTS))
            if draw(st.booleans()):
                target *= 30
    return value


BODIES: Mapping[str, Service] = {
    "CreateFlowRequest": "bedrock-agent",
    "FlowDefinition": "bedrock-agent",
    "PromptVariant": "bedrock-agent",
    "CreateFlowAliasRequest": "bedrock-agent",
    "InvokeFlowRequest": "bedrock-agent-runtime",
}
CHECKERS: Mapping[str, Checker] = {
    name: COMPILERS[service].checker(SHAPES[service][name]) for name, service in BODIES.items()
}


@pytest.mark.parametrize("name", BODIES)
@given(data=st.data())
@settings(deadline=None, max_examples=20)
def test_a_valid_value_passes_both_ways(name: str, data: st.DataObject) -> None:
    value = data.draw(values(BODIES[name], name))
    assert CHECKERS[name].is_exact(value)
    assert CHECKERS[name].check(value) == (value, ())


@pytest.mark.parametrize("name", BODIES)
@given(data=st.data())
@settings(deadline=None, max_examples=50)
def test_both_give_the_same_verdict(name: str, data: st.DataObject) -> None:
    checker = CHECKERS[name]
    value = data.draw(damaged(data.draw(values(BODIES[name], name))))
    before = json.dumps(value)
    kept, problems = checker.check(value)
    assert json.dumps(value) == before
    assert checker.is_exact(value) == (not problems and json.dumps(kept) == before)
    if not problems:
        assert checker.is_exact(kept)


# Patterns

PATTERNS = sorted(
    {
        shape.pattern
        for operation in MODEL.operations.values()
        for shape in SHAPES[operation.service].values()
        if shape.pattern and not re.search(r"\[\\s\\S", shape.pattern)
    }
)


@pytest.mark.parametrize("pattern", PATTERNS)
@given(data=st.data())
@settings(deadline=None, max_examples=15)
def test_python_and_the_fast_verdict_read_patterns_alike(pattern: str, data: st.DataObject) -> None:
    portable = portable_pattern(pattern)
    compiled = re.compile(portable, re.ASCII)
    fast = jsonschema_rs.Draft4Validator({"pattern": f"^(?:{portable})$"})
    text = data.draw(st.from_regex(compiled, fullmatch=True))
    assert compiled.fullmatch(text)
    assert fast.is_valid(text)
    odd = data.draw(
        st.sampled_from(["\n", "\r", "\u2028", "\u00a0", "\ufeff", "٣", "é", "-", "_", "A", "0", ":", "$"])
    )
    at = data.draw(st.integers(0, len(text)))
    cut = data.draw(st.integers(at, len(text)))
    for changed in (text[:at] + odd + text[at:], text[:at] + text[cut:], text + odd):
        assert fast.is_valid(changed) == bool(compiled.fullmatch(changed)), changed


# botocore


def sent(operation: Operation, params: Mapping[str, Any]) -> dict[str, Any]:
    """What botocore would put on the wire, taken apart as our router does."""
    model = BOTOCORE[operation.service].operation_model(operation.name)
    report = ParamValidator().validate(dict(params), model.input_shape)
    assert not report.has_errors(), report.generate_report()
    request = create_serializer("rest-json").serialize_to_request(dict(params), model)
    parts = [unquote(part) for part in request["url_path"].strip("/").split("/")]
    labels = {
        label.strip("{}"): part
        for label, part in zip(operation.segments, parts, strict=True)
        if label.startswith("{")
    }
    query = request["query_string"].items()
    pairs = [(key, text) for key, given in query for text in (given if isinstance(given, list) else [given])]
    return {"uri": labels, "query": [(key, str(text)) for key, text in pairs], "body": request["body"]}


@pytest.mark.parametrize("name", sorted(MODEL.operations))
@given(data=st.data())
@settings(deadline=None, max_examples=8)
def test_what_botocore_sends_is_what_we_read(name: str, data: st.DataObject) -> None:
    operation = MODEL.operations[name]
    params = data.draw(values(operation.service, operation.input))
    assert CODEC.decode(name, **sent(operation, params)) == params
