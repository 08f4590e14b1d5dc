"""Amazon Bedrock Flows on the wire: both services on one port (bedrock 0-1)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import ClassVar

from headrace.apis.bedrock import aliases, errors, executions, flows, prompts, runtime, sigv4, tags
from headrace.apis.bedrock.arns import Place
from headrace.apis.bedrock.call import Call, Values
from headrace.apis.bedrock.codec import Codec
from headrace.apis.bedrock.model import Operation, Service, ServiceModel
from headrace.apis.gate import Gate, Throttle
from headrace.apis.http import SPLIT_KEY, Request, Response, options
from headrace.apis.kept import KeptAnswers
from headrace.apis.request_watch import OPERATION
from headrace.apis.routing import Match, Table, WrongMethod
from headrace.core.access import Principal
from headrace.core.errors import HeadraceError, Unauthenticated
from headrace.services.base import Ports
from headrace.services.durable.durable_executions import Durables
from headrace.services.runs.runs import Runs

Handler = Callable[[Call], Awaitable[Values]]
DurableHandler = Callable[[Call, Durables], Awaitable[Values]]
Streamer = Callable[[Call, Runs], Awaitable[tuple[Values, AsyncIterator[bytes] | bytes]]]

HANDLERS: Mapping[str, Handler] = {
    "CreateFlow": flows.create_flow,
    "GetFlow": flows.get_flow,
    "UpdateFlow": flows.update_flow,
    "DeleteFlow": flows.delete_flow,
    "ListFlows": flows.list_flows,
    "PrepareFlow": flows.prepare_flow,
    "CreateFlowVersion": flows.create_flow_version,
    "GetFlowVersion": flows.get_flow_version,
    "ListFlowVersions": flows.list_flow_versions,
    "DeleteFlowVersion": flows.delete_flow_version,
    "ValidateFlowDefinition": flows.validate_flow_definition,
    "CreateFlowAlias": aliases.create_flow_alias,
    "GetFlowAlias": aliases.get_flow_alias,
    "UpdateFlowAlias": aliases.update_flow_alias,
    "DeleteFlowAlias": aliases.delete_flow_alias,
    "ListFlowAliases": aliases.list_flow_aliases,
    "CreatePrompt": prompts.create_prompt,
    "GetPrompt": prompts.get_prompt,
    "UpdatePrompt": prompts.update_prompt,
    "DeletePrompt": prompts.delete_prompt,
    "ListPrompts": prompts.list_prompts,
    "CreatePromptVersion": prompts.create_prompt_version,
    "TagResource": tags.tag_resource,
    "UntagResource": tags.untag_resource,
    "ListTagsForResource": tags.list_tags_for_resource,
    "GetFlowExecution": executions.get_flow_execution,
    "ListFlowExecutions": executions.list_flow_executions,
    "ListFlowExecutionEvents": executions.list_flow_execution_events,
    "GetExecutionFlowSnapshot": executions.get_execution_flow_snapshot,
}
"""What carries out each operation; everything else about an operation stands in the service model."""

EXECUTIONS: Mapping[str, DurableHandler] = {
    "StartFlowExecution": executions.start_flow_execution,
    "StopFlowExecution": executions.stop_flow_execution,
}
"""The same for operations that begin and end executions in the background."""

STREAMERS: Mapping[str, Streamer] = {"InvokeFlow": runtime.invoke_flow}
"""The same for operations whose answer is a stream."""

SERVED: Mapping[str, Handler | DurableHandler | Streamer] = {**HANDLERS, **EXECUTIONS, **STREAMERS}
"""All of them."""

GOING_ON = frozenset(
    {"GetFlowExecution", "ListFlowExecutions", "ListFlowExecutionEvents", "GetExecutionFlowSnapshot"}
)
"""Operations on what changes, and is forgotten, by itself: none of their answers is given twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BedrockConfig:
    """What this server says of itself to the AWS clients.

    Attributes:
        region: the region of its ARNs; signatures of any region are accepted.
        default_role: the execution role shown for flows that have none.
    """

    region: str
    default_role: str


