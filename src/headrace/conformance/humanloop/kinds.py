"""Prompts, tools, datasets and evaluators: what is theirs besides what all files have (humanloop 4.2)."""

from __future__ import annotations

from typing import Any

from headrace.conformance.checks import Area
from headrace.conformance.expecting import differ, equal, has, holds, matches
from headrace.conformance.humanloop.client import Humanloop

prompts = Area("humanloop", "prompts")
tools = Area("humanloop", "tools")
datasets = Area("humanloop", "datasets")
evaluators = Area("humanloop", "evaluators")

CHAT = [{"role": "user", "content": "Say {{thing}} to {{name}}"}]
FUNCTION = {"name": "add", "description": "Adds.", "parameters": {"type": "object", "properties": {}}}


def _prompt(hl: Humanloop, **members: Any) -> dict[str, Any]:
    return hl.put("prompts", **{"path": hl.path("prompt"), "model": "gpt-4o", "template": CHAT, **members})


def _dataset(hl: Humanloop, *inputs: dict[str, Any], **members: Any) -> dict[str, Any]:
    points = [{"inputs": one} for one in inputs]
    return hl.put("datasets", **{"path": hl.path("dataset"), "datapoints": points, **members})


def evaluator(hl: Humanloop, **members: Any) -> dict[str, Any]:
    """An evaluator of which the client says what it finds."""
    spec = {"arguments_type": "target_free", "return_type": "boolean", "evaluator_type": "external"}
    return hl.put("evaluators", path=hl.path("evaluator"), spec={**spec, **members})


@prompts.documented("4.2")
def members(hl: Humanloop) -> None:
    """A prompt has its settings, its inputs and the type prompt."""
    prompt = _prompt(hl, temperature=0.5)
    equal("type", prompt.get("type"), "prompt")
    equal("model and temperature", [prompt.get("model"), prompt.get("temperature")], ["gpt-4o", 0.5])
    matches("id", prompt.get("id"), "pr_.+")


@prompts.documented("2.10")
def inputs(hl: Humanloop) -> None:
    """The variables of a template are listed as inputs."""
    names = sorted(str(one.get("name")) for one in _prompt(hl)["inputs"])
    equal("the names", names, ["name", "thing"])


@prompts.documented("4.2")
def model_is_needed(hl: Humanloop) -> None:
    """A prompt needs a model."""
    hl.refused("POST", "prompts", body={"path": hl.path("prompt"), "template": CHAT}, status=422)


@prompts.documented("2.1")
def same_version(hl: Humanloop) -> None:
    """The same settings are the same version; a setting that is null is one that is missing."""
    first = _prompt(hl)
    again = _prompt(hl, path=first["path"], temperature=None)
    equal("version_id", again["version_id"], first["version_id"])


@prompts.documented("2.1")
def other_version(hl: Humanloop) -> None:
    """Another temperature is another version."""
    first = _prompt(hl)
    differ("version_id", _prompt(hl, path=first["path"], temperature=0.1)["version_id"], first["version_id"])


@prompts.documented("4.2")
def populated(hl: Humanloop) -> None:
    """A template is filled with the inputs that are the body."""
    prompt = _prompt(hl)
    got = hl.ok("POST", "prompts", prompt["id"], "populate", body={"thing": "hi", "name": "Ann"})
    equal("the text", got["populated_template"][0]["content"], "Say hi to Ann")


@prompts.documented("4.2")
def logged(hl: Humanloop) -> None:
    """A prompt's log answers four members."""
    prompt = _prompt(hl)
    got = hl.ok("POST", "prompts", "log", body={"id": prompt["id"], "output": "x", "prompt_tokens": 3})
    has("the answer", got, ["id", "prompt_id", "version_id"])
    log = hl.read_log(got["id"])
    equal("prompt_tokens", log["prompt_tokens"], 3)
    equal("log_status", log["log_status"], None)


