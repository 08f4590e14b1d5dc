"""``headrace conformance``: whether a server does what the two protocols demand."""

from __future__ import annotations

import secrets
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import click

from headrace.conformance import report
from headrace.conformance.bedrock.client import Setup as BedrockSetup
from headrace.conformance.bedrock.service import BedrockService
from headrace.conformance.catalogue import CHECKS
from headrace.conformance.checks import Check, chosen
from headrace.conformance.credentials import ANY, find
from headrace.conformance.humanloop.client import Setup as HumanloopSetup
from headrace.conformance.humanloop.service import HumanloopService
from headrace.conformance.ledger import Ledger, Origin
from headrace.conformance.runner import Result, Runner, Service
from headrace.conformance.wire import NoAnswer, Wire

AWS = "aws"
INTERRUPTED = 130
CLEAR_LINE = "\r\x1b[K"


@click.command("conformance")
@click.option("--endpoint", metavar="URL", help="The server, or `aws` for AWS's own endpoints of the region.")
@click.option("--runtime-endpoint", metavar="URL", help="Where flows are run, if that is another server.")
@click.option("--api", type=click.Choice(["bedrock", "humanloop", "all"]), default="all", show_default=True)
@click.option("--only", metavar="GLOB", multiple=True, help="Checks whose id matches. May be given again.")
@click.option("--list", "lists", is_flag=True, help="Show the checks, and ask nothing.")
@click.option(
    "--region",
    envvar=["AWS_REGION", "AWS_DEFAULT_REGION"],
    default="us-east-1",
    show_default=True,
    help="For signatures.",
)
@click.option("--profile", help="Of the AWS credentials; without it, the environment or the default one.")
@click.option(
    "--role-arn",
    default="arn:aws:iam::000000000000:role/headrace-conformance",
    show_default=True,
    help="The role of flows. AWS looks it up.",
)
@click.option(
    "--api-key", envvar="HUMANLOOP_API_KEY", default="any", help="For the Humanloop API. [HUMANLOOP_API_KEY]"
)
@click.option("--expect-auth", is_flag=True, help="Fail when strangers are let in, instead of skipping.")
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(0.1, 3600),
    default=30.0,
    show_default=True,
    help="Seconds that an answer may take.",
)
@click.option(
    "--parallel", type=click.IntRange(1, 64), default=4, show_default=True, help="Checks at a time."
)
@click.option("--strict", is_flag=True, help="Fail when a presumed rule does not hold, too.")
@click.option("--verbose", is_flag=True, help="Show every check, not only what is wrong.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@click.option("--junit", type=click.Path(path_type=Path, dir_okay=False), help="Write a JUnit report, too.")
@click.option(
    "--clean",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="LEDGER",
    help="Only remove what a run has left behind that was killed.",
)
def command(**options: Any) -> None:
    """Check a server against the contract of both protocols.

    Each check sends what a client would and looks at what comes back. What is made has a random name and is
    removed again. Ends with 0 when every documented rule holds; a presumed rule is one that no public source
    settles, and is only reported unless --strict is given.

    \b
    Examples:
      headrace conformance --endpoint http://127.0.0.1:8321
      headrace conformance --endpoint http://127.0.0.1:8321 --only 'bedrock.create-flow.*' --verbose
      headrace conformance --endpoint aws --api bedrock --region us-east-1 --role-arn ARN
    """
    if options["endpoint"] == AWS:
        options["api"] = _of_aws(options["api"])
    checks = chosen(CHECKS, api=options["api"], only=options["only"])
    if not checks:
        raise click.UsageError("No check matches. See them all with --list.")
    if options["lists"]:
        _list(checks)
        return
    ledger = _ledger(options["endpoint"], options["clean"])
    runner = _runner(ledger, options)
    signal.signal(signal.SIGTERM, _interrupt)
    if options["clean"] is not None:
        _end_cleaning(_cleaned(runner), ledger)
    results, left = _run(runner, ledger, checks, parallel=options["parallel"])
    _tell(results, left, options)
    sys.exit(0 if report.is_good(results, is_strict=options["strict"]) and not left else 1)


def _interrupt(*_: Any) -> NoReturn:
    raise KeyboardInterrupt


def _of_aws(api: str) -> str:
    if api == "humanloop":
        raise click.UsageError("AWS does not speak the Humanloop API.")
    return "bedrock"


def _list(checks: Sequence[Check]) -> None:
    width = max(len(check.id) for check in checks)
    for check in checks:
        click.echo(f"{check.id:<{width}}  {check.standing:<10}  {check.title}")


def _ledger(endpoint: str | None, clean: Path | None) -> Ledger:
    """A new ledger, or the one that is to be cleaned after."""
    if clean is not None:
        try:
            return Ledger.load(clean)
        except (ValueError, OSError) as error:
            raise click.UsageError(str(error)) from None
    if endpoint is None:
        raise click.UsageError("Name a server with --endpoint URL.")
    prefix = f"conf-{secrets.token_hex(4)}"
    path = Path(tempfile.gettempdir()) / f"headrace-{prefix}.jsonl"
    return Ledger.create(path, Origin(endpoint=endpoint, prefix=prefix))


def _runner(ledger: Ledger, options: dict[str, Any]) -> Runner:
    services: dict[str, Service] = {}
    try:
        if options["api"] in ("bedrock", "all"):
            services["bedrock"] = _bedrock(ledger, options)
        if options["api"] in ("humanloop", "all") and ledger.origin.endpoint != AWS:
            services["humanloop"] = _humanloop(ledger, options)
    except ValueError as error:
        if options["clean"] is None:
            ledger.forget()
        raise click.UsageError(str(error)) from None
    return Runner(services, ledger)


def _bedrock(ledger: Ledger, options: dict[str, Any]) -> BedrockService:
    endpoint, runtime = ledger.origin.endpoint, options["runtime_endpoint"]
    credentials = find(options["profile"])
    if endpoint == AWS:
        if credentials is None:
            raise ValueError(
                "There are no AWS credentials: set them in the environment, or name a --profile."
            )
        endpoint = f"https://bedrock-agent.{options['region']}.amazonaws.com"
        runtime = runtime or f"https://bedrock-agent-runtime.{options['region']}.amazonaws.com"
    agent = Wire(endpoint, timeout_s=options["timeout_s"])
    return BedrockService(
        BedrockSetup(
            agent=agent,
            runtime=agent if runtime is None else Wire(runtime, timeout_s=options["timeout_s"]),
            credentials=credentials or ANY,
            expects_auth=options["expect_auth"],
            region=options["region"],
            role=options["role_arn"],
            prefix=ledger.origin.prefix,
            ledger=ledger,
            patience_s=options["timeout_s"],
        )
    )


def _humanloop(ledger: Ledger, options: dict[str, Any]) -> HumanloopService:
    endpoint = ledger.origin.endpoint.rstrip("/")
    return HumanloopService(
        HumanloopSetup(
            wire=Wire(f"{endpoint.removesuffix('/v5')}/v5", timeout_s=options["timeout_s"]),
            api_key=options["api_key"],
            expects_auth=options["expect_auth"],
            prefix=ledger.origin.prefix,
            ledger=ledger,
        )
    )


def _run(
    runner: Runner, ledger: Ledger, checks: Sequence[Check], *, parallel: int
) -> tuple[list[Result], list[str]]:
    """The results, and what could not be removed."""
    mine = [check for check in checks if check.api in runner.services]
    try:
        _check_reachable(runner, ledger)
        results = runner.run(mine, parallel=parallel, seen=_progress(len(mine)))
    except KeyboardInterrupt:
        click.echo("\nStopped. Removing what was made ...", err=True)
        _report_left(_cleaned(runner), ledger)
        sys.exit(INTERRUPTED)
    left = _cleaned(runner)
    _report_left(left, ledger)
    return results, left


def _check_reachable(runner: Runner, ledger: Ledger) -> None:
    try:
        for service in runner.services.values():
            service.ping()
    except NoAnswer as error:
        ledger.forget()
        raise click.ClickException(f"No answer from {ledger.origin.endpoint}: {error}") from None


def _cleaned(runner: Runner) -> list[str]:
    try:
        return runner.clean()
    except KeyboardInterrupt:
        return ["the rest, because it was interrupted again"]


def _report_left(left: Sequence[str], ledger: Ledger) -> None:
    for reason in left:
        click.echo(f"Not removed: {report.shown(reason)}", err=True)
    if left:
        click.echo(
            f"What is left has names that begin with {ledger.origin.prefix}. Try again with "
            f"`headrace conformance --clean {ledger.path}`.",
            err=True,
        )


def _end_cleaning(left: Sequence[str], ledger: Ledger) -> NoReturn:
    _report_left(left, ledger)
    click.echo("Something is left." if left else "Nothing is left.")
    sys.exit(1 if left else 0)


def _tell(results: Sequence[Result], left: Sequence[str], options: dict[str, Any]) -> None:
    if options["junit"] is not None:
        options["junit"].write_bytes(report.as_junit(results, is_strict=options["strict"]))
    if options["as_json"]:
        click.echo(report.as_json(results, about={"endpoint": options["endpoint"]}, left=left))
        return
    for line in report.lines(results, is_verbose=options["verbose"]):
        click.echo(line)


def _progress(total: int) -> Callable[[Result], None]:
    """Shows on a terminal how far it is; nothing elsewhere."""
    done: list[Result] = []

    def seen(result: Result) -> None:
        done.append(result)
        if sys.stderr.isatty():
            bad = sum(one.outcome in report.BAD for one in done)
            end = CLEAR_LINE if len(done) == total else ""
            line = f"{len(done)} of {total}, {bad} not as they should be: {result.check.id}"
            click.echo(f"{CLEAR_LINE}{line}{end}", nl=False, err=True)

    return seen
