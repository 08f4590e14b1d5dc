"""Creating a version and reading it by id, over raw HTTP, beside other registries in the same run.

Headrace, Phoenix and MLflow keep what they acknowledge in a SQLite file on the same disk; MiniStack keeps it
in memory. A version has a text of 4 KB. A peer that has no such operation is left out, and so is one that is
not installed; both are told. A peer may close connections under load; each is made anew and counted, and what
it left unanswered counts for nothing. Headrace may not.
"""

from __future__ import annotations

import itertools
import json
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import Any

from bench.environments import NotThere
from bench.load import request, run, tree_cpu_seconds
from bench.peer_servers import OURS, READY_S, in_turn, ministack, mlflow, moto, phoenix
from bench.registry import ROLE, ten_nodes
from bench.server import Running, headrace

CONNECTIONS = (1, 16)
TEXT = "Improve the text, keep its meaning. " * 110
JSON = {"content-type": "application/json"}
SIGNED = {
    **JSON,
    "authorization": "AWS4-HMAC-SHA256 Credential=bench/20260101/us-east-1/bedrock/aws4_request, "
    "SignedHeaders=host, Signature=" + "0" * 64,
}
"""MiniStack and moto tell services by the scope of the signature, which they don't check."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is sent again and again: a body to create with, and a path to read."""

    path: str
    bodies: Callable[[], Iterator[bytes]]
    read: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """A server of versions.

    Attributes:
        prepare: makes what versions are made of, with the JSON answers of requests.
    """

    start: Callable[[], AbstractContextManager[Running]]
    headers: Mapping[str, str]
    prepare: Callable[[Callable[..., Any]], Asked]


def _bedrock(told: Callable[..., Any]) -> Asked:
    wanted = {"name": "bench", "executionRoleArn": ROLE, "definition": ten_nodes()}
    flow = told("POST", "/flows/", wanted)["id"]
    told("POST", f"/flows/{flow}/")
    told("POST", f"/flows/{flow}/versions", {})

    def bodies() -> Iterator[bytes]:
        for number in itertools.count():
            yield b'{"clientToken":"%08d-%024d","description":"bench"}' % (os.getpid(), number)

    return Asked(path=f"/flows/{flow}/versions", bodies=bodies, read=f"/flows/{flow}/versions/1/")


def _phoenix(told: Callable[..., Any]) -> Asked:
    template = {"type": "chat", "messages": [{"role": "user", "content": TEXT}]}
    version = {
        "model_provider": "OPENAI",
        "model_name": "gpt-4o",
        "template": template,
        "template_type": "CHAT",
        "template_format": "MUSTACHE",
        "invocation_parameters": {"type": "openai", "openai": {"temperature": 0.2}},
    }
    body = {"prompt": {"name": "bench"}, "version": version}
    made = told("POST", "/v1/prompts", body)["data"]["id"]
    sent = json.dumps(body).encode()
    return Asked(
        path="/v1/prompts", bodies=lambda: itertools.repeat(sent), read=f"/v1/prompt_versions/{made}"
    )


def _mlflow(told: Callable[..., Any]) -> Asked:
    at, is_prompt = "/api/2.0/mlflow", {"key": "mlflow.prompt.is_prompt", "value": "true"}
    told("POST", f"{at}/registered-models/create", {"name": "bench", "tags": [is_prompt]})
    tags = [is_prompt, {"key": "mlflow.prompt.text", "value": TEXT}]
    body = {"name": "bench", "source": "prompt-template", "tags": tags}
    made = told("POST", f"{at}/model-versions/create", body)["model_version"]["version"]
    sent = json.dumps(body).encode()
    return Asked(
        path=f"{at}/model-versions/create",
        bodies=lambda: itertools.repeat(sent),
        read=f"{at}/model-versions/get?name=bench&version={made}",
    )


REGISTRIES = {
    OURS: Registry(start=headrace, headers={**JSON, "x-api-key": "bench"}, prepare=_bedrock),
    "phoenix": Registry(start=phoenix, headers=JSON, prepare=_phoenix),
    "mlflow": Registry(start=mlflow, headers=JSON, prepare=_mlflow),
    "ministack": Registry(start=ministack, headers=SIGNED, prepare=_bedrock),
    "moto": Registry(start=moto, headers=SIGNED, prepare=_bedrock),
}


def _told(server: Running, headers: Mapping[str, str]) -> Callable[..., Any]:
    def tell(method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(server.url + path, data=data, method=method, headers=dict(headers))
        try:
            with urllib.request.urlopen(asked, timeout=READY_S) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            said = " ".join(error.read(40).decode(errors="replace").split())
            raise NotThere(
                f"it has no such operation: {method} {path} is answered by {error.code} {said}"
            ) from error

    return tell


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A registry that can be asked, with the requests of each operation; reads come before writes."""

    server: Running
    loads: Mapping[str, Callable[[], Iterator[bytes]]]


def _ready(registry: Registry, server: Running) -> Ready:
    asked = registry.prepare(_told(server, registry.headers))
    headers = {**registry.headers, "host": server.url.removeprefix("http://")}
    made = (request("POST", asked.path, headers, one) for one in asked.bodies())
    loads: dict[str, Callable[[], Iterator[bytes]]] = {
        "read a version": lambda: itertools.repeat(request("GET", asked.read, headers)),
        "create a version": lambda: made,
    }
    for requests in loads.values():  # the first may load half the server; they are not what is measured
        run(server.url, itertools.islice(requests(), 5), connections=1, seconds=READY_S, pid=server.pid)
    return Ready(server=server, loads=loads)


def _rows(name: str, ready: Ready, seconds: float) -> Iterator[dict[str, Any]]:
    for operation, requests in ready.loads.items():
        for connections in CONNECTIONS:
            spent_s = tree_cpu_seconds(ready.server.pid)
            result = run(
                ready.server.url,
                requests(),
                connections=connections,
                seconds=seconds,
                pid=ready.server.pid,
                may_reconnect=name != OURS,
            )
            if result.failures:
                raise RuntimeError(f"{name}, {operation}: {result.failures} answers were errors")
            cpu_us = (tree_cpu_seconds(ready.server.pid) - spent_s) / result.count * 1e6
            row = {"operation": operation, "who": name, "connections": connections, "rate": result.rate}
            times = {"p50_ms": result.p50_ms, "p99_ms": result.p99_ms, "cpu_us": cpu_us}
            yield {**row, **times, "reconnects": result.reconnects}


def measure(seconds: float, rounds: int) -> dict[str, Any]:
    """All figures: in each round each server in turn."""
    with ExitStack() as running:

        def start(name: str) -> Ready:
            registry = REGISTRIES[name]
            return _ready(registry, running.enter_context(registry.start()))

        return in_turn(REGISTRIES, start, lambda name, ready: list(_rows(name, ready, seconds)), rounds)


def main() -> None:
    """Print the figures as JSON."""
    seconds, rounds = (float(os.environ.get(f"BENCH_{name}", "3")) for name in ("SECONDS", "ROUNDS"))
    print(json.dumps(measure(seconds, int(rounds)), indent=1))


if __name__ == "__main__":
    main()
