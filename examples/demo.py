"""One server, two APIs, told step by step with the real boto3 and humanloop packages.

Run it with `make demo`. It starts `headrace serve` with a new store in a temporary directory, checks every
answer, and ends with status 1 at the first one that is not as promised.
"""

from __future__ import annotations

import copy
import io
import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import boto3
from botocore.client import BaseClient
from humanloop import Humanloop
from runs import Runs
from stage import BrokenPromise, Server, Story, refusal, reordered

EXAMPLES = Path(__file__).resolve().parent
ROLE = "arn:aws:iam::000000000000:role/flows"
SPENT_TOKEN = "demo-support-triage-release-one-of-monday"


class Demo:
    """The steps, in order; each uses what the ones before it made."""

    def __init__(self, story: Story, server: Server) -> None:
        self._say = story
        self._server = server
        self._agent = self._boto3("bedrock-agent")
        self._runtime = self._boto3("bedrock-agent-runtime")
        self._loop = Humanloop(api_key="any", base_url=f"{server.url}/v5")
        self._definition = json.loads((EXAMPLES / "support_triage.json").read_text())
        self._flow = ""

    def run(self) -> None:
        """All steps."""
        self.create()
        self.release()
        self.edit()
        self.release_unchanged()
        self.look_from_humanloop()
        self.upsert_the_same()
        self.upsert_something_new()
        self.cross_back()
        self.deploy()
        self.run_it()
        self.pull_the_plug()

    def create(self) -> None:
        """A flow with a draft."""
        say = self._say
        say.step("Create a flow and prepare it")
        say.call("boto3", 'create_flow(name="SupportTriage", definition=<examples/support_triage.json>)')
        made = self._agent.create_flow(
            name="SupportTriage", executionRoleArn=ROLE, definition=self._definition
        )
        self._flow = made["id"]
        say.promise(made["status"] == "NotPrepared", f"flow {self._flow}, status {made['status']}")
        say.call("boto3", f'prepare_flow(flowIdentifier="{self._flow}")')
        self._agent.prepare_flow(flowIdentifier=self._flow)
        found = self._agent.get_flow(flowIdentifier=self._flow)
        say.promise(
            found["status"] == "Prepared", f"status {found['status']}: all rules were checked at once"
        )
        say.promise(found["validations"] == [], "no findings in its 10 nodes and 17 connections")
        say.promise(found["definition"] == self._definition, "the definition comes back exactly as sent")

    def release(self) -> None:
        """Number 1, and a retry of it."""
        say = self._say
        say.step("Release version 1, and retry as if the answer had been lost")
        say.call("boto3", f'create_flow_version(flowIdentifier="{self._flow}", clientToken="demo-…")')
        first = self._agent.create_flow_version(flowIdentifier=self._flow, clientToken=SPENT_TOKEN)
        say.promise(first["version"] == "1", "version 1")
        say.call("boto3", 'create_flow_version(flowIdentifier=<its ARN>, clientToken="demo-…")')
        again = self._agent.create_flow_version(flowIdentifier=first["arn"], clientToken=SPENT_TOKEN)
        say.promise(
            (again["version"], again["createdAt"]) == ("1", first["createdAt"]),
            "version 1 again, made at the same moment: nothing was created twice",
        )
        say.promise(self._numbers() == ["1"], "list_flow_versions shows one version; no number was burned")
        say.why("Id and ARN name the same flow, so a retry that switches between them is still a retry.")

    def edit(self) -> None:
        """An edited draft cannot be released before it is prepared."""
        say = self._say
        say.step("Edit the draft, and try to release what nobody checked")
        self._definition = copy.deepcopy(self._definition)
        escalate = next(node for node in self._definition["nodes"] if node["name"] == "Escalate")
        code = escalate["configuration"]["inlineCode"]
        code["code"] = code["code"].replace("on-call", "duty-officer")
        say.call("boto3", "update_flow(…, definition=<urgent tickets go to the duty officer>)")
        self._agent.update_flow(
            flowIdentifier=self._flow,
            name="SupportTriage",
            executionRoleArn=ROLE,
            definition=self._definition,
        )
        say.call("boto3", f'create_flow_version(flowIdentifier="{self._flow}")')
        status, reason = refusal(self._agent.create_flow_version, flowIdentifier=self._flow)
        say.promise(status == 409 and "NotPrepared" in reason, f"{status} {reason}")
        say.call("boto3", "prepare_flow(…), create_flow_version(…)")
        self._agent.prepare_flow(flowIdentifier=self._flow)
        second = self._agent.create_flow_version(flowIdentifier=self._flow)
        say.promise(second["version"] == "2", "version 2")
        first = self._agent.get_flow_version(flowIdentifier=self._flow, flowVersion="1")
        say.promise(first["definition"] != second["definition"], "version 1 is what it was")

    def release_unchanged(self) -> None:
        """A number is a release of content, so it may be given again."""
        say = self._say
        say.step("Release once more, with nothing changed")
        say.call("boto3", f'create_flow_version(flowIdentifier="{self._flow}", description="Monday")')
        third = self._agent.create_flow_version(flowIdentifier=self._flow, description="Monday")
        second = self._agent.get_flow_version(flowIdentifier=self._flow, flowVersion="2")
        say.promise(third["version"] == "3", "version 3, with a description of its own")
        say.promise(third["definition"] == second["definition"], "2 and 3 are numbers of the same content")

    def look_from_humanloop(self) -> None:
        """The other API sees contents, not numbers."""
        say = self._say
        say.step("The same flow through Humanloop")
        say.call("humanloop", f'flows.get(id="{self._flow}")')
        seen = self._loop.flows.get(id=self._flow)
        say.promise(seen.path == "SupportTriage", f"{seen.id} at path {seen.path!r}, its newest version")
        say.promise(
            seen.attributes["definition"] == self._definition, "its attributes hold the edited definition"
        )
        say.call("humanloop", f'flows.list_versions(id="{seen.id}")')
        listed = self._loop.flows.list_versions(id=seen.id).records
        say.promise(len(listed) == 2, "two versions for three numbers: a version is content")
        say.why("Bedrock counts releases, Humanloop knows contents. Both are kept, neither is invented.")

    def upsert_the_same(self) -> None:
        """Sameness is the digest's, not the text's."""
        say = self._say
        say.step("Submit that content again, written differently")
        newest = self._loop.flows.get(id=self._flow).version_id
        say.call("humanloop", 'flows.upsert(path="SupportTriage", attributes=<keys reversed, 0 as 0.0>)')
        attributes = reordered({"definition": self._definition, "executionRoleArn": ROLE})
        found = self._loop.flows.upsert(path="SupportTriage", attributes=attributes)
        say.promise(found.version_id == newest, f"{found.version_id}: the version that was there")
        say.promise(self._numbers() == ["3", "2", "1"], "and boto3 still lists 3, 2, 1")
        say.why("A CI job that submits on every push adds a version only when something changed.")

    def upsert_something_new(self) -> None:
        """New content with a name, and the name a second time."""
        say = self._say
        say.step("Submit new content under a name")
        definition = copy.deepcopy(self._definition)
        search = next(node for node in definition["nodes"] if node["name"] == "SearchHandbook")
        search["configuration"]["knowledgeBase"]["numberOfResults"] = 8
        attributes = {"definition": definition, "executionRoleArn": ROLE}
        say.call("humanloop", 'flows.upsert(path="SupportTriage", attributes=…, version_name="wide-search")')
        made = self._loop.flows.upsert(
            path="SupportTriage", attributes=attributes, version_name="wide-search"
        )
        say.promise(made.version_name == "wide-search", f"{made.version_id}, named {made.version_name!r}")
        say.promise(self._numbers()[0] == "4", "boto3 lists it as version 4")
        say.call("humanloop", 'flows.upsert(…, attributes=<other content>, version_name="wide-search")')
        status, reason = refusal(
            self._loop.flows.upsert,
            path="SupportTriage",
            attributes={**attributes, "note": "something else"},
            version_name="wide-search",
        )
        say.promise(status == 409 and made.version_id in reason, f"{status} {reason}")

    def cross_back(self) -> None:
        """A flow born in Humanloop is a Bedrock flow when its content is."""
        say = self._say
        say.step("A flow made in Humanloop is a Bedrock flow")
        definition = json.loads((EXAMPLES / "invoice_loop.json").read_text())
        say.call("humanloop", 'flows.upsert(path="billing/Payment plan", attributes={"definition": …})')
        made = self._loop.flows.upsert(path="billing/Payment plan", attributes={"definition": definition})
        where = [one.name for one in made.environments or ()]
        say.promise(where == ["production"], f"{made.id}; a new flow's first version is in {where[0]}")
        say.call("boto3", "list_flows()")
        flows = {one["name"]: one for one in self._agent.list_flows()["flowSummaries"]}
        names = ", ".join(flows)
        say.promise("billing-Payment-plan" in flows, f"{names}: the name was made from the path")
        flow = flows["billing-Payment-plan"]
        say.call("boto3", f'get_flow_version(flowIdentifier="{flow["id"]}", flowVersion="1")')
        read = self._agent.get_flow_version(flowIdentifier=flow["id"], flowVersion="1")
        say.promise(read["definition"] == definition, "the definition, exactly as it was submitted")

    def deploy(self) -> None:
        """An environment points at a version, and holds on to it."""
        say = self._say
        say.step("Deploy to staging")
        flow = self._loop.flows.get(id=self._flow)
        say.call("humanloop", f'flows.set_deployment(id="{flow.id}", environment_id="staging", …)')
        self._loop.flows.set_deployment(id=flow.id, environment_id="staging", version_id=flow.version_id)
        say.call("humanloop", f'flows.get(id="{flow.id}", environment="staging")')
        there = self._loop.flows.get(id=flow.id, environment="staging")
        say.promise(there.version_id == flow.version_id, f"{there.version_name!r} is in staging")
        say.call("boto3", f'delete_flow_version(flowIdentifier="{self._flow}", flowVersion="4")')
        status, reason = refusal(self._agent.delete_flow_version, flowIdentifier=self._flow, flowVersion="4")
        say.promise(status == 409 and "staging" in reason, f"{status} {reason}")
        say.why("One API does not pull a version away under the other's feet.")

    def run_it(self) -> None:
        """The steps of `runs.py`."""
        Runs(self._say, self._server, agent=self._agent, runtime=self._runtime, flow=self._flow).tell()

    def pull_the_plug(self) -> None:
        """What was answered is still there."""
        say = self._say
        say.step("Kill the server as a power cut would, and start it again")
        before = self._everything()
        assert self._server.process is not None
        say.call("kill", f"-KILL {self._server.process.pid}")
        self._server.end(signal.SIGKILL)
        started = time.monotonic()
        say.call("headrace", "serve --store sqlite:///…/headrace.db")
        self._server.start()
        seconds = time.monotonic() - started
        say.promise(seconds < 10, f"listening again after {seconds:.1f} s")
        after = self._everything()
        say.promise(
            after == before, f"the same {len(before)} answers as before, from both APIs, and the same runs"
        )
        say.why("A write is answered only after it is on the disk.")

    def _boto3(self, service: str) -> BaseClient:
        return boto3.session.Session().client(
            service,
            endpoint_url=self._server.url,
            region_name="us-east-1",
            aws_access_key_id="any",
            aws_secret_access_key="any",
        )

    def _numbers(self) -> list[str]:
        listed = self._agent.list_flow_versions(flowIdentifier=self._flow)
        return [one["version"] for one in listed["flowVersionSummaries"]]

    def _everything(self) -> list[Any]:
        """What both APIs say about all that was made."""
        seen: list[Any] = []
        for flow in self._agent.list_flows()["flowSummaries"]:
            ref = flow["id"]
            versions = self._agent.list_flow_versions(flowIdentifier=ref)["flowVersionSummaries"]
            answers = [
                self._agent.get_flow_version(flowIdentifier=ref, flowVersion=v["version"]) for v in versions
            ]
            answers.append(self._agent.get_flow(flowIdentifier=ref))
            for answer in answers:
                del answer["ResponseMetadata"]
            seen += answers
            seen += self._agent.list_flow_aliases(flowIdentifier=ref)["flowAliasSummaries"]
            seen += [one.dict() for one in self._loop.flows.list_versions(id=ref).records]
            seen += [one.dict() for one in self._loop.flows.list_environments(id=ref)]
        return [*seen, *json.loads(self._server.command("executions", "list", "--json"))]


def main() -> int:
    """Run the demo; the exit status."""
    os.environ["NO_PROXY"] = "127.0.0.1"  # the server is here, whatever a proxy says
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without a tick shall not end the demo
    story = Story()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="headrace-demo-") as directory:
        server = Server(Path(directory), config=EXAMPLES / "headrace.toml")
        try:
            server.start()
            print(f"\nHeadrace is listening on {server.url}; what follows is done with the real boto3 and")
            print("humanloop packages. Each ✓ was checked; the demo fails if one of them is not so.")
            print("The flow sorts support tickets: questions are answered from a handbook, problems get a")
            print("draft, urgent ones go to a person. Steps 1 to 9 keep and release it, 10 to 13 run it.")
            Demo(story, server).run()
        except BrokenPromise as broken:
            story.end(f"NOT AS PROMISED: {broken}", "red")
            return 1
        finally:
            server.end(signal.SIGTERM)
    seconds = time.monotonic() - started
    story.end(f"All {story.checks} checks held, in {seconds:.0f} s. Next: docs/tutorials/run-it.md.", "green")
    return 0


if __name__ == "__main__":
    sys.exit(main())
