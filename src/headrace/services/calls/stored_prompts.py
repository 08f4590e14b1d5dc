"""The prompts that nodes refer to, out of the store."""

from __future__ import annotations

from collections.abc import Mapping

from headrace.core.effects import JSON, EffectContext
from headrace.core.kinds.prompt import PromptRef, default_variant, read_arn
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
