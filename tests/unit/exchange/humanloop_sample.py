"""An invented export, in the form in which the tool writes it: all kinds, deep traces, judgments, old quirks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

ANN = {"id": "usr_ann", "email_address": "ann@example.com", "full_name": "Ann B"}
BEN = {"id": "usr_ben", "email_address": "ben@example.com", "full_name": "Ben C"}
PRODUCTION = {
    "id": "env_prod",
    "created_at": "2024-01-02T03:04:05.000006",
    "name": "production",
    "tag": "default",
}
STAGING = {"id": "env_stag", "created_at": "2024-01-03T03:04:05.000006", "name": "staging", "tag": "other"}
FIRST_PAGE = 1001
PAGE = 1000
FOREIGN_ID = "medqa/experiment 0001 ü%2F"
FOLDERS = {"": "dir_root", "Support": "dir_support", "Checks": "dir_checks", "Lab/Old": "dir_old"}

Thing = dict[str, Any]


def at(minute: int, *, day: int = 1) -> str:
    return f"2025-03-{day:02}T{minute // 60:02}:{minute % 60:02}:00.123456"


def version(
    kind: str,
    file_id: str,
    path: str,
    version_id: str,
    content: Thing,
    *,
    minute: int = 0,
    environments: Sequence[Thing] = (),
    logs_count: int = 0,
    **more: Any,
) -> Thing:
    """A version as the API shows it."""
    shared = {
        "path": path,
        "id": file_id,
        "directory_id": FOLDERS.get(path.rpartition("/")[0], "dir_other"),
        "version_name": None,
        "version_description": None,
        "name": path.rpartition("/")[2],
        "description": None,
        "schema": None,
        "readme": None,
        "tags": [],
        "version_id": version_id,
        "type": kind,
        "environments": list(environments),
        "created_at": at(minute),
        "updated_at": at(minute),
        "created_by": ANN,
        "last_used_at": at(minute),
        "version_logs_count": logs_count,
        "evaluator_aggregates": None,
        "evaluators": [],
    }
    return {**shared, **content, **more}


def evaluator(name: str, spec: Thing, *, version_id: str = "", **more: Any) -> Thing:
    spec = {"arguments_type": "target_free", **spec}
    version_id = version_id or f"evv_{name}"
    return version("evaluator", f"ev_{name}", f"Checks/{name}", version_id, {"spec": spec}, **more)


SHORT = evaluator(
    "Short",
    {"evaluator_type": "python", "return_type": "boolean", "code": "def f(log):\n    return True\n"},
    environments=[PRODUCTION],
    logs_count=2,
    tags=["built in"],
)
RATING = evaluator(
    "rating",
    {
        "evaluator_type": "human",
        "return_type": "select",
        "options": [{"name": "good", "valence": "positive"}, {"name": "bad", "valence": "negative"}],
        "instructions": "Is it good?",
    },
    environments=[PRODUCTION],
    logs_count=1,
)
ACCURACY = evaluator(
    "Accuracy",
    {
        "evaluator_type": "llm",
        "return_type": "number",
        "prompt": {"model": "m", "template": "{{log.output}}"},
    },
)
OUTSIDE = evaluator("Outside", {"evaluator_type": "external", "return_type": "text"}, logs_count=1)
SEARCH = [
    version(
        "tool",
        "tl_search",
        "Support/Search",
        f"tv_search{number}",
        {
            "function": {"name": "search", "description": f"No {number}", "parameters": {"type": "object"}},
            "source_code": None,
            "setup_values": None,
            "attributes": {"n": number},
        },
        minute=number,
        environments=[PRODUCTION] if number == 1 else [],
        logs_count=1 if number == 1 else 0,
        version_name=f"r{number}",
    )
    for number in (1, 2)
]
ANSWER = [
    version(
        "prompt",
        "pr_answer",
        "Support/Answer",
        f"prv_answer{number}",
        {
            "model": "gpt-4o",
            "template": [{"role": "system", "content": "Answer {{question}}"}],
            "temperature": 0.1 * number,
            "linked_tools": [
                {"id": "tl_search", "version_id": "tv_search1", "name": "search", "description": ""}
            ],
            "attributes": {},
        },
        minute=number,
        environments=[[STAGING], [PRODUCTION]][number - 1],
        logs_count=3 if number == 1 else 0,
        commit_message=f"Change {number}",
        description="Answers questions",
        readme="# Answer",
        tags=["live", "b"],
        created_by=BEN,
        status="committed",
    )
    for number in (1, 2)
]
GONE = version("prompt", "pr_gone", "Support/Gone", "prv_gone", {"model": "old", "template": "x"}, minute=1)
TAKEN = version("tool", "tl_taken", "Support/Answer", "tv_taken", {"source_code": "pass"}, minute=1)
ASSISTANT = version(
    "agent",
    "ag_one",
    "Support/Assistant",
    "agv_one",
    {
        "model": "m",
        "template": [{"role": "system", "content": "You know {{topic}}"}],
        "tools": [
            {
                "type": "file",
                "link": {"file_id": "tl_search", "environment_id": None, "version_id": None},
                "on_agent_call": "continue",
                "file": SEARCH[0],
            },
            {
                "type": "file",
                "link": {"file_id": "fl_gone", "environment_id": None, "version_id": "flv_gone"},
                "on_agent_call": None,
                "file": None,
            },
            {
                "type": "inline",
                "json_schema": {"name": "stop", "description": "Ends", "strict": None, "parameters": None},
                "on_agent_call": "stop",
            },
        ],
        "max_iterations": 5,
        "attributes": None,
    },
    environments=[PRODUCTION],
    logs_count=1,
    status="committed",
)
QUESTIONS = version(
    "dataset", "ds_q", "Lab/Old/Questions", "dsv_q", {"attributes": {}}, datapoints_count=3, datapoints=None
)


def monitoring(shown: Thing, *, environment: Thing | None, state: str, minute: int) -> Thing:
    reference = {"type": "version", "version": shown}
    if environment is not None:
        reference = {"type": "environment", "file": shown, "environment": environment}
    times = {"created_at": at(minute), "updated_at": at(minute)}
    return {"version_reference": reference, "version": shown, "state": state, **times}


MONITORS = [
    monitoring(RATING, environment=PRODUCTION, state="inactive", minute=8),
    monitoring(SHORT, environment=None, state="active", minute=9),
]
TRIAGE = [
    version(
        "flow",
        "fl_triage",
        "Support/Triage",
        f"flv_triage{number}",
        {"attributes": {"step": number, "nested": {"b": [1, 2.5, None], "a": "ü"}, "small": 1e-7}},
        minute=number,
        environments=[[], [PRODUCTION, STAGING], []][number],
        logs_count=[1, 4, 1][number],
        evaluators=MONITORS,
        updated_at=at(59),
        last_used_at=at(58, day=20),
        version_name="first" if number == 1 else None,
        version_description="The first" if number == 1 else None,
    )
    for number in (0, 1, 2)
]
"""Of these the first was deleted: only its log shows it."""
EXPERIMENT = version(
    "flow",
    "fl_exp",
    "MedQA",
    "flv_exp",
    {"attributes": {}},
    created_by=None,
    environments=[PRODUCTION],
    logs_count=5,
    last_used_at=at(0, day=3) + "Z",
)


def log(kind: str, id: str, of: Thing, minute: int, **more: Any) -> Thing:
    """A log as the API shows it."""
    shared: Thing = {
        "id": id,
        "log_id": id,
        "messages": None,
        "output_message": None,
        "inputs": {},
        "output": f"out of {id}",
        "error": None,
        "stdout": None,
        "start_time": at(minute),
        "end_time": at(minute + 1),
        "created_at": at(minute),
        "provider_latency": None,
        "provider_request": None,
        "provider_response": None,
        "source": None,
        "metadata": None,
        "log_status": "complete" if kind == "flow" else None,
        "source_datapoint_id": None,
        "trace_parent_id": None,
        "trace_id": None,
        "trace_flow_id": None,
        "trace_children": None,
        "evaluator_logs": [],
        "batches": [],
        "user": None,
        "environment": None,
        "save": True,
        kind: of,
    }
    return {**shared, **more}


def judgment(id: str, of: Thing, judged: str, value: Any, minute: int, **more: Any) -> Thing:
    extra = {"parent_id": judged, "parent": None, "judgment": value, "marked_completed": None, "output": None}
    return log("evaluator", id, of, minute, **{**extra, **more})


def below(root: Thing, parent: Thing, child: Thing) -> Thing:
    """The child, placed below a parent in the trace of a root."""
    child |= {"trace_id": root["id"], "trace_flow_id": "fl_triage", "trace_parent_id": parent["id"]}
    parent["trace_children"] = [*(parent["trace_children"] or []), child]
    return child


def triage_logs() -> list[Thing]:
    """The logs of a flow: one deep trace, one that was never completed, one of a deleted version."""
    root = log("flow", "log_root", TRIAGE[1], 10, inputs={"question": "why?"}, end_time=at(40))
    root |= {
        "trace_id": "log_root",
        "trace_flow_id": "fl_triage",
        "metadata": {"score": float("nan"), "k": 1},
    }
    answer = below(root, root, log("prompt", "log_answer", ANSWER[0], 11, prompt_tokens=5, output_cost=0.25))
    answer["messages"] = [{"role": "user", "content": "why?"}]
    answer["output_message"] = {"role": "assistant", "content": "because \ud83d\ude00"}
    below(root, answer, log("tool", "log_search", SEARCH[0], 12, error="nothing found", output=None))
    agent = below(root, root, log("agent", "log_agent", ASSISTANT, 13))
    below(root, agent, log("prompt", "log_turn", ANSWER[0], 14))
    below(root, root, log("prompt", "log_gone", GONE, 15))
    below(root, root, log("tool", "log_taken", TAKEN, 16))
    inner = root
    for depth in range(3):
        nested = log("flow", f"log_deep{depth}", TRIAGE[1], 17 + depth, start_time=at(17 + depth))
        inner = below(root, inner, nested | {"end_time": at(30 - depth)})
    shown = judgment("log_j1", SHORT, "log_root", True, 41)
    root["evaluator_logs"] = [
        shown,
        judgment("log_j2", RATING, "log_root", "good", 42, marked_completed=True),
    ]
    open_one = log("flow", "log_open", TRIAGE[2], 50, log_status="incomplete", output=None, end_time=None)
    open_one |= {"trace_id": "log_open", "trace_flow_id": "fl_triage", "trace_children": []}
    old = log("flow", "log_old", TRIAGE[0], 51, trace_status="complete")
    del old["log_status"]
    old |= {"trace_id": "log_old", "trace_flow_id": "fl_triage", "created_at": at(51) + "Z"}
    everything = [root, open_one, old]
    while inner is not root:  # nested logs of the same flow are in its list, too
        everything.append(inner)
        inner = next(one for one in _walk(root) if inner in (one["trace_children"] or ()))
    return everything


def _walk(one: Thing) -> Iterable[Thing]:
    yield one
    for child in one["trace_children"] or ():
        yield from _walk(child)


def experiment_logs() -> list[Thing]:
    ids = [FOREIGN_ID, "a b", "..", "log/../../x", "日本語"]
    return [
        log("flow", one, EXPERIMENT, number, trace_id=one, trace_flow_id="fl_exp", user="u", source="sdk")
        for number, one in enumerate(ids)
    ]


def lone_prompt_log() -> Thing:
    return log(
        "prompt",
        "log_lone",
        ANSWER[0],
        5,
        tool_choice={"type": "function", "function": {"name": "search"}},
        save=False,
        evaluator_logs=[judgment("log_j3", SHORT, "log_lone", None, 6, error="boom")],
    )


def write_json(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))


def write_lines(folder: Path, values: Iterable[Any]) -> None:
    """JSON lines as the tool pages them: one more in the first file than in the others."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(one) + "\n" for one in values]
    pages = [lines[:FIRST_PAGE], *(lines[n : n + PAGE] for n in range(FIRST_PAGE, len(lines), PAGE))]
    for number, page in enumerate(pages, 1):
        if page:
            (folder / f"{number}.jsonl").write_text("".join(page))


