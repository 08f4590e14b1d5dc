"""The operations of both services: how each is asked for (bedrock 1.2)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation.

    Attributes:
        template: its path, exactly as the service model has it.
        status: of success.
        is_runtime: whether it belongs to the service that runs flows.
        takes_token: whether SDKs fill in a ``clientToken``.
        makes: the path to remove what it makes, and the member of the answer that identifies it.
    """

    method: str
    template: str
    status: int = 200
    is_runtime: bool = False
    takes_token: bool = False
    makes: tuple[str, str] | None = None

    def path(self, *labels: str) -> str:
        """Its path, with encoded labels."""
        return self.template.format(*labels)


_FORCE = "?skipResourceInUseCheck=true"
_VERSION, _ALIAS = "/flows/{}/versions/{}/", "/flows/{}/aliases/{}"
_EXECUTION = "/flows/{}/aliases/{}/executions/{}"


def _made(method: str, template: str, path: str, key: str) -> Operation:
    return Operation(method=method, template=template, status=201, takes_token=True, makes=(path, key))


def _runtime(method: str, template: str) -> Operation:
    return Operation(method=method, template=template, is_runtime=True)


OPERATIONS: dict[str, Operation] = {
    "CreateFlow": _made("POST", "/flows/", f"/flows/{{made}}/{_FORCE}", "id"),
    "ListFlows": Operation(method="GET", template="/flows/"),
    "GetFlow": Operation(method="GET", template="/flows/{}/"),
    "UpdateFlow": Operation(method="PUT", template="/flows/{}/"),
    "DeleteFlow": Operation(method="DELETE", template="/flows/{}/"),
    "PrepareFlow": Operation(method="POST", template="/flows/{}/", status=202),
    "ValidateFlowDefinition": Operation(method="POST", template="/flows/validate-definition"),
    "CreateFlowVersion": _made(
        "POST", "/flows/{}/versions", f"/flows/{{}}/versions/{{made}}/{_FORCE}", "version"
    ),
    "ListFlowVersions": Operation(method="GET", template="/flows/{}/versions"),
    "GetFlowVersion": Operation(method="GET", template=_VERSION),
    "DeleteFlowVersion": Operation(method="DELETE", template=_VERSION),
    "CreateFlowAlias": _made("POST", "/flows/{}/aliases", "/flows/{}/aliases/{made}", "id"),
    "ListFlowAliases": Operation(method="GET", template="/flows/{}/aliases"),
    "GetFlowAlias": Operation(method="GET", template=_ALIAS),
    "UpdateFlowAlias": Operation(method="PUT", template=_ALIAS),
    "DeleteFlowAlias": Operation(method="DELETE", template=_ALIAS),
    "InvokeFlow": _runtime("POST", _ALIAS),
    "StartFlowExecution": _runtime("POST", "/flows/{}/aliases/{}/executions"),
    "ListFlowExecutions": _runtime("GET", "/flows/{}/executions"),
    "GetFlowExecution": _runtime("GET", _EXECUTION),
    "StopFlowExecution": _runtime("POST", _EXECUTION + "/stop"),
    "ListFlowExecutionEvents": _runtime("GET", _EXECUTION + "/events"),
    "GetExecutionFlowSnapshot": _runtime("GET", _EXECUTION + "/flowsnapshot"),
    "CreatePrompt": _made("POST", "/prompts/", "/prompts/{made}/", "id"),
    "ListPrompts": Operation(method="GET", template="/prompts/"),
    "GetPrompt": Operation(method="GET", template="/prompts/{}/"),
    "UpdatePrompt": Operation(method="PUT", template="/prompts/{}/"),
    "DeletePrompt": Operation(method="DELETE", template="/prompts/{}/"),
    "CreatePromptVersion": Operation(
        method="POST", template="/prompts/{}/versions", status=201, takes_token=True
    ),
    "TagResource": Operation(method="POST", template="/tags/{}"),
    "UntagResource": Operation(method="DELETE", template="/tags/{}"),
    "ListTagsForResource": Operation(method="GET", template="/tags/{}"),
}
"""Every operation by name. A prompt takes its versions along, so they need not be removed by themselves."""
