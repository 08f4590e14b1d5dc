"""Keep a store of this schema, so that later releases can show that they go on with it.

python -m tests.storage.older.keep            # before a migration is added: writes NNNN.json.gz

The file has the rows of all tables, the key of the server, an API key, and what the server answered.
"""

from __future__ import annotations

import base64
import gzip
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import apsw
from tests.storage.older.story import Clients, hear, tell

HERE = Path(__file__).parent
WITHIN_S = 60
LEFT_OUT = ("sqlite_sequence", "sqlite_stat1")


def keep(folder: Path) -> dict[str, Any]:
    """Tell the story to a server of the installed release; its store, and its answers."""
    store = folder / "headrace.db"
    key = json.loads(
        _headrace(store, "keys", "create", "--email", "ann@example.com", "--right", "admin", "--json")
    )
    command = [sys.executable, "-m", "headrace", "serve", "--port", "0", "--store", f"sqlite:///{store}"]
    with subprocess.Popen(command, env=_environment(), stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            clients = Clients(server.stdout.readline().split()[-1], key)
            refused = tell(clients)
            answers = hear(clients)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(WITHIN_S)
    return {
        "key": key,
        "secret": store.with_name("headrace.db.key").read_text().strip(),
        "refused": refused,
        "answers": answers,
        "tables": _tables(store),
    }


def _headrace(store: Path, *arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "headrace", *arguments, "--store", f"sqlite:///{store}"],
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=True,
    ).stdout


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")}


def _tables(store: Path) -> dict[str, Any]:
    """Each table's columns and rows, those of SQLite's own search indexes too."""
    connection = apsw.Connection(str(store), flags=apsw.SQLITE_OPEN_READONLY)
    query = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'shadow') ORDER BY name"
    found: dict[str, Any] = {}
    for (name,) in connection.execute(query).fetchall():
        if name.startswith("sqlite_"):
            continue
        cursor = connection.execute(f'SELECT * FROM "{name}"')
        rows = cursor.fetchall()
        if rows:
            info = connection.execute("SELECT name FROM pragma_table_info(?)", (name,)).fetchall()
            found[str(name)] = {
                "columns": [one for (one,) in info],
                "rows": [list(map(_plain, row)) for row in rows],
            }
    connection.close()
    return found


def _plain(value: Any) -> Any:
    return {"b": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def valued(value: Any) -> Any:
    """A value as it stood in the table."""
    return base64.b64decode(value["b"]) if isinstance(value, dict) else value


def main() -> None:
    """Write the file of the installed release's schema."""
    with tempfile.TemporaryDirectory() as folder:
        kept = keep(Path(folder))
    number = max(row[0] for row in kept["tables"]["migrations"]["rows"])
    text = json.dumps({"schema": number, **kept}, ensure_ascii=False, indent=0).encode()
    path = HERE / f"{number:04}.json.gz"
    path.write_bytes(gzip.compress(text, mtime=0))
    sys.stdout.write(f"{path}: {path.stat().st_size:,} bytes, {len(kept['answers'])} answers\n")
    for reason in kept["refused"]:
        sys.stdout.write(f"refused: {reason}\n")


if __name__ == "__main__":
    main()
