"""A server whose flows have something to call, and flows to run on it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.contract.bedrock.things import FLOWS_FOLDER, ROLE, new_name
from tests.contract.conftest import LiveServer

CONFIG = """
[models.providers.script]
type = "scripted"
file = "answers.json"

[[models.route]]
match = "*"
provider = "script"

[[objects.route]]
type = "folder"
match = "*"
root = "buckets"

[[knowledge.route]]
type = "local"
match = "KB00000001"
name = "handbook"

[[agents.route]]
type = "local"
match = "*AGENT0000*"
model = "an-agent"
instructions = "Help."

[[functions.route]]
type = "handler"
match = "double"
handler = "handlers:double"

[[functions.route]]
type = "http"
match = "unreachable"
url = "http://127.0.0.1:9/"
allow_private = true

[handlers]
path = ["."]
"""

HANDLERS = """
def double(event, context):
    (given,) = event["node"]["inputs"]
    return given["value"] * 2

"""

ASK = {"toolUse": {"toolUseId": "t1", "name": "ask_user", "input": {"question": "Which colour?"}}}

QUESTION: dict[str, Any] = {"content": [ASK], "stop_reason": "tool_use"}
GREEN = {"text": "Green it is.", "input_tokens": 5, "output_tokens": 3}

ANSWERS: list[dict[str, Any]] = [
    {"node": "Prompt_categorize_input", "text": "configure S3", "answer": "DOCUMENTATION"},
    {"node": "Prompt_categorize_input", "answer": "GENERIC"},
    {"node": "Prompt_answer_professionally", "text": "professional tone", "answer": "With pleasure."},
    {"node": "KnowledgeBaseNode_1", "text": "Buckets are made", "answer": "In the console."},
    {"node": "DocumentRetrieval", "text": "X is a letter", "answer": "A letter."},
    {"node": "PromptProcessor", "text": "^say one$", "answer": "one"},
    {"node": "PromptProcessor", "text": "^say two$", "answer": "two"},
    {"node": "PromptProcessor", "text": "^say three$", "answer": "three"},
    {"node": "AgentsNode_2", "text": "from the first$", "answer": "from the second"},
    {"node": "AgentsNode_1", "text": "ask, I am Ada(.|\\n)*teal$", "answer": "Teal it is, Ada."},
    {
        "node": "AgentsNode_1",
        "text": "green$",
        "answer": GREEN,
    },
    {"node": "AgentsNode_1", "text": "ask late", "answer": {**QUESTION, "delay_s": 2}},
    {"node": "AgentsNode_1", "text": "ask twice", "answers": [QUESTION, QUESTION, GREEN]},
    {"node": "AgentsNode_1", "text": "ask", "answers": [QUESTION, GREEN]},
    {"node": "AgentsNode_1", "answer": "from the first"},
    {"node": "GenerateResponse", "text": "hello", "answer": "Hello to you."},
    {"node": "classify_document", "text": "text(.|\\n)*A,B", "answer": "A"},
    {"node": "map_to_json", "text": "the letter's text", "answer": '{"is": "json"}'},
    {"node": "analyze_doc", "text": "json|letter", "answer": "analysed"},
    {"node": "Validate_Input", "text": "Pride", "answer": "yes"},
    {"node": "Validate_Input", "answer": "no"},
    {"node": "Invalid_Input", "text": "Gravel", "answer": "That is no book."},
    {"node": "Generate_Book_Summary", "answer": "A summary."},
    {"node": "Get_Book_Target_Audience", "answer": "Everybody."},
    {"node": "Generate_Book_Advertisement", "text": "A summary\\.", "answer": "Buy it!"},
    {"node": "Invoke", "text": "foundation model", "answer": "A large one."},
    {"node": "Evaluate", "text": "A large one\\.", "answer": "Good."},
    {
        "node": "MakePlaylist",
        "text": "^Make me a pop playlist consisting of the following number of songs: 3\\.$",
        "answer": "Three songs.",
    },
    {"node": "Prompt_1", "text": "foundation model|rain", "answer": "An answer."},
    {"node": "Slow", "answer": {"text": "late", "delay_s": 30}},
    {"node": "Late", "answer": {"text": "late", "delay_s": 4}},
    {"node": "Short", "answer": {"text": "soon", "delay_s": 0.5}},
    {"node": "Denied", "answer": {"error": {"fault": "denied", "message": "no right"}}},
    {"node": "Gone", "answer": {"error": {"fault": "gateway", "message": "no answer"}}},
    {"node": "Busy", "answer": {"error": {"fault": "throttled", "message": "too fast"}}},
    {"node": "Wrong", "answer": {"error": {"fault": "dependency", "message": "no such model"}}},
    {"node": "Ask", "answer": {"text": "Said.", "input_tokens": 7, "output_tokens": 2}},
]


def furnish(folder: Path) -> dict[str, str]:
    """Write down what flows may call; the settings that a server needs for it."""
    from headrace.backends.knowledge.documents import read_document
    from headrace.backends.knowledge.local import LocalKnowledge, beside

    (folder / "headrace.toml").write_text(CONFIG)
    (folder / "handlers.py").write_text(HANDLERS)
    (folder / "answers.json").write_text(json.dumps({"answers": ANSWERS}))
    bucket = folder / "buckets" / "flows-test-bucket" / "in"
    bucket.mkdir(parents=True)
    (bucket / "a.txt").write_text("the letter's text")
    knowledge = LocalKnowledge(beside(folder / "headrace.db"))
    knowledge.create("handbook")
    page = folder / "handbook.md"
    page.write_text("How to configure S3: Buckets are made in the console.\n\nWhat is X? X is a letter.")
    knowledge.add("handbook", read_document(page, source="handbook.md"))
    knowledge_file = str(beside(folder / "headrace.db"))
    return {
        "store": f"sqlite:///{folder}/headrace.db",
        "config": str(folder / "headrace.toml"),
        "knowledge": knowledge_file,
    }


def furnished(folder: Path, **settings: str) -> LiveServer:
    """A server, not yet started, with something to call."""
    wanted = furnish(folder) | settings
    return LiveServer(store=wanted.pop("store"), settings=wanted)


class Invoked:
    """What came out of InvokeFlow.

    Attributes:
        id: the execution's.
        events: in order, as botocore decodes them.
        error: the code and the message of the exception that ended the stream; None when none did.
    """

    def __init__(self, response: Mapping[str, Any]) -> None:
        from botocore.exceptions import EventStreamError

        self.id: str = response["executionId"]
        self.response = response
        self.events: list[dict[str, Any]] = []
        self.error: tuple[str, str] | None = None
        self.failure: dict[str, Any] = {}
        try:
            for event in response["responseStream"]:
                self.events.append(event)
        except EventStreamError as failed:
            self.failure = failed.response
            self.error = (failed.response["Error"]["Code"], failed.response["Error"]["Message"])

    def of(self, member: str) -> list[dict[str, Any]]:
        return [event[member] for event in self.events if member in event]

    @property
    def outputs(self) -> list[tuple[str, Any]]:
        return [(one["nodeName"], one["content"]["document"]) for one in self.of("flowOutputEvent")]

    @property
    def question(self) -> tuple[str, Any] | None:
        found = self.of("flowMultiTurnInputRequestEvent")
        return (found[0]["nodeName"], found[0]["content"]["document"]) if found else None

    @property
    def completion(self) -> list[str]:
        return [one["completionReason"] for one in self.of("flowCompletionEvent")]

    @property
    def traces(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Kind, node and content."""
        found = [next(iter(one["trace"].items())) for one in self.of("flowTraceEvent")]
        return [(kind, trace["nodeName"], trace) for kind, trace in found]

    @property
    def order(self) -> list[str]:
        """The nodes and kinds of the traces, shortened, with the outputs between them."""
        words = []
        for event in self.events:
            if "flowTraceEvent" in event:
                ((kind, trace),) = event["flowTraceEvent"]["trace"].items()
                words.append(f"{trace['nodeName']} {kind.removeprefix('node').removesuffix('Trace')}")
            elif "flowOutputEvent" in event:
                words.append(f"{event['flowOutputEvent']['nodeName']} says")
        return words


