"""Amazon's services through real boto3 clients: S3 and Lambda of an emulator, the others of a server that speaks
their protocol."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import time
import urllib.request
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer
from tests.backends.things import Heard, ask, context, converse, failure, http_server, with_effects

from headrace.apis.bedrock.eventstream import event_frame, exception_frame
from headrace.core.effects import AgentReply, CallerKeys, Effects, Fault, KnowledgeRequest, Usage

ACCOUNT = "123456789012"
FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:total"
AGENT = f"arn:aws:bedrock:us-east-1:{ACCOUNT}:agent-alias/AGENT12345/ALIAS12345"
HOUSE_ID, HOUSE_SECRET = "AKIDOFTHEHOUSE01", "secret/of+the=house"
ANSWERED = {
    "output": {"message": {"role": "assistant", "content": [{"text": "Yes."}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 3, "outputTokens": 2, "totalTokens": 5},
}
BOT = f"arn:aws:lex:us-east-1:{ACCOUNT}:bot-alias/BOT1234567/ALIAS12345"


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDTEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-the-test")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def place(url: str) -> str:
    return f'region = "us-east-1"\nendpoint = "{url}"'


def client(service: str, url: str) -> Any:
    return boto3.client(service, endpoint_url=url, region_name="us-east-1")


class TestS3:
    @pytest.fixture
    def config(self, moto: str) -> str:
        return f'[[objects.route]]\ntype = "s3"\nmatch = "*"\nmax_bytes = 100\n{place(moto)}'

    @pytest.mark.parametrize("key", ["a", "a/b.json", "/lead", "a//b", "../up", "ä b+c%2F"])
    def test_an_object_is_kept_under_its_very_key(
        self, key: str, moto: str, config: str, tmp_path: Path
    ) -> None:
        client("s3", moto).create_bucket(Bucket="docs")

        async def use(effects: Effects) -> tuple[str, bytes]:
            uri = await effects.objects.put("docs", key, b"\xff body", context())
            return uri, await effects.objects.get("docs", key, context())

        assert with_effects(config, use, folder=tmp_path) == (f"s3://docs/{key}", b"\xff body")

    @pytest.mark.parametrize(("bucket", "code"), [("docs", "NoSuchKey"), ("other", "NoSuchBucket")])
    def test_what_is_not_there(self, bucket: str, code: str, moto: str, config: str, tmp_path: Path) -> None:
        client("s3", moto).create_bucket(Bucket="docs")
        failed = failure(
            lambda: with_effects(
                config, lambda effects: effects.objects.get(bucket, "none", context()), folder=tmp_path
            ),
            Fault.DEPENDENCY,
            match=code,
        )
        assert failed.resource == "Amazon S3"

    def test_an_object_that_is_too_large(self, moto: str, config: str, tmp_path: Path) -> None:
        client("s3", moto).create_bucket(Bucket="docs")
        client("s3", moto).put_object(Bucket="docs", Key="big", Body=b"x" * 101)
        failure(
            lambda: with_effects(
                config, lambda effects: effects.objects.get("docs", "big", context()), folder=tmp_path
            ),
            Fault.DEPENDENCY,
            match="max_bytes",
        )


class TestLambda:
    @pytest.fixture
    def config(self, moto: str) -> str:
        return f'[[functions.route]]\ntype = "lambda"\nmatch = "total"\n{place(moto)}'

    @pytest.fixture
    def function(self, moto: str) -> None:
        _post(f"{moto}/moto-api/reset", None)
        _post(f"{moto}/moto-api/config", {"lambda": {"use_docker": False}})
        role = client("iam", moto).create_role(RoleName="r", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("app.py", "def handler(event, context): return event")
        functions = client("lambda", moto)
        functions.create_function(
            FunctionName="total",
            Runtime="python3.12",
            Role=role,
            Handler="app.handler",
            Code={"ZipFile": archive.getvalue()},
            Publish=True,
        )
        functions.create_alias(FunctionName="total", Name="live", FunctionVersion="1")

    def invoke(self, config: str, arn: str, tmp_path: Path) -> Any:
        event = {"messageVersion": "1.0", "node": {"name": "Total"}}
        return with_effects(
            config, lambda effects: effects.functions.invoke(arn, event, context()), folder=tmp_path
        )

    @pytest.mark.parametrize("qualifier", ["", ":$LATEST", ":1", ":live"])
    def test_a_function_answers_its_raw_value(
        self, qualifier: str, function: None, config: str, tmp_path: Path
    ) -> None:
        answer = self.invoke(config, FUNCTION + qualifier, tmp_path)  # the emulator answers with the event
        assert answer == {"messageVersion": "1.0", "node": {"name": "Total"}}

    def test_the_step_goes_along(self, tmp_path: Path) -> None:
        with http_server(lambda heard: (200, {}, b"1")) as server:
            config = f'[[functions.route]]\ntype = "lambda"\nmatch = "total"\n{place(server.url)}'
            assert self.invoke(config, FUNCTION, tmp_path) == 1
        said = json.loads(base64.b64decode(server.heard[0].headers["x-amz-client-context"]))
        assert said == {"custom": {"idempotencyKey": "e-1/Ask/0"}}

    def test_a_function_that_is_not_there(self, tmp_path: Path) -> None:
        head = {"x-amzn-errortype": "ResourceNotFoundException"}
        body = json.dumps({"Message": "Function not found"}).encode()
        with http_server(lambda heard: (404, head, body)) as server:
            config = f'[[functions.route]]\ntype = "lambda"\nmatch = "total"\n{place(server.url)}'
            failed = failure(
                lambda: self.invoke(config, FUNCTION, tmp_path),
                Fault.DEPENDENCY,
                match="ResourceNotFoundException: Function not found",
            )
        assert failed.resource == "Lambda"

    def test_a_function_that_failed_says_why(self, tmp_path: Path) -> None:
        def answer(heard: Heard) -> tuple[int, Mapping[str, str], bytes]:
            assert heard.path.endswith("/invocations?Qualifier=7")
            said = {"errorType": "KeyError", "errorMessage": "'amount'", "stackTrace": []}
            return 200, {"x-amz-function-error": "Unhandled"}, json.dumps(said).encode()

        with http_server(answer) as server:
            config = f'[[functions.route]]\ntype = "lambda"\nmatch = "total"\n{place(server.url)}'
            failure(
                lambda: self.invoke(config, f"{FUNCTION}:7", tmp_path),
                Fault.DEPENDENCY,
                match="^KeyError: 'amount'$",
            )

    def test_a_function_that_nothing_is_mapped_to(self, tmp_path: Path) -> None:
        failure(
            lambda: self.invoke("", FUNCTION, tmp_path),
            Fault.DEPENDENCY,
            match=r'\[\[functions.route\]\] match = "total"',
        )


def _post(url: str, body: Any) -> None:
    data = b"" if body is None else json.dumps(body).encode()
    urllib.request.urlopen(urllib.request.Request(url, data=data, method="POST")).close()


class TestConverse:
    def config(self, url: str) -> str:
        return f"""
            [models.providers.bedrock]
            type = "bedrock"
            {place(url)}
            [[models.route]]
            match = "acme.*"
            provider = "bedrock"
        """

    def test_everything_is_passed_on(self, tmp_path: Path) -> None:
        said = {
            "output": {"message": {"role": "assistant", "content": [{"text": "Blocked."}]}},
            "stopReason": "guardrail_intervened",
            "usage": {"inputTokens": 3, "outputTokens": 2, "totalTokens": 5},
            "metrics": {"latencyMs": 7},
        }
        image = {"image": {"format": "png", "source": {"bytes": base64.b64encode(b"\x89PNG").decode()}}}
        request = ask(
            model_id="us.acme.m-1",
            system=[{"text": "Be brief."}],
            inference={"maxTokens": 5},
            extra={"top_k": 3},
            guardrail={"guardrailIdentifier": "gr1", "guardrailVersion": "DRAFT"},
            latency="optimized",
        )
        request = request.__class__(
            **{name: getattr(request, name) for name in request.__struct_fields__}
            | {"messages": [{"role": "user", "content": [{"text": "?"}, image]}]}
        )
        with http_server(lambda heard: (200, {}, json.dumps(said).encode())) as server:
            reply = converse(self.config(server.url), request, folder=tmp_path)
        (heard,) = server.heard
        assert heard.path == "/model/us.acme.m-1/converse"
        assert json.loads(heard.body) == {
            "messages": [{"role": "user", "content": [{"text": "?"}, image]}],
            "system": [{"text": "Be brief."}],
            "inferenceConfig": {"maxTokens": 5},
            "additionalModelRequestFields": {"top_k": 3},
            "guardrailConfig": {"guardrailIdentifier": "gr1", "guardrailVersion": "DRAFT"},
            "performanceConfig": {"latency": "optimized"},
        }
        assert (reply.text, reply.stop_reason) == ("Blocked.", "guardrail_intervened")
        assert reply.usage == Usage(input_tokens=3, output_tokens=2)

    @pytest.mark.parametrize(
        ("status", "code", "fault"),
        [
            (400, "ValidationException", Fault.DEPENDENCY),
            (403, "AccessDeniedException", Fault.DENIED),
            (404, "ResourceNotFoundException", Fault.DEPENDENCY),
            (408, "ModelTimeoutException", Fault.GATEWAY),
            (424, "ModelErrorException", Fault.DEPENDENCY),
            (429, "ThrottlingException", Fault.THROTTLED),
            (500, "InternalServerException", Fault.GATEWAY),
        ],
    )
    def test_errors_by_their_kind(self, status: int, code: str, fault: Fault, tmp_path: Path) -> None:
        body = json.dumps({"message": "as it is"}).encode()
        with http_server(lambda heard: (status, {"x-amzn-errortype": code}, body)) as server:
            failed = failure(
                lambda: converse(self.config(server.url), ask(), folder=tmp_path),
                fault,
                match=f"{code}: as it is",
            )
        assert failed.resource == "Amazon Bedrock"
        assert "secret-of-the-test" not in failed.message

    @pytest.mark.parametrize("more", ["", ":token-of-the-house"])
    def test_an_organisations_own_key_signs_its_calls(
        self, more: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "a-token-of-the-server")
        own = CallerKeys({"bedrock": "of-a-caller"}, own=f"{HOUSE_ID}:{HOUSE_SECRET}{more}")
        said = json.dumps(ANSWERED).encode()
        with http_server(lambda heard: (200, {}, said)) as server:
            converse(self.config(server.url), ask(), folder=tmp_path, keys=own)
            monkeypatch.delenv("AWS_BEARER_TOKEN_BEDROCK")
            converse(self.config(server.url), ask(), folder=tmp_path)
        mine, configured = (heard.headers for heard in server.heard)
        assert f"Credential={HOUSE_ID}/" in mine["authorization"]
        assert mine.get("x-amz-security-token", "") == more.removeprefix(":")
        assert "Credential=AKIDTEST/" in configured["authorization"]

    def test_an_own_key_that_is_repeated_is_struck_out(self, tmp_path: Path) -> None:
        body = json.dumps({"message": f"no such secret: {HOUSE_SECRET}"}).encode()
        own = CallerKeys({}, own=f"{HOUSE_ID}:{HOUSE_SECRET}")
        with http_server(lambda heard: (403, {"x-amzn-errortype": "AccessDeniedException"}, body)) as server:
            failed = failure(
                lambda: converse(self.config(server.url), ask(), folder=tmp_path, keys=own),
                Fault.DENIED,
                match="no such secret: …",
            )
        assert HOUSE_SECRET not in failed.message

    def test_an_own_key_of_another_kind_of_provider_is_refused(self, tmp_path: Path) -> None:
        failure(
            lambda: converse(
                self.config("http://127.0.0.1:9"),
                ask(),
                folder=tmp_path,
                keys=CallerKeys({}, own="sk-of-another"),
            ),
            Fault.DENIED,
            match="not ACCESS_KEY_ID:SECRET_ACCESS_KEY",
        )

    def test_nobody_there(self, tmp_path: Path) -> None:
        with http_server(lambda heard: (200, {}, b"")) as server:
            url = server.url
        failure(
            lambda: converse(self.config(url), ask(), folder=tmp_path),
            Fault.GATEWAY,
            match="could not be reached",
        )

    def test_no_credentials(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        failure(
            lambda: converse(self.config("http://127.0.0.1:9"), ask(), folder=tmp_path),
            Fault.DENIED,
            match="credentials",
        )

    def test_no_secret_is_logged(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setenv("AWS_SESSION_TOKEN", "token-of-the-test")
        caplog.set_level("DEBUG")
        body = json.dumps({"message": "no"}).encode()
        with http_server(lambda heard: (403, {"x-amzn-errortype": "AccessDeniedException"}, body)) as server:
            failure(lambda: converse(self.config(server.url), ask("a prompt"), folder=tmp_path), Fault.DENIED)
        assert server.heard[0].headers["x-amz-security-token"] == "token-of-the-test"
        for word in ("secret-of-the-test", "token-of-the-test", "a prompt"):
            assert word not in caplog.text

    def test_a_late_answer_is_not_waited_for_and_blocks_nobody(self, tmp_path: Path) -> None:
        def late(heard: Heard) -> tuple[int, Mapping[str, str], bytes]:
            server.release.wait(20)
            return 400, {}, b"{}"

        async def use(effects: Effects) -> int:
            beats = 0
            call = asyncio.create_task(effects.models.converse(ask(), context(timeout_s=2)))
            while not call.done():
                await asyncio.wait({call}, timeout=0.02)
                beats += 1
            assert beats > 3, (
                "the loop stood still"
            )  # it would turn twice; how often else, is for the machine
            call.result()
            return beats

        with http_server(late) as server:
            began = time.monotonic()
            failure(
                lambda: with_effects(self.config(server.url), use, folder=tmp_path),
                Fault.GATEWAY,
                match="within 2 s",
            )
            assert time.monotonic() - began < 18


class TestKnowledge:
    def test_passages_come_as_they_are(self, tmp_path: Path) -> None:
        found = [{"content": {"type": "TEXT", "text": "T"}, "score": 0.5, "metadata": {"page": 3}}]
        reranking = {
            "type": "BEDROCK_RERANKING_MODEL",
            "bedrockRerankingConfiguration": {
                "modelConfiguration": {"modelArn": "arn:aws:bedrock:us-east-1::foundation-model/r"}
            },
        }
        request = KnowledgeRequest(knowledge_base_id="HANDBOOK01", query="?", most=7, reranking=reranking)
        with http_server(lambda heard: (200, {}, json.dumps({"retrievalResults": found}).encode())) as server:
            config = f"""
                [[knowledge.route]]
                type = "bedrock"
                match = "HAND*"
                knowledge_base = "REALONE001"
                {place(server.url)}
            """
            answer = with_effects(
                config, lambda effects: effects.knowledge.retrieve(request, context()), folder=tmp_path
            )
        assert answer == found
        (heard,) = server.heard
        assert heard.path == "/knowledgebases/REALONE001/retrieve"
        search = {"numberOfResults": 7, "rerankingConfiguration": reranking}
        assert json.loads(heard.body) == {
            "retrievalQuery": {"text": "?"},
            "retrievalConfiguration": {"vectorSearchConfiguration": search},
        }


class TestLex:
    def config(self, url: str) -> str:
        return f'[[lex.route]]\ntype = "lex"\nmatch = "{BOT}"\n{place(url)}'

    def recognise(self, config: str, tmp_path: Path, arn: str = BOT) -> str:
        return with_effects(
            config,
            lambda effects: effects.intents.recognise(
                arn,
                "en_US",
                "A room, please",
                context(),
                request_attributes={"channel": "web"},
                session_attributes={"seen": {"n": 2}},
            ),
            folder=tmp_path,
        )

    def test_the_likeliest_intent(self, tmp_path: Path) -> None:
        guesses = [{"intent": {"name": "BookRoom"}}, {"intent": {"name": "Cancel"}}]
        with http_server(
            lambda heard: (200, {}, json.dumps({"interpretations": guesses}).encode())
        ) as server:
            assert self.recognise(self.config(server.url), tmp_path) == "BookRoom"
        (heard,) = server.heard
        assert heard.path == "/bots/BOT1234567/botAliases/ALIAS12345/botLocales/en_US/sessions/e-1-Ask-0/text"
        assert json.loads(heard.body) == {
            "text": "A room, please",
            "requestAttributes": {"channel": "web"},
            "sessionState": {"sessionAttributes": {"seen": '{"n":2}'}},
        }

    def test_no_intent(self, tmp_path: Path) -> None:
        with http_server(lambda heard: (200, {}, b"{}")) as server:
            failed = failure(
                lambda: self.recognise(self.config(server.url), tmp_path), Fault.DEPENDENCY, match="no intent"
            )
        assert failed.resource == "Amazon Lex"


class TestAgents:
    def invoke(self, url: str, tmp_path: Path, *texts: str) -> list[AgentReply]:
        config = f'[[agents.route]]\ntype = "bedrock"\nmatch = "*:agent-alias/AGENT12345/*"\n{place(url)}'

        async def use(effects: Effects) -> list[AgentReply]:
            replies: list[AgentReply] = []
            for text in texts:
                memory = replies[-1].memory if replies else None
                known = {"tier": 1}
                replies.append(
                    await effects.agents.invoke(
                        AGENT, text, context(), session_attributes=known, memory=memory
                    )
                )
            return replies

        return with_effects(config, use, folder=tmp_path)

    def test_an_answer_in_pieces_with_its_trace(self, tmp_path: Path) -> None:
        usage = {"modelInvocationOutput": {"metadata": {"usage": {"inputTokens": 9, "outputTokens": 4}}}}
        parts = [
            _trace({"orchestrationTrace": usage}),
            *(
                event_frame("chunk", _chunk(piece))
                for piece in ("Gr\xfc".encode()[:3], "Gr\xfc\xdfe".encode()[3:])
            ),
        ]
        with http_server(_stream(parts)) as server:
            (reply,) = self.invoke(server.url, tmp_path, "Hallo")
        assert (reply.text, reply.asks) == ("Gr\xfc\xdfe", False)
        assert reply.usage == Usage(input_tokens=9, output_tokens=4)
        assert [part["trace"] for part in reply.trace] == [{"orchestrationTrace": usage}]
        (heard,) = server.heard
        assert heard.path == "/agents/AGENT12345/agentAliases/ALIAS12345/sessions/e-1/text"
        assert json.loads(heard.body) == {
            "inputText": "Hallo",
            "enableTrace": True,
            "sessionState": {"sessionAttributes": {"tier": "1"}},
        }

    def test_a_question_to_the_user(self, tmp_path: Path) -> None:
        asked = _trace({"orchestrationTrace": {"observation": {"type": "ASK_USER"}}})
        with http_server(_stream([event_frame("chunk", _chunk(b"Which one?")), asked])) as server:
            (reply,) = self.invoke(server.url, tmp_path, "Book it")
        assert (reply.text, reply.asks) == ("Which one?", True)

    def test_a_returned_call_is_asked_for_and_answered(self, tmp_path: Path) -> None:
        call = {"functionInvocationInput": {"actionGroup": "G", "function": "f", "parameters": []}}
        control = {"invocationId": "i-1", "invocationInputs": [call]}
        streams = [
            [event_frame("returnControl", json.dumps(control).encode())],
            [event_frame("chunk", _chunk(b"Done."))],
        ]
        with http_server(lambda heard: _stream(streams.pop(0))(heard)) as server:
            asked, done = self.invoke(server.url, tmp_path, "Go", "42")
        assert (json.loads(asked.text), asked.asks) == ([call], True)
        assert (done.text, done.asks, done.memory) == ("Done.", False, None)
        state = json.loads(server.heard[1].body)["sessionState"]
        assert state["invocationId"] == "i-1"
        result = {"actionGroup": "G", "function": "f", "responseBody": {"TEXT": {"body": "42"}}}
        assert state["returnControlInvocationResults"] == [{"functionResult": result}]
        assert "inputText" not in json.loads(server.heard[1].body)

    @pytest.mark.parametrize(
        ("name", "fault"),
        [
            ("throttlingException", Fault.THROTTLED),
            ("dependencyFailedException", Fault.DEPENDENCY),
            ("badGatewayException", Fault.GATEWAY),
            ("accessDeniedException", Fault.DENIED),
        ],
    )
    def test_a_failure_on_the_way(self, name: str, fault: Fault, tmp_path: Path) -> None:
        frames = [event_frame("chunk", _chunk(b"So")), exception_frame(name, b'{"message":"on the way"}')]
        with http_server(_stream(frames)) as server:
            failure(lambda: self.invoke(server.url, tmp_path, "Go"), fault, match="on the way")


def _chunk(content: bytes) -> bytes:
    return json.dumps({"bytes": base64.b64encode(content).decode()}).encode()


def _trace(trace: Any) -> bytes:
    return event_frame("trace", json.dumps({"sessionId": "e-1", "trace": trace}).encode())


def _stream(frames: list[bytes]) -> Any:
    head = {"content-type": "application/vnd.amazon.eventstream"}
    return lambda heard: (200, head, b"".join(frames))
