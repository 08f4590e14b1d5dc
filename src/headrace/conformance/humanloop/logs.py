"""Logs of flows: made, changed, listed, removed (humanloop 1.2, 1.3, 3.1, 3.2, 4.2)."""

from __future__ import annotations

from typing import Any

from headrace.conformance.checks import Area
from headrace.conformance.expecting import contains, equal, has, holds, members
from headrace.conformance.humanloop.client import Humanloop, has_detail, new_id
from headrace.conformance.humanloop.protocol import KEYS, UNKNOWN

create = Area("humanloop", "create-log")
change = Area("humanloop", "change-log")
lists = Area("humanloop", "list-logs")

LOG_KEYS = [
    "id",
    "log_id",
    "flow",
    "messages",
    "output_message",
    "inputs",
    "output",
    "error",
    "stdout",
    "source",
    "user",
    "start_time",
    "end_time",
    "created_at",
    "provider_latency",
    "provider_request",
    "provider_response",
    "metadata",
    "log_status",
    "source_datapoint_id",
    "trace_parent_id",
    "trace_id",
    "trace_flow_id",
    "trace_children",
    "evaluator_logs",
    "batches",
    "environment",
    "save",
]
MESSAGE = {"role": "assistant", "content": "Hello"}
WHERE = ("flows", "logs")


@create.documented("1.2")
def answer(hl: Humanloop) -> None:
    """Logging answers the ids of log, flow and version, and the status."""
    flow = hl.flow()
    made = hl.log(id=flow["id"], output="x")
    members("the answer", made, ["id", "flow_id", "version_id", "log_status"])
    equal("flow_id and version_id", [made["flow_id"], made["version_id"]], [flow["id"], flow["version_id"]])


@create.documented("1.2")
def incomplete_by_default(hl: Humanloop) -> None:
    """A log is incomplete unless it says otherwise."""
    equal("log_status", hl.log(id=hl.sample()["id"]).get("log_status"), "incomplete")


@create.documented("1.2")
def complete(hl: Humanloop) -> None:
    """A log may be complete from the start."""
    made = hl.log(id=hl.sample()["id"], output="x", log_status="complete")
    equal("log_status", made.get("log_status"), "complete")


@create.presumed("0.3")
def trace_status(hl: Humanloop) -> None:
    """trace_status, as older clients say it, is log_status."""
    made = hl.log(id=hl.sample()["id"], output="x", trace_status="complete")
    equal("log_status", made.get("log_status"), "complete")


@create.documented("3.1")
def every_key_is_sent(hl: Humanloop) -> None:
    """A log has every documented key, with null where there is nothing."""
    log = hl.read_log(hl.log(id=hl.sample()["id"])["id"])
    has("the log", log, LOG_KEYS)
    has("its flow", log["flow"], KEYS)


@create.documented("3.11")
def values_come_back(hl: Humanloop) -> None:
    """What was logged comes back as it was sent."""
    sent: dict[str, Any] = {
        "inputs": {"question": "Ünï?", "n": 1, "deep": {"list": [None, True, 0.5]}},
        "output": "answer",
        "error": "trouble",
        "stdout": "printed",
        "source": "probe",
        "user": "ann",
        "metadata": {"k": [1]},
        "provider_latency": 0.25,
        "environment": "label",
        "messages": [{"role": "user", "content": "hi"}],
        "output_message": MESSAGE,
    }
    log = hl.read_log(hl.log(id=hl.sample()["id"], **sent)["id"])
    for name in (
        "inputs",
        "output",
        "error",
        "stdout",
        "source",
        "user",
        "metadata",
        "provider_latency",
        "environment",
    ):
        equal(name, log.get(name), sent[name])
    has("output_message", log["output_message"], MESSAGE)


@create.documented("3.11")
def only_a_message(hl: Humanloop) -> None:
    """A log with an output_message only has no output."""
    equal("output", hl.read_log(hl.log(id=hl.sample()["id"], output_message=MESSAGE)["id"])["output"], None)


@create.documented("3.11")
def id_of_the_client(hl: Humanloop) -> None:
    """A client may choose the id, with slashes and blanks in it."""
    own = f"{new_id()}/a b ü"
    equal("id", hl.log(id=hl.sample()["id"], log_id=own).get("id"), own)
    equal("id", hl.read_log(own).get("id"), own)


@create.presumed("8.24")
def same_request_again(hl: Humanloop) -> None:
    """The same request with the same log_id is answered like the first time."""
    body = {"id": hl.sample()["id"], "log_id": new_id(), "output": "x"}
    equal("the answer", hl.log(**body), hl.log(**body))


