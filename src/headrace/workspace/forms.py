"""Contents of files of each kind as the texts that people keep, and back.

Most is YAML. Prompts and agents have a format of their own (`headrace.core.prompt_files`), datasets have a
datapoint a line. Prompt texts and code stand in files beside, which editors know how to show.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from headrace.core import canonical
from headrace.core.datasets import case_of
from headrace.core.errors import Invalid
from headrace.core.kinds import KINDS
from headrace.core.kinds.evaluator import EvaluatorSpec, type_of
from headrace.core.parsing import parse
from headrace.core.prompt_files import BadFile, read_file, write_file
from headrace.core.prompt_forms import Form
from headrace.workspace import yaml_text
from headrace.workspace.paths import RESERVED, folded
from headrace.workspace.yaml_text import BadYaml, Reference

Texts = dict[str, str]
"""Texts of files by their names."""
ReadText = Callable[[str], str]
"""Reads another file, by the name that stands in the one that refers to it."""
FOLDERS: Mapping[str, str] = {
    "tool": "tools",
    "prompt": "prompts",
    "evaluator": "evaluators",
    "dataset": "datasets",
    "flow": "flows",
    "agent": "agents",
}
"""Where files of a kind are, in the order in which one may refer to another before it."""
SUFFIXES: Mapping[str, tuple[str, ...]] = {
    "tool": (".yaml",),
    "prompt": (".prompt", ".yaml"),
    "evaluator": (".yaml",),
    "dataset": (".jsonl", ".yaml"),
    "flow": (".yaml",),
    "agent": (".agent", ".yaml"),
}
"""How the names of a kind's files end; what can't be said in the first form is said in the other."""
CODE: Mapping[str, str] = {"tool": "source_code", "evaluator": "code"}
"""The member whose text stands in a file beside."""
NODE_TEXTS: Sequence[tuple[tuple[str, ...], str]] = (
    (
        ("configuration", "prompt", "sourceConfiguration", "inline", "templateConfiguration", "text", "text"),
        ".prompt.md",
    ),
    (("configuration", "inlineCode", "code"), ".py"),
)
"""Where a node has a text that stands in a file beside, and how the name of that ends."""
LOOP = ("configuration", "loop", "definition")
"""Where a node has nodes of its own."""
_NODE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,49}")
_UNFIT = re.compile(r"[\x00\r\ud800-\udfff]|\A\ufeff|\A\s*\Z")
_encode = msgspec.json.Encoder().encode


class BadForm(Exception):
    """The text of a file can't be read as content."""


def write(kind: str, stem: str, content: Form) -> tuple[str, Texts]:
    """The name of a content's own file, and the texts of that and of those beside it.

    Args:
        stem: the name without its ending.
        content: in plain values; of a dataset with its datapoints.
    """
    suffix = SUFFIXES[kind][0]
    text = _own_text(kind, content)
    if text is not None:
        return stem + suffix, {stem + suffix: text}
    told, beside = _set_apart(kind, stem, content)
    return f"{stem}.yaml", {**beside, f"{stem}.yaml": yaml_text.write(told)}


def _own_text(kind: str, content: Form) -> str | None:
    """The text in the format that a kind has for itself; None when it can't say the same."""
    if kind == "dataset":
        return None if content.keys() - {"datapoints"} else "".join(_datapoint_lines(content["datapoints"]))
    if kind not in ("prompt", "agent"):
        return None
    try:
        text = write_file(content)
        is_same = digest_of(kind, _read_prompt(text)) == digest_of(kind, content)
    except (BadForm, RecursionError, TypeError, KeyError, AttributeError):  # of another shape than it can say
        return None
    return text if is_same else None


def _datapoint_lines(datapoints: Sequence[Form]) -> Iterator[str]:
    for one in datapoints:
        told = {member: inner for member, inner in one.items() if inner is not None}
        yield f"{_encode(told).decode()}\n"


def _set_apart(kind: str, stem: str, content: Form) -> tuple[Form, Texts]:
    """The content with names in place of texts, and those texts."""
    if kind == "flow":
        return _flow_apart(stem, content)
    member, name = CODE.get(kind, ""), stem.rpartition("/")[2] + ".py"
    text = content.get(member)
    if not _stands_alone(text):
        return content, {}
    return {**content, member: Reference(name)}, {f"{stem}.py": f"{text}\n"}


def _stands_alone(text: Any) -> bool:
    """Whether a text is read from a file of its own as it was written."""
    return isinstance(text, str) and _UNFIT.search(text) is None


