"""Evaluations: versions compared on the datapoints of a dataset (humanloop 4.2, 4.3)."""

from __future__ import annotations

from typing import Any

from headrace.conformance.checks import Area
from headrace.conformance.expecting import equal, has, matches, member
from headrace.conformance.humanloop.client import Humanloop, has_detail
from headrace.conformance.humanloop.kinds import evaluator

area = Area("humanloop", "evaluations")


def _parts(hl: Humanloop) -> tuple[dict[str, Any], dict[str, Any]]:
    return hl.flow(), evaluator(hl)


def _evaluation(hl: Humanloop, flow: dict[str, Any], judge: dict[str, Any], **members: Any) -> dict[str, Any]:
    body = {"file": {"id": flow["id"]}, "evaluators": [{"version_id": judge["version_id"]}], **members}
    return dict(hl.ok("POST", "evaluations", body=body, status=201))


def _running(hl: Humanloop) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """An evaluation, a run of it on a dataset of two datapoints, and what is compared."""
    flow, judge = _parts(hl)
    points = [{"inputs": {"q": "a"}}, {"inputs": {"q": "b"}}]
    dataset = hl.put("datasets", path=hl.path("dataset"), datapoints=points)
    evaluation = _evaluation(hl, flow, judge)
    body = {
        "dataset": {"version_id": dataset["version_id"]},
        "version": {"version_id": flow["version_id"]},
        "orchestrated": False,
    }
    run = hl.ok("POST", "evaluations", evaluation["id"], "runs", body=body)
    return evaluation, run, {"flow": flow, "judge": judge, "dataset": dataset}


@area.documented("4.2")
def created(hl: Humanloop) -> None:
    """An evaluation is made with 201."""
    flow, judge = _parts(hl)
    made = _evaluation(hl, flow, judge, name="first")
    has(
        "the evaluation",
        made,
        ["id", "runs_count", "evaluators", "name", "file_id", "created_at", "updated_at", "url"],
    )
    equal("name and file_id", [made["name"], made["file_id"]], ["first", flow["id"]])
    matches("url", made["url"], ".+")


@area.documented("4.3")
def evaluators_with_their_versions(hl: Humanloop) -> None:
    """Its evaluators are shown with their versions."""
    flow, judge = _parts(hl)
    found = _evaluation(hl, flow, judge)["evaluators"]
    equal("version_id", member("evaluators", found, 0, "version", "version_id"), judge["version_id"])


@area.documented("4.2")
def name_is_taken(hl: Humanloop) -> None:
    """A second evaluation of the same name for a file is 409: the package relies on it."""
    flow, judge = _parts(hl)
    _evaluation(hl, flow, judge, name="first")
    body = {"file": {"id": flow["id"]}, "evaluators": [{"version_id": judge["version_id"]}], "name": "first"}
    has_detail(hl.refused("POST", "evaluations", body=body, status=409))


@area.documented("4.2")
def evaluators_are_needed(hl: Humanloop) -> None:
    """evaluators is needed."""
    hl.refused("POST", "evaluations", body={"file": {"id": hl.flow()["id"]}}, status=422)


@area.presumed("8.61")
def unknown_evaluator(hl: Humanloop) -> None:
    """An evaluator that is not there is 404."""
    body = {"file": {"id": hl.flow()["id"]}, "evaluators": [{"path": hl.path("nobody")}]}
    hl.refused("POST", "evaluations", body=body, status=404)


@area.documented("4.2")
def listed(hl: Humanloop) -> None:
    """The evaluations of a file are a page, the newest first."""
    flow, judge = _parts(hl)
    ids = [_evaluation(hl, flow, judge, name=name)["id"] for name in ("one", "two")]
    page = hl.ok("GET", "evaluations", query=[("file_id", flow["id"])])
    equal("the ids", [one["id"] for one in page["records"]], ids[::-1])


@area.documented("4.2")
def listed_for_a_file_only(hl: Humanloop) -> None:
    """file_id is needed."""
    hl.refused("GET", "evaluations", status=422)


@area.documented("4.2")
def run(hl: Humanloop) -> None:
    """A run has its dataset and version, and is not over."""
    evaluation, made, parts = _running(hl)
    has(
        "the run",
        made,
        ["id", "dataset", "version", "orchestrated", "added_at", "created_at", "status", "control"],
    )
    equal("the version", made["version"]["version_id"], parts["flow"]["version_id"])
    runs = hl.ok("GET", "evaluations", evaluation["id"], "runs")["runs"]
    equal("the ids", [one["id"] for one in runs], [made["id"]])


@area.documented("4.3")
def completes(hl: Humanloop) -> None:
    """A run is completed when every datapoint has a log and every log a judgment."""
    evaluation, made, parts = _running(hl)
    points = hl.ok("GET", "datasets", parts["dataset"]["id"], "datapoints")["records"]
    for verdict, point in zip((True, False), points, strict=True):
        log = hl.log(
            id=parts["flow"]["id"],
            output="x",
            log_status="complete",
            run_id=made["id"],
            source_datapoint_id=point["id"],
        )["id"]
        body = {"id": parts["judge"]["id"], "parent_id": log, "judgment": verdict}
        hl.ok("POST", "evaluators", "log", body=body)
    stats = hl.ok("GET", "evaluations", evaluation["id"], "stats")
    equal("status", stats["status"], "completed")
    told = member("run_stats", stats, "run_stats", 0, "evaluator_stats", 0)
    equal("num_true and num_false", [told.get("num_true"), told.get("num_false")], [1, 1])


@area.documented("4.3")
def stats_have_texts(hl: Humanloop) -> None:
    """progress and report are texts from the start: the package prints them."""
    evaluation, _, _ = _running(hl)
    stats = hl.ok("GET", "evaluations", evaluation["id"], "stats")
    for name in ("progress", "report"):
        matches(name, stats.get(name), ".*")


@area.documented("4.2")
def cancelled(hl: Humanloop) -> None:
    """A run can be cancelled, and not be changed afterwards."""
    evaluation, made, _ = _running(hl)
    place = ("evaluations", evaluation["id"], "runs", made["id"])
    equal("status", hl.ok("PATCH", *place, body={"status": "cancelled"})["status"], "cancelled")
    hl.refused("PATCH", *place, body={"status": "completed"}, status=409)


@area.documented("4.2")
def deleted(hl: Humanloop) -> None:
    """An evaluation is deleted with 204; its evaluators stay."""
    flow, judge = _parts(hl)
    made = _evaluation(hl, flow, judge)
    hl.ok("DELETE", "evaluations", made["id"], status=204)
    hl.refused("GET", "evaluations", made["id"], status=404)
    hl.ok("GET", "evaluators", judge["id"])