@create.presumed("8.24")
def id_is_taken(hl: Humanloop) -> None:
    """Another request with a log_id that is taken is 409."""
    body = {"id": hl.sample()["id"], "log_id": hl.log(id=hl.sample()["id"], output="x")["id"], "output": "y"}
    has_detail(hl.refused("POST", "flows", "log", body=body, status=409))


@create.documented("2.6")
def new_content(hl: Humanloop) -> None:
    """A log with attributes makes the version if there is none, and does not deploy it."""
    flow = hl.flow(attributes={"a": 1})
    made = hl.log(path=flow["path"], flow={"attributes": {"a": 2}})
    holds(
        "version_id",
        is_so=made["version_id"] != flow["version_id"],
        expected="another",
        got=made["version_id"],
    )
    equal("what is deployed", hl.ok("GET", "flows", flow["id"])["version_id"], flow["version_id"])


@create.documented("2.6")
def same_content(hl: Humanloop) -> None:
    """A log with attributes that are there is logged against that version."""
    flow = hl.flow(attributes={"a": 1})
    made = hl.log(path=flow["path"], flow={"attributes": {"a": 1}})
    equal("version_id", made["version_id"], flow["version_id"])


@create.documented("2.5")
def makes_the_file(hl: Humanloop) -> None:
    """A log by a new path makes the flow."""
    path = hl.path("logged")
    made = hl.log(path=path, flow={"attributes": {"a": 1}})
    equal("path", hl.ok("GET", "flows", made["flow_id"])["path"], path)


@create.documented("2.6")
def by_version(hl: Humanloop) -> None:
    """version_id in the query says against which version."""
    flow = hl.flow(attributes={"a": 1})
    second = hl.flow(path=flow["path"], attributes={"a": 2})
    query = [("version_id", second["version_id"])]
    equal("version_id", hl.log(id=flow["id"], query=query)["version_id"], second["version_id"])


@create.documented("1.2")
def unknown_flow(hl: Humanloop) -> None:
    """A flow that is not there is 404."""
    has_detail(hl.refused("POST", "flows", "log", body={"id": UNKNOWN}, status=404))


@create.documented("1.2")
def bad_status(hl: Humanloop) -> None:
    """Another status than complete and incomplete is 422."""
    hl.refused("POST", "flows", "log", body={"id": hl.sample()["id"], "log_status": "done"}, status=422)


@create.documented("2.10")
def counted(hl: Humanloop) -> None:
    """Logs of a version are counted, and last_used_at follows."""
    flow = hl.flow()
    hl.log(id=flow["id"])
    hl.log(id=flow["id"])
    got = hl.ok("GET", "flows", flow["id"])
    equal("version_logs_count", got["version_logs_count"], 2)
    holds(
        "last_used_at",
        is_so=got["last_used_at"] > flow["last_used_at"],
        expected=f"later than {flow['last_used_at']}",
        got=got["last_used_at"],
    )


@create.presumed("8.30")
def without_saving(hl: Humanloop) -> None:
    """With save=false there is a log without what went in and came out."""
    log = hl.read_log(hl.log(id=hl.sample()["id"], output="secret", inputs={"a": 1}, save=False)["id"])
    equal("output and inputs", [log["output"], log["inputs"] or {}], [None, {}])


@change.documented("1.3")
def completed(hl: Humanloop) -> None:
    """Completing a log answers the whole log, and sets its end."""
    made = hl.log(id=hl.sample()["id"])
    log = hl.ok("PATCH", *WHERE, made["id"], body={"output": "x", "log_status": "complete"})
    has("the log", log, LOG_KEYS)
    equal("log_status and output", [log["log_status"], log["output"]], ["complete", "x"])
    holds("end_time", is_so=log["end_time"] is not None, expected="a time", got=None)


@change.documented("1.3")
def needs_an_output(hl: Humanloop) -> None:
    """A log without output, message and error can't be completed: 422."""
    made = hl.log(id=hl.sample()["id"])
    hl.refused("PATCH", *WHERE, made["id"], body={"log_status": "complete"}, status=422)


@change.documented("1.3")
def error_is_enough(hl: Humanloop) -> None:
    """An error is enough."""
    made = hl.log(id=hl.sample()["id"])
    log = hl.ok("PATCH", *WHERE, made["id"], body={"error": "broke", "log_status": "complete"})
    equal("error", log["error"], "broke")


@change.documented("1.3")
def absent_keeps(hl: Humanloop) -> None:
    """A key that is missing keeps what is there, null clears it."""
    made = hl.log(id=hl.sample()["id"], output="x", error="y")
    log = hl.ok("PATCH", *WHERE, made["id"], body={"error": None})
    equal("output and error", [log["output"], log["error"]], ["x", None])


