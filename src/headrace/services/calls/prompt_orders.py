"""Calls of prompts before a model is asked: what an order means, and whether it can be carried out
(humanloop 2.6, 4.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.effects import JSON, NO_KEYS, CallerKeys, EffectFailed, ModelRequest
from headrace.core.errors import Invalid
from headrace.core.files import File
from headrace.core.kinds.prompt import prompt_form
from headrace.core.kinds.tool import read_tool
from headrace.core.ports import Transaction
from headrace.core.prompt_requests import ToolChoice, Unsayable, request_of
from headrace.core.prompts import ChatMessage, Prompt, ToolFunction
from headrace.core.versions import Version
from headrace.services.base import Ports, read, write
from headrace.services.calls.called import Repeated, choose, settle
from headrace.services.calls.calls import Calls
from headrace.services.calls.prompt_templates import filled
from headrace.services.logs import new_logs
from headrace.services.logs.new_logs import NewLog, Prepared
from headrace.services.versions.views import VersionView, default_version


def never(_failure: EffectFailed) -> bool:
    """Record every failure."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is asked for.

    Attributes:
        new: what the log is to say as far as the caller says it: the file, the version, inputs, messages.
        messages: what was said after the template.
        samples: how many answers.
        extra: what goes to the provider under its own name.
        leaves: which failures are raised and not recorded, because the call will be made again.
        split_key: what holds calls of a split together.
    """

    new: NewLog
    inputs: Mapping[str, JSON]
    messages: Sequence[ChatMessage] = ()
    choice: ToolChoice | None = None
    samples: int = 1
    extra: Mapping[str, JSON] | None = None
    keys: CallerKeys = NO_KEYS
    leaves: Callable[[EffectFailed], bool] = never
    split_key: str | None = None


class _Said(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be said to a model, before anything is written.

    Attributes:
        form: the prompt's content in plain values.
        functions: of the linked tools.
    """

    new: NewLog
    form: Mapping[str, Any]
    functions: Sequence[ToolFunction]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A call whose version is settled and whose request is made.

    Attributes:
        ids: of the log of each sample.
    """

    calls: Calls
    ports: Ports
    principal: Principal
    order: Order
    prepared: Prepared
    file: File
    version: Version
    view: VersionView
    request: ModelRequest
    ids: Sequence[str]


async def begin(calls: Calls, ports: Ports, principal: Principal, order: Order) -> Task | Repeated:
    """Make a call ready.

    Raises:
        NotFound, Conflict, AlreadyExists: as `headrace.services.logs.logs.create`.
        Invalid: inputs are missing, or the prompt or a message is none that models can be told.
    """
    principal.require(Right.RUNNER)
    if not 1 <= order.samples <= calls.limits.samples:
        message = f"There may be 1 to {calls.limits.samples} samples, not {order.samples}."
        raise Invalid.at("num_samples", message=message, kind="out_of_range")
    prepared = await new_logs.prepare(ports, order.new)
    chosen = await read(ports, principal, lambda tx: _choose(tx, order, prepared))
    if isinstance(chosen, Repeated):
        return chosen
    request = await _request(calls, order, chosen)
    prepared = msgspec.structs.replace(prepared, new=chosen.new)
    file, version, shown = await write(ports, principal, lambda tx: settle(tx, ports, principal, prepared))
    ids = [ports.ids.long("log_") for _ in range(order.samples)]
    return Task(
        calls=calls,
        ports=ports,
        principal=principal,
        order=order,
        prepared=prepared,
        file=file,
        version=version,
        view=shown,
        request=request,
        ids=[order.new.id or ids[0], *ids[1:]],
    )


def _choose(tx: Transaction, order: Order, prepared: Prepared) -> _Said | Repeated:
    """What an order means at the moment."""
    chosen = choose(tx, prepared, is_repeatable=order.samples == 1, split_key=order.split_key)
    if isinstance(chosen, Repeated):
        return chosen
    if chosen.version is None:
        assert chosen.new.content is not None
        form = chosen.new.content.parsed
    else:
        form = prompt_form(chosen.version.content)
    return _Said(new=chosen.new, form=form, functions=_functions(tx, form))


def _functions(tx: Transaction, form: Mapping[str, Any]) -> list[ToolFunction]:
    """What a model is told of the tools that a prompt links, as they are deployed; some may be gone."""
    found = []
    for link in form.get("linked_tools") or ():
        file = tx.files.get(id=link)
        if file is not None and file.kind == "tool":
            function = read_tool(default_version(tx, file).content).function
            found.append(function or ToolFunction(name=file.name, description=file.description or ""))
    return found


async def _request(calls: Calls, order: Order, chosen: _Said) -> ModelRequest:
    template = await filled(calls.languages, chosen.form, order.inputs, "inputs")
    prompt = msgspec.convert({**chosen.form, "template": template}, Prompt)
    try:
        return request_of(
            prompt, order.messages, tools=chosen.functions, choice=order.choice, extra=order.extra
        )
    except Unsayable as error:
        raise Invalid.at(*error.path, message=str(error), kind="unsayable") from None
