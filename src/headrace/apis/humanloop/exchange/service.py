"""Import and export as the server offers them to its command line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from headrace.apis.humanloop.contents import content_of
from headrace.apis.humanloop.dataset_requests import read_case
from headrace.apis.humanloop.datasets import shown_datapoint
from headrace.apis.humanloop.evaluation_wire import EvaluationRenderer, stats_response
from headrace.apis.humanloop.log_wire import LogRenderer
from headrace.apis.humanloop.render import Renderer
from headrace.core.access import Principal
from headrace.core.agents import Agent
from headrace.core.datasets import Case
from headrace.core.errors import Invalid, Malformed, NotFound
from headrace.core.kinds.evaluator import EvaluatorSpec
from headrace.core.kinds.tool import ToolContent
from headrace.core.parsing import parse
from headrace.core.prompts import Prompt
from headrace.services.base import Ports
from headrace.services.datasets import datapoints
from headrace.services.evaluations import evaluation_runs, evaluation_stats, evaluations
from headrace.services.evaluations.evaluation_views import EvaluationView
from headrace.services.exchange_humanloop import departure
from headrace.services.exchange_humanloop.arrival import bring_in
from headrace.services.exchange_humanloop.datasets import DATASET
from headrace.services.exchange_humanloop.parts import Act, Batch, DatapointPart, Outcome, VersionPart
from headrace.services.versions.versions import Submission
from headrace.services.versions.views import VersionView

_FORMS: dict[str, type[msgspec.Struct]] = {
    "prompt": Prompt,
    "agent": Agent,
    "tool": ToolContent,
    "evaluator": EvaluatorSpec,
}
_encode = msgspec.json.Encoder().encode
_decode_batch = msgspec.json.Decoder(Batch).decode


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a batch.

    Attributes:
        told: outcomes that are neither plainly ``made`` nor plainly ``unchanged``.
    """

    made: int
    unchanged: int
    told: list[Outcome]


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """A line of an export.

    Attributes:
        part: ``file``, ``version``, ``datapoint``, ``log``, ``evaluation``, ``stats``, ``run`` or
            ``run_log``; ``done`` when there is no more of a file, ``end`` at the end. The datapoints of a
            version come right after it, and so does what an evaluation has.
        id: of the version, log or run; of a datapoint that of the version, of all else that of the
            evaluation.
        evaluation_id: of a run.
        value: what the API shows.
    """

    part: str
    file_id: str = ""
    id: str = ""
    evaluation_id: str = ""
    value: msgspec.Raw = msgspec.Raw(b"null")


