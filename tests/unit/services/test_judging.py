"""A log has one judgment of each evaluator's version that monitors it, whatever happens in between."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from tests.unit.services.conftest import START, Registry
from tests.unit.services.test_worker import PATIENT, WITHIN_S, SetClock, settled, until

from headrace.apis.humanloop.judged import judged_log
from headrace.core.access import Principal
from headrace.core.effects import EffectContext, EffectFailed, Fault, Usage
from headrace.core.errors import Unavailable
from headrace.core.judging import Judges, Verdict
from headrace.core.kinds.evaluator import EvaluatorSpec
from headrace.core.logs import Log, LogQuery, LogStatus, Payload
from headrace.core.monitoring import Monitor, Work
from headrace.core.ports import Transaction
from headrace.services.base import Ports, commit
from headrace.services.evaluators.judging import Judging
from headrace.services.logs import log_changes, logs
from headrace.services.logs.log_views import LogView
from headrace.services.logs.log_views import view as log_view
from headrace.services.logs.unsaved import Unsaved
from headrace.services.versions import versions
from headrace.services.versions.versions import Submission
from headrace.services.worker import Worker
from headrace.storage.memory.store import MemoryStore

PYTHON = {"arguments_type": "target_free", "return_type": "number", "evaluator_type": "python", "code": "…"}


class Bench:
    """A flow, an evaluator that monitors it, a worker that may be stopped and started, and a judge to direct."""

    def __init__(self, ports: Ports, principal: Principal) -> None:
        self.clock = SetClock()
        self.ports = replace(ports, clock=self.clock)
        self.principal = principal
        self.judge = Director()
        self.flow = ""
        self.version = ""
        self.evaluator = ""

    async def set_up(self) -> None:
        self.flow, self.version = await self.upsert("flow", "Flow", {})
        self.evaluator, judge = await self.upsert("evaluator", "Judge", PYTHON)
        await self.monitor(self.flow, self.evaluator, judge)

    async def upsert(self, kind: str, path: str, content: Any) -> tuple[str, str]:
        text = json.dumps(content).encode()
        submission = Submission(kind=kind, ref=None, path=path, content=text, parsed=content)
        made = await versions.upsert(self.ports, self.principal, submission)
        return made.file.id, made.version.id

    async def monitor(
        self, file_id: str, evaluator_id: str, version_id: str, *, is_active: bool = True
    ) -> None:
        monitor = Monitor(
            id=f"mon_{file_id}_{evaluator_id}",
            file_id=file_id,
            evaluator_id=evaluator_id,
            version_id=version_id,
            environment_id=None,
            is_active=is_active,
            created_at=START,
            updated_at=START,
        )
        await commit(self.ports, self.principal.account, lambda tx: tx.monitors.put(monitor))

    def worker(self, *, stop_s: float = 5) -> Worker:
        judging = Judging(self.ports, self.judge, shown, timeout_s=30)
        pace = replace(PATIENT, stop_s=stop_s)
        return Worker(self.ports, self.principal.account, {Work.JUDGE: judging.handler}, pace)

    async def log(self, id: str = "log_1", output: str = "one", **members: Any) -> None:
        new = logs.NewLog(
            kind="flow",
            ref=self.flow,
            version_id=self.version,
            id=id,
            status=LogStatus.COMPLETE,
            payload=Payload(output=output),
            **members,
        )
        await logs.create(self.ports, self.principal, new)

    async def change(self, id: str, output: str) -> None:
        to = logs.NewLog(kind="flow", payload=Payload(output=output))
        change = log_changes.Change(to=to, given=frozenset({"output"}))
        await log_changes.update(self.ports, self.principal, change, log_id=id)

    async def judgments(self, id: str = "log_1") -> list[Log]:
        return await self.ports.store.read(
            self.principal.account, lambda tx: tx.logs.judgments(judged_ids=[id])
        )

    async def waiting(self) -> int:
        return await self.ports.store.read(self.principal.account, lambda tx: tx.jobs.count())

    async def judged(self, count: int = 1) -> None:
        """Until so many judgments have been asked for and nothing waits."""
        await until(lambda: len(self.judge.asked) >= count)
        await self.idle()

    async def idle(self) -> None:
        """Until nothing waits."""
        async with asyncio.timeout(WITHIN_S):
            while await self.waiting():  # noqa: ASYNC110 - it is a plain value in the store
                await asyncio.sleep(0)

    async def later(self, seconds: float) -> None:
        self.clock.moment += timedelta(seconds=seconds)
        self.ports.bell.ring()
        await settled()


def shown(view: LogView) -> Mapping[str, Any]:
    return {"id": view.log.id, "output": view.log.content().output}


class Director(Judges):
    """Judges by the length of the output, when it may."""

    def __init__(self) -> None:
        self.asked: list[Mapping[str, Any]] = []
        self.contexts: list[EffectContext] = []
        self.may_end = asyncio.Event()
        self.may_end.set()
        self.answer: Callable[[Mapping[str, Any]], Verdict] = lambda log: Verdict(judgment=len(log["output"]))

    async def judge(
        self,
        spec: EvaluatorSpec,
        log: Mapping[str, Any],
        target: Mapping[str, Any] | None,
        context: EffectContext,
    ) -> Verdict:
        self.asked.append(log)
        self.contexts.append(context)
        await self.may_end.wait()
        return self.answer(log)


def failing(fault: Fault) -> Callable[[Mapping[str, Any]], Verdict]:
    def fail(log: Mapping[str, Any]) -> Verdict:
        raise EffectFailed("The model is down.", resource="Amazon Bedrock", fault=fault)

    return fail


@pytest.fixture
def story(registry: Registry) -> Callable[[Callable[[Bench], Any]], None]:
    """Tell a story on a bench."""

    def tell(told: Callable[[Bench], Any]) -> None:
        async def whole() -> None:
            bench = Bench(registry.ports, registry.principal)
            await bench.set_up()
            await told(bench)

        registry.run(whole())

    return tell


Story = Callable[[Callable[[Bench], Any]], None]


def test_a_judgment_is_a_log_of_the_evaluator(story: Story) -> None:
    async def told(bench: Bench) -> None:
        bench.judge.answer = lambda log: Verdict(
            judgment=3,
            stdout="said",
            output="3",
            output_message={"role": "assistant", "content": "3"},
            provider_latency_s=0.5,
            usage=Usage(input_tokens=4, output_tokens=1, cost_usd=0.25),
        )
        worker = bench.worker()
        await worker.start()
        await bench.log(label="staging")
        await bench.judged()
        await worker.close()
        (log,) = await bench.judgments()
        assert (log.file_id, log.kind, log.judgment, log.is_automatic) == (
            bench.evaluator,
            "evaluator",
            b"3",
            True,
        )
        assert (log.judged_id, log.judged_version_id) == ("log_1", bench.version)
        assert (log.environment, log.source, log.created_by) == (
            "staging",
            "monitoring",
            bench.principal.user.id,
        )
        assert (log.prompt_tokens, log.output_tokens, log.prompt_cost) == (4, 1, 0.25)
        assert (log.provider_latency_s, log.has_error, log.trace_id) == (0.5, False, log.id)
        payload = log.content()
        assert (payload.stdout, payload.output, payload.error) == ("said", "3", None)
        assert json.loads(bytes(payload.output_message or b"")) == {"role": "assistant", "content": "3"}
        (context,) = bench.judge.contexts
        assert (context.account, context.node, context.execution_id) == (
            bench.principal.account,
            "Judge",
            "log_1",
        )
        assert context.step == f"log_1/{log.version_id}/1"

    story(told)


def test_a_stop_between_verdict_and_record_has_it_judged_again_once(story: Story) -> None:
    async def told(bench: Bench) -> None:
        bench.judge.may_end.clear()
        worker = bench.worker(stop_s=0)
        await worker.start()
        await bench.log()
        await until(lambda: bench.judge.asked)
        await worker.close()
        assert (await bench.judgments(), await bench.waiting()) == ([], 1)
        await bench.ports.store.write("", lambda tx: tx.jobs.release())
        bench.judge.may_end.set()
        for _ in range(2):
            worker = bench.worker()
            await worker.start()
            await bench.judged(2)
            await worker.close()
        assert len(bench.judge.asked) == 2
        assert [one.judgment for one in await bench.judgments()] == [b"3"]

    story(told)


def test_a_stop_right_after_the_record_has_nothing_judged_again(story: Story) -> None:
    async def told(bench: Bench) -> None:
        bench.judge.may_end.clear()
        worker = bench.worker()
        await worker.start()
        await bench.log()
        await until(lambda: bench.judge.asked)
        store = bench.ports.store
        real = store.write

        async def unheard(account: str, work: Callable[[Transaction], Any]) -> Any:
            await real(account, work)
            raise Unavailable("The process ended before it heard.")

        store.write = unheard  # type: ignore[method-assign]
        bench.judge.may_end.set()
        await settled()
        store.write = real  # type: ignore[method-assign]
        await worker.close()
        assert await bench.waiting() == 0
        await bench.worker().start()
        await settled()
        assert (len(bench.judge.asked), len(await bench.judgments())) == (1, 1)

    story(told)


def test_what_changes_while_it_is_judged_is_judged_as_it_is_then(story: Story) -> None:
    async def told(bench: Bench) -> None:
        bench.judge.may_end.clear()
        worker = bench.worker()
        await worker.start()
        await bench.log(output="one")
        await until(lambda: bench.judge.asked)
        await bench.change("log_1", "seventeen")
        bench.judge.may_end.set()
        await bench.judged(2)
        await worker.close()
        assert [log["output"] for log in bench.judge.asked] == ["one", "seventeen"]
        assert [one.judgment for one in await bench.judgments()] == [b"9"]
        page, total = await logs.page(
            bench.ports, bench.principal, LogQuery(file_id=bench.evaluator), skip=0, take=10
        )
        assert (len(page), total) == (1, 1)

    story(told)


def test_a_log_that_is_deleted_meanwhile_gets_no_judgment(story: Story) -> None:
    async def told(bench: Bench) -> None:
        bench.judge.may_end.clear()
        worker = bench.worker()
        await worker.start()
        await bench.log()
        await until(lambda: bench.judge.asked)
        await logs.delete(bench.ports, bench.principal, ["log_1"])
        bench.judge.may_end.set()
        await bench.judged()
        await worker.close()
        assert await bench.judgments() == []
        assert (
            await logs.page(bench.ports, bench.principal, LogQuery(file_id=bench.evaluator), skip=0, take=1)
        )[1] == 0

    story(told)


def test_an_evaluator_that_rests_meanwhile_leaves_no_judgment(story: Story) -> None:
    async def told(bench: Bench) -> None:
        await bench.log()
        (monitor,) = await bench.ports.store.read(
            bench.principal.account, lambda tx: tx.monitors.of_file(file_id=bench.flow)
        )
        await bench.monitor(bench.flow, bench.evaluator, monitor.version_id or "", is_active=False)
        worker = bench.worker()
        await worker.start()
        await bench.idle()
        await worker.close()
        assert (bench.judge.asked, await bench.judgments()) == ([], [])

    story(told)


def test_an_outage_is_waited_for_and_then_told(story: Story) -> None:
    async def told(bench: Bench) -> None:
        bench.judge.answer = failing(Fault.GATEWAY)
        worker = bench.worker()
        await worker.start()
        await bench.log()
        for tried in range(1, PATIENT.attempts):
            await until(lambda tried=tried: len(bench.judge.asked) == tried)
            await settled()
            assert (await bench.judgments(), await bench.waiting()) == ([], 1)
            await bench.later(1000)
        await bench.judged(PATIENT.attempts)
        (log,) = await bench.judgments()
        assert (log.judgment, log.has_error, log.content().error) == (None, True, "The model is down.")
        bench.judge.answer = lambda log: Verdict(judgment=1)
        await bench.change("log_1", "again")
        await bench.judged(PATIENT.attempts + 1)
        await worker.close()
        assert [one.judgment for one in await bench.judgments()] == [b"1"]

    story(told)


def test_an_error_counts_in_no_mean(story: Story) -> None:
    async def told(bench: Bench) -> None:
        worker = bench.worker()
        await worker.start()
        await bench.log("log_1", "four")
        await bench.judged()
        bench.judge.answer = lambda log: Verdict(error="So bad.", stdout="before")
        await bench.log("log_2")
        await bench.judged(2)
        bench.judge.answer = lambda log: Verdict()
        await bench.log("log_3")
        await bench.judged(3)
        await worker.close()
        (found,) = await bench.ports.store.read(
            bench.principal.account, lambda tx: tx.logs.aggregates(version_ids=[bench.version])
        )
        assert (found.total.judgments, found.total.mean()) == (1, 4.0)
        assert [one.content().stdout for one in await bench.judgments("log_2")] == ["before"]

    story(told)


def test_what_an_evaluator_is_given_of_a_deep_trace_is_no_larger_than_it(story: Story) -> None:
    """Below the top, each of the two names for what is below leads to itself only."""

    async def told(bench: Bench) -> None:
        ids = [f"log_{level}" for level in range(40)]
        for log_id, parent_id in zip(ids, [None, *ids], strict=False):
            rules = msgspec.structs.replace(logs.DIRECT, joins_complete=True)
            new = logs.NewLog(
                kind="flow", ref=bench.flow, version_id=bench.version, id=log_id, parent_id=parent_id
            )
            await logs.create(bench.ports, bench.principal, new, rules=rules)
        view = await logs.get(bench.ports, bench.principal, log_id=ids[0])
        given = judged_log(timestamps_with_zone=False)(view)
        for name in ("children", "trace_children"):
            below, found = given, []
            while below[name]:
                (below,) = below[name]
                found.append(below["id"])
            assert found == ids[1:]
        alone = await bench.ports.store.read(bench.principal.account, lambda tx: log_view(tx, view.log))
        size = len(json.dumps(judged_log(timestamps_with_zone=False)(alone)))
        assert len(json.dumps(given)) < 3 * len(ids) * size

    story(told)


def test_what_is_in_the_memory_of_another_process_is_left_to_it(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MemoryStore, "is_shared", True)

    async def told(bench: Bench) -> None:
        knowing = bench.ports
        await bench.log(is_saved=False)
        bench.ports = replace(knowing, unsaved=Unsaved())
        other = bench.worker()
        await other.start()

        async def is_put_off() -> bool:
            (job,) = await bench.ports.store.read(
                bench.principal.account, lambda tx: tx.jobs.of_subject(subject="log_1")
            )
            return job.attempts == 1

        while not await is_put_off():
            await settled()
        await other.close()
        assert bench.judge.asked == []
        bench.ports = knowing
        worker = bench.worker()
        await worker.start()
        await bench.later(60)
        await bench.judged()
        await worker.close()
        assert len(bench.judge.asked) == 1

    story(told)


def test_what_no_process_knows_any_more_is_judged_as_it_is_kept(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MemoryStore, "is_shared", True)

    async def told(bench: Bench) -> None:
        await bench.log(is_saved=False)
        bench.ports = replace(bench.ports, unsaved=Unsaved())
        worker = bench.worker()
        await worker.start()
        while not bench.judge.asked:
            await bench.later(60)
        await bench.judged()
        await worker.close()
        assert len(await bench.judgments()) == 1

    story(told)