class BedrockApi:
    """The two Bedrock services. It owns every path that no other API took."""

    name: ClassVar = "bedrock"

    def __init__(
        self,
        *,
        ports: Ports,
        runs: Runs,
        durables: Durables,
        gate: Gate,
        throttle: Throttle,
        model: ServiceModel,
        codec: Codec,
        config: BedrockConfig,
    ) -> None:
        self._ports = ports
        self._runs = runs
        self._durables = durables
        self._gate = gate
        self._throttle = throttle
        self._model = model
        self._codec = codec
        self._config = config
        self._answers = KeptAnswers(ports.store.changes, attrgetter("registry"))
        operations = [model.operations[name] for name in SERVED]
        self._table = Table((one.method, "/".join(one.segments), one) for one in operations)

    def owns(self, segments: tuple[str, ...]) -> bool:
        return True

    async def answer(self, request: Request) -> Response:
        if request.method == "OPTIONS":
            return options(self._methods(request))
        principal = await self._authenticate(request)
        match = self._match(request)
        operation = match.row
        OPERATION.set(operation.name)
        self._throttle.take(principal.account, operation.name, is_read=operation.method == "GET")
        if operation.method == "GET" and operation.name not in GOING_ON:
            return await self._answers.answer(
                principal, request, lambda: self._carry_out(principal, match, request)
            )
        return await self._carry_out(principal, match, request)

    async def _carry_out(self, principal: Principal, match: Match[Operation], request: Request) -> Response:
        operation = match.row
        params = self._codec.decode(
            operation.name, uri=match.parameters, query=request.query, body=request.body
        )
        call = Call(
            operation=operation.name,
            ports=self._ports,
            principal=principal,
            params=params,
            place=Place(region=self._config.region, account=principal.account),
            default_role=self._config.default_role,
            split_key=request.header(SPLIT_KEY),
        )
        stream: AsyncIterator[bytes] | bytes | None = None
        if operation.name in STREAMERS:
            values, stream = await STREAMERS[operation.name](call, self._runs)
        elif operation.name in EXECUTIONS:
            values = await EXECUTIONS[operation.name](call, self._durables)
        else:
            values = await HANDLERS[operation.name](call)
        status, headers, body = self._codec.encode(operation.name, values)
        return Response(status=status, headers=headers, body=stream or body, id_headers=errors.ID_HEADERS)

    def failure(self, request: Request, error: HeadraceError | None) -> Response:
        found = self._table.find(request.method, request.segments)
        service: Service = found.row.service if isinstance(found, Match) else "bedrock-agent"
        return errors.render(self._model, service, request, error)

    def _match(self, request: Request) -> Match[Operation]:
        method = "GET" if request.method == "HEAD" else request.method
        found = self._table.find(method, request.segments)
        if isinstance(found, Match):
            return found
        raise errors.MethodNotAllowed(request.method, self._methods(request))

    def _methods(self, request: Request) -> tuple[str, ...]:
        """What a path can be asked with.

        Raises:
            UnknownOperation: nothing.
        """
        found = self._table.find("OPTIONS", request.segments)
        if not isinstance(found, WrongMethod):
            raise errors.UnknownOperation(f"There is no operation at {request.raw_path.decode('latin-1')}.")
        return found.answered

    async def _authenticate(self, request: Request) -> Principal:
        """Whoever signed the request (bedrock 6.2), or shows an API key."""
        if request.headers.get(b"x-api-key"):
            return await self._gate.by_api_key(request)
        is_open = await self._gate.is_open()
        # In open mode an address is not enough: a web page can send a browser to any address.
        is_presigned = b"X-Amz-Signature=" in request.raw_query and not is_open
        if request.header("authorization") is None and not is_presigned:
            raise Unauthenticated("Missing Authentication Token")
        if is_open:
            return await self._gate.local(request)
        headers = tuple(request.headers.items())
        credential = sigv4.find_credential(headers, request.raw_query)
        principal, secret = await self._gate.by_access_key_id(credential.access_key_id)
        sigv4.verify(
            credential,
            method=request.method,
            raw_path=request.raw_path,
            raw_query=request.raw_query,
            headers=headers,
            body=request.body,
            secret=secret.decode(),
            now=self._ports.clock.now(),
        )
        return principal
