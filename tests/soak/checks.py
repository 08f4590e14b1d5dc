"""Reading everything back: what the journal's facts say must be there, whole and once, through both APIs."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote

from tests.soak.requests import mark_in
from tests.soak.run_clients import check_run
from tests.soak.site import Client, Over, Refused, Site, client_of

PAGE = 200
AT_ONCE = 4
RUN_ENDS_S = 120.0

Check = Callable[[Site, Client, str], Awaitable[None]]


async def check_flow(site: Site, client: Client, id: str) -> None:
    """A flow's numbers have no gap, each stands for what it was made of, aliases lead where they may."""
    flow = site.model.flows.get(id)
    if flow is None:  # it was deleted since
        return
    must = dict(flow.versions)
    found = await _versions(client, id)
    numbers = [int(one["version"]) for one in found]
    if numbers != list(range(len(numbers), 0, -1)):
        site.complain(f"the versions of {id} are numbered {numbers}")
    if missing := must.keys() - set(numbers):
        site.complain(f"versions {missing} of {id} were acknowledged, and are not there")
    await _check_numbers(site, client, id, must, numbers)
    await _check_contents(site, client, id, must)
    for alias, register in list(flow.aliases.items()):
        answer = await client.done("GetFlowAlias", "GET", f"/flows/{id}/aliases/{alias}")
        number = answer.json()["routingConfiguration"][0]["flowVersion"]
        if number not in register.may_be(answer.answer.began_s, answer.answer.ended_s):
            site.complain(f"alias {alias} of {id} leads to {number}, where nobody can have left it")


