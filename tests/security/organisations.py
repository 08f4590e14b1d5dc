"""Two organisations on one server; the first has something of every kind that there is."""

from __future__ import annotations

import json
import re
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from tests.contract.bedrock.running import chain, prompt
from tests.contract.bedrock.things import ROLE
from tests.contract.conftest import NO_CERTIFICATES
from tests.contract.inprocess import InProcess
from tests.contract.keys import RIGHTS
from tests.contract.native.running import ANSWERS, CONFIG

from headrace.core.access import Principal, Right
from headrace.services.exchange import archives
from headrace.services.server import access
from headrace.services.work import waiting_jobs

CANARY = "kestrelquartz"
"""A word that stands in all that the first organisation keeps, and in no name of anything."""
HARMLESS = "ordinarygravel"
"""The same for the other one."""
WITHIN_S = 30
IDS = re.compile(r"\b(?:[a-z]{2,5}_[0-9A-Za-z]{16,}|[0-9A-Z]{10})\b")
"""What ids look like: of the Humanloop API, and of AWS."""
SPEC = {"evaluator_type": "human", "arguments_type": "target_free", "return_type": "boolean"}


@dataclass(kw_only=True)
class Organisation:
    """An organisation with a key of each right, and one that was revoked.

    Attributes:
        keys: API keys by right; ``revoked`` was an admin's.
        pair: the admin's AWS pair.
        word: stands in all that it keeps.
        has: what it has, by what paths and bodies call it.
    """

    account: str
    word: str
    running: InProcess
    admin: Principal
    keys: dict[str, str] = field(default_factory=dict)
    pair: dict[str, str] = field(default_factory=dict)
    has: dict[str, str] = field(default_factory=dict)
    client: httpx.Client = field(
        default_factory=lambda: httpx.Client(verify=NO_CERTIFICATES, timeout=WITHIN_S)
    )

    @property
    def folder(self) -> str:
        """Where its files are."""
        return f"vault {self.account}"

    def send(self, method: str, path: str, body: Any = None, *, key: str | None = None) -> httpx.Response:
        """One request with a key, the admin's unless another is given."""
        headers = {"x-api-key": self.keys["admin"] if key is None else key}
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        return self.client.request(method, self.running.url + path, content=content, headers=headers)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """What is answered to one that is carried out."""
        answer = self.send(method, path, body)
        assert answer.status_code < 300, (method, path, answer.status_code, answer.text)
        return answer.json() if answer.content else None

    def kept(self) -> list[str]:
        """Everything that it has, as lines; the first of an archive is about its making."""
        lines = self.running.run(_archive(self)).decode().splitlines()[1:]
        keys = self.running.run(access.list_keys(self.running.server.ports, self.admin))
        return [*lines, *(str(key) for key, _ in keys)]

    def ids(self) -> frozenset[str]:
        """All ids of what it has."""
        return frozenset(IDS.findall("\n".join(self.kept())))


async def _archive(one: Organisation) -> bytes:
    lines: AsyncIterator[bytes] = await archives.take_out(one.running.server.ports, one.admin)
    return b"".join([part async for part in lines])


def furnish(folder: Path) -> str:
    """Write down which models there are; the file that says so."""
    (folder / "headrace.toml").write_text(CONFIG)
    (folder / "answers.json").write_text(json.dumps({"answers": ANSWERS}))
    return str(folder / "headrace.toml")


def found(running: InProcess, account: str, word: str) -> Organisation:
    """A new organisation."""
    ports = running.server.ports
    admin = running.run(access.ensure_organisation(ports, account=account, name=account))
    one = Organisation(account=account, word=word, running=running, admin=admin)
    for name in (*RIGHTS, "revoked"):
        right = Right.ADMIN if name == "revoked" else Right[name.upper()]
        email = f"{name}@{account}.example.com"
        issued = running.run(
            access.create_key(ports, admin, email=email, full_name=None, right=right, name=name)
        )
        one.keys[name] = issued.api_key
        if name == "admin":
            one.pair = {
                "access_key_id": issued.key.access_key_id,
                "secret_access_key": issued.secret_access_key,
            }
            one.has["key"] = issued.key.id
        if name == "revoked":
            running.run(access.revoke_key(ports, admin, key_id=issued.key.id))
    return one


def fill(one: Organisation) -> None:
    """Make something of every kind, and remember how it is called."""
    _make_files(one)
    _make_logs(one)
    _make_evaluation(one)
    _make_flow(one)
    one.has["environment"] = one.has["environment_id"] = next(
        env["id"] for env in one.ask("GET", "/api/environments")["environments"] if env["name"] == "staging"
    )
    moves = one.ask("GET", f"/api/files/{one.has['flow id']}/moves")["moves"]
    one.has |= {
        "move": moves[0]["id"],
        "email": f"admin@{one.account}.example.com",
        "folder": one.folder,
        "word": one.word,
    }
    one.ask("PUT", "/api/provider-keys/script", {"requests_a_minute": 1_000_000})
    settle(one)


def settle(one: Organisation) -> None:
    """Wait until nothing is done behind the scenes."""
    deadline = time.monotonic() + WITHIN_S
    while one.running.run(waiting_jobs(one.running.server.ports)):
        assert time.monotonic() < deadline, "there is still work waiting"
        time.sleep(0.02)


