"""How the domain becomes the objects that responses are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec

from headrace.apis.humanloop.prompt_text import text_of
from headrace.apis.humanloop.wire import (
    AgentResponse,
    DatasetResponse,
    EnvironmentReference,
    EnvironmentResponse,
    EvaluatorAggregate,
    EvaluatorResponse,
    FileEnvironmentResponse,
    FileResponse,
    FlowResponse,
    InlineToolResponse,
    InputResponse,
    LinkedFileResponse,
    LinkedToolResponse,
    ModelFileResponse,
    MonitoringEvaluatorResponse,
    PromptResponse,
    ToolResponse,
    UserResponse,
    VersionReference,
)
from headrace.core.access import User
from headrace.core.agents import Agent, LinkedFile
from headrace.core.deployments import Environment
from headrace.core.kinds import KINDS
from headrace.core.kinds.agent import read_agent
from headrace.core.kinds.dataset import read_dataset
from headrace.core.kinds.prompt import prompt_form
from headrace.core.kinds.tool import ToolContent, read_tool
from headrace.core.monitoring import Aggregate
from headrace.core.parsing import parse
from headrace.core.prompts import Prompt
from headrace.services.versions.views import DeploymentView, MonitorView, VersionView

_encode = msgspec.json.Encoder().encode
Linked = dict[int, tuple[VersionView, msgspec.Raw]]
"""Files that were shown within others, by their identity: many agents of a list may link the same."""
_ISO_LENGTH = len("2025-05-01T12:00:00.123456")
PROMPT_KEYS = [field.name for field in msgspec.structs.fields(Prompt)]
AGENT_KEYS = [field.name for field in msgspec.structs.fields(Agent)]
TOOL_KEYS = [field.name for field in msgspec.structs.fields(ToolContent)]


class Renderer:
    """Makes responses.

    Args:
        timestamps_with_zone: whether times end in ``Z``. The original's did not, and its Python users compare
            them with naive times (humanloop 8.41).
    """

    def __init__(self, *, timestamps_with_zone: bool) -> None:
        self._zone = "Z" if timestamps_with_zone else ""

    def time(self, moment: datetime) -> str:
        """A moment in UTC, always with six digits of fraction."""
        return _iso(moment) + self._zone

    def environment(self, environment: Environment) -> EnvironmentResponse:
        return EnvironmentResponse(
            id=environment.id,
            created_at=self.time(environment.created_at),
            name=environment.name,
            tag=environment.tag.value,
        )

    def file(
        self, view: VersionView, *, with_text: bool = False, linked: Linked | None = None
    ) -> FileResponse:
        """A version of a file of any kind.

        Args:
            with_text: whether a prompt or an agent is shown as the text of a file, too.
            linked: the files that were shown within others of the same response.
        """
        kind = view.file.kind
        shown = self.agent(view, linked) if kind == "agent" else _RENDERERS[kind](self, view)
        if with_text and isinstance(shown, ModelFileResponse):
            text = text_of(view.file.kind, view.version.content)
            return msgspec.structs.replace(shown, raw_file_content=text)
        return shown

    def files(self, views: Iterable[VersionView], *, with_text: bool = False) -> list[FileResponse]:
        linked: Linked = {}
        return [self.file(view, with_text=with_text, linked=linked) for view in views]

    def flow(self, view: VersionView) -> FlowResponse:
        """A version of a flow."""
        return FlowResponse(**self._logged(view), type="flow", attributes=msgspec.Raw(view.version.content))

    def prompt(self, view: VersionView) -> PromptResponse:
        """A version of a prompt, in whatever form it was written."""
        form = prompt_form(view.version.content)
        shown: dict[str, Any] = {key: form.get(key) for key in PROMPT_KEYS}
        if shown["linked_tools"] is not None:
            shown["linked_tools"] = [_linked(tool) for tool in view.linked if tool is not None]
        return PromptResponse(
            **self._logged(view), type="prompt", **shown, **_counted(view), raw_file_content=None
        )

    def agent(self, view: VersionView, linked: Linked | None = None) -> AgentResponse:
        """A version of an agent, with the files that it may call."""
        form = parse(view.version.content)
        shown: dict[str, Any] = {key: form.get(key) for key in AGENT_KEYS}
        shared = self._logged(view)
        return AgentResponse(
            **shared,
            **{**shown, "tools": self._agent_tools(view, {} if linked is None else linked)},
            **_counted(view),
            type="agent",
            raw_file_content=None,
            committed_by=shared["created_by"],
            committed_at=shared["created_at"],
            status="committed",
        )

    def _agent_tools(
        self, view: VersionView, linked: Linked
    ) -> list[LinkedFileResponse | InlineToolResponse]:
        """An agent's tools. Of a linked agent the files are not told, because agents may link each other."""
        found = iter(view.linked)
        shown: list[LinkedFileResponse | InlineToolResponse] = []
        for tool in read_agent(view.version.content).tools or ():
            if isinstance(tool, LinkedFile):
                file = self._linked_file(next(found, None), linked)
                shown.append(LinkedFileResponse(link=tool.link, on_agent_call=tool.on_agent_call, file=file))
            else:
                shown.append(
                    InlineToolResponse(json_schema=tool.json_schema, on_agent_call=tool.on_agent_call)
                )
        return shown

    def _linked_file(self, view: VersionView | None, linked: Linked) -> msgspec.Raw | None:
        if view is None:
            return None
        if id(view) not in linked:
            linked[id(view)] = view, msgspec.Raw(_encode(self.file(view)))
        return linked[id(view)][1]

    def tool(self, view: VersionView) -> ToolResponse:
        """A version of a tool."""
        content = parse(view.version.content)
        shown = {key: content.get(key) for key in TOOL_KEYS}
        return ToolResponse(**self._logged(view), type="tool", **shown, **_counted(view), signature=None)

    def evaluator(self, view: VersionView) -> EvaluatorResponse:
        """A version of an evaluator; its spec is shown as it was submitted."""
        return EvaluatorResponse(
            **self._logged(view),
            **_counted(view),
            type="evaluator",
            spec=parse(view.version.content),
            attributes=None,
        )

    def dataset(self, view: VersionView) -> DatasetResponse:
        """A version of a dataset, without its datapoints."""
        content = read_dataset(view.version.content)
        attributes = content.attributes
        return DatasetResponse(
            **self._shared(view),
            type="dataset",
            datapoints_count=content.count,
            datapoints=None,
            attributes=None if attributes is msgspec.UNSET else parse(attributes),
        )

    def deployment(self, view: DeploymentView) -> FileEnvironmentResponse[FileResponse]:
        """An environment with what a file has in it."""
        environment = view.environment
        return FileEnvironmentResponse(
            id=environment.id,
            created_at=self.time(environment.created_at),
            name=environment.name,
            tag=environment.tag.value,
            file=None if view.deployed is None else self.file(view.deployed),
        )

    def _shared(self, view: VersionView) -> dict[str, Any]:
        file, version = view.file, view.version
        return {
            "path": file.path,
            "id": file.id,
            "directory_id": file.directory_id,
            "version_name": version.name,
            "version_description": version.description,
            "name": file.name,
            "description": file.description,
            "schema": None,
            "readme": file.readme,
            "tags": file.tags,
            "version_id": version.id,
            "environments": tuple(self.environment(e) for e in view.environments),
            "created_at": self.time(version.created_at),
            "updated_at": self.time(version.updated_at),
            "created_by": shown_user(view.created_by),
            "last_used_at": self.time(version.last_used_at),
        }

    def _logged(self, view: VersionView) -> dict[str, Any]:
        return {
            **self._shared(view),
            "version_logs_count": view.version.logs_count,
            "evaluator_aggregates": None
            if view.aggregates is None
            else tuple(self._aggregate(one) for one in view.aggregates),
            "evaluators": tuple(self._monitor(one) for one in view.monitors),
        }

    def _aggregate(self, aggregate: Aggregate) -> EvaluatorAggregate:
        total = aggregate.total
        return EvaluatorAggregate(
            value=total.mean(),
            evaluator_id=total.evaluator_id,
            evaluator_version_id=total.evaluator_version_id,
            created_at=self.time(aggregate.first_at),
            updated_at=self.time(aggregate.last_at),
        )

    def _monitor(self, view: MonitorView) -> MonitoringEvaluatorResponse:
        monitor = view.monitor
        shown = self.evaluator(view.evaluator)
        reference: VersionReference | EnvironmentReference = VersionReference(version=shown)
        if view.environment is not None:
            reference = EnvironmentReference(file=shown, environment=self.environment(view.environment))
        return MonitoringEvaluatorResponse(
            version_reference=reference,
            version=shown if view.is_there else None,
            state="active" if monitor.is_active else "inactive",
            created_at=self.time(monitor.created_at),
            updated_at=self.time(monitor.updated_at),
        )


