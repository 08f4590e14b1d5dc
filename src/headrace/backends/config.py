"""The file that says what flows may call and who answers: ``headrace.toml``.

Each table is a frozen value with its rules; what breaks one is an error that names the file, the key and the
rule. Nothing that is not named here is ever called.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import msgspec

from headrace.backends.agents.routes import AgentRoute
from headrace.backends.functions.routes import FunctionRoute
from headrace.backends.knowledge.routes import KnowledgeRoute
from headrace.backends.lex.routes import LexRoute
from headrace.backends.models.bedrock import BedrockModel
from headrace.backends.models.echo import Echo
from headrace.backends.models.local import Local
from headrace.backends.models.openai import OpenAi
from headrace.backends.models.recording import Record, Replay
from headrace.backends.models.router import ModelRoute, Price
from headrace.backends.models.scripted import Scripted
from headrace.backends.objects.routes import ObjectRoute

SoleProvider = BedrockModel | OpenAi | Local | Echo | Scripted | Replay
"""A provider that needs no other one."""
Provider = SoleProvider | Record

BUILT_IN: dict[str, Provider] = {"bedrock": BedrockModel(), "echo": Echo(), "local": Local()}
"""Providers that need no table: they are what their name says, and answer only where a route names them."""


class BadConfig(ValueError):
    """The configuration can't be used."""


class Models(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[models]``: who answers for models, and what that costs."""

    providers: dict[str, Provider] = {}
    route: tuple[ModelRoute, ...] = ()
    price: tuple[Price, ...] = ()

    def __post_init__(self) -> None:
        known = BUILT_IN | self.providers
        for index, route in enumerate(self.route):
            if route.provider not in known:
                raise ValueError(f"route[{index}].provider is `{route.provider}`; there is {_list(known)}")
        for name, provider in self.providers.items():
            if isinstance(provider, Record):
                source = known.get(provider.provider)
                if source is None or isinstance(source, Record | Replay):
                    raise ValueError(
                        f"providers.{name}.provider is `{provider.provider}`; it must be a provider that is "
                        "no record and no replay"
                    )

    def all_providers(self) -> dict[str, Provider]:
        """The providers of the file and the built-in ones."""
        return BUILT_IN | self.providers


class Knowledge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[knowledge]``: knowledge bases that are not simply local ones by their own id or name."""

    route: tuple[KnowledgeRoute, ...] = ()


class Functions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[functions]``: what Lambda ARNs stand for."""

    route: tuple[FunctionRoute, ...] = ()


class Objects(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[objects]``: where buckets are."""

    route: tuple[ObjectRoute, ...] = ()


class Agents(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[agents]``: who answers for agent aliases."""

    route: tuple[AgentRoute, ...] = ()


class Lex(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[lex]``: who answers for bot aliases."""

    route: tuple[LexRoute, ...] = ()


class Handlers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[handlers]``: where the operator's own Python is.

    Attributes:
        path: folders that ``module:function`` is looked for in besides Python's own; relative to the file.
    """

    path: tuple[str, ...] = ()


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file."""

    models: Models = Models()
    knowledge: Knowledge = Knowledge()
    functions: Functions = Functions()
    objects: Objects = Objects()
    agents: Agents = Agents()
    lex: Lex = Lex()
    handlers: Handlers = Handlers()


def read_config(path: Path) -> Config:
    """Read the file.

    Raises:
        BadConfig: it can't be read or breaks a rule.
    """
    try:
        return parse_config(path.read_text(encoding="utf-8"), name=str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise BadConfig(f"{path} can't be read: {error}") from None


def scripted_only(config: Config, script: Path) -> Config:
    """The same, with all models answered by a script."""
    provider = Scripted(file=str(script.absolute()))
    models = Models(providers={"scripted": provider}, route=(ModelRoute(match="*", provider="scripted"),))
    return msgspec.structs.replace(config, models=models)


def parse_config(text: str, *, name: str = "headrace.toml") -> Config:
    """The configuration in a text.

    Args:
        name: what errors call the file.

    Raises:
        BadConfig: the text breaks a rule.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadConfig(f"{name} is no TOML: {error}") from None
    models = tables.get("models")
    providers = models.get("providers") if isinstance(models, dict) else None
    if isinstance(providers, dict):
        for called, table in providers.items():  # one by one, because an error does not tell a key of a dict
            _convert(table, Provider, name=name, prefix=f"models.providers.{called}")
    config: Config = _convert(tables, Config, name=name)
    return config


def _convert(value: Any, kind: Any, *, name: str, prefix: str = "") -> Any:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        rule, _, place = str(error).partition(" - at `$")
        key = (prefix + place.rstrip("`")).removeprefix(".") or "top level"
        raise BadConfig(f"{name}: {key}: {rule}") from None


def _list(names: dict[str, Provider]) -> str:
    return ", ".join(f"`{name}`" for name in names)
