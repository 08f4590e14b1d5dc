"""InvokeFlow through boto3: what is told, in which order, and where each error shows (bedrock 4)."""

from __future__ import annotations

import json
import re
import socket
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests import stores
from tests.contract.bedrock.running import (
    Invoked,
    chain,
    code,
    connection,
    function,
    furnished,
    install,
    invoke,
    prompt,
)
from tests.contract.bedrock.things import CREDENTIALS, ROLE, definition, new_name, refused, send
from tests.contract.conftest import LiveServer

pytestmark = pytest.mark.live
WITHIN_S = 60


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    live = furnished(tmp_path_factory.mktemp("invoke"), answer_timeout="3600").start()
    yield live
    assert live.stop() == 0


@pytest.fixture(scope="module")
def agent_client(server: LiveServer) -> Any:
    return server.boto()


@pytest.fixture(scope="module")
def runtime(server: LiveServer) -> Any:
    return server.boto("bedrock-agent-runtime", read_timeout=40)


def echo(text: str = "value") -> dict[str, Any]:
    """A flow that gives what its code makes of its document."""
    return chain(("Work", "InlineCode", code(text)))


def executions(server: LiveServer, flow: str) -> list[dict[str, Any]]:
    answer = send(
        server.url, "GET", f"/console/executions?flow={flow}&take=100", headers={"x-api-key": "any"}
    )
    assert answer.status == 200, answer.body
    found: list[dict[str, Any]] = answer.json()["executions"]
    return found


def eventually(look: Any) -> Any:
    """The first true answer."""
    end = time.monotonic() + WITHIN_S
    while not (found := look()):
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.02)
    return found


# What is told


def test_the_head_names_the_execution_and_the_request(runtime: Any, agent_client: Any) -> None:
    found = invoke(runtime, install(agent_client, echo()), "hi")
    metadata = found.response["ResponseMetadata"]
    assert metadata["HTTPStatusCode"] == 200
    headers = metadata["HTTPHeaders"]
    assert headers["content-type"] == "application/vnd.amazon.eventstream"
    assert headers["x-amz-bedrock-flow-execution-id"] == found.id
    assert uuid.UUID(found.id).version == 4
    assert headers["x-amzn-requestid"]
    assert found.events == [
        {
            "flowOutputEvent": {
                "nodeName": "FlowOutput",
                "nodeType": "FlowOutputNode",
                "content": {"document": "hi"},
            }
        },
        {"flowCompletionEvent": {"completionReason": "SUCCESS"}},
    ]


def test_traces_tell_all_of_a_prompt(runtime: Any, agent_client: Any) -> None:
    flow = install(agent_client, chain(("Ask", "Prompt", prompt("Say {{text}}!"))))
    found = invoke(runtime, flow, "it", enableTrace=True)
    assert found.order == [
        "FlowInput Output",
        "Ask Input",
        "Ask Action",
        "Ask Output",
        "FlowOutput Input",
        "FlowOutput says",
    ]
    traces = {(kind, node): trace for kind, node, trace in found.traces}
    (given,) = traces["nodeInputTrace", "Ask"]["fields"]
    assert given == {
        "nodeInputName": "text",
        "content": {"document": "it"},
        "type": "String",
        "source": {"nodeName": "FlowInput", "outputFieldName": "document", "expression": "$.data"},
    }
    (gives,) = traces["nodeOutputTrace", "Ask"]["fields"]
    assert gives == {
        "nodeOutputName": "modelCompletion",
        "content": {"document": "Said."},
        "type": "String",
        "next": [{"nodeName": "FlowOutput", "inputFieldName": "document"}],
    }
    action = traces["nodeActionTrace", "Ask"]
    assert (action["serviceName"], action["operationName"]) == ("Bedrock", "InvokeModel")
    assert "Say it!" in json.dumps(action["operationRequest"])


