"""One template in Jinja, in a process of its own: read, lock up, fill, write, end.

Started with an environment that is empty. From ``_lock`` on, nothing can be opened.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import platform
import resource
import sys
from pathlib import Path
from typing import Any

MIB = 1024 * 1024
CPU_S = 2
MEMORY_BYTES = 256 * MIB
MOST_CHARS = 4 * MIB
MOST_ERROR_CHARS = 1000
REHEARSED = ("{% for a in [1] %}{{ 'a\\n' ~ a }}{% endfor %}", "{{ missing }}", "{% if %}")
"""Templates that make Jinja load what it only loads when it needs it, the ways of its errors too."""


def main() -> None:
    """Fill what stands in standard input."""
    sandbox = importlib.import_module("jinja2.sandbox")
    importlib.import_module("jinja2.debug")  # else Jinja looks for it when something goes wrong
    request = json.loads(sys.stdin.buffer.read())
    environment = _environment(sandbox)
    for text in REHEARSED:
        _reply(environment, {"texts": [text], "values": {}})
    _limit()
    _lock()
    sys.stdout.write(json.dumps(_reply(environment, request)))


def _environment(sandbox: Any) -> Any:
    """An environment where nothing can be changed or called that is not harmless."""
    runtime = importlib.import_module("jinja2.runtime")

    class Missing(runtime.Undefined):  # type: ignore[misc, name-defined]
        """An input that was not given may be asked about, and not be written."""

        __str__ = runtime.Undefined._fail_with_undefined_error
        __slots__ = ()

    return sandbox.ImmutableSandboxedEnvironment(
        undefined=Missing, autoescape=False, keep_trailing_newline=True, cache_size=0
    )


def _limit() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if sys.platform == "linux" else 0
    limits = {
        resource.RLIMIT_AS: pages * resource.getpagesize() + MEMORY_BYTES
        if pages
        else resource.RLIM_INFINITY,
        resource.RLIMIT_CPU: CPU_S,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
    }
    for kind, most in limits.items():
        allowed = resource.getrlimit(kind)[1]
        value = most if allowed == resource.RLIM_INFINITY else min(most, allowed)
        resource.setrlimit(kind, (value, value))


def _lock() -> None:
    """What Jinja's own sandbox holds back is held back by the kernel, too, as far as this one can."""
    machine = platform.machine()
    if sys.platform != "linux":
        return
    from headrace.backends.sandbox.jail import kernel, landlock, seccomp
    from headrace.backends.sandbox.jail.syscalls import NUMBERS, RUNNING

    if machine not in NUMBERS:
        return
    with contextlib.suppress(OSError):
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
        kernel.drop_capabilities()
        landlock.restrict(machine, readable=())
    with contextlib.suppress(OSError):
        seccomp.Filter(RUNNING, machine=machine).install()


def _reply(environment: Any, request: dict[str, Any]) -> dict[str, Any]:
    texts, left = [], MOST_CHARS
    try:
        for text in request["texts"]:
            texts.append(_filled(environment, text, request["values"], left))
            left -= len(texts[-1])
    except Exception as error:  # noqa: BLE001  # whatever a template can bring about is its author's to know
        return {"error": _described(error)[:MOST_ERROR_CHARS]}
    return {"texts": texts}


def _filled(environment: Any, text: str, values: dict[str, Any], left: int) -> str:
    pieces = []
    for piece in environment.from_string(text).generate(values):
        left -= len(piece)
        if left < 0:
            raise ValueError(f"the texts become longer than {MOST_CHARS} characters")
        pieces.append(piece)
    return "".join(pieces)


def _described(error: Exception) -> str:
    line = getattr(error, "lineno", None)
    text = str(error) or type(error).__name__
    return f"{text} (line {line})" if line else text
