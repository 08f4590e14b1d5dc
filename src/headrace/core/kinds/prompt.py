"""Prompts: a version's content is a template with a model and its parameters.

Content is kept in the form it was written in. The Bedrock form is a map of ``variants`` (a list of at most
one), ``defaultVariant`` and ``customerEncryptionKeyArn``. How the two protocols' prompts correspond, field by
field, is written down in ``docs/explanation/prompts.md``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from headrace.core.kinds.kind import FileKind
from headrace.core.parsing import parse
from headrace.core.template import texts, variables

KIND = FileKind(name="prompt", title="Prompt", prefix="pr_", version_prefix="prv_", home="prompts")

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


_decoder = msgspec.json.Decoder(PromptContent)
_encoder = msgspec.json.Encoder()


def read_prompt(content: bytes) -> PromptContent:
    """Stored content of the Bedrock form."""
    return _decoder.decode(content)


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
