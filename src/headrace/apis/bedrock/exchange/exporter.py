"""What the store has, as documents: the API's own answers, with tags added where there are any."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import msgspec

from headrace.apis.bedrock import aliases, flows, prompts
from headrace.apis.bedrock.arns import Place
from headrace.apis.bedrock.call import Call
from headrace.apis.bedrock.codec import Codec, Params
from headrace.core.access import Principal
from headrace.core.errors import NotFound
from headrace.core.kinds.flow import read_content
from headrace.core.kinds.prompt import read_arn
from headrace.services.base import Ports
from headrace.services.exchange import exchange
from headrace.services.exchange.exchange import Taken
from headrace.services.versions.releases import ReleaseView

Document = dict[str, Any]


class Exporter(msgspec.Struct, frozen=True, kw_only=True):
    """Exports flows and the prompts that they use, from one organisation."""

    ports: Ports
    codec: Codec
    place: Place
    default_role: str

    async def run(self, principal: Principal, *, refs: Collection[str]) -> list[Document]:
        """Documents in an order that works for making them again.

        Args:
            refs: flows by name or id, with the prompts they use; none is all flows and all prompts.

        Raises:
            NotFound: there is no such flow.
        """
        taken = await exchange.take_out(self.ports, principal, kind="flow", refs=refs)
        found = await self._prompts(principal, taken) if refs else await self._all_prompts(principal)
        shown = [document for one in found for document in self._prompt(principal, one)]
        return shown + [document for one in taken for document in self._flow(principal, one)]

    async def _all_prompts(self, principal: Principal) -> list[Taken]:
        return await exchange.take_out(self.ports, principal, kind="prompt", refs=())

    async def _prompts(self, principal: Principal, taken: Iterable[Taken]) -> list[Taken]:
        """The prompts that flows refer to, as far as they are there."""
        found = []
        for prompt in dict.fromkeys(ref for one in taken for ref in _referred(one, principal.account)):
            try:
                found += await exchange.take_out(self.ports, principal, kind="prompt", refs=[prompt])
            except NotFound:
                continue  # a flow may refer to what is gone; preparing it or running it tells
        return found

    def _flow(self, principal: Principal, one: Taken) -> Iterable[Document]:
        call = self._call(principal, "GetFlow")
        extra = {"tags": one.tags, "testAliasTags": one.draft_alias_tags}
        yield self._document("GetFlow", flows.flow_members(call, one.view), extra)
        for release in one.releases:
            view = ReleaseView(file=one.view.file, release=release)
            yield self._document("GetFlowVersion", flows.version_members(call, view))
        for alias in one.aliases:
            members = aliases.alias_members(call, alias)
            yield self._document("GetFlowAlias", members, {"tags": one.alias_tags[alias.alias.id]})

    def _prompt(self, principal: Principal, one: Taken) -> Iterable[Document]:
        call = self._call(principal, "GetPrompt")
        yield self._document("GetPrompt", prompts.prompt_members(call, one.view), {"tags": one.tags})
        for release in one.releases:
            members = prompts.version_members(call, ReleaseView(file=one.view.file, release=release))
            yield self._document("GetPrompt", members, {"tags": one.release_tags[release.number]})

    def _document(
        self, operation: str, members: Mapping[str, Any], extra: Mapping[str, Mapping[str, str]] | None = None
    ) -> Document:
        document: Document = msgspec.json.decode(self.codec.encode(operation, members)[2])
        return document | {name: value for name, value in (extra or {}).items() if value}

    def _call(self, principal: Principal, operation: str) -> Call:
        return Call(
            operation=operation,
            ports=self.ports,
            principal=principal,
            params=Params({}),
            place=self.place,
            default_role=self.default_role,
        )


def _referred(one: Taken, account: str) -> Iterable[str]:
    """The ids of the account's prompts that a flow's draft and versions refer to."""
    for content in (one.view.draft.content, *(release.content for release in one.releases)):
        for text in _texts(read_content(content).parsed_definition()):
            ref = read_arn(text)
            if ref is not None and ref.account == account:
                yield ref.id


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)
