"""What is done on a server before its store is kept, and what is asked of it then and of every later release.

Written so that any release can be told it: what an early one has no operation for is left out.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

ROLE = "arn:aws:iam::111122223333:role/flows"
WITHIN_S = 30
HUMANLOOP = ("flows", "prompts", "tools", "evaluators", "datasets", "agents")
DEFINITION = {
    "nodes": [
        {
            "name": "Start",
            "type": "Input",
            "configuration": {"input": {}},
            "outputs": [{"name": "document", "type": "String"}],
        },
        {
            "name": "End",
            "type": "Output",
            "configuration": {"output": {}},
            "inputs": [{"name": "document", "type": "String", "expression": "$.data"}],
        },
    ],
    "connections": [
        {
            "name": "Arrow",
            "type": "Data",
            "source": "Start",
            "target": "End",
            "configuration": {"data": {"sourceOutput": "document", "targetInput": "document"}},
        }
    ],
}
INPUTS = [{"nodeName": "Start", "nodeOutputName": "document", "content": {"document": "hällo"}}]
JUDGE = {
    "evaluator_type": "human",
    "arguments_type": "target_free",
    "return_type": "select",
    "options": [{"name": "good"}, {"name": "bad"}],
}


class Refused(Exception):
    """An operation was not done."""


class Clients:
    """Both protocols and our own, with a key."""

    def __init__(self, url: str, key: dict[str, Any]) -> None:
        self._url = url
        self._api_key = key["api_key"]
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self._aws = {
            "endpoint_url": url,
            "region_name": "us-east-1",
            "aws_access_key_id": key["access_key_id"],
            "aws_secret_access_key": key["secret_access_key"],
            "config": Config(proxies={}, retries={"total_max_attempts": 1}),
        }
        self.agent = boto3.session.Session().client("bedrock-agent", **self._aws)
        self.runtime = boto3.session.Session().client("bedrock-agent-runtime", **self._aws)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The answer to a request; None where it has no body."""
        headers = {"x-api-key": self._api_key, "content-type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, data, headers, method=method)
        try:
            with self._opener.open(request, timeout=WITHIN_S) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            raise Refused(f"{method} {path}: {error.code} {error.read()[:200]!r}") from None
        return json.loads(text) if text else None

    def aws(self, operation: str, **given: Any) -> Any:
        """The answer of a Bedrock operation, as JSON has it."""
        client = self.runtime if hasattr(self.runtime, operation) else self.agent
        try:
            answer = getattr(client, operation)(**given)
        except (ClientError, BotoCoreError) as error:
            raise Refused(f"{operation}: {error}") from None
        answer.pop("ResponseMetadata")
        if "responseStream" in answer:
            answer["responseStream"] = list(answer["responseStream"])
        return json.loads(
            json.dumps(
                answer, default=lambda value: value.isoformat() if isinstance(value, datetime) else str(value)
            )
        )


def tell(clients: Clients) -> list[str]:
    """Do it all; what was refused."""
    refused: list[str] = []

    def attempt(work: Callable[..., Any], *given: Any, **more: Any) -> Any:
        try:
            return work(*given, **more)
        except Refused as reason:
            refused.append(str(reason))
            return None

    attempt(_bedrock, clients, attempt)
    for kind in HUMANLOOP:
        attempt(_files, clients, kind, attempt)
    attempt(_judged, clients, attempt)
    attempt(_evaluated, clients)
    attempt(_deployed, clients, attempt)
    return refused


def _bedrock(clients: Clients, attempt: Callable[..., Any]) -> None:
    """A flow with a draft, three versions of which one is gone, two aliases, and runs of it; a prompt."""
    flow = clients.aws(
        "create_flow", name="triage", description="Über alles", executionRoleArn=ROLE, definition=DEFINITION
    )["id"]
    clients.aws("prepare_flow", flowIdentifier=flow)
    for note in ("one", "two", "three"):
        clients.aws("create_flow_version", flowIdentifier=flow, description=note)
    clients.aws("delete_flow_version", flowIdentifier=flow, flowVersion="2")
    for name, number in (("live", "3"), ("next", "DRAFT")):
        attempt(
            clients.aws,
            "create_flow_alias",
            flowIdentifier=flow,
            name=name,
            routingConfiguration=[{"flowVersion": number}],
            tags={"kept": "yes"},
        )
    arn = clients.aws("get_flow", flowIdentifier=flow)["arn"]
    attempt(clients.aws, "tag_resource", resourceArn=arn, tags={"team": "support"})
    aliases = attempt(clients.aws, "list_flow_aliases", flowIdentifier=flow) or {}
    for alias in aliases.get("flowAliasSummaries", ())[:1]:
        place = {"flowIdentifier": flow, "flowAliasIdentifier": alias["id"]}
        attempt(clients.aws, "invoke_flow", **place, inputs=INPUTS)
        attempt(_started, clients, place)
    attempt(_prompt, clients)


def _started(clients: Clients, place: dict[str, str]) -> None:
    """An execution in the background, which ends."""
    started = clients.aws("start_flow_execution", **place, inputs=INPUTS)
    execution = started["executionArn"].rpartition("/")[2]
    ends_at = time.monotonic() + WITHIN_S
    while clients.aws("get_flow_execution", **place, executionIdentifier=execution)["status"] == "Running":
        assert time.monotonic() < ends_at
        time.sleep(0.1)


def _prompt(clients: Clients) -> None:
    variant = {
        "name": "a",
        "modelId": "some.model",
        "templateType": "TEXT",
        "templateConfiguration": {"text": {"text": "Say {{word}}", "inputVariables": [{"name": "word"}]}},
    }
    made = clients.aws("create_prompt", name="greeting", variants=[variant], defaultVariant="a")
    clients.aws("create_prompt_version", promptIdentifier=made["id"], description="first")


CONTENTS: dict[str, Callable[[int], dict[str, Any]]] = {
    "flows": lambda number: {"attributes": {"number": number, "text": "für alle"}},
    "prompts": lambda number: {
        "model": "gpt-4o",
        "template": f"Say {{{{word}}}} {number}",
        "temperature": 0.5,
    },
    "tools": lambda number: {
        "function": {"name": "add", "description": f"Number {number}", "parameters": {"type": "object"}}
    },
    "evaluators": lambda number: {"spec": {**JUDGE, "instructions": f"Number {number}"}},
    "datasets": lambda number: {
        "datapoints": [
            {"inputs": {"word": f"w{one}"}, "target": {"output": one}} for one in range(number + 1)
        ]
    },
    "agents": lambda number: {"model": "gpt-4o", "template": f"Be {number}", "tools": []},
}


def _files(clients: Clients, kind: str, attempt: Callable[..., Any]) -> None:
    """A file in a directory, with two versions, of which each is deployed somewhere; logs of it."""
    versions = [
        clients.ask("POST", f"/v5/{kind}", {"path": f"team/{kind}/kept", **CONTENTS[kind](number)})
        for number in (1, 2)
    ]
    first, second = versions
    place = f"/v5/{kind}/{first['id']}"
    named = {"name": "first", "description": "the first"}
    attempt(clients.ask, "PATCH", f"{place}/versions/{first['version_id']}", named)
    default, other, *_ = clients.ask("GET", f"{place}/environments")
    for version, environment in ((first, default), (first, other), (second, default)):
        wanted = f"{place}/environments/{environment['id']}?version_id={version['version_id']}"
        attempt(clients.ask, "POST", wanted)
    if kind in ("flows", "prompts", "tools"):
        for number in range(3):
            log = {
                "path": f"team/{kind}/kept",
                "inputs": {"word": f"Wörter {number}"},
                "output": f"said {number}",
            }
            attempt(clients.ask, "POST", f"/v5/{kind}/log", log)


def _judged(clients: Clients, attempt: Callable[..., Any]) -> None:
    """Monitoring, and a judgment of a person."""
    prompt = _by_path(clients, "team/prompts/kept")
    judge = _by_path(clients, "team/evaluators/kept")
    activate = {"activate": [{"evaluator_version_id": judge["version_id"]}]}
    attempt(clients.ask, "POST", f"/v5/prompts/{prompt['id']}/evaluators", activate)
    (log, *_) = clients.ask("GET", f"/v5/logs?file_id={prompt['id']}&size=5")["records"]
    judgment = {"path": "team/evaluators/kept", "parent_id": log["id"], "judgment": "good"}
    attempt(clients.ask, "POST", "/v5/evaluators/log", judgment)


def _evaluated(clients: Clients) -> None:
    """A comparison of versions on a dataset, with the logs of one datapoint."""
    prompt, dataset = (_by_path(clients, f"team/{kind}/kept") for kind in ("prompts", "datasets"))
    wanted = {
        "name": "compared",
        "file": {"id": prompt["id"]},
        "evaluators": [{"path": "team/evaluators/kept"}],
    }
    evaluation = clients.ask("POST", "/v5/evaluations", wanted)["id"]
    run = clients.ask(
        "POST",
        f"/v5/evaluations/{evaluation}/runs",
        {
            "dataset": {"version_id": dataset["version_id"]},
            "version": {"version_id": prompt["version_id"]},
            "orchestrated": False,
        },
    )
    points = clients.ask("GET", f"/v5/datasets/{dataset['id']}/datapoints")["records"]
    clients.ask(
        "POST",
        "/v5/prompts/log",
        {
            "path": "team/prompts/kept",
            "run_id": run["id"],
            "source_datapoint_id": points[0]["id"],
            "output": "compared",
        },
    )


def _deployed(clients: Clients, attempt: Callable[..., Any]) -> None:
    """What only our own API can do with what is deployed."""
    flow = _by_path(clients, "team/flows/kept")["id"]
    place = f"/api/files/{flow}/pointers/production"
    attempt(clients.ask, "POST", f"{place}/rollback", {"reason": "it was bad"})
    attempt(clients.ask, "PUT", f"{place}/gate", {"rules": [{"type": "approval", "by": 1}]})
    staging = f"/api/files/{flow}/pointers/staging"
    attempt(clients.ask, "PUT", f"{staging}/switch", {"is_off": True, "reason": "for now"})


def _by_path(clients: Clients, path: str) -> Any:
    return clients.ask("POST", "/v5/files/retrieve-by-path", {"path": path})


def hear(clients: Clients) -> dict[str, Any]:
    """Ask for everything; each answer by what was asked."""
    return dict(_heard(clients))


def _heard(clients: Clients) -> Iterator[tuple[str, Any]]:
    for path in _humanloop_paths(clients):
        try:
            yield path, clients.ask("GET", path)
        except Refused:
            continue
    for operation, given in _bedrock_calls(clients):
        try:
            yield f"{operation} {json.dumps(given)}", clients.aws(operation, **given)
        except Refused:
            continue


def _listed(clients: Clients, path: str) -> list[Any]:
    try:
        answer = clients.ask("GET", path)
    except Refused:
        return []
    return answer["records"] if isinstance(answer, dict) else answer


def _humanloop_paths(clients: Clients) -> Iterator[str]:
    for kind in HUMANLOOP:
        for file in _listed(clients, f"/v5/{kind}?size=100"):
            place = f"/v5/{kind}/{file['id']}"
            yield place
            yield f"{place}/environments"
            yield f"{place}/versions"
            for version in _listed(clients, f"{place}/versions"):
                yield f"{place}?version_id={version['version_id']}"
                if kind == "datasets":
                    yield f"{place}/datapoints?version_id={version['version_id']}"
            for log in _listed(clients, f"/v5/logs?file_id={file['id']}&size=100"):
                yield f"/v5/logs/{log['id']}"
            yield f"/v5/logs?file_id={file['id']}&search=said"
            for evaluation in _listed(clients, f"/v5/evaluations?file_id={file['id']}"):
                yield f"/v5/evaluations/{evaluation['id']}"
                yield f"/v5/evaluations/{evaluation['id']}/stats"
                yield f"/v5/evaluations/{evaluation['id']}/logs"
            yield f"/api/files/{file['id']}/moves"
            for name in ("production", "staging"):
                yield f"/api/files/{file['id']}/pointers/{name}"
                yield f"/api/files/{file['id']}/pointers/{name}/gate"
    yield "/v5/directories"


def _bedrock_calls(clients: Clients) -> Iterator[tuple[str, dict[str, Any]]]:
    for flow in clients.aws("list_flows")["flowSummaries"]:
        given = {"flowIdentifier": flow["id"]}
        yield "get_flow", given
        yield "list_tags_for_resource", {"resourceArn": flow["arn"]}
        yield "list_flow_versions", given
        for version in clients.aws("list_flow_versions", **given)["flowVersionSummaries"]:
            yield "get_flow_version", {**given, "flowVersion": version["version"]}
        try:
            aliases = clients.aws("list_flow_aliases", **given)["flowAliasSummaries"]
        except Refused:
            continue
        for alias in aliases:
            yield "get_flow_alias", {**given, "aliasIdentifier": alias["id"]}
        yield from _execution_calls(clients, given)
    try:
        prompts = clients.aws("list_prompts")["promptSummaries"]
    except Refused:
        return
    for prompt in prompts:
        yield "get_prompt", {"promptIdentifier": prompt["id"]}
        yield "get_prompt", {"promptIdentifier": prompt["id"], "promptVersion": "1"}


def _execution_calls(clients: Clients, given: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        found = clients.aws("list_flow_executions", **given)["flowExecutionSummaries"]
    except Refused:
        return
    for one in found:
        place = {
            **given,
            "flowAliasIdentifier": one["flowAliasIdentifier"],
            "executionIdentifier": one["executionArn"].rpartition("/")[2],
        }
        yield "get_flow_execution", place
        yield "list_flow_execution_events", {**place, "eventType": "Node"}