async def _versions(client: Client, flow: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    where = f"/flows/{flow}/versions?maxResults={PAGE}"
    answer = (await client.done("ListFlowVersions", "GET", where)).json()
    while True:
        found += answer["flowVersionSummaries"]
        if "nextToken" not in answer:
            break
        more = f"{where}&nextToken={quote(answer['nextToken'], safe='')}"
        answer = (await client.done("ListFlowVersions", "GET", more)).json()
    return [one for one in found if one["version"] != "DRAFT"]


async def _check_numbers(
    site: Site, client: Client, id: str, must: Mapping[int, tuple[str, str]], numbers: Iterable[int]
) -> None:
    """Each number is of one request, and has what was in the draft then."""
    tokens: Counter[str] = Counter()
    for number in numbers:
        told = await client.done("GetFlowVersion", "GET", f"/flows/{id}/versions/{number}/")
        version = told.json()
        tokens[version["description"]] += 1
        is_told = (version["description"], mark_in(version))
        if must.get(number, is_told) != is_told:
            site.complain(f"version {number} of {id} was acknowledged as {must[number]}, and is {is_told}")
    if twice := [one for one, times in tokens.items() if times > 1]:
        site.complain(f"flow {id} has versions twice that were asked for once: {twice}")
    if strange := tokens.keys() - site.model.flows[id].asked:
        site.complain(f"flow {id} has versions that nobody asked for: {strange}")


async def _check_contents(site: Site, client: Client, id: str, must: Mapping[int, tuple[str, str]]) -> None:
    """What is in the versions through the other API: each content once."""
    shown = await client.done("List flows versions", "GET", f"/v5/flows/{id}/versions")
    marks = Counter(mark_in(one) for one in shown.json()["records"])
    if missing := {mark for _, mark in must.values()} - marks.keys():
        site.complain(f"the Humanloop API does not show {missing} among the versions of {id}")
    if twice := [mark for mark, times in marks.items() if times > 1]:
        site.complain(f"equal contents of {id} are several versions: {twice}")


async def check_gone(site: Site, client: Client, id: str) -> None:
    """A flow that was deleted is gone."""
    told = await client.until_told("GetFlow", "GET", f"/flows/{id}/")
    if told.status != 404:
        site.complain(f"flow {id} was deleted, and is there: {told.status}")


async def check_file(site: Site, client: Client, id: str) -> None:
    """A file has each of its versions once, with its content; the moves that were made are its history."""
    file = site.model.files[id]
    must, moves = dict(file.versions), dict(file.moves)
    shown = await client.done(
        f"List {file.operations} versions", "GET", f"/v5/{file.operations}/{id}/versions"
    )
    records = {one["version_id"]: one for one in shown.json()["records"]}
    if len(records) != len(shown.json()["records"]):
        site.complain(f"{file.path} has a version twice")
    for text, version in must.items():
        if version not in records:
            site.complain(f"version {version} of {file.path} was acknowledged, and is not there")
        elif (content := await _text(client, file.operations, records[version])) != text:
            site.complain(f"version {version} of {file.path} has the content {content}, not {text}")
    body = {"path": file.path}
    told = await client.done("RetrieveByPath", "POST", "/v5/files/retrieve-by-path", body)
    if told.json()["id"] != id:
        site.complain(f"{file.path} is {told.json()['id']}, not {id}")
    if moves:
        await _check_moves(site, client, id, moves)


async def _text(client: Client, operations: str, record: Mapping[str, Any]) -> str:
    if operations == "flows":
        return str(record["attributes"]["text"])
    if operations == "prompts":
        return str(record["template"])
    where = f"/v5/datasets/{record['id']}/datapoints?version_id={record['version_id']}"
    points = (await client.done("ListDatapoints", "GET", where)).json()["records"]
    return ", ".join(one["inputs"]["text"] for one in points)


async def _check_moves(site: Site, client: Client, file: str, must: Mapping[str, str]) -> None:
    found: list[dict[str, Any]] = []
    where = f"/api/files/{file}/pointers/staging/moves?take={PAGE}"
    answer = (await client.done("listMoves", "GET", where)).json()
    while True:
        found += answer["moves"]
        if not answer["next"]:
            break
        answer = (await client.done("listMoves", "GET", f"{where}&before={answer['next']}")).json()
    targets = {one["id"]: one["version_id"] for one in found}
    if len(targets) != len(found):
        site.complain(f"the history of {file} has a move twice")
    for move, version in must.items():
        if targets.get(move) != version:
            site.complain(
                f"move {move} of {file} to {version} was acknowledged, and is to {targets.get(move)}"
            )
    for later, earlier in itertools.pairwise(found):
        if later["from_version_id"] != earlier["version_id"]:
            site.complain(f"move {later['id']} of {file} does not begin where {earlier['id']} ended")


async def check_trace(site: Site, client: Client, id: str) -> None:
    """A trace has all of its logs and judgments, each once; the server itself judged it at most once."""
    trace = site.model.traces[id]
    children, judgments, output = dict(trace.children), dict(trace.judgments), trace.output
    root = (await client.done("GetLog", "GET", f"/v5/logs/{id}")).json()
    if output is not None and (root["output"], root["log_status"]) != (output, "complete"):
        site.complain(f"log {id} says {root['output']!r}, {root['log_status']}; not {output!r}, complete")
    below = list(_below(root))
    told = {one["id"]: one["output"] for one in below}
    _compare(site, f"the logs below {id}", children, told, [one["id"] for one in below], trace.asked)
    judged = [one for one in root["evaluator_logs"] if one["id"] in trace.asked]
    values = {one["id"]: one["judgment"] for one in judged}
    _compare(site, f"the judgments of {id}", judgments, values, [one["id"] for one in judged], trace.asked)
    own = len(root["evaluator_logs"]) - len(judged)
    if own > 1 or (site.is_over and output is not None and own != 1):
        site.complain(f"log {id} was judged {own} times by the server itself")


def _below(log: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    for child in log["trace_children"]:
        yield child
        yield from _below(child)


def _compare(
    site: Site, what: str, must: Mapping[str, Any], told: Mapping[str, Any], ids: list[str], asked: set[str]
) -> None:
    if len(ids) != len(set(ids)):
        site.complain(f"{what} are not there once each: {ids}")
    if strange := set(ids) - asked:
        site.complain(f"nobody asked for some of {what}: {strange}")
    for key, value in must.items():
        if told.get(key) != value:
            site.complain(f"of {what}, {key} was acknowledged with {value!r}, and is {told.get(key)!r}")


async def check_ended(site: Site, client: Client, id: str) -> None:
    """An execution ends; while the run goes on only that it is there is asked for."""
    await check_run(site, client, id, within_s=RUN_ENDS_S if site.is_over else 0)


CHECKS: Mapping[str, Check] = {
    "flows": check_flow,
    "gone": check_gone,
    "files": check_file,
    "traces": check_trace,
    "runs": check_ended,
}


async def read_back(site: Site, wanted: Mapping[str, Iterable[str]]) -> int:
    """Check these things of each kind; how many there were."""
    todo = [(CHECKS[kind], key) for kind, keys in wanted.items() for key in keys]
    taken = iter(todo)

    async def work(number: int) -> None:
        async with client_of(site, number) as client:
            for check, key in taken:
                try:
                    await check(site, client, key)
                except (Over, Refused):
                    continue
                except (KeyError, TypeError, ValueError, IndexError) as error:
                    site.complain(f"{key} could not be read: {type(error).__name__}: {error}")

    await asyncio.gather(*(work(number) for number in range(AT_ONCE)))
    return len(todo)


def everything(site: Site) -> Mapping[str, list[str]]:
    """All that there is to be read back."""
    model = site.model
    return {
        "flows": list(model.flows),
        "gone": list(model.gone),
        "files": list(model.files),
        "traces": list(model.traces),
        "runs": list(model.runs),
    }


async def lists_are_whole(site: Site, client: Client) -> None:
    """All pages of ListFlows together have each flow once."""
    must, found = set(site.model.flows), []
    answer = (await client.done("ListFlows", "GET", f"/flows/?maxResults={PAGE}")).json()
    while True:
        found += [one["id"] for one in answer["flowSummaries"]]
        if "nextToken" not in answer:
            break
        more = f"/flows/?maxResults={PAGE}&nextToken={quote(answer['nextToken'], safe='')}"
        answer = (await client.done("ListFlows", "GET", more)).json()
    if len(found) != len(set(found)):
        site.complain(f"ListFlows has some twice: {[one for one, n in Counter(found).items() if n > 1]}")
    if missing := (must & set(site.model.flows)) - set(found):
        site.complain(f"ListFlows does not have {missing}")


async def export_is_whole(site: Site, client: Client) -> None:
    """An archive ends with its end, and has every flow that was there when it was asked for."""
    must = {one.name for one in site.model.flows.values()}
    told = await client.done("getArchive", "GET", "/api/archive")
    lines = told.answer.body.splitlines()
    if not lines or "end" not in json.loads(lines[-1]):
        site.complain("an archive has no end")
    text = told.answer.body
    still = must & {one.name for one in site.model.flows.values()}
    if missing := [name for name in still if f'"{name}"'.encode() not in text]:
        site.complain(f"an archive does not have {missing}")


async def log_exports_are_whole(site: Site, client: Client) -> None:
    """The logs of a flow, exported, have each trace that was recorded once."""
    must: dict[str, set[str]] = {}
    for root, trace in site.model.traces.items():
        must.setdefault(trace.flow, set()).add(root)
    for flow, ids in must.items():
        told = await client.done("exportFileLogs", "GET", f"/api/files/{flow}/exports/logs")
        found = Counter(json.loads(line)["id"] for line in told.answer.body.splitlines())
        if missing := ids - found.keys():
            site.complain(f"the exported logs of {flow} do not have {missing}")
        if twice := [one for one, times in found.items() if times > 1]:
            site.complain(f"the exported logs of {flow} have some twice: {twice}")


async def settled(site: Site, client: Client, *, within_s: float) -> None:
    """Until no work waits behind the scenes."""
    ends_s = time.monotonic() + within_s
    while time.monotonic() < ends_s:
        told = await client.until_told("readyz", "GET", "/readyz")
        if told.json()["waiting_jobs"] == 0:
            return
        await client.rest()
    site.complain(f"work behind the scenes did not end within {within_s:g} s")
