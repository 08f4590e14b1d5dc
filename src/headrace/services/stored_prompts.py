"""The prompts that nodes refer to, out of the store."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from headrace.core.effects import JSON, EffectContext
from headrace.core.kinds.prompt import PromptRef, read_arn, read_prompt
from headrace.core.ports import Store, Transaction


class StoredPrompts:
    """Finds the prompts of the organisation that a flow belongs to."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def find(self, arn: str, context: EffectContext) -> Mapping[str, JSON] | None:
        ref = read_arn(arn)
        if ref is None or ref.account != context.account:
            return None
        content = await self._store.read(context.account, lambda tx: _content(tx, ref))
        return None if content is None else default_variant(content)


def _content(tx: Transaction, ref: PromptRef) -> bytes | None:
    file = tx.files.by_short_id(kind="prompt", short_id=ref.id)
    if file is None:
        return None
    if ref.number is None:
        draft = tx.drafts.get(file_id=file.id)
        return None if draft is None else draft.content
    release = tx.releases.get(file_id=file.id, number=ref.number)
    return None if release is None else release.content


def default_variant(content: bytes) -> Mapping[str, JSON] | None:
    """The variant that runs: the default one, or else the first."""
    prompt = read_prompt(content)
    if prompt.variants is msgspec.UNSET:
        return None
    variants: list[Mapping[str, JSON]] = msgspec.json.decode(prompt.variants)
    named = (one for one in variants if one.get("name") == prompt.default_variant)
    return next(named, variants[0] if variants else None)
