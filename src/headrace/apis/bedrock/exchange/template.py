"""CloudFormation's language: templates as JSON or YAML, and what their functions come to.

Nothing here knows what a flow is. What a ``Ref`` or ``Fn::GetAtt`` of a resource comes to is asked of
whoever reads the resources.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from headrace.apis.bedrock.exchange.documents import Unreadable
from headrace.apis.bedrock.exchange.plain import NotJson, load_json, plain

MAX_MEMBERS = 100_000
"""How many members one map of a YAML text may have, merged ones included."""

NO_VALUE = object()
"""What ``AWS::NoValue`` comes to: the property is left out."""


class Unmappable(Exception):
    """Something in a template can't be known outside of CloudFormation; the text says what and why."""


def load_template(text: str) -> Any:
    """A JSON or YAML text, with the short forms of functions (``!Ref``) as their long ones.

    Raises:
        Unreadable: it is neither, or it is YAML and PyYAML is not installed, or see `plain`.
    """
    try:
        return load_json(text)
    except NotJson as error:
        wrong = error
    try:
        value = _load_yaml(text)
    except Unreadable as error:
        if text.lstrip().startswith(("{", "[")):  # YAML's braces are legal, but mostly it was meant as JSON
            raise wrong from None
        raise error from None
    return plain(value)


def _load_yaml(text: str) -> Any:
    try:
        import yaml
    except ImportError:
        raise Unreadable("Reading YAML needs PyYAML: pip install 'headrace[yaml]'.") from None

    class Loader(yaml.SafeLoader):
        """Plain data, CloudFormation's tags, and dates as the texts that they are in templates."""

        def flatten_mapping(self, node: Any) -> None:
            super().flatten_mapping(node)
            if len(node.value) > MAX_MEMBERS:  # merges of merges make much of little
                raise yaml.constructor.ConstructorError(None, None, "too many members", node.start_mark)

    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
        for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct(loader: Any, suffix: str, node: Any) -> Any:
        if isinstance(node, yaml.ScalarNode):
            return _long_form(suffix, loader.construct_scalar(node))
        if isinstance(node, yaml.SequenceNode):
            return _long_form(suffix, loader.construct_sequence(node, deep=True))
        return _long_form(suffix, loader.construct_mapping(node, deep=True))

    Loader.add_multi_constructor("!", construct)
    try:
        return yaml.load(text, Loader)  # noqa: S506 - a SafeLoader
    except RecursionError:
        raise Unreadable("It is nested too deep to be read.") from None
    # A tag that does not fit its text, such as `!!int x`, is found by Python and not by PyYAML.
    except (yaml.YAMLError, ValueError, LookupError, AttributeError) as error:
        raise Unreadable(f"It is not valid YAML: {error}") from None


def _long_form(tag: str, value: Any) -> dict[str, Any]:
    if tag in ("Ref", "Condition"):
        return {tag: value}
    if tag == "GetAtt" and isinstance(value, str):
        return {"Fn::GetAtt": value.split(".", 1)}
    return {f"Fn::{tag}": value}


