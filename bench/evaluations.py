"""What a run of an evaluation costs the server: 1,000 datapoints, three evaluators that judge elsewhere.

Beside logs and judgments over raw HTTP that are in no run, and the same run by the humanloop package.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import time
from collections.abc import Iterator
from typing import Any

import httpx

from bench.load import cpu_seconds, request, run
from bench.registry import KEY
from bench.server import Running, headrace

DATAPOINTS = int(os.environ.get("BENCH_DATAPOINTS", "1000"))
EVALUATORS = 3
CONNECTIONS = 16
LONGEST_S = 600.0
ANSWER = "It is on its way. " * 20
QUESTION = "Where is my order? " * 20
SPEC = {"evaluator_type": "external", "arguments_type": "target_free", "return_type": "number"}


class World:
    """A prompt, a dataset, evaluators and an evaluation of theirs."""

    def __init__(self, server: Running) -> None:
        self.server = server
        self._plain = httpx.Client(base_url=f"{server.url}/v5", headers=KEY, timeout=60)
        self.prompt = self.post("/prompts", path="bench/Prompt", model="m")
        points = [{"inputs": {"question": f"{n} {QUESTION}"}} for n in range(DATAPOINTS)]
        self.dataset = self.post("/datasets", path="bench/Data", datapoints=points)
        self.judges = [
            self.post("/evaluators", path=f"bench/Judge {n}", spec=SPEC) for n in range(EVALUATORS)
        ]
        query = {"size": DATAPOINTS}
        self.points = self.get(f"/datasets/{self.dataset['id']}/datapoints", **query)["records"]
        judges = [{"version_id": one["version_id"]} for one in self.judges]
        self.evaluation = self.post("/evaluations", file={"id": self.prompt["id"]}, evaluators=judges)

    def post(self, at: str, **body: Any) -> Any:
        return self._plain.post(at, json=body).raise_for_status().json()

    def get(self, at: str, **query: Any) -> Any:
        return self._plain.get(at, params=query).raise_for_status().json()

    def open_run(self) -> str:
        """A run whose logs others make; its id."""
        made = self.post(
            f"/evaluations/{self.evaluation['id']}/runs",
            dataset={"version_id": self.dataset["version_id"]},
            version={"version_id": self.prompt["version_id"]},
            orchestrated=False,
        )
        return str(made["id"])

    def logs(self, name: str, run_id: str | None = None) -> Iterator[bytes]:
        """A log for each datapoint: in a run, or in none and from nothing."""
        path = f"/v5/prompts/log?version_id={self.prompt['version_id']}"
        for number, point in enumerate(self.points):
            body = {"id": self.prompt["id"], "inputs": point["inputs"], "output": ANSWER}
            body["log_id"] = f"{name}-{number}"
            if run_id is not None:
                body |= {"run_id": run_id, "source_datapoint_id": point["id"]}
            yield request("POST", path, KEY, json.dumps(body).encode())

    def judgments(self, name: str) -> Iterator[bytes]:
        """The judgments of all evaluators on those logs."""
        for number in range(len(self.points)):
            for judge in self.judges:
                path = f"/v5/evaluators/log?version_id={judge['version_id']}"
                body = {"id": judge["id"], "parent_id": f"{name}-{number}", "judgment": number / 7}
                yield request("POST", path, KEY, json.dumps(body).encode())

    def send(self, requests: Iterator[bytes]) -> dict[str, Any]:
        """What that many requests cost."""
        result = run(
            self.server.url, requests, connections=CONNECTIONS, seconds=LONGEST_S, pid=self.server.pid
        )
        return vars(result)


def _by_the_package(world: World) -> dict[str, float]:
    """The same by ``evaluations.run``: processor time of the server for each log or judgment, and all."""
    from humanloop import Humanloop

    client: Any = Humanloop(api_key="any", base_url=f"{world.server.url}/v5")
    started, cpu = time.perf_counter(), cpu_seconds(world.server.pid)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        client.evaluations.run(
            file={"type": "prompt", "path": "bench/Prompt", "callable": _answer},
            name="By the package",
            dataset={"path": "bench/Data"},
            evaluators=[
                {
                    "path": f"bench/Own judge {n}",
                    "callable": _length,
                    "args_type": "target_free",
                    "return_type": "number",
                }
                for n in range(EVALUATORS)
            ],
        )
    spent = cpu_seconds(world.server.pid) - cpu
    made = DATAPOINTS * (1 + EVALUATORS)
    return {"server_cpu_us": spent / made * 1e6, "seconds": time.perf_counter() - started}


def _answer(question: str) -> str:
    return question[:10] + ANSWER


def _length(log: dict[str, Any]) -> float:
    return float(len(log["output"]))


def _stats(world: World) -> dict[str, float]:
    """Reading the stats of all runs so far, the median of some."""
    took = []
    for _ in range(9):
        started = time.perf_counter()
        found = world.get(f"/evaluations/{world.evaluation['id']}/stats")
        took.append(time.perf_counter() - started)
        assert {one["status"] for one in found["run_stats"]} == {"completed"}, found["progress"]
        # What is read twice is remembered, until something is written.
        world.post("/flows", path="bench/Other", attributes={"at": time.time()})
    return {"runs": len(found["run_stats"]), "ms": sorted(took)[4] * 1000}


def measure() -> dict[str, Any]:
    """All figures."""
    with headrace() as server:
        world = World(server)
        world.send(world.logs("warm"))
        plain = world.send(world.logs("plain"))
        plain_judged = world.send(world.judgments("plain"))
        opening = time.perf_counter()
        run_id = world.open_run()
        opened_ms = (time.perf_counter() - opening) * 1000
        in_run = world.send(world.logs("run", run_id))
        judged = world.send(world.judgments("run"))
        return {
            "opening a run ms": opened_ms,
            "logs in no run": plain,
            "logs in a run": in_run,
            "logs, ratio of processor time": in_run["cpu_us"] / plain["cpu_us"],
            "judgments on logs in no run": plain_judged,
            "judgments on logs in a run": judged,
            "judgments, ratio of processor time": judged["cpu_us"] / plain_judged["cpu_us"],
            "judgments in a run, ratio to logs in no run": judged["cpu_us"] / plain["cpu_us"],
            "stats": _stats(world),
            "by the package": _by_the_package(world),
        }


def main() -> None:
    """Print the figures as JSON."""
    print(json.dumps(measure(), indent=1))


if __name__ == "__main__":
    main()