@prompts.presumed("8.38")
def serialized(hl: Humanloop) -> None:
    """A prompt is serialized as plain text, and read back to the same settings."""
    prompt = _prompt(hl, temperature=0.5)
    answer = hl.call("GET", "prompts", prompt["id"], "serialize")
    equal("the status", answer.status, 200)
    matches("the content type", answer.headers.get("content-type"), "text/plain.*")
    read = hl.ok("POST", "prompts", "deserialize", body={"prompt": answer.body.decode()})
    equal("model and temperature", [read["model"], read["temperature"]], ["gpt-4o", 0.5])


@tools.documented("4.2")
def function_comes_back(hl: Humanloop) -> None:
    """A tool has its function and the type tool."""
    tool = hl.put("tools", path=hl.path("tool"), function=FUNCTION)
    equal("type", tool.get("type"), "tool")
    equal("the function's name", tool["function"]["name"], "add")


@tools.documented("4.2")
def environment_variables(hl: Humanloop) -> None:
    """Environment variables are sent as a list, and what is deleted is answered with 200 and the rest."""
    tool = hl.put("tools", path=hl.path("tool"), function=FUNCTION)["id"]
    place = ("tools", tool, "environment-variables")
    added = hl.ok("POST", *place, body=[{"name": "A", "value": "1"}, {"name": "B", "value": "2"}])
    equal("the names", sorted(one["name"] for one in added), ["A", "B"])
    equal("the rest", [one["name"] for one in hl.ok("DELETE", *place, "A")], ["B"])


@tools.documented("4.2")
def log_of_a_tool(hl: Humanloop) -> None:
    """A tool's log answers the ids of log, tool and version."""
    tool = hl.put("tools", path=hl.path("tool"), function=FUNCTION)
    got = hl.ok("POST", "tools", "log", body={"id": tool["id"], "output": "3", "inputs": {"a": 1}})
    equal("tool_id", got.get("tool_id"), tool["id"])


@datasets.documented("4.2")
def datapoints_on_demand(hl: Humanloop) -> None:
    """Datapoints are null unless they are asked for."""
    dataset = _dataset(hl, {"q": "a"}, {"q": "b"})
    equal("datapoints", hl.ok("GET", "datasets", dataset["id"])["datapoints"], None)
    got = hl.ok("GET", "datasets", dataset["id"], query=[("include_datapoints", "true")])
    equal("the inputs", [one["inputs"] for one in got["datapoints"]], [{"q": "a"}, {"q": "b"}])


@datasets.documented("4.2")
def datapoints_in_pages(hl: Humanloop) -> None:
    """Datapoints come in pages of fifty, or of a thousand."""
    dataset = _dataset(hl, *({"q": str(number)} for number in range(60)))
    page = hl.ok("GET", "datasets", dataset["id"], "datapoints")
    equal("size, total and records", [page["size"], page["total"], len(page["records"])], [50, 60, 50])
    page = hl.ok("GET", "datasets", dataset["id"], "datapoints", query=[("size", "1000")])
    equal("the number of records", len(page["records"]), 60)


@datasets.documented("2.1")
def same_datapoints(hl: Humanloop) -> None:
    """The same datapoints are the same version."""
    first = _dataset(hl, {"q": "a"})
    again = _dataset(hl, {"q": "a"}, path=first["path"])
    equal("version_id", again["version_id"], first["version_id"])


@datasets.documented("4.2")
def equal_datapoints_are_one(hl: Humanloop) -> None:
    """Equal datapoints are kept once."""
    equal("datapoints_count", _dataset(hl, {"q": "a"}, {"q": "a"}, {"q": "b"}).get("datapoints_count"), 2)


@datasets.documented("4.2")
def added_and_removed(hl: Humanloop) -> None:
    """add and remove change the newest version."""
    first = _dataset(hl, {"q": "a"})
    more = _dataset(hl, {"q": "b"}, path=first["path"], action="add")
    equal("datapoints_count", more.get("datapoints_count"), 2)
    less = _dataset(hl, {"q": "a"}, path=first["path"], action="remove")
    equal("datapoints_count", less.get("datapoints_count"), 1)