_SUBSTITUTE = re.compile(r"\$\{(?P<literal>!)?(?P<name>[^}]+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What names in a template stand for.

    Attributes:
        values: parameters and pseudo parameters.
        attribute: what an attribute of a resource comes to; the attribute ``Ref`` is what ``Ref`` does.
    """

    values: Mapping[str, Any]
    mappings: Mapping[str, Any]
    conditions: Mapping[str, Any]
    attribute: Callable[[str, str], Any]
    _truths: dict[str, bool] = field(default_factory=dict, repr=False, compare=False)
    _asked: set[str] = field(default_factory=set, repr=False, compare=False)

    def evaluate(self, value: Any) -> Any:
        """A value with its functions carried out.

        Raises:
            Unmappable: one of them needs CloudFormation.
        """
        if isinstance(value, list):
            return [one for one in map(self.evaluate, value) if one is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name in _FUNCTIONS:
                return _FUNCTIONS[name](self, argument)
            if name.startswith("Fn::"):
                raise Unmappable(f"{name} can't be carried out outside of CloudFormation")
        found = {name: self.evaluate(inner) for name, inner in value.items()}
        return {name: inner for name, inner in found.items() if inner is not NO_VALUE}

    def holds(self, name: str) -> bool:
        """Whether a condition holds."""
        if name not in self.conditions:
            raise Unmappable(f"there is no condition {name}")
        if name not in self._truths:
            if name in self._asked:
                raise Unmappable(f"the condition {name} depends on itself")
            self._asked.add(name)
            try:
                self._truths[name] = _truth(self, self.conditions[name])
            finally:
                self._asked.remove(name)
        return self._truths[name]

    def refer(self, name: str, attribute: str = "Ref") -> Any:
        """What a name stands for."""
        if attribute == "Ref" and name in self.values:
            return self.values[name]
        return self.attribute(name, attribute)


def _truth(scope: Scope, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, dict) and len(value) == 1:
        ((name, argument),) = value.items()
        if name == "Condition":
            return scope.holds(argument)
        if name == "Fn::Equals":
            left, right = (as_text(scope.evaluate(one)) for one in argument)
            return left == right
        if name in ("Fn::And", "Fn::Or"):
            return (all if name == "Fn::And" else any)(_truth(scope, one) for one in argument)
        if name == "Fn::Not":
            return not _truth(scope, argument[0])
    raise Unmappable(f"{value!r} is no condition")


def _get_attribute(scope: Scope, argument: Any) -> Any:
    name, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
    return scope.refer(name, scope.evaluate(attribute))


def _substitute(scope: Scope, argument: Any) -> str:
    text, own = argument if isinstance(argument, list) else (argument, {})
    known = {name: scope.evaluate(value) for name, value in own.items()}

    def replace(match: re.Match[str]) -> str:
        name = match["name"].strip()
        if match["literal"]:
            return "${" + match["name"] + "}"
        if name in known:
            return as_text(known[name])
        resource, _, attribute = name.partition(".")
        return as_text(scope.refer(resource, attribute or "Ref"))

    return filled(_SUBSTITUTE, replace, text)


def filled(placeholder: re.Pattern[str], replace: Callable[[re.Match[str]], str], text: str) -> str:
    """A text with what stands in braces replaced.

    Behind its last brace nothing does; to look for the end of everything that begins there takes forever.
    """
    end = text.rfind("}") + 1
    return placeholder.sub(replace, text[:end]) + text[end:]


def as_text(value: Any) -> str:
    """A scalar as CloudFormation writes it into texts."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    raise Unmappable(f"{value!r} can't be part of a text")


def _join(scope: Scope, argument: Any) -> str:
    separator, parts = argument
    return str(separator).join(as_text(part) for part in scope.evaluate(parts))


def _split(scope: Scope, argument: Any) -> list[str]:
    separator, text = map(scope.evaluate, argument)
    return str(text).split(separator)


def _select(scope: Scope, argument: Any) -> Any:
    index, values = int(scope.evaluate(argument[0])), scope.evaluate(argument[1])
    if not 0 <= index < len(values):
        raise Unmappable(f"Fn::Select asks for item {index} of {len(values)}")
    return values[index]


def _find_in_map(scope: Scope, argument: Any) -> Any:
    name, first, second = (scope.evaluate(one) for one in argument[:3])
    try:
        return scope.mappings[name][str(first)][str(second)]
    except LookupError:
        raise Unmappable(f"the mapping {name} has no {first}, {second}") from None


def _if(scope: Scope, argument: Any) -> Any:
    condition, then, otherwise = argument
    return scope.evaluate(then if scope.holds(condition) else otherwise)


def _base64(scope: Scope, argument: Any) -> str:
    return base64.b64encode(as_text(scope.evaluate(argument)).encode()).decode()


def _json(scope: Scope, argument: Any) -> str:
    return json.dumps(scope.evaluate(argument))


_FUNCTIONS: Mapping[str, Callable[[Scope, Any], Any]] = {
    "Ref": lambda scope, name: scope.refer(name),
    "Fn::GetAtt": _get_attribute,
    "Fn::Sub": _substitute,
    "Fn::Join": _join,
    "Fn::Split": _split,
    "Fn::Select": _select,
    "Fn::FindInMap": _find_in_map,
    "Fn::If": _if,
    "Fn::Base64": _base64,
    "Fn::ToJsonString": _json,
}
