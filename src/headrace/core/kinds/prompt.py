"""Prompts: a version's content is a template with a model and its parameters.

Content is kept in the form it was written in. The Bedrock form is a map of ``variants`` (a list of at most
one), ``defaultVariant`` and ``customerEncryptionKeyArn``; the Humanloop form has template, model and
parameters side by side. Either can be read as the other: `headrace.core.prompt_forms`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from headrace.core.kinds.kind import FileKind, without_nulls
from headrace.core.links import Link
from headrace.core.parsing import parse
from headrace.core.prompt_forms import VARIANT, as_form, as_variant
from headrace.core.prompts import Prompt, prompt_inputs
from headrace.core.template import texts, variables

_ARN = re.compile(
    r"arn:aws[^:]*:bedrock:[^:]*:(?P<account>[0-9]{12}):prompt/(?P<id>[0-9a-zA-Z]{10})(?::(?P<number>[0-9]{1,5}))?"
)


class PromptRef(msgspec.Struct, frozen=True, kw_only=True):
    """What a Prompt node refers to.

    Attributes:
        number: None follows the draft.
    """

    account: str
    id: str
    number: int | None


def read_arn(arn: str) -> PromptRef | None:
    """The prompt that an ARN in a definition names; None when it names none."""
    match = _ARN.fullmatch(arn)
    if match is None:
        return None
    number = match["number"]
    return PromptRef(account=match["account"], id=match["id"], number=int(number) if number else None)


class PromptContent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The Bedrock form of a prompt's content.

    Attributes:
        variants: JSON text of the list, exactly as it was sent.
        default_variant: the name of the variant that runs.
        key: ``customerEncryptionKeyArn``: kept and echoed; it encrypts nothing.
    """

    variants: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    default_variant: str | msgspec.UnsetType = msgspec.field(name="defaultVariant", default=msgspec.UNSET)
    key: str | msgspec.UnsetType = msgspec.field(name="customerEncryptionKeyArn", default=msgspec.UNSET)


VARIANTS_MEMBERS = frozenset(field.encode_name for field in msgspec.structs.fields(PromptContent))
"""What the Bedrock form may consist of."""
_decoder = msgspec.json.Decoder(PromptContent)
_encoder = msgspec.json.Encoder()


class _Probe(msgspec.Struct, frozen=True):
    """What only the Humanloop form has."""

    model: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_probe = msgspec.json.Decoder(_Probe).decode


def is_one_object(content: bytes) -> bool:
    """Whether stored content is of the Humanloop form, which always has a model at the top."""
    return _probe(content).model is not msgspec.UNSET


def read_prompt(content: bytes) -> PromptContent:
    """Stored content as the Bedrock form, whatever form it is of."""
    if not is_one_object(content):
        return _decoder.decode(content)
    variant = as_variant(parse(content))
    if variant is None:
        return PromptContent()
    return PromptContent(variants=msgspec.Raw(_encoder.encode([variant])), default_variant=VARIANT)


def default_variant(content: bytes) -> dict[str, Any] | None:
    """The variant that runs: the default one, or else the first."""
    prompt = read_prompt(content)
    if prompt.variants is msgspec.UNSET:
        return None
    variants: list[dict[str, Any]] = parse(prompt.variants)
    named = (one for one in variants if one.get("name") == prompt.default_variant)
    return next(named, variants[0] if variants else None)


def prompt_form(content: bytes) -> dict[str, Any]:
    """Stored content as the Humanloop form in plain values, whatever form it is of; nulls may be absent."""
    form: dict[str, Any] = parse(content) if is_one_object(content) else as_form(default_variant(content))
    return form


def _identity(content: bytes) -> bytes:
    return without_nulls(content) if is_one_object(content) else content


def _inputs(content: bytes) -> tuple[str, ...]:
    return prompt_inputs(msgspec.convert(prompt_form(content), Prompt))


def _links(content: bytes) -> tuple[Link, ...]:
    return tuple(Link(file_id=tool) for tool in prompt_form(content).get("linked_tools") or ())


def _can_be_variant(content: bytes) -> bool:
    return not is_one_object(content) or as_variant(parse(content)) is not None


KIND = FileKind(
    name="prompt",
    title="Prompt",
    prefix="pr_",
    version_prefix="prv_",
    home="prompts",
    identity=_identity,
    inputs=_inputs,
    links=_links,
    linkable=("tool",),
    can_be_draft=_can_be_variant,
)


def write_prompt(*, variants: bytes | None, default_variant: str | None, key: str | None) -> bytes:
    """Content that holds what is given and nothing else."""
    return _encoder.encode(
        PromptContent(
            variants=msgspec.UNSET if variants is None else msgspec.Raw(variants),
            default_variant=msgspec.UNSET if default_variant is None else default_variant,
            key=msgspec.UNSET if key is None else key,
        )
    )


def prompt_variables(content: bytes) -> frozenset[str]:
    """The variables in the texts of a prompt's variants."""
    prompt = read_prompt(content)
    variants: list[Mapping[str, Any]] = [] if prompt.variants is msgspec.UNSET else parse(prompt.variants)
    found = (text for variant in variants for text in texts(variant.get("templateConfiguration") or {}))
    return frozenset(variables(found))