def test_a_wanted_latency_reaches_the_model(runtime: Any, agent_client: Any) -> None:
    flow = install(agent_client, chain(("Ask", "Prompt", prompt())))
    for wanted in ("optimized", "standard"):
        performance = {"performanceConfig": {"latency": wanted}}
        found = invoke(runtime, flow, "hi", enableTrace=True, modelPerformanceConfiguration=performance)
        (action,) = [trace for kind, _, trace in found.traces if kind == "nodeActionTrace"]
        assert action["operationRequest"]["performanceConfig"] == {"latency": wanted}
    with refused("ValidationException", 400, "latency"):
        invoke(runtime, flow, "hi", modelPerformanceConfiguration={"performanceConfig": {"latency": "fast"}})


def test_times_have_nine_digits_and_a_z(server: LiveServer, agent_client: Any) -> None:
    flow = install(agent_client, echo())
    body = {"inputs": [{"nodeName": "FlowInput", "content": {"document": "x"}}], "enableTrace": True}
    answer = send(server.url, "POST", f"/flows/{flow}/aliases/TSTALIASID", body, headers=CREDENTIALS)
    times = re.findall(rb'"timestamp":"([^"]+)"', answer.body)
    assert len(times) == 4
    assert all(re.fullmatch(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", one) for one in times)


def test_the_head_comes_before_anything_has_run(runtime: Any, agent_client: Any) -> None:
    flow = install(agent_client, chain(("Late", "Prompt", prompt())))
    given = [{"nodeName": "FlowInput", "content": {"document": "x"}}]
    response = runtime.invoke_flow(
        flowIdentifier=flow, flowAliasIdentifier="TSTALIASID", inputs=given, enableTrace=True
    )
    started = time.monotonic()
    stream = iter(response["responseStream"])
    assert "nodeOutputTrace" in next(stream)["flowTraceEvent"]["trace"]
    assert "nodeInputTrace" in next(stream)["flowTraceEvent"]["trace"]
    assert time.monotonic() - started < 3, "frames wait for the node that is still at work"
    assert [next(iter(event)) for event in stream][-1] == "flowCompletionEvent"


# What runs


def versioned(agent_client: Any) -> tuple[str, str]:
    """A flow of which version 1 says one, the snapshot two, and the draft three; and an alias at 1."""
    flow = install(agent_client, echo("'one'"))
    agent_client.create_flow_version(flowIdentifier=flow)
    alias = agent_client.create_flow_alias(
        flowIdentifier=flow, name=new_name(), routingConfiguration=[{"flowVersion": "1"}]
    )["id"]
    edit(agent_client, flow, "'two'")
    agent_client.prepare_flow(flowIdentifier=flow)
    edit(agent_client, flow, "'three'")
    return flow, alias


def edit(agent_client: Any, flow: str, text: str) -> None:
    name = agent_client.get_flow(flowIdentifier=flow)["name"]
    agent_client.update_flow(flowIdentifier=flow, name=name, executionRoleArn=ROLE, definition=echo(text))


def test_an_alias_runs_its_version_and_the_test_alias_the_snapshot(runtime: Any, agent_client: Any) -> None:
    flow, alias = versioned(agent_client)
    assert invoke(runtime, flow, "x", alias=alias).outputs == [("FlowOutput", "one")]
    assert invoke(runtime, flow, "x").outputs == [("FlowOutput", "two")]
    agent_client.prepare_flow(flowIdentifier=flow)
    assert invoke(runtime, flow, "x").outputs == [("FlowOutput", "three")]


def test_a_moved_alias_holds_from_the_next_call(runtime: Any, agent_client: Any) -> None:
    flow, alias = versioned(agent_client)
    agent_client.prepare_flow(flowIdentifier=flow)
    agent_client.create_flow_version(flowIdentifier=flow)
    agent_client.update_flow_alias(
        flowIdentifier=flow,
        aliasIdentifier=alias,
        name=new_name(),
        routingConfiguration=[{"flowVersion": "2"}],
    )
    assert invoke(runtime, flow, "x", alias=alias).outputs == [("FlowOutput", "three")]


def test_every_form_of_identifier_is_understood(server: LiveServer, runtime: Any, agent_client: Any) -> None:
    flow, alias = versioned(agent_client)
    arn = agent_client.get_flow(flowIdentifier=flow)["arn"]
    deployed_to = server.humanloop().flows
    for flow_form in (flow, arn):
        for alias_form in (alias, f"{arn}/alias/{alias}"):
            assert invoke(runtime, flow_form, "x", alias=alias_form).outputs == [("FlowOutput", "one")]
        assert invoke(runtime, flow_form, "x", alias=f"{arn}/alias/TSTALIASID").outputs == [
            ("FlowOutput", "two")
        ]
    version = deployed_to.list_versions(id=flow).records[0]
    environment = deployed_to.list_environments(id=flow)[0]
    deployed_to.set_deployment(id=flow, environment_id=environment.id, version_id=version.version_id)
    assert invoke(runtime, flow, "x", alias=environment.name).outputs == [("FlowOutput", "one")]
    (run, *_) = eventually(lambda: [one for one in executions(server, flow) if one["environment_id"]])
    assert run["environment_id"] == environment.id
    assert (run["number"], run["version_id"]) == (1, version.version_id)
    assert re.fullmatch("[A-Z0-9]{10}", run["pointer_id"])
    assert invoke(runtime, flow, "x", alias=run["pointer_id"]).outputs == [("FlowOutput", "one")]


def test_a_flow_made_by_upsert_runs_in_its_environment(server: LiveServer, runtime: Any) -> None:
    made = server.humanloop().flows.upsert(
        path=new_name(), attributes={"definition": echo("'upserted'"), "x": None}
    )
    assert invoke(runtime, made.id, "x", alias="production").outputs == [("FlowOutput", "upserted")]


# Where each error shows (table 4.6)


def refused_invoke(runtime: Any, flow: str, alias: str = "TSTALIASID", **options: Any) -> Any:
    given = options.pop("inputs", [{"nodeName": "FlowInput", "content": {"document": "x"}}])
    return runtime.invoke_flow(flowIdentifier=flow, flowAliasIdentifier=alias, inputs=given, **options)


def test_what_is_unknown_is_not_found(runtime: Any, agent_client: Any) -> None:
    flow, alias = versioned(agent_client)
    with refused("ResourceNotFoundException", 404, "UNKNOWN000"):
        refused_invoke(runtime, "UNKNOWN000")
    with refused("ResourceNotFoundException", 404, "UNKNOWN000"):
        refused_invoke(runtime, flow, "UNKNOWN000")
    with refused("ResourceNotFoundException", 404, "production"):
        refused_invoke(runtime, flow, "production")
    agent_client.delete_flow_version(flowIdentifier=flow, flowVersion="1", skipResourceInUseCheck=True)
    with refused("ResourceNotFoundException", 404, "Version 1"):
        refused_invoke(runtime, flow, alias)


def test_a_request_of_the_wrong_shape_is_invalid(runtime: Any, agent_client: Any) -> None:
    flow = install(agent_client, echo())
    one = {"nodeName": "FlowInput", "content": {"document": "x"}}
    with refused("ValidationException", 400, "inputs"):
        refused_invoke(runtime, flow, inputs=[one, one])
    with refused("ValidationException", 400, "executionId"):
        refused_invoke(runtime, flow, executionId="not valid!")
    with refused("ValidationException", 400):
        refused_invoke(
            runtime, flow, "arn:aws:bedrock:us-east-1:000000000000:flow/OTHERFLOW1/alias/TSTALIASID"
        )


def test_a_draft_that_was_never_prepared_is_a_conflict(runtime: Any, agent_client: Any) -> None:
    flow = agent_client.create_flow(name=new_name(), executionRoleArn=ROLE, definition=definition())["id"]
    with refused("ConflictException", 409, "InvokeFlow", "NotPrepared"):
        refused_invoke(runtime, flow)


def test_an_unsound_version_is_a_conflict(server: LiveServer, runtime: Any) -> None:
    unsound = {"nodes": echo()["nodes"], "connections": []}
    made = server.humanloop().flows.upsert(path=new_name(), attributes={"definition": unsound})
    with refused("ConflictException", 409, "InvokeFlow", "Failed"):
        refused_invoke(runtime, made.id, "production")


CASES: list[tuple[str, dict[str, Any], str, str, str | None]] = [
    (
        "a number",
        chain(("Work", "InlineCode", code("value")), type="Number"),
        "validationException",
        "Expected type for Node Output document of Node FlowInput to be NUMBER. Actual type is STRING.",
        None,
    ),
    (
        "an output's type",
        echo("1"),
        "validationException",
        "Expected type for Node Output response of Node Work to be STRING. Actual type is NUMBER.",
        None,
    ),
    (
        "code that fails",
        echo("1 / 0"),
        "dependencyFailedException",
        "Node Work failed: ZeroDivisionError",
        "InlineCode",
    ),
    (
        "a model refused",
        chain(("Wrong", "Prompt", prompt())),
        "dependencyFailedException",
        "Node Wrong failed: no such model",
        "Amazon Bedrock",
    ),
    (
        "a model out of order",
        chain(("Gone", "Prompt", prompt())),
        "badGatewayException",
        "Node Gone failed: no answer",
        "Amazon Bedrock",
    ),
    (
        "a model too busy",
        chain(("Busy", "Prompt", prompt())),
        "throttlingException",
        "Node Busy failed: too fast",
        None,
    ),
    (
        "a model forbidden",
        chain(("Denied", "Prompt", prompt())),
        "accessDeniedException",
        "Node Denied failed: no right",
        None,
    ),
    (
        "a function out of reach",
        chain(("Call", "LambdaFunction", function("unreachable"))),
        "badGatewayException",
        "Node Call failed:",
        "Lambda",
    ),
    (
        "a function unknown",
        chain(("Call", "LambdaFunction", function("nowhere"))),
        "dependencyFailedException",
        "Node Call failed:",
        "Lambda",
    ),
]


@pytest.mark.parametrize(("of", "flow", "name", "message", "resource"), CASES, ids=[one[0] for one in CASES])
def test_what_goes_wrong_in_a_run_is_told_in_the_stream(
    server: LiveServer,
    runtime: Any,
    agent_client: Any,
    of: str,
    flow: dict[str, Any],
    name: str,
    message: str,
    resource: str | None,
) -> None:
    found = invoke(runtime, install(agent_client, flow), "text")
    assert found.error is not None
    assert found.error[0] == name
    assert found.error[1].startswith(message)
    assert found.completion == []
    body = {"inputs": [{"nodeName": "FlowInput", "content": {"document": "text"}}]}
    raw = send(server.url, "POST", f"/flows/{install(agent_client, flow)}/aliases/TSTALIASID", body)
    assert (f'"resourceName":"{resource}"'.encode() in raw.body) == (resource is not None)


def test_an_unknown_input_node_is_told_in_the_stream(runtime: Any, agent_client: Any) -> None:
    found = invoke(runtime, install(agent_client, echo()), "x", node="Elsewhere")
    assert found.error is not None
    assert found.error[0] == "validationException"
    assert "Elsewhere" in found.error[1]


def test_outputs_before_a_failure_stay_sent(runtime: Any, agent_client: Any) -> None:
    flow = chain(("Wrong", "Prompt", prompt()))
    flow["nodes"].insert(
        1,
        {
            "name": "Early",
            "type": "Output",
            "inputs": [{"name": "document", "type": "String", "expression": "$.data"}],
        },
    )
    flow["connections"].append(connection("FlowInput", "document", "Early", "document"))
    found = invoke(runtime, install(agent_client, flow), "x")
    assert found.outputs == [("Early", "x")]
    assert found.error is not None
    assert found.completion == []


def test_a_reader_may_not_run(make_server: Any) -> None:
    live = make_server()
    admin, reader, runner = make_keys(live)
    flow = install(client(live, "bedrock-agent", admin), echo())
    with refused("AccessDeniedException", 403, "runner"):
        refused_invoke(client(live, "bedrock-agent-runtime", reader), flow)
    found = invoke(client(live, "bedrock-agent-runtime", runner), flow, "x")
    assert found.outputs == [("FlowOutput", "x")]


def make_keys(live: LiveServer) -> list[dict[str, str]]:
    """The keys of an admin, a reader and a runner."""
    made: list[dict[str, str]] = []
    for right in ("admin", "reader", "runner"):
        shown = made[0]["api_key"] if made else "any"
        body = {"email": f"{right}@example.com", "right": right}
        answer = send(live.url, "POST", "/console/keys", body, headers={"x-api-key": shown})
        assert answer.status == 201, answer.body
        made.append(answer.json())
    return made


def client(live: LiveServer, service: str, key: dict[str, str]) -> Any:
    return live.boto(service, access_key=key["access_key_id"], secret_key=key["secret_access_key"])


# Limits


def test_time_runs_out_for_a_node_and_for_a_flow(tmp_path: Any) -> None:
    flow = chain(("Slow", "Prompt", prompt()))
    for settings, expected in (
        (
            {"node_timeout": "1"},
            ("dependencyFailedException", "Node Slow failed: it did not end within 1 seconds"),
        ),
        ({"execution_timeout": "1"}, ("internalServerException", "The flow did not end within 1 seconds.")),
    ):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        live = furnished(folder, **settings).start()
        try:
            found = invoke(live.boto("bedrock-agent-runtime"), install(live.boto(), flow), "x")
            assert found.error == expected
        finally:
            live.stop()


def test_only_so_many_run_at_the_same_time(tmp_path: Any) -> None:
    live = furnished(tmp_path, concurrent_runs="1").start()
    try:
        runtime = live.boto("bedrock-agent-runtime")
        flow = install(live.boto(), chain(("Short", "Prompt", prompt())))
        first = refused_invoke(runtime, flow)
        with refused("ServiceQuotaExceededException", 400, "1"):
            refused_invoke(runtime, flow)
        assert Invoked(first).outputs == [("FlowOutput", "soon")]
        assert invoke(runtime, flow, "x").outputs == [("FlowOutput", "soon")]
    finally:
        live.stop()


def test_too_many_calls_are_throttled_before_anything_runs(make_server: Any) -> None:
    live = make_server(rate_limit="0.001", rate_burst="2", store="memory:")
    runtime = live.boto("bedrock-agent-runtime")
    flow = install(live.boto(), echo())
    for _ in range(2):
        assert invoke(runtime, flow, "x").outputs == [("FlowOutput", "x")]
    with refused("ThrottlingException", 429) as caught:
        refused_invoke(runtime, flow)
    assert int(caught.value.response["ResponseMetadata"]["HTTPHeaders"]["retry-after"]) > 0
    assert live.boto().get_flow(flowIdentifier=flow)["id"] == flow, "each operation has a rate of its own"


def test_many_runs_at_the_same_time_do_not_mix(runtime: Any, agent_client: Any) -> None:
    flow = install(
        agent_client, chain(("Short", "Prompt", prompt()), ("Call", "LambdaFunction", function("double")))
    )
    started = time.monotonic()
    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(lambda n: invoke(runtime, flow, str(n), enableTrace=True), range(20)))
    assert time.monotonic() - started < WITHIN_S
    assert len({one.id for one in found}) == 20
    for number, one in enumerate(found):
        assert one.outputs == [("FlowOutput", "soonsoon")]
        assert one.traces[0][2]["fields"][0]["content"]["document"] == str(number)


def test_a_caller_that_goes_away_stops_the_run(server: LiveServer, agent_client: Any) -> None:
    flow = install(agent_client, chain(("Slow", "Prompt", prompt())))
    parts = urlsplit(server.url)
    body = json.dumps(
        {"inputs": [{"nodeName": "FlowInput", "content": {"document": "x"}}], "enableTrace": True}
    )
    with socket.create_connection((parts.hostname, parts.port or 80)) as line:
        line.sendall(
            f"POST /flows/{flow}/aliases/TSTALIASID HTTP/1.1\r\nhost: {parts.netloc}\r\n"
            f"authorization: {CREDENTIALS['authorization']}\r\ncontent-length: {len(body)}\r\n\r\n{body}".encode()
        )
        seen = b""
        while b"nodeInputTrace" not in seen:
            seen += line.recv(65536)
    (run,) = eventually(lambda: [one for one in executions(server, flow) if one["status"] == "Aborted"])
    assert run["ended_at"] is not None


# What is kept


def test_a_run_is_kept_with_its_events(server: LiveServer, runtime: Any, agent_client: Any) -> None:
    flow = install(agent_client, chain(("Ask", "Prompt", prompt())))
    found = invoke(runtime, flow, "hi")
    (run,) = eventually(lambda: [one for one in executions(server, flow) if one["status"] == "Succeeded"])
    assert (run["name"], run["input"], run["output"]) == (found.id, '"hi"', '"Said."')
    assert (run["input_tokens"], run["output_tokens"], run["is_draft"]) == (7, 2, True)
    answer = send(server.url, "GET", f"/console/executions/{run['id']}/events", headers={"x-api-key": "any"})
    kept = [event["event"] for event in answer.json()["events"]]
    assert kept == [
        "flow_started",
        "node_finished",
        "node_started",
        "node_acted",
        "node_finished",
        "node_started",
        "flow_output",
        "flow_finished",
    ]
    assert run["events_count"] == len(kept)


@pytest.mark.parametrize(("keeps", "count"), [("metadata", 8), ("none", 0)])
def test_no_more_is_kept_than_wanted(tmp_path: Any, keeps: str, count: int) -> None:
    live = furnished(tmp_path, keep_content=keeps, wait_for_record="true").start()
    try:
        flow = install(live.boto(), chain(("Ask", "Prompt", prompt("{{text}} whisper"))))
        invoke(live.boto("bedrock-agent-runtime"), flow, "secret", enableTrace=True)
        (run,) = executions(live, flow)
        assert (run["status"], run["input"], run["output"], run["input_tokens"]) == (
            "Succeeded",
            None,
            None,
            7,
        )
        answer = send(
            live.url, "GET", f"/console/executions/{run['id']}/events", headers={"x-api-key": "any"}
        )
        assert len(answer.json()["events"]) == count
        for word in (b"secret", b"whisper", b"Said."):
            assert word not in answer.body
    finally:
        live.stop()


def test_what_ran_when_the_server_was_killed_has_failed(tmp_path: Any) -> None:
    live = furnished(tmp_path, process_timeout="2").start()
    flow = install(live.boto(), chain(("Slow", "Prompt", prompt())))
    refused_invoke(live.boto("bedrock-agent-runtime"), flow, executionId="killed.one")
    eventually(lambda: executions(live, flow))
    live.kill()
    live.start()
    try:
        if stores.IS_POSTGRES:  # others might carry it out, so it takes the timeout to know
            eventually(lambda: executions(live, flow)[0]["status"] == "Failed")
        (run,) = executions(live, flow)
        assert (run["status"], run["error"]) == ("Failed", "The server stopped while this was running.")
        refused_invoke(live.boto("bedrock-agent-runtime"), flow, executionId="killed.one").pop(
            "responseStream"
        ).close()
    finally:
        live.stop()