class HumanloopExchange(msgspec.Struct, frozen=True, kw_only=True):
    """Moves in from Humanloop and out again."""

    ports: Ports
    timestamps_with_zone: bool

    async def bring_in(self, principal: Principal, body: bytes) -> bytes:
        """Keep a batch of parts and answer what became of them.

        Raises:
            Malformed: it is no batch.
        """
        try:
            batch = _decode_batch(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise Malformed(message=f"This is no batch: {error}") from None
        outcomes = await bring_in(self.ports, principal, batch, submission_of, case_of)
        return _encode(_answer(outcomes))

    async def take_out(self, principal: Principal, *, under: str, with_logs: bool) -> AsyncIterator[bytes]:
        """All files below a directory, as JSON lines of `Piece`.

        Raises:
            NotFound: there is no such directory.
        """
        ids = await departure.file_ids(self.ports, principal, under=under)
        return self._pieces(principal, ids, with_logs=with_logs)

    async def _pieces(self, principal: Principal, ids: list[str], *, with_logs: bool) -> AsyncIterator[bytes]:
        for file_id in ids:
            default = await departure.default_view(self.ports, principal, file_id=file_id)
            if default is None:
                continue
            yield _line("file", file_id, file_id, self._version(default))
            async for line in self._versions(principal, default):
                yield line
            if with_logs:
                async for line in self._logs(principal, file_id):
                    yield line
            async for line in self._evaluations(principal, file_id, with_logs=with_logs):
                yield line
            yield _line("done", file_id)
        yield _line("end")

    async def _versions(self, principal: Principal, default: VersionView) -> AsyncIterator[bytes]:
        """All versions; of a file that has only a draft that one, so that its content is not lost."""
        file_id = default.file.id
        some = await departure.some_versions(self.ports, principal, file_id=file_id, before=None)
        for view in some or [default]:
            async for line in self._one_version(principal, view):
                yield line
        while len(some) == departure.VERSIONS:
            await asyncio.sleep(0)
            some = await departure.some_versions(self.ports, principal, file_id=file_id, before=some[-1])
            for view in some:
                async for line in self._one_version(principal, view):
                    yield line

    async def _one_version(self, principal: Principal, view: VersionView) -> AsyncIterator[bytes]:
        file_id, version = view.file.id, view.version
        yield _line("version", file_id, version.id, self._version(view))
        if view.file.kind == DATASET:
            async for some in datapoints(self.ports, principal, version):
                for one in some:
                    yield _line("datapoint", file_id, version.id, shown_datapoint(one))

    async def _logs(self, principal: Principal, file_id: str) -> AsyncIterator[bytes]:
        after: str | None = None
        while True:
            some = await departure.some_logs(self.ports, principal, file_id=file_id, after=after)
            renderer = LogRenderer(self._wire())
            for view in some.views:
                yield _line("log", file_id, view.log.id, renderer.log(view))
            after = some.last_id
            if after is None:
                return
            await asyncio.sleep(
                0
            )  # let other requests run; the server's own send does not while there is room

    async def _evaluations(
        self, principal: Principal, file_id: str, *, with_logs: bool
    ) -> AsyncIterator[bytes]:
        """All evaluations of a file; one that is deleted meanwhile, or whose file is, is left out."""
        skip, total = 0, 1
        while skip < total:
            try:
                some, total = await evaluations.page(
                    self.ports, principal, file_id=file_id, skip=skip, take=departure.EVALUATIONS
                )
            except NotFound:
                return
            for view in some:
                try:
                    async for line in self._evaluation(principal, view, with_logs=with_logs):
                        yield line
                except NotFound:
                    continue
            skip += departure.EVALUATIONS

    async def _evaluation(
        self, principal: Principal, view: EvaluationView, *, with_logs: bool
    ) -> AsyncIterator[bytes]:
        file_id, one = view.evaluation.file_id, view.evaluation.id
        stats = await evaluation_stats.stats(self.ports, principal, evaluation_id=one)
        runs = await evaluation_runs.runs(self.ports, principal, evaluation_id=one)
        renderer = EvaluationRenderer(self._wire())
        yield _line("evaluation", file_id, one, _encode(renderer.evaluation(view)))
        yield _line("stats", file_id, one, _encode(stats_response(stats)))
        for run in runs:
            yield _line("run", file_id, run.run.id, _encode(renderer.run(run)), evaluation_id=one)
        skip, total = 0, 1 if with_logs else 0
        while skip < total:
            rows, total = await evaluation_runs.logs(
                self.ports, principal, evaluation_id=one, run_ids=(), skip=skip, take=departure.LOGS
            )
            for row in rows:
                yield _line("run_log", file_id, one, renderer.log(row))
            skip += departure.LOGS
            await asyncio.sleep(0)

    def _version(self, view: VersionView) -> bytes:
        return _encode(self._wire().file(view))

    def _wire(self) -> Renderer:
        return Renderer(timestamps_with_zone=self.timestamps_with_zone)


def case_of(part: DatapointPart) -> Case:
    """A datapoint as a request with it would be read.

    Raises:
        Invalid: it breaks a rule.
    """
    return read_case(bytes(part.value))


def _line(
    part: str, file_id: str = "", id: str = "", value: bytes = b"null", *, evaluation_id: str = ""
) -> bytes:
    piece = Piece(part=part, file_id=file_id, id=id, evaluation_id=evaluation_id, value=msgspec.Raw(value))
    return _encode(piece) + b"\n"


def _answer(outcomes: list[Outcome]) -> Answer:
    plain = [one.act for one in outcomes if one.note is None]
    return Answer(
        made=plain.count(Act.MADE),
        unchanged=plain.count(Act.UNCHANGED),
        told=[one for one in outcomes if one.note is not None],
    )


def submission_of(part: VersionPart) -> Submission:
    """A version's content as a request with it would be read.

    Raises:
        Invalid: it breaks a rule.
    """
    parsed = _parsed(part.content)
    if part.kind == "flow":
        attributes = parsed.get("attributes")
        if not isinstance(attributes, dict):
            raise Invalid(message="Its attributes are no object.")
        raw = msgspec.json.decode(part.content, type=dict[str, msgspec.Raw])["attributes"]
        return _submission(part, bytes(raw), attributes)
    if part.kind not in _FORMS:
        raise Invalid(message=f"Files of the kind `{part.kind}` have no place here.")
    inner = parsed.get("spec") if part.kind == "evaluator" else parsed
    if not isinstance(inner, dict):
        raise Invalid(message="Its spec is no object.")
    try:
        value = msgspec.convert(inner, _FORMS[part.kind])
    except msgspec.ValidationError as error:
        raise Invalid(message=f"Its content is not that of a {part.kind}: {error}") from None
    content = content_of(part.kind, value, inner, at=())
    return _submission(part, _encode(content), content)


def _submission(part: VersionPart, content: bytes, parsed: Any) -> Submission:
    return Submission(kind=part.kind, ref=part.file_id, path=None, content=content, parsed=parsed)


def _parsed(content: msgspec.Raw) -> dict[str, Any]:
    try:
        parsed = parse(bytes(content))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Malformed(message=f"Its content is not JSON: {error}") from None
    except RecursionError:
        raise Invalid(message="Its content is nested too deeply.") from None
    if not isinstance(parsed, dict):
        raise Invalid(message="Its content is no object.")
    return parsed
