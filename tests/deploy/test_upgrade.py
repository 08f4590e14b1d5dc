"""What makes an upgrade without a stop possible: the release before goes on working on the schema of the next one."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
import pytest
from tests.contract.bedrock.running import chain, install, invoke, prompt
from tests.contract.keys import run
from tests.deploy.fleet import Fleet, ended

from headrace.storage.migrations import SCHEMA

SHORT = chain(("Short", "Prompt", prompt()))
FIRST_PROMISED = 6
"""From this migration on several processes can be on one store."""
TAKES_AWAY = re.compile(
    r"\b(DROP (TABLE|COLUMN|VIEW)|RENAME (TO|COLUMN)|ALTER COLUMN|SET NOT NULL)\b"
    r"|\bADD COLUMN \S+ \w+ NOT NULL(?! DEFAULT)",
    re.IGNORECASE,
)


def scripts() -> list[Path]:
    """Those of both engines that older processes have to bear."""
    found = sorted([*SCHEMA.glob("*.sql"), *(SCHEMA / "postgres").glob("*.sql")])
    return [path for path in found if int(path.name[:4]) >= FIRST_PROMISED]


@pytest.mark.parametrize("script", scripts(), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_schema_only_grows(script: Path) -> None:
    assert TAKES_AWAY.findall(script.read_text()) == []


@pytest.mark.parametrize(
    "script",
    [
        "ALTER TABLE logs DROP COLUMN output;",
        "DROP TABLE logs;",
        "ALTER TABLE logs RENAME TO records;",
        "ALTER TABLE logs ADD COLUMN lot INTEGER NOT NULL;",
    ],
)
def test_what_takes_away_is_seen(script: str) -> None:
    assert TAKES_AWAY.search(script)
    assert not TAKES_AWAY.search(
        "ALTER TABLE logs ADD COLUMN lot INTEGER NOT NULL DEFAULT 0; DROP INDEX one;"
    )


@pytest.mark.live
@pytest.mark.slow
def test_it_goes_on_while_a_later_release_has_changed_the_store(fleet: Fleet) -> None:
    live, worker = fleet.server(), fleet.worker()
    agent, runtime = live.boto(), live.boto("bedrock-agent-runtime")
    flow = install(agent, SHORT)
    assert invoke(runtime, flow, "before").error is None
    with psycopg.connect(fleet.settings["store"], autocommit=True) as connection:
        ((newest,),) = connection.execute("SELECT max(number) FROM migrations").fetchall()
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (table,) in tables:
            if table != "migrations":
                connection.execute(f'ALTER TABLE "{table}" ADD COLUMN further TEXT')
                connection.execute(f'CREATE INDEX "{table}_further" ON "{table}" (further)')
        connection.execute("CREATE TABLE further (id TEXT NOT NULL PRIMARY KEY)")
        connection.execute("INSERT INTO migrations VALUES (%s, 'further', 'x', 0)", [newest + 1])
    assert invoke(runtime, flow, "after").error is None
    agent.update_flow(
        flowIdentifier=flow,
        name="renamed",
        executionRoleArn=agent.get_flow(flowIdentifier=flow)["executionRoleArn"],
    )
    alias = {"flowIdentifier": flow, "flowAliasIdentifier": "TSTALIASID"}
    document = {"nodeName": "FlowInput", "nodeOutputName": "document", "content": {"document": "x"}}
    arn = runtime.start_flow_execution(**alias, inputs=[document])["executionArn"]
    assert ended(runtime, **alias, executionIdentifier=arn)["status"] == "Succeeded"
    assert worker.told("begun")
    human = live.humanloop().flows
    human.upsert(path="upgraded", attributes={"a": 1})
    human.log(path="upgraded", inputs={"q": "x"}, output="y", log_status="complete")
    variables = {f"HEADRACE_{name.upper()}": value for name, value in fleet.settings.items()}
    late = run("serve", "--port", "0", **variables)
    assert late.returncode == 1
    assert f"is at schema {newest + 1}, but this release knows only {newest}" in late.stderr
