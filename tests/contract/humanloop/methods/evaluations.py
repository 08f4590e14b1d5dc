"""Methods of evaluations and their runs."""

from __future__ import annotations

from typing import Any

from tests.contract.humanloop.kinds import external
from tests.contract.humanloop.methods.world import NPM, PYTHON, Row, View, World, after


def _judge(world: World) -> View:
    """An evaluator whose judgments come from outside."""
    path = world.path("External")
    made: View = world.once(
        "external", lambda: world.client.evaluators.upsert(path=path, spec=external("number"))
    )
    return made


def _evaluation(world: World) -> View:
    """An evaluation of the flow by one evaluator."""
    seats, flow = [{"version_id": _judge(world).version_id}], {"id": world.file("flow").id}
    made: View = world.once(
        "evaluation",
        lambda: world.client.evaluations.create(file=flow, name=f"Evaluation {world.tag}", evaluators=seats),
    )
    return made


def _another(world: World) -> View:
    """A newer evaluation of the flow."""
    seats, flow = [{"path": _judge(world).path}], {"path": after(_evaluation(world), world.file("flow").path)}
    made: View = world.once(
        "another evaluation",
        lambda: world.client.evaluations.create(file=flow, name=f"Another {world.tag}", evaluators=seats),
    )
    return made


def _parts(world: World) -> dict[str, Any]:
    """What a run is over."""
    return {
        "dataset": {"version_id": world.file("dataset").version_id},
        "version": {"version_id": world.file("flow").version_id},
        "orchestrated": False,
    }


def _run(world: World) -> View:
    """A run of the evaluation that waits for its one log."""
    made: View = world.once(
        "run", lambda: world.client.evaluations.create_run(_evaluation(world).id, **_parts(world))
    )
    return made


def _point(world: World) -> View:
    """The only datapoint."""
    dataset = world.file("dataset").id
    (point,) = world.once(
        "shown", lambda: world.client.datasets.get(dataset, include_datapoints=True)
    ).datapoints
    found: View = point
    return found


def _answered(world: World) -> View:
    """The log of the run's only datapoint, and what its evaluator said of it."""
    made: View = world.once(
        "answered",
        lambda: world.client.flows.log(
            path=world.file("flow").path,
            run_id=_run(world).id,
            source_datapoint_id=_point(world).id,
            output="3",
            log_status="complete",
        ),
    )
    world.once(
        "judged",
        lambda: world.client.evaluators.log(
            parent_id=made.id, id=_judge(world).id, judgment=4, version_id=_judge(world).version_id
        ),
    )
    return made


def _unasked(world: World) -> str:
    """The id of a log of the flow that answers the datapoint and belongs to no run."""
    log = world.once(
        "unasked",
        lambda: world.client.flows.log(
            path=world.file("flow").path,
            source_datapoint_id=_point(world).id,
            output="5",
            log_status="complete",
        ),
    )
    _run(world)
    return str(log.id)


def _runs(world: World, evaluation: View) -> list[str]:
    listed = world.client.evaluations.list_runs_for_evaluation(evaluation.id).runs
    return [one.id for one in listed]


EVALUATION_ROWS = (
    Row(
        method="evaluations.create",
        operation="CreateEvaluation",
        arguments=lambda w: {
            "file": {"id": w.file("flow").id},
            "name": f"New {w.tag}",
            "evaluators": [{"path": _judge(w).path}],
        },
        holds=lambda w, a: (
            (a.name, a.file_id, a.runs_count) == (f"New {w.tag}", w.file("flow").id, 0)
            and [seat.version.version_id for seat in a.evaluators] == [_judge(w).version_id]
            and a.id in a.url
        ),
    ),
    Row(
        method="evaluations.get",
        operation="GetEvaluation",
        arguments=lambda w: {"id": _evaluation(w).id},
        holds=lambda w, a: (
            (a.id, a.name, a.file_id) == (_evaluation(w).id, f"Evaluation {w.tag}", w.file("flow").id)
        ),
    ),
    Row(
        method="evaluations.list",
        operation="ListEvaluations",
        arguments=lambda w: {"file_id": _another(w).file_id, "size": 1},
        holds=lambda w, a: [found.id for found in a] == [_another(w).id, _evaluation(w).id],
    ),
    Row(
        method="evaluations.delete",
        operation="DeleteEvaluation",
        arguments=lambda w: {"id": _evaluation(w).id},
        holds=lambda w, a: w.is_gone(lambda: w.client.evaluations.get(_evaluation(w).id)),
    ),
    Row(
        method="evaluations.add_evaluators",
        operation="AddEvaluators",
        arguments=lambda w: {
            "id": _evaluation(w).id,
            "evaluators": [{"version_id": w.file("evaluator").version_id}],
        },
        holds=lambda w, a: (
            {seat.version.version_id for seat in a.evaluators}
            == {_judge(w).version_id, w.file("evaluator").version_id}
        ),
    ),
    Row(
        method="evaluations.remove_evaluator",
        operation="RemoveEvaluator",
        arguments=lambda w: {"id": _evaluation(w).id, "evaluator_version_id": _judge(w).version_id},
        holds=lambda w, a: (
            (a.id, a.evaluators) == (_evaluation(w).id, [])
            and w.client.evaluations.get(a.id).evaluators == []
        ),
    ),
)