def _make_files(one: Organisation) -> None:
    contents: Mapping[str, Any] = {
        "flow": {"attributes": {"note": one.word}},
        "prompt": {"model": "a-model", "template": f"{one.word} {{{{q}}}}"},
        "tool": {"function": {"name": "look", "description": one.word, "parameters": {}}},
        "evaluator": {"spec": SPEC, "version_description": one.word},
        "dataset": {"datapoints": [{"inputs": {"q": one.word}, "target": {"a": one.word}}]},
        "agent": {"model": "a-model", "template": one.word},
    }
    for kind, content in contents.items():
        path = f"{one.folder}/the {kind}"
        made = one.ask("POST", f"/v5/{kind}s", {"path": path, **content})
        one.has |= {f"{kind} id": made["id"], f"{kind} version": made["version_id"], f"{kind} path": path}
    folder = one.ask("POST", "/v5/directories", {"path": f"{one.folder}/inner"})
    one.has["directory id"] = folder["id"]
    variables = [{"name": "TOKEN", "value": one.word}]
    one.ask("POST", f"/v5/tools/{one.has['tool id']}/environment-variables", variables)
    datapoints = one.ask("GET", f"/v5/datasets/{one.has['dataset id']}/datapoints")
    one.has["datapoint"] = datapoints["records"][0]["id"]


def _make_logs(one: Organisation) -> None:
    said = {"inputs": {"q": one.word}, "output": one.word, "metadata": {"m": one.word}, "user": one.word}
    root = one.ask("POST", "/v5/flows/log", {"path": one.has["flow path"], **said})["id"]
    one.has["flow log"] = root
    for kind in ("prompt", "tool", "agent"):
        body = {"path": one.has[f"{kind} path"], "trace_parent_id": root, **said}
        one.has[f"{kind} log"] = one.ask("POST", f"/v5/{kind}s/log", body)["id"]
    judged = {"path": one.has["evaluator path"], "parent_id": one.has["prompt log"], "judgment": True}
    one.has["evaluator log"] = one.ask("POST", "/v5/evaluators/log", judged)["id"]


def _make_evaluation(one: Organisation) -> None:
    made = one.ask(
        "POST",
        "/v5/evaluations",
        {
            "name": one.word,
            "file": {"id": one.has["prompt id"]},
            "evaluators": [{"path": one.has["evaluator path"]}],
        },
    )
    one.has["evaluation"] = made["id"]
    run = {
        "dataset": {"version_id": one.has["dataset version"]},
        "version": {"version_id": one.has["prompt version"]},
        "orchestrated": False,
    }
    one.has["run"] = one.ask("POST", f"/v5/evaluations/{made['id']}/runs", run)["id"]


def _make_flow(one: Organisation) -> None:
    """A flow of Bedrock with all that belongs to it, run in the foreground and in the background."""
    definition = chain(("Ask", "Prompt", prompt(f"{one.word} {{{{text}}}}")))
    flow = one.ask(
        "POST",
        "/flows/",
        {"name": f"vaulted-{one.account}", "executionRoleArn": ROLE, "definition": definition},
    )
    base, name = f"/flows/{flow['id']}", quote(flow["arn"], safe="")
    one.ask("POST", f"{base}/")
    one.ask("POST", f"{base}/versions", {})
    routes = [{"flowVersion": "1"}]
    alias = one.ask(
        "POST", f"{base}/aliases", {"name": f"live-{one.account}", "routingConfiguration": routes}
    )
    one.ask("POST", f"/tags/{name}", {"tags": {"secret": one.word}})
    variant = prompt(one.word)["prompt"]["sourceConfiguration"]["inline"] | {"name": "only"}
    made = one.ask("POST", "/prompts/", {"name": f"vaulted-{one.account}", "variants": [variant]})
    one.ask("POST", f"/prompts/{made['id']}/versions", {})
    document = [{"nodeName": "FlowInput", "nodeOutputName": "document", "content": {"document": one.word}}]
    started = one.ask(
        "POST",
        f"{base}/aliases/{alias['id']}/executions",
        {"inputs": document, "flowExecutionName": f"night-{one.account}"},
    )
    began = one.send("POST", f"/api/files/{flow['id']}/run", {"input": one.word})
    assert began.status_code == 200, began.text
    execution = json.loads(began.text.splitlines()[0])["id"]
    _await_execution(one, execution)
    for nth in (1, 2):  # so that there is a second page
        one.ask("POST", "/flows/", {"name": f"vaulted-{one.account}-{nth}", "executionRoleArn": ROLE})
    page = one.ask("GET", "/flows/?maxResults=1")
    one.has |= {
        "bedrock flow": flow["id"],
        "bedrock flow arn": flow["arn"],
        "alias": alias["id"],
        "bedrock prompt": made["id"],
        "execution arn": started["executionArn"],
        "execution name": f"night-{one.account}",
        "execution": execution,
        "page token": page["nextToken"],
    }


def _await_execution(one: Organisation, execution: str) -> None:
    """Until a run is kept, and has ended."""
    deadline = time.monotonic() + WITHIN_S
    while True:
        answer = one.send("GET", f"/api/executions/{execution}")
        if answer.status_code == 200 and answer.json()["ended_at"]:
            return
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.02)