def invoke(
    client: Any,
    flow: str,
    document: Any,
    *,
    alias: str = "TSTALIASID",
    node: str = "FlowInput",
    answers: bool = False,
    **options: Any,
) -> Invoked:
    """InvokeFlow, read to its end."""
    given: dict[str, Any] = {"nodeName": node, "content": {"document": document}}
    given["nodeInputName" if answers else "nodeOutputName"] = "agentInputText" if answers else "document"
    return Invoked(
        client.invoke_flow(flowIdentifier=flow, flowAliasIdentifier=alias, inputs=[given], **options)
    )


def corpus(name: str) -> Any:
    """A definition of the corpus."""
    assert FLOWS_FOLDER
    return json.loads((Path(FLOWS_FOLDER) / name).read_text())


def install(client: Any, definition: dict[str, Any], prompts: Iterable[Mapping[str, Any]] = ()) -> str:
    """Make and prepare a flow, with the prompts that it refers to; its id."""
    known = {one["arn"]: one for one in prompts}
    for node in definition["nodes"]:
        source = node.get("configuration", {}).get("prompt", {}).get("sourceConfiguration", {})
        if "resource" in source:
            arn = source["resource"]["promptArn"]
            source["resource"]["promptArn"] = _make_prompt(client, node, known.get(arn), arn)
    flow = client.create_flow(name=new_name(), executionRoleArn=ROLE, definition=definition)["id"]
    client.prepare_flow(flowIdentifier=flow)
    found = client.get_flow(flowIdentifier=flow)
    assert found["status"] == "Prepared", found["validations"]
    return str(flow)