@datasets.documented("4.2")
def adding_nothing(hl: Humanloop) -> None:
    """Adding nothing answers the newest version: the package fetches datasets so."""
    first = _dataset(hl, {"q": "a"})
    equal("version_id", _dataset(hl, path=first["path"], action="add")["version_id"], first["version_id"])


@datasets.documented("4.2")
def datapoints_are_needed(hl: Humanloop) -> None:
    """datapoints is needed."""
    hl.refused("POST", "datasets", body={"path": hl.path("dataset")}, status=422)


@evaluators.documented("4.2")
def spec_comes_back(hl: Humanloop) -> None:
    """An evaluator has its spec and the type evaluator."""
    made = evaluator(hl)
    equal("type", made.get("type"), "evaluator")
    equal("evaluator_type", made["spec"].get("evaluator_type"), "external")


@evaluators.documented("4.2")
def unknown_type_of_evaluator(hl: Humanloop) -> None:
    """An evaluator of no known type is 422."""
    spec = {"arguments_type": "target_free", "return_type": "boolean", "evaluator_type": "oracle"}
    hl.refused("POST", "evaluators", body={"path": hl.path("evaluator"), "spec": spec}, status=422)


@evaluators.documented("2.12")
def judgment(hl: Humanloop) -> None:
    """A judgment on a log is shown with it."""
    judge = evaluator(hl)
    log = hl.log(id=hl.sample()["id"], output="x", log_status="complete")["id"]
    got = hl.ok("POST", "evaluators", "log", body={"id": judge["id"], "parent_id": log, "judgment": True})
    has("the answer", got, ["id", "parent_id", "version_id"])
    found = hl.read_log(log)["evaluator_logs"]
    equal("the judgments", [one["judgment"] for one in found], [True])


@evaluators.documented("4.2")
def judgment_of_nothing(hl: Humanloop) -> None:
    """A judgment on a log that is not there is 404."""
    body = {"id": evaluator(hl)["id"], "parent_id": "log_nothing", "judgment": True}
    hl.refused("POST", "evaluators", "log", body=body, status=404)


@evaluators.documented("2.12")
def monitoring(hl: Humanloop) -> None:
    """An evaluator that is activated for a file is shown with it, and inactive when it is not any more."""
    flow, judge = hl.flow(), evaluator(hl)
    reference = [{"evaluator_version_id": judge["version_id"]}]
    got = hl.ok("POST", "flows", flow["id"], "evaluators", body={"activate": reference})
    equal("the states", [one["state"] for one in got["evaluators"]], ["active"])
    got = hl.ok("POST", "flows", flow["id"], "evaluators", body={"deactivate": reference})
    equal("the states", [one["state"] for one in got["evaluators"]], ["inactive"])


@evaluators.documented("1.15")
def monitoring_by_nobody(hl: Humanloop) -> None:
    """An evaluator that is not there is 404."""
    body = {"activate": [{"evaluator_version_id": "evv_000000000000000000000"}]}
    hl.refused("POST", "flows", hl.flow()["id"], "evaluators", body=body, status=404)


@evaluators.documented("2.13")
def aggregates(hl: Humanloop) -> None:
    """Judgments on a version's logs are added up: the mean, true counting 1."""
    flow, judge = hl.flow(), evaluator(hl)
    for verdict in (True, False):
        log = hl.log(id=flow["id"], output="x", log_status="complete")["id"]
        hl.ok("POST", "evaluators", "log", body={"id": judge["id"], "parent_id": log, "judgment": verdict})
    query = [("evaluator_aggregates", "true")]
    found = hl.ok("GET", "flows", flow["id"], "versions", query=query)["records"][0]["evaluator_aggregates"]
    holds("evaluator_aggregates", is_so=len(found) == 1, expected="one", got=found)
    equal("value", found[0]["value"], 0.5)


AREAS = (prompts, tools, datasets, evaluators)
