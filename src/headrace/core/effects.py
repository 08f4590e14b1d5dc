"""What a node may do to the world, as small interfaces: models, code, functions, objects, knowledge, agents.

The engine asks through these ports and knows nothing of who answers. Every call is given an ``EffectContext``
and must end within its deadline; what goes wrong is an ``EffectFailed`` that says whose fault it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

import msgspec

from headrace.core.errors import HeadraceError

JSON = Any
"""A parsed JSON value."""


class Fault(StrEnum):
    """Whose fault a failed effect is; decides what the caller of the flow is told (bedrock 4.6)."""

    DEPENDENCY = "dependency"
    """It is missing, misconfigured, or refused the request."""
    GATEWAY = "gateway"
    """It could not be reached, answered with a server error, or took too long."""
    THROTTLED = "throttled"
    """It asks to be called less often."""
    QUOTA = "quota"
    """The organisation has used up what it may use of it."""
    DENIED = "denied"
    """The credentials that the run uses are not allowed to."""


class EffectFailed(HeadraceError):
    """Something a node depends on did not do what it was asked.

    Attributes:
        resource: what it is, in AWS's words: ``Amazon Bedrock``, ``Lambda``, ``Amazon S3``, ``InlineCode`` …
        fault: whose fault it is.
        retry_after_s: when it may be tried again; None where nobody knows.
    """

    def __init__(
        self,
        message: str,
        *,
        resource: str,
        fault: Fault = Fault.DEPENDENCY,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.resource = resource
        self.fault = fault
        self.retry_after_s = retry_after_s


class ModelFailed(EffectFailed):
    """A model that was called for itself did not answer.

    Attributes:
        origin: who was to answer, as its caller knows it.
    """

    def __init__(self, failure: EffectFailed, *, origin: str) -> None:
        super().__init__(
            failure.message,
            resource=failure.resource,
            fault=failure.fault,
            retry_after_s=failure.retry_after_s,
        )
        self.origin = origin


class CallerKeys:
    """The keys of providers that a call is made with, by the names that its caller has for the providers.

    They are used for this one call: never kept, never told, never shown.

    Args:
        own: the organisation's own key for the provider that is asked; empty where it has none.
    """

    __slots__ = ("_keys", "_own")

    def __init__(self, keys: Mapping[str, str], *, own: str = "") -> None:
        self._keys = dict(keys)
        self._own = own

    def get(self, name: str) -> str:
        """The caller's key, or else the organisation's own; empty when there is neither."""
        return self._keys.get(name, "") or self._own

    @property
    def own(self) -> str:
        """The organisation's own key; empty when it has none."""
        return self._own

    def with_own(self, own: str) -> CallerKeys:
        """The same beside a key of the organisation."""
        return CallerKeys(self._keys, own=own)

    def values(self) -> Iterable[str]:
        """All of them, to be struck out of what others say."""
        return (*self._keys.values(), self._own)

    def __repr__(self) -> str:
        return f"CallerKeys({', '.join(self._keys)})"


NO_KEYS = CallerKeys({})