def write_file(home: Path, versions: Sequence[Thing], default: int, logs: Sequence[Thing] | None) -> Path:
    """All that the tool writes of one file."""
    folder = home / "files" / str(versions[default]["id"])
    write_json(folder / "file.json", versions[default])
    for one in versions:
        write_json(folder / "versions" / one["version_id"], one)
    deployments = [
        {
            "version_id": one["version_id"],
            "environment_id": environment["id"],
            "environment_name": environment["name"],
            "environment_tag": environment["tag"],
        }
        for one in versions
        for environment in one["environments"]
    ]
    write_json(folder / "deployments.json", deployments)
    if logs is not None:
        write_lines(folder / "logs", logs)
    (folder / ".done").write_text("done")
    return folder


def write_sample(home: Path) -> Path:
    """The whole sample."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "export.log").write_text("INFO done\n")
    triage = triage_logs()
    root, lone = triage[0], lone_prompt_log()
    judgments = [*root["evaluator_logs"], *lone["evaluator_logs"]]
    write_file(home, [SHORT], 0, [one for one in judgments if one["evaluator"] is SHORT])
    write_file(home, [RATING], 0, [one for one in judgments if one["evaluator"] is RATING])
    write_file(home, [ACCURACY], 0, [])
    write_file(home, [OUTSIDE], 0, [judgment("log_j4", OUTSIDE, "log_answer", "fine", 43)])
    write_file(home, SEARCH, 0, [one for one in _walk(root) if one.get("tool") is SEARCH[0]])
    prompts = [{**one, "trace_children": None} for one in _walk(root) if one.get("prompt") is ANSWER[0]]
    write_file(home, ANSWER, 1, [*prompts, lone])
    write_file(home, [ASSISTANT], 0, [one for one in _walk(root) if one.get("agent") is ASSISTANT])
    write_file(home, TRIAGE[1:], 0, triage)
    write_file(home, [EXPERIMENT], 0, experiment_logs())
    questions = write_file(home, [QUESTIONS], 0, None)
    points = [{"id": f"dp_{n}", "inputs": {"q": str(n)}, "messages": None, "target": None} for n in (1, 2)]
    write_lines(questions / "datapoints" / "dsv_q", points)
    _write_evaluations(home, triage, points)
    return home


LOST = version("dataset", "ds_lost", "Lab/Old/Lost", "dsv_lost", {"attributes": {}}, datapoints_count=2)
"""A dataset that was deleted; only a run shows it, and that only two of its datapoints."""
LOST_POINTS = [
    {"id": f"dp_lost{n}", "inputs": {"lost": str(n)}, "messages": None, "target": {"n": n}} for n in (1, 2)
]


def evaluation(id: str, judges: Sequence[Thing], *, runs: int, name: str | None, minute: int) -> Thing:
    """An evaluation of the flow as the API shows it."""
    return {
        "id": id,
        "runs_count": runs,
        "evaluators": [
            {"version": one, "orchestrated": one is SHORT, "added_at": at(minute + number)}
            for number, one in enumerate(judges)
        ],
        "name": name,
        "file_id": "fl_triage",
        "created_at": at(minute),
        "created_by": BEN,
        "updated_at": at(minute + 5),
        "url": f"https://example.com/project/fl_triage/evaluations/{id}/stats",
    }


def evaluation_run(
    id: str, *, dataset: Thing | None, of: Thing | None, status: str, minute: int, control: bool = False
) -> Thing:
    """A run as the API shows it."""
    return {
        "id": id,
        "dataset": dataset,
        "version": of,
        "orchestrated": False,
        "added_at": at(minute + 1),
        "created_at": at(minute),
        "created_by": ANN,
        "status": status,
        "control": control,
    }


def run_log(run_id: str, one: Thing, datapoint: Thing | None) -> Thing:
    plain = {**one, "trace_children": None, "evaluator_logs": []}
    return {"run_id": run_id, "datapoint": datapoint, "log": plain, "evaluator_logs": one["evaluator_logs"]}


def write_evaluation(home: Path, shown: Thing, runs: Sequence[Thing], lines: Sequence[Thing]) -> Path:
    """All that the tool writes of one evaluation."""
    folder = home / "files" / shown["file_id"] / "evaluations" / shown["id"]
    write_json(folder / "evaluation.json", shown)
    counts = [
        {"run_id": one["id"], "num_logs": sum(line["run_id"] == one["id"] for line in lines)} for one in runs
    ]
    write_json(folder / "stats.json", {"run_stats": counts, "status": "completed"})
    (folder / "runs").mkdir()
    for one in runs:
        write_json(folder / "runs" / one["id"], one)
    write_lines(folder / "logs", lines)
    return folder


FIRST_RUN = evaluation_run(
    "rn_1", dataset=QUESTIONS, of=TRIAGE[1], status="completed", minute=100, control=True
)
OPEN_RUN = evaluation_run("rn_2", dataset=None, of=None, status="running", minute=110)
LOST_RUN = evaluation_run("rn_3", dataset=LOST, of=TRIAGE[2], status="cancelled", minute=120)


def _write_evaluations(home: Path, logs: Sequence[Thing], points: Sequence[Thing]) -> None:
    root, *nested, open_one, old = logs[0], *logs[3:5], logs[1], logs[2]
    first = evaluation("evr_1", [SHORT, RATING], runs=2, name="Weekly ü", minute=90)
    lines = [
        run_log("rn_1", root, points[0]),
        run_log("rn_2", open_one, None),
        run_log("rn_2", nested[0], None),
    ]
    write_evaluation(home, first, [FIRST_RUN, OPEN_RUN], lines)
    second = evaluation("evr_2", [], runs=2, name=None, minute=95)
    again = {**FIRST_RUN, "control": False, "added_at": at(130)}
    lost = [run_log("rn_3", old, LOST_POINTS[1]), run_log("rn_3", nested[1], LOST_POINTS[0])]
    write_evaluation(home, second, [LOST_RUN, again], [lines[0], *lost])