def _flow_apart(stem: str, content: Form) -> tuple[Form, Texts]:
    texts: Texts = {}
    definition = content.get("definition")
    if not isinstance(definition, dict):
        return content, texts
    told = _definition_apart(definition, stem, "", texts, set())
    return {member: told if member == "definition" else inner for member, inner in content.items()}, texts


def _definition_apart(definition: Form, stem: str, prefix: str, texts: Texts, seen: set[str]) -> Form:
    nodes = definition.get("nodes")
    if not isinstance(nodes, list):
        return definition
    told = [_node_apart(node, stem, prefix, texts, seen) for node in nodes]
    return {member: told if member == "nodes" else inner for member, inner in definition.items()}


def _node_apart(node: Any, stem: str, prefix: str, texts: Texts, seen: set[str]) -> Any:
    name = node.get("name") if isinstance(node, dict) else None
    if not isinstance(name, str) or not _NODE_NAME.fullmatch(name) or name.lower() in RESERVED:
        return node
    called = prefix + name
    if folded(called) in seen:
        return node
    seen.add(folded(called))
    for at, suffix in NODE_TEXTS:
        text = _at(node, at)
        if _stands_alone(text):
            texts[f"{stem}/{called}{suffix}"] = f"{text}\n"
            node = _with(node, at, Reference(f"{stem.rpartition('/')[2]}/{called}{suffix}"))
    inner = _at(node, LOOP)
    if isinstance(inner, dict):
        node = _with(node, LOOP, _definition_apart(inner, stem, f"{called}.", texts, seen))
    return node


def _at(value: Any, place: Sequence[str]) -> Any:
    for member in place:
        value = value.get(member) if isinstance(value, dict) else None
    return value


def _with(value: Form, place: Sequence[str], inner: Any) -> Form:
    """The same with another value at a place that is there."""
    if not place:
        return inner  # type: ignore[no-any-return]
    first, *rest = place
    return {name: _with(one, rest, inner) if name == first else one for name, one in value.items()}


def read(kind: str, name: str, text: str, read_text: ReadText) -> dict[str, Any]:
    """The content that a file says, with the texts that it refers to.

    Raises:
        BadForm: it is none.
    """
    if kind in ("prompt", "agent") and not name.endswith(".yaml"):
        return _read_prompt(text)
    if kind == "dataset" and name.endswith(".jsonl"):
        return {"datapoints": _read_datapoints(text)}
    try:
        found = dict(yaml_text.mapping(yaml_text.read(text, read_text)))
    except BadYaml as error:
        raise BadForm(str(error)) from None
    return _completed(kind, found)


def _read_prompt(text: str) -> dict[str, Any]:
    try:
        return read_file(text, _header)
    except BadFile as error:
        raise BadForm(str(error)) from None


def _header(text: str) -> Form:
    try:
        return yaml_text.mapping(yaml_text.read(text))
    except BadYaml as error:
        raise BadFile(f"the header is not valid: {error}") from None


def _read_datapoints(text: str) -> list[Any]:
    found = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            found.append(parse(line))
        except (msgspec.DecodeError, Invalid, RecursionError) as error:
            raise BadForm(f"line {number}: {error}") from None
    return found


def _completed(kind: str, content: dict[str, Any]) -> dict[str, Any]:
    """The content with what is kept of it even where it does not say it."""
    if kind == "dataset":
        return content if "datapoints" in content else {**content, "datapoints": []}
    if kind != "evaluator":
        return content
    try:
        return {**content, "evaluator_type": type_of(msgspec.convert(content, EvaluatorSpec)).value}
    except msgspec.ValidationError:  # the server tells what is wrong with it
        return content


def digest_of(kind: str, content: Form) -> str:
    """What decides whether two contents are the same.

    It is the server's digest, but of datasets: theirs rests on ids that their server gave out.

    Raises:
        BadForm: it can't be content of that kind.
    """
    try:
        if kind == "dataset":
            return _dataset_digest(content)
        return canonical.digest(KINDS[kind].identity(_encode(content)))
    except Invalid as error:
        raise BadForm(error.message) from None
    except (msgspec.MsgspecError, TypeError, AttributeError, KeyError, OverflowError) as error:
        raise BadForm(f"it fits no {kind}: {error}") from None


def _dataset_digest(content: Form) -> str:
    """The set of datapoints and the attributes: another order is no other content (humanloop 2.1)."""
    cases = {
        case_of(inputs=one.get("inputs"), messages=one.get("messages"), target=one.get("target")).digest
        for one in content["datapoints"]
    }
    return canonical.digest(_encode([sorted(cases), content.get("attributes")]))