RUN_ROWS = (
    Row(
        method="evaluations.create_run",
        operation="CreateRun",
        arguments=lambda w: {"id": _evaluation(w).id, **_parts(w)},
        holds=lambda w, a: (
            (a.dataset.version_id, a.version.version_id, a.orchestrated, a.control)
            == (w.file("dataset").version_id, w.file("flow").version_id, False, False)
            and a.status in ("pending", "running")
            and _runs(w, _evaluation(w)) == [a.id]
        ),
    ),
    Row(
        method="evaluations.list_runs_for_evaluation",
        operation="ListEvaluationRuns",
        arguments=lambda w: {"id": after(_run(w), _evaluation(w).id)},
        holds=lambda w, a: (
            [(found.id, found.version.id) for found in a.runs] == [(_run(w).id, w.file("flow").id)]
        ),
    ),
    Row(
        method="evaluations.add_existing_run",
        operation="LinkRun",
        arguments=lambda w: {"id": _another(w).id, "run_id": _run(w).id},
        holds=lambda w, a: _runs(w, _another(w)) == _runs(w, _evaluation(w)) == [_run(w).id],
    ),
    Row(
        method="evaluations.remove_run",
        operation="UnlinkRun",
        arguments=lambda w: {"id": _evaluation(w).id, "run_id": _run(w).id},
        holds=lambda w, a: _runs(w, _evaluation(w)) == [],
    ),
    Row(
        method="evaluations.update_evaluation_run",
        operation="UpdateRun",
        arguments=lambda w: {
            "id": _evaluation(w).id,
            "run_id": _run(w).id,
            "control": True,
            "status": "cancelled",
        },
        holds=lambda w, a: (a.id, a.control, a.status) == (_run(w).id, True, "cancelled"),
    ),
    Row(
        method="evaluations.add_logs_to_run",
        operation="AddLogsToRun",
        arguments=lambda w: {"id": _evaluation(w).id, "log_ids": [_unasked(w)], "run_id": _run(w).id},
        holds=lambda w, a: (
            a.id == _run(w).id
            and [
                (found.run_id, found.log.id)
                for found in w.client.evaluations.get_logs(_evaluation(w).id).records
            ]
            == [(_run(w).id, _unasked(w))]
        ),
    ),
    Row(
        method="evaluations.get_logs",
        operation="ListEvaluationLogs",
        arguments=lambda w: {"id": after(_answered(w), _evaluation(w).id), "run_id": _run(w).id},
        holds=lambda w, a: (
            a.total == 1
            and (a.records[0].run_id, a.records[0].log.id, a.records[0].datapoint.inputs)
            == (_run(w).id, _answered(w).id, {"n": "1"})
            and [found.judgment for found in a.records[0].evaluator_logs] == [4]
        ),
    ),
    Row(
        method="evaluations.get_stats",
        operation="GetEvaluationStats",
        arguments=lambda w: {"id": after(_answered(w), _evaluation(w).id)},
        holds=lambda w, a: (
            (a.status, a.run_stats[0].run_id, a.run_stats[0].num_logs) == ("completed", _run(w).id, 1)
            and (a.run_stats[0].evaluator_stats[0].mean, a.run_stats[0].evaluator_stats[0].num_judgments)
            == (4, 1)
            and a.run_stats[0].evaluator_stats[0].evaluator_version_id == _judge(w).version_id
        ),
    ),
    Row(
        method="evaluations.run",
        asks="all that an evaluation needs, and its stats until it is complete",
        clients=(PYTHON, NPM),
        elsewhere={
            PYTHON: "test_evaluations_run.py::test_local_functions_and_evaluators_of_all_sorts",
            NPM: "test_evaluations_javascript.py::test_a_function_twice",
        },
    ),
)

ROWS = (*EVALUATION_ROWS, *RUN_ROWS)