_RENDERERS = {
    "flow": Renderer.flow,
    "prompt": Renderer.prompt,
    "tool": Renderer.tool,
    "evaluator": Renderer.evaluator,
    "dataset": Renderer.dataset,
}
"""How a file of each kind is shown; agents besides."""


@lru_cache(maxsize=1000)  # the times of a version are mostly one time, and those of environments never change
def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")[:_ISO_LENGTH]


def shown_user(user: User | None) -> UserResponse | None:
    """Who made something; None when that user is gone."""
    if user is None:
        return None
    return UserResponse(id=user.id, email_address=user.email, full_name=user.full_name)


def _counted(view: VersionView) -> Mapping[str, Any]:
    """What prompts, agents, tools and evaluators have besides."""
    names = KINDS[view.file.kind].inputs(view.version.content)
    return {
        "total_logs_count": view.logs_of_file,
        "inputs": tuple(InputResponse(name=name) for name in names),
    }


def _linked(view: VersionView) -> LinkedToolResponse:
    """A tool without a function is shown by its file's name."""
    function = read_tool(view.version.content).function
    return LinkedToolResponse(
        id=view.file.id,
        version_id=view.version.id,
        name=view.file.name if function is None else function.name,
        description=(view.file.description or "") if function is None else function.description,
        strict=None if function is None else function.strict,
        parameters=None if function is None else function.parameters,
    )