@change.presumed("8.26")
def never_incomplete_again(hl: Humanloop) -> None:
    """A complete log can't become incomplete: 409."""
    made = hl.log(id=hl.sample()["id"], output="x", log_status="complete")
    hl.refused("PATCH", *WHERE, made["id"], body={"log_status": "incomplete"}, status=409)


@change.documented("3.2")
def complete_can_be_changed(hl: Humanloop) -> None:
    """A complete log can still be given another output."""
    made = hl.log(id=hl.sample()["id"], output="x", log_status="complete")
    equal("output", hl.ok("PATCH", *WHERE, made["id"], body={"output": "z"})["output"], "z")


@change.documented("1.3")
def unknown_log(hl: Humanloop) -> None:
    """A log that is not there is 404."""
    has_detail(hl.refused("PATCH", *WHERE, new_id(), body={"output": "x"}, status=404))


@lists.documented("4.2")
def of_a_file(hl: Humanloop) -> None:
    """Logs of a file are a page, the newest first."""
    flow = hl.flow()
    ids = [hl.log(id=flow["id"])["id"] for _ in range(3)]
    page = hl.ok("GET", "logs", query=[("file_id", flow["id"])])
    has("the page", page, ["records", "page", "size", "total"])
    equal("the ids", [one["id"] for one in page["records"]], ids[::-1])


@lists.documented("4.2")
def file_is_needed(hl: Humanloop) -> None:
    """file_id is needed."""
    hl.refused("GET", "logs", status=422)


@lists.documented("4.2")
def of_an_unknown_file(hl: Humanloop) -> None:
    """A file that is not there is 404."""
    hl.refused("GET", "logs", query=[("file_id", UNKNOWN)], status=404)


@lists.documented("0.7")
def in_pages(hl: Humanloop) -> None:
    """Logs come in pages: nothing twice, nothing left out, empty past the end."""
    flow = hl.flow()
    ids = {hl.log(id=flow["id"])["id"] for _ in range(3)}
    query = [("file_id", flow["id"]), ("size", "2")]
    pages = [hl.ok("GET", "logs", query=[*query, ("page", page)])["records"] for page in "123"]
    equal("how many on each page", [len(page) for page in pages], [2, 1, 0])
    equal("the ids", {one["id"] for page in pages for one in page}, ids)


@lists.documented("4.2")
def searched(hl: Humanloop) -> None:
    """search finds words of inputs and outputs."""
    flow = hl.flow()
    hl.log(id=flow["id"], output="nothing here")
    found = hl.log(id=flow["id"], output="a Needle in hay")
    page = hl.ok("GET", "logs", query=[("file_id", flow["id"]), ("search", "Needle")])
    equal("the ids", [one["id"] for one in page["records"]], [found["id"]])


@lists.documented("4.2")
def by_version_only(hl: Humanloop) -> None:
    """version_id narrows it to a version."""
    flow = hl.flow(attributes={"a": 1})
    second = hl.log(path=flow["path"], flow={"attributes": {"a": 2}})
    hl.log(id=flow["id"])
    page = hl.ok("GET", "logs", query=[("file_id", flow["id"]), ("version_id", second["version_id"])])
    equal("the ids", [one["id"] for one in page["records"]], [second["id"]])


@lists.documented("4.2")
def deleted(hl: Humanloop) -> None:
    """Logs are deleted by their ids in the query, several at once."""
    flow = hl.flow()
    ids = [hl.log(id=flow["id"])["id"] for _ in range(3)]
    hl.ok("DELETE", "logs", query=[("id", ids[0]), ("id", ids[1])], status=204)
    page = hl.ok("GET", "logs", query=[("file_id", flow["id"])])
    equal("the ids", [one["id"] for one in page["records"]], [ids[2]])
    hl.refused("GET", "logs", ids[0], status=404)


@lists.presumed("8.49")
def delete_without_an_id(hl: Humanloop) -> None:
    """Without an id nothing is deleted: 422."""
    hl.refused("DELETE", "logs", status=422)


@lists.documented("2.9")
def gone_with_the_flow(hl: Humanloop) -> None:
    """Logs go with their flow."""
    flow = hl.flow()
    log = hl.log(id=flow["id"])["id"]
    hl.ok("DELETE", "flows", flow["id"], status=204)
    hl.refused("GET", "logs", log, status=404)


@lists.documented("4.2")
def of_an_old_version(hl: Humanloop) -> None:
    """A log shows the version that it was written against, whatever became of the file since."""
    flow = hl.flow(attributes={"a": 1})
    log = hl.log(id=flow["id"])["id"]
    hl.flow(path=flow["path"], attributes={"a": 2})
    contains("attributes", hl.read_log(log)["flow"]["attributes"], "a")
    equal("attributes", hl.read_log(log)["flow"]["attributes"], {"a": 1})


AREAS = (create, change, lists)
