"""The settings: each with its default, its unit and what it is for, read once from the environment.

``HEADRACE_PORT=9000`` sets ``port``. An unknown ``HEADRACE_…`` variable is an error, because a misspelt
setting that is silently ignored is found out too late.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from headrace.setting_rules import PREFIX, PROFILES, BadSetting, check_value, convert

__all__ = ["CLIENT_VARIABLES", "DEFAULT_CONFIG", "PREFIX", "BadSetting", "Settings"]

TEST_PREFIX = "HEADRACE_TEST_"
DEFAULT_CONFIG = "headrace.toml"
"""Read if it is there; any other file that is named must be there."""
CLIENT_VARIABLES = frozenset({"HEADRACE_URL", "HEADRACE_API_KEY"})
"""What the command line reads to find a server; not settings of one."""


def _setting(default: Any, help_text: str, unit: str = "") -> Any:
    return field(default=default, metadata={"help": help_text, "unit": unit})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything about a server that can be set."""

    host: str = _setting("127.0.0.1", "Address to listen on. Any but loopback needs keys.")
    port: int = _setting(8321, "Port to listen on; 0 picks a free one.")
    store: str = _setting(
        "sqlite:///headrace.db",
        "Where everything is kept: a file as PATH or sqlite:///PATH, a PostgreSQL database as "
        "postgresql://USER:PASSWORD@HOST/DATABASE, or memory:.",
    )
    store_connections: int = _setting(
        10,
        "Connections to a PostgreSQL store that a process has at the most; two at the least.",
        "connections",
    )
    store_timeout: float = _setting(
        30.0,
        "How long a PostgreSQL store may take for a statement, and how long what lost a race is tried again.",
        "seconds",
    )
    store_connect_timeout: float = _setting(
        10.0, "How long it may take to connect to a PostgreSQL store.", "seconds"
    )
    account: str = _setting("000000000000", "The default organisation: twelve digits, also its AWS account.")
    environments: str = _setting(
        "staging",
        "Environments that a new store has besides production, separated by commas. Later ones are made with "
        "`headrace environments create`.",
    )
    profile: str = _setting(
        "default",
        "Limits that go together: default is generous, aws has the numbers of AWS (quotas, shapes, node "
        "counts, request rates). Settings that are given themselves win.",
    )
    region: str = _setting("us-east-1", "The AWS region in this server's ARNs.")
    default_role: str = _setting(
        "arn:aws:iam::000000000000:role/headrace",
        "The execution role that AWS clients are shown for flows that have none.",
    )
    secret_key: str = _setting(
        "",
        "URL-safe base64 of 32 bytes; encrypts secrets and signs page tokens. Beside a SQLite store it is "
        "made when missing, in a file of mode 0600; a store that servers share needs it. "
        "`headrace keys secret` makes one.",
    )
    tls_certificate: str = _setting("", "PEM file with the certificate chain; turns TLS on.")
    tls_key: str = _setting("", "PEM file with the certificate's private key.")
    max_body: int = _setting(16 * 1024 * 1024, "The largest request body that is accepted.", "bytes")
    body_timeout: int = _setting(
        120, "How long the body of a request may take to arrive; 0 is for ever.", "seconds"
    )
    allowed_origins: str = _setting(
        "",
        "Web pages that may use the APIs from a browser, once there are keys: origins such as "
        "https://app.example.com, separated by commas, or * for any.",
    )
    max_page: int = _setting(10_000, "The most records that one page of a Humanloop list holds.", "records")
    quota_flows: int = _setting(1_000_000, "Flows that an organisation may have.", "flows")
    quota_flow_versions: int = _setting(99_999, "Numbered versions that a flow may have.", "versions")
    quota_flow_aliases: int = _setting(1_000, "Aliases that a flow may have.", "aliases")
    quota_prompts: int = _setting(1_000_000, "Prompts that an organisation may have.", "prompts")
    quota_prompt_versions: int = _setting(99_999, "Numbered versions that a prompt may have.", "versions")
    quota_executions: int = _setting(
        1000, "Executions in the background of an organisation that go on at the same time.", "executions"
    )
    rate_limit: float = _setting(
        0.0, "Calls of one operation by one organisation; 0 is no limit.", "per second"
    )
    rate_limit_reads: float = _setting(
        0.0, "The same for operations that only read; 0 is no other limit for these.", "per second"
    )
    rate_burst: int = _setting(
        10, "Calls that may come at once under a rate limit; 0 is as many as a second's.", "calls"
    )
    web_folder: str = _setting(
        "", "Serves the web UI out of this folder instead of the package's; for who works on it."
    )
    session_lifetime: int = _setting(
        86_400, "How long who signs in to the web UI stays signed in.", "seconds"
    )
    client_token_lifetime: int = _setting(86_400, "How long a clientToken is remembered.", "seconds")
    shutdown_timeout: int = _setting(
        10, "How long open requests may take to finish at shutdown, and judgments then.", "seconds"
    )
    drain_delay: float = _setting(
        0.0,
        "How long a server that was told to stop goes on taking requests while /readyz says 503, for load "
        "balancers to notice.",
        "seconds",
    )
    config: str = _setting(
        DEFAULT_CONFIG,
        "File that says what flows may call: models, functions, knowledge bases. A missing one is empty.",
    )
    scripted: str = _setting(
        "", "File of answers that stand for all models, whatever the configuration says of them: for tests."
    )
    knowledge: str = _setting(
        "", "File of the local knowledge bases. Beside a SQLite store it is made when it is needed."
    )
    sandbox: str = _setting(
        "native", "What runs the code of InlineCode nodes: native, monty (needs the extra), or off for none."
    )
    execution_timeout: int = _setting(3600, "How long a run of a flow may take.", "seconds")
    node_timeout: int = _setting(300, "How long one call of a node may take.", "seconds")
    answer_timeout: int = _setting(3600, "How long a run that asks its user waits for the answer.", "seconds")
    concurrent_runs: int = _setting(1000, "Runs of an organisation at the same time.", "runs")
    durable_runs: int = _setting(
        100,
        "Executions in the background that this process carries out at the same time; 0 leaves them to "
        "others. Needs the extra durable.",
        "executions",
    )
    durable_timeout: int = _setting(
        86_400, "How long an execution in the background may take, from its start.", "seconds"
    )
    durable_attempts: int = _setting(
        100,
        "How often an execution in the background is taken up, after processes that ended in the middle of "
        "it, before it has failed.",
        "attempts",
    )
    health_port: int = _setting(
        0,
        "Port on which `headrace worker`, and `headrace serve` beside its own, answers /healthz, /readyz and "
        "/metrics to anybody, and nothing else, without TLS; 0 is none.",
    )
    health_host: str = _setting(
        "", "Address for that port, best one that only who watches can reach; empty is HEADRACE_HOST."
    )
    drain_timeout: int = _setting(
        20,
        "How long executions in the background may take to end at shutdown, before others go on with them.",
        "seconds",
    )
    process_timeout: float = _setting(
        15.0,
        "A process that shares the store and was not seen for so long is gone: others put in order what it "
        "carried out.",
        "seconds",
    )
    call_timeout: int = _setting(
        300, "How long a model or a tool that is called by itself may take.", "seconds"
    )
    concurrent_calls: int = _setting(
        1000, "Calls of prompts and of tools that are carried out at the same time.", "calls"
    )
    call_samples: int = _setting(16, "Answers that one call of a prompt may ask for.", "answers")
    agent_timeout: int = _setting(
        1800, "How long one turn of an agent may take, with all that it calls.", "seconds"
    )
    agent_iterations: int = _setting(
        50, "How often the model of an agent is asked at most, whatever the agent says.", "times"
    )
    agent_depth: int = _setting(
        5, "How many agents may stand above one another, each called by the one above.", "agents"
    )
    concurrent_jobs: int = _setting(
        8, "Work of each kind done behind the scenes at once: judging logs, showing runs as logs.", "jobs"
    )
    judgment_timeout: int = _setting(60, "How long an evaluator may take for one judgment.", "seconds")
    judgment_attempts: int = _setting(
        12,
        "How often an evaluator is tried whose model can't be reached, ever less often, before its judgment "
        "is an error.",
        "attempts",
    )
    evaluation_concurrency: int = _setting(
        8, "Logs that are made at once for orchestrated runs of evaluations, by each process.", "logs"
    )
    evaluation_attempts: int = _setting(
        4,
        "How often a prompt or a tool is called for a run of an evaluation while its model can't be reached, "
        "before its log is an error.",
        "attempts",
    )
    evaluation_silence: int = _setting(
        0,
        "How long a run of an evaluation that has all its logs waits for judgments that do not come, before "
        "it is completed without them; 0 is for ever.",
        "seconds",
    )
    comparison_parallel: int = _setting(
        4, "Runs that this process carries out at once to compare versions.", "runs"
    )
    comparison_inputs: int = _setting(
        1000, "On how many inputs one comparison of versions may run them.", "inputs"
    )
    comparison_timeout: int = _setting(3600, "How long one comparison of versions may take.", "seconds")
    watch_interval: float = _setting(
        5.0,
        "How long after a look at a version that is watched since a pointer was moved comes the next, if no "
        "judgment comes before.",
        "seconds",
    )
    run_log_steps: int = _setting(
        1000, "So many steps of a run become logs below the flow's log; further ones are counted.", "steps"
    )
    keep_content: str = _setting(
        "all", "What is kept of runs: all, metadata (no values) or none (no events)."
    )
    keep_runs: int = _setting(90, "How long ended runs are kept; 0 is for ever.", "days")
    keep_logs: int = _setting(
        0,
        "How long logs are kept, from their creation; 0 is for ever. A file may have its own number of days: "
        "`headrace retention set`.",
        "days",
    )
    growing_traces: bool = _setting(
        False, "Take logs below a flow's log that is complete, instead of refusing them."
    )
    wait_for_record: bool = _setting(False, "Let each run wait until its record is durable.")
    strict_limits: bool = _setting(False, "Keep AWS's smaller limits on the shape of definitions.")
    strict_node_counts: bool = _setting(
        False, "Keep AWS's limits on how many nodes of each type a flow may have."
    )
    zoned_timestamps: bool = _setting(False, "End the Humanloop API's times with Z, unlike the original.")
    otlp_endpoint: str = _setting(
        "",
        "Exports spans of requests, runs, nodes and calls of models by OTLP over HTTP to /v1/traces below "
        "this address, such as http://collector:4318; empty exports none. Needs the extra otel.",
    )
    otlp_headers: str = _setting(
        "",
        "Headers for that, with keys for instance: name=value pairs, separated by commas, percent-encoded. A "
        "secret.",
    )
    otlp_share: float = _setting(
        1.0,
        "The share of traces that are exported, 0 to 1, of those that begin here; callers that send a "
        "traceparent decide themselves.",
    )
    otlp_content: bool = _setting(
        False, "Export what goes into nodes and models and what comes out, too; else spans have no content."
    )
    otlp_queue: int = _setting(
        10_000,
        "So many spans wait to be exported at the most; further ones are dropped, and counted.",
        "spans",
    )
    otlp_timeout: float = _setting(
        10.0,
        "How long sending spans may take, with repetitions, and how long the last ones may at the end.",
        "seconds",
    )
    log_requests: bool = _setting(False, "Log every request and not only failures of the server.")
    log_format: str = _setting("text", "text or json.")
    log_level: str = _setting("info", "debug, info, warning or error.")

    @classmethod
    def from_env(cls, environ: Mapping[str, str], **overrides: Any) -> Settings:
        """Settings from environment variables; overrides that are not None win.

        Raises:
            BadSetting: a variable is unknown or its value is unusable.
        """
        known = {PREFIX + one.name.upper(): one for one in fields(cls)}
        values: dict[str, Any] = {}
        for variable, text in environ.items():
            if variable in known:
                values[known[variable].name] = convert(variable, text, type(known[variable].default))
            elif (
                variable.startswith(PREFIX)
                and not variable.startswith(TEST_PREFIX)
                and variable not in CLIENT_VARIABLES
            ):
                raise BadSetting(_unknown(variable, list(known)))
        values.update({name: value for name, value in overrides.items() if value is not None})
        profile = PROFILES.get(values.get("profile", "default"), {})
        settings = cls(**{**profile, **values})
        settings.check()
        return settings

    def check(self) -> None:
        """Refuse values that contradict each other or make no sense."""
        for one in fields(self):
            check_value(one.name, getattr(self, one.name))
        if self.profile not in PROFILES:
            known = ", ".join(PROFILES)
            raise BadSetting(f"HEADRACE_PROFILE must be one of these: {known}; not {self.profile!r}.")
        if bool(self.tls_certificate) != bool(self.tls_key):
            raise BadSetting("TLS needs both HEADRACE_TLS_CERTIFICATE and HEADRACE_TLS_KEY.")


def _unknown(variable: str, known: list[str]) -> str:
    near = difflib.get_close_matches(variable, known, n=1, cutoff=0.0)
    return f"There is no setting {variable}. Did you mean {near[0]}? `headrace settings` lists all of them."