class EffectContext(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, and how long the answer may take.

    Attributes:
        account: the organisation.
        flow_arn: the flow's ARN; of a bare definition a made-up one.
        alias_arn: the ARN of the alias it was called by.
        execution_id: the execution's id; the session of agents.
        node: the node's name.
        step: the same for every attempt of the same step of the same execution, and for no other:
            ``execution/node/iteration``. Pass it on wherever an idempotency key is taken.
        timeout_s: after this the engine stops waiting.
        keys: what the caller brought along for providers.
    """

    account: str
    flow_arn: str
    alias_arn: str
    execution_id: str
    node: str
    step: str
    timeout_s: float
    keys: CallerKeys = NO_KEYS


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """What a model call used.

    Attributes:
        cost_usd: None when the price is not known.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = None


class ModelRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A call of a model, in the shapes of Bedrock's Converse operation (camel-case JSON inside the lists).

    Attributes:
        model_id: as the flow names it: a model id, an ARN, an inference profile …
        messages: ``[{"role": "user", "content": [{"text": …}]}]``.
        system: ``[{"text": …}]``.
        inference: ``{"temperature", "topP", "maxTokens", "stopSequences"}``, those that are set.
        tools: ``toolConfiguration`` of the prompt, or None.
        extra: ``additionalModelRequestFields``, or None.
        guardrail: ``{"guardrailIdentifier", "guardrailVersion"}``, or None.
        latency: ``standard`` or ``optimized``, or None.
        provider: who is to answer, where that is said beside the model.
    """

    model_id: str
    messages: Sequence[Mapping[str, JSON]]
    system: Sequence[Mapping[str, JSON]] = ()
    inference: Mapping[str, JSON] = {}
    tools: Mapping[str, JSON] | None = None
    extra: JSON = None
    guardrail: Mapping[str, str] | None = None
    latency: str | None = None
    provider: str | msgspec.UnsetType = msgspec.UNSET


class ModelReply(msgspec.Struct, frozen=True, kw_only=True):
    """What a model answered.

    Attributes:
        content: Converse's content blocks: ``{"text": …}``, ``{"toolUse": …}``.
        stop_reason: Converse's: ``end_turn``, ``tool_use``, ``max_tokens``, ``stop_sequence``,
            ``guardrail_intervened`` (then the content is the blocked message).
        provider: who answered, as the settings name it.
        model: what the provider calls the model.
        request_id: the provider's, or a made-up one.
        reasoning_tokens: how many of the output tokens were thoughts; None where nobody tells.
        input_cost_usd, output_cost_usd: the parts of the cost; None where nobody tells.
        logprobs: what the provider told of the tokens' probabilities, as it told it.
    """

    content: Sequence[Mapping[str, JSON]]
    stop_reason: str = "end_turn"
    usage: Usage = Usage()
    provider: str
    model: str
    request_id: str
    reasoning_tokens: int | None = None
    input_cost_usd: float | None = None
    output_cost_usd: float | None = None
    logprobs: JSON = None

    @property
    def text(self) -> str:
        """The text blocks, joined."""
        return "".join(block["text"] for block in self.content if "text" in block)


class ModelProvider(Protocol):
    """Answers for models."""

    async def converse(self, request: ModelRequest, context: EffectContext) -> ModelReply:
        """Raises EffectFailed with the resource ``Amazon Bedrock``."""


@runtime_checkable
class SpeakingModels(ModelProvider, Protocol):
    """Answers for models, and may be listened to meanwhile."""

    async def speak(
        self, request: ModelRequest, context: EffectContext, heard: Callable[[str], None]
    ) -> ModelReply:
        """The same as ``converse``.

        Args:
            heard: told each piece of the text as soon as it is known; all of them are the reply's text.
        """


class CodeRunner(Protocol):
    """Runs a node's code where it can do no harm."""

    async def run(self, code: str, variables: Mapping[str, JSON], context: EffectContext) -> JSON:
        """The value of the code's last expression (bedrock 2.10); None when it ends otherwise.

        Raises EffectFailed with the resource ``InlineCode`` and the error's text.
        """


class ToolOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a tool.

    Attributes:
        value: what its function returned.
        error: why it returned nothing; None when it did.
        stdout: what it printed.
    """

    value: JSON = None
    error: str | None = None
    stdout: str = ""


class ToolRunner(Protocol):
    """Carries the source of tools out where it can do no harm."""

    async def use(
        self,
        source: str,
        inputs: Mapping[str, JSON],
        context: EffectContext,
        *,
        name: str | None,
        environment: Mapping[str, str],
    ) -> ToolOutcome:
        """Call a function of the source with arguments by name.

        Args:
            name: which function; the last one where there is none of that name.
            environment: the environment variables that the source finds.

        Raises EffectFailed: there is no place to run it in.
        """


class Functions(Protocol):
    """Calls functions by their ARN."""

    async def invoke(self, arn: str, event: Mapping[str, JSON], context: EffectContext) -> JSON:
        """The function's raw return value. Raises EffectFailed with the resource ``Lambda``."""


class Objects(Protocol):
    """Keeps objects in buckets."""

    async def put(self, bucket: str, key: str, body: bytes, context: EffectContext) -> str:
        """Write an object and answer its URI, ``s3://bucket/key``."""

    async def get(self, bucket: str, key: str, context: EffectContext) -> bytes:
        """Read an object. Both raise EffectFailed with the resource ``Amazon S3``."""


class KnowledgeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A question to a knowledge base.

    Attributes:
        knowledge_base_id: as the flow names it.
        query: the question.
        most: how many passages at the most.
        reranking: ``rerankingConfiguration``, or None.
    """

    knowledge_base_id: str
    query: str
    most: int = 5
    reranking: Mapping[str, JSON] | None = None


class Knowledge(Protocol):
    """Finds passages."""

    async def retrieve(
        self, request: KnowledgeRequest, context: EffectContext
    ) -> Sequence[Mapping[str, JSON]]:
        """Passages, best first, in the shape of the Retrieve operation (bedrock 2.8):
        ``{"content": {"type": "TEXT", "text"}, "location", "score", "metadata"}``.

        Raises EffectFailed with the resource ``Amazon Bedrock``.
        """


class AgentReply(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent answered.

    Attributes:
        text: the whole answer, or its question.
        asks: whether it needs an answer of the user before it can go on.
        trace: trace parts as InvokeAgent gives them.
        memory: what it wants to be given with the next turn of the same execution; None when nothing. It is
            kept with a run that waits for an answer, whoever goes on with it.
    """

    text: str
    asks: bool = False
    trace: Sequence[Mapping[str, JSON]] = ()
    usage: Usage = Usage()
    memory: str | None = None


class Agents(Protocol):
    """Calls agents; one execution is one session."""

    async def invoke(
        self,
        alias_arn: str,
        text: str,
        context: EffectContext,
        *,
        prompt_attributes: Mapping[str, JSON] | None = None,
        session_attributes: Mapping[str, JSON] | None = None,
        memory: str | None = None,
    ) -> AgentReply:
        """One turn.

        Args:
            memory: of the reply to the turn before; None at the first.

        Raises EffectFailed with the resource ``Amazon Bedrock``.
        """


class Intents(Protocol):
    """Recognises what an utterance wants."""

    async def recognise(
        self,
        bot_alias_arn: str,
        locale: str,
        text: str,
        context: EffectContext,
        *,
        request_attributes: Mapping[str, JSON] | None = None,
        session_attributes: Mapping[str, JSON] | None = None,
    ) -> str:
        """The name of the most likely intent. Raises EffectFailed with the resource ``Amazon Lex``."""


class Prompts(Protocol):
    """Finds prompts that nodes refer to."""

    async def find(self, arn: str, context: EffectContext) -> Mapping[str, JSON] | None:
        """The default variant of the prompt (``templateType``, ``templateConfiguration``, ``modelId`` …);
        without a number in the ARN, of its present draft. None when there is no such prompt."""


class Effects(msgspec.Struct, frozen=True, kw_only=True):
    """All that nodes may call."""

    models: ModelProvider
    code: CodeRunner
    functions: Functions
    objects: Objects
    knowledge: Knowledge
    agents: Agents
    intents: Intents
    prompts: Prompts