def _make_prompt(client: Any, node: Mapping[str, Any], known: Mapping[str, Any] | None, arn: str) -> str:
    names = [one["name"] for one in node["inputs"]]
    variant = {
        "name": "default",
        "templateType": "TEXT",
        "modelId": "a-model",
        "templateConfiguration": {
            "text": {
                "text": "\n".join(f"{name}: {{{{{name}}}}}" for name in names),
                "inputVariables": [{"name": name} for name in names],
            }
        },
    }
    variants = known["variants"] if known else [variant]
    made = client.create_prompt(
        name=new_name("prompt"), variants=variants, defaultVariant=variants[0]["name"]
    )
    if arn.count(":") == 5:
        return str(made["arn"])
    return str(client.create_prompt_version(promptIdentifier=made["id"])["arn"])


def chain(*nodes: tuple[str, str, dict[str, Any]], type: str = "String") -> dict[str, Any]:
    """An input, nodes one after another (name, type, configuration), an output."""
    ports = {
        "Prompt": ("text", "modelCompletion"),
        "LambdaFunction": ("value", "functionResponse"),
        "InlineCode": ("value", "response"),
        "Agent": ("agentInputText", "agentResponse"),
        "Retrieval": ("objectKey", "s3Content"),
    }
    made: list[dict[str, Any]] = [
        {"name": "FlowInput", "type": "Input", "outputs": [{"name": "document", "type": type}]}
    ]
    connections = []
    before = ("FlowInput", "document")
    for name, kind, configuration in nodes:
        given, gives = ports[kind]
        made.append(
            {
                "name": name,
                "type": kind,
                "configuration": configuration,
                "inputs": [{"name": given, "type": type, "expression": "$.data"}],
                "outputs": [{"name": gives, "type": type}],
            }
        )
        connections.append(connection(*before, name, given))
        before = (name, gives)
    made.append(
        {
            "name": "FlowOutput",
            "type": "Output",
            "inputs": [{"name": "document", "type": type, "expression": "$.data"}],
        }
    )
    connections.append(connection(*before, "FlowOutput", "document"))
    return {"nodes": made, "connections": connections}


def connection(source: str, output: str, target: str, given: str) -> dict[str, Any]:
    return {
        "name": f"{source}{output}{target}{given}",
        "type": "Data",
        "source": source,
        "target": target,
        "configuration": {"data": {"sourceOutput": output, "targetInput": given}},
    }


def prompt(text: str = "{{text}}") -> dict[str, Any]:
    """An inline prompt's configuration."""
    inline = {
        "modelId": "a-model",
        "templateType": "TEXT",
        "templateConfiguration": {"text": {"text": text, "inputVariables": [{"name": "text"}]}},
    }
    return {"prompt": {"sourceConfiguration": {"inline": inline}}}


def code(text: str) -> dict[str, Any]:
    """An InlineCode's configuration."""
    return {"inlineCode": {"code": text, "language": "Python_3"}}


def function(name: str) -> dict[str, Any]:
    """A LambdaFunction's configuration."""
    return {"lambdaFunction": {"lambdaArn": f"arn:aws:lambda:us-east-1:111122223333:function:{name}"}}


def agent() -> dict[str, Any]:
    """An Agent's configuration."""
    return {
        "agent": {"agentAliasArn": "arn:aws:bedrock:us-east-1:111122223333:agent-alias/AGENT00001/ALIAS00001"}
    }
