"""The newer line of the Python client, in an environment of its own, and a model behind the API that it calls."""

from __future__ import annotations

import fcntl
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

CLIENT = (
    "humanloop>0.8.38,<0.9,>=0.8.40b1",  # the last part lets beta releases in, of this package only
    "opentelemetry-sdk<1.43",  # later ones hide the ids of an evaluation from the server
    "requests",  # imported without being declared
)
INSTALLED_WITHIN_S = 600
CAPITALS = {"france": "Paris", "germany": "Berlin", "spain": "Madrid"}


def install(folder: Path, packages: tuple[str, ...] = CLIENT) -> Path:
    """The interpreter of an environment with these, made once for each list of them; skips where pip can't.

    Args:
        folder: where it is, and stays.
    """
    python, mark, wanted = folder / "env" / "bin" / "python", folder / "installed", "\n".join(packages)
    with (folder / "lock").open("w") as lock:  # tests may run in several processes
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not mark.exists() or mark.read_text() != wanted:
            subprocess.run([sys.executable, "-m", "venv", "--clear", folder / "env"], check=True)
            command = [str(python), "-m", "pip", "install", "--quiet", *packages]
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=INSTALLED_WITHIN_S
            )
            if done.returncode:
                pytest.skip(f"pip can't install the newer client: {done.stderr.strip()[-300:]}")
            mark.write_text(wanted)
    return python


class Model(BaseHTTPRequestHandler):
    """A model behind the OpenAI API that knows some capitals."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        said = json.dumps(asked["messages"]).lower()
        text = next((capital for land, capital in CAPITALS.items() if land in said), "I do not know.")
        self.send_response(200)
        if asked.get("stream"):
            self._send("text/event-stream", _pieces(asked["model"], text))
        else:
            message = {"role": "assistant", "content": text}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            self._send("application/json", json.dumps(_answer(asked["model"], [choice])).encode())

    def _send(self, kind: str, body: bytes) -> None:
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Nothing."""


def _answer(model: str, choices: list[dict[str, Any]], kind: str = "chat.completion") -> dict[str, Any]:
    usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    return {
        "id": "chatcmpl-1",
        "object": kind,
        "created": 1,
        "model": model,
        "choices": choices,
        "usage": usage,
    }


def _pieces(model: str, text: str) -> bytes:
    deltas = [{"role": "assistant", "content": ""}, {"content": text[:3]}, {"content": text[3:]}, {}]
    lines = []
    for delta in deltas:
        choice = {"index": 0, "delta": delta, "finish_reason": None if delta else "stop"}
        lines.append(json.dumps(_answer(model, [choice], "chat.completion.chunk")))
    return "".join(f"data: {line}\n\n" for line in [*lines, "[DONE]"]).encode()


@contextmanager
def capitals() -> Iterator[str]:
    """The address of the model."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    thread.join()
    server.server_close()


def write_config(folder: Path, model_url: str) -> Path:
    """The settings of a server that calls the model for any prompt."""
    path = folder / "headrace.toml"
    path.write_text(
        '[[models.route]]\nmatch = "*"\nprovider = "openai"\n'
        f'[models.providers.openai]\ntype = "openai"\nurl = "{model_url}"\n'
    )
    return path
