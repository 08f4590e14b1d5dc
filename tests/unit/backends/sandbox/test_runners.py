"""Which sandbox there is, and that none is better than one that does not hold."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import platform
import sys
from pathlib import Path

import pytest

from headrace.backends.sandbox.failures import SandboxUnavailable
from headrace.backends.sandbox.fork_server import ForkServer
from headrace.backends.sandbox.jail import landlock, seccomp, server
from headrace.backends.sandbox.jail.protocol import Bounds, Command, Ending, Greeting
from headrace.backends.sandbox.limits import SandboxLimits
from headrace.backends.sandbox.native import NativeSandbox
from headrace.backends.sandbox.runners import SANDBOXES, NoSandbox, open_sandbox
from headrace.core.effects import EffectContext

CONTEXT = EffectContext(
    account="000000000000",
    flow_arn="f",
    alias_arn="a",
    execution_id="e",
    node="n",
    step="e/n/0",
    timeout_s=30,
)
MISSING = server.missing_features(platform.machine())
needs_locks = pytest.mark.skipif(bool(MISSING), reason=f"NOT TESTED: this kernel lacks {MISSING}")


def interpreter(path: Path, before: str) -> Path:
    """An interpreter that does something of its own before it runs the fork server."""
    path.write_text(f"#!{sys.executable} -IS\nimport sys\ncode = sys.argv[-1]\nhead, _, rest = code.rpartition('main(')\n"
                    f"exec(head)\n{before}\nexec('main(' + rest)\n")  # fmt: skip
    path.chmod(0o755)
    return path


def outcome(sandbox: NativeSandbox, code: str = "1") -> tuple[object, ForkServer | None]:
    """What comes of code, and the fork server that is left."""

    async def both() -> tuple[object, ForkServer | None]:
        try:
            return await sandbox.run(code, {}, CONTEXT), sandbox.server
        except SandboxUnavailable as error:
            return error, sandbox.server
        finally:
            await sandbox.close()

    return asyncio.run(both())


def test_off_runs_nothing_and_says_so() -> None:
    with pytest.raises(SandboxUnavailable, match="HEADRACE_SANDBOX is off") as caught:
        asyncio.run(NoSandbox().run("1", {}, CONTEXT))
    assert caught.value.resource == "InlineCode"


def test_there_is_no_sandbox_without_locks() -> None:
    assert set(SANDBOXES) == {"native", "monty", "off"}
    with pytest.raises(ValueError, match="no sandbox 'none'; there are monty, native, off"):
        open_sandbox("none", SandboxLimits())


@pytest.mark.parametrize("field", dataclasses.fields(SandboxLimits), ids=lambda one: one.name)
def test_a_limit_of_nothing_is_refused(field: dataclasses.Field[object]) -> None:
    with pytest.raises(ValueError, match=field.name):
        SandboxLimits(**{field.name: 0})  # type: ignore[arg-type]


def test_messages_survive_the_way() -> None:
    bounds = SandboxLimits().bounds()
    greeting = Greeting(missing=("a",), locks={"landlock": 7})
    command = Command(id=2**63, wall_s=0.5)
    ending = Ending(id=1, status=-9, is_late=True, cpu_s=1.5, peak_bytes=2**40)
    assert Bounds.from_text(bounds.to_text()) == bounds
    assert Greeting.unpack(greeting.pack()) == greeting
    assert Command.unpack(command.pack()) == command
    assert Ending.unpack(ending.pack()) == ending


def test_what_a_kernel_lacks_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert server.missing_features("riscv64")[0].startswith("Linux on x86_64 or aarch64")
    monkeypatch.setattr(landlock, "version", lambda machine: 0)
    monkeypatch.setattr(seccomp, "is_supported", lambda machine: False)
    assert server.missing_features("x86_64") == ("Landlock (Linux 5.13, turned on)", "seccomp filters")


@needs_locks
@pytest.mark.parametrize(
    ("lack", "named"),
    [
        ("server.landlock.version = lambda machine: 0", "Landlock"),
        ("server.seccomp.is_supported = lambda machine: False", "seccomp"),
        ("server.platform.machine = lambda: 'riscv64'", "riscv64"),
    ],
)
def test_without_a_lock_nothing_runs(tmp_path: Path, lack: str, named: str) -> None:
    before = f"from headrace.backends.sandbox.jail import server\n{lack}"
    python = interpreter(tmp_path / "python", f"sys.path.append({_root()!r})\n{before}")
    error, left = outcome(NativeSandbox(python=python, bwrap=None))
    assert isinstance(error, SandboxUnavailable)
    assert error.message.startswith("The sandbox can't run code here. Missing: ")
    assert named in error.message
    assert left is None


@needs_locks
@pytest.mark.parametrize(
    ("open_lock", "found"),
    [
        ("call.landlock.restrict = seccomp.Filter.install = lambda *a, **k: None", "a socket"),
        ("server.RUNNING.update(server.LOADING)", "looking at a path"),
        ("call.resource.setrlimit = lambda *a: None", "more memory than allowed"),
    ],
)
def test_a_lock_that_does_not_hold_is_noticed_before_anything_runs(
    tmp_path: Path, open_lock: str, found: str
) -> None:
    before = f"sys.path.append({_root()!r})\nfrom headrace.backends.sandbox.jail import call, seccomp, server\n{open_lock}"
    error, left = outcome(NativeSandbox(python=interpreter(tmp_path / "python", before), bwrap=None))
    assert isinstance(error, SandboxUnavailable)
    assert error.message.startswith("The sandbox does not hold: ")
    assert found in error.message
    assert left is None


def test_a_fork_server_that_does_not_start_leaves_its_last_words(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho no luck today >&2\nexit 3\n")
    python.chmod(0o755)
    error, left = outcome(NativeSandbox(python=python, bwrap=None))
    assert isinstance(error, SandboxUnavailable)
    assert error.message == "The sandbox's fork server did not start: no luck today"
    assert left is None


def test_an_interpreter_that_is_not_there_is_named(tmp_path: Path) -> None:
    error, _ = outcome(NativeSandbox(python=tmp_path / "nothing", bwrap=None))
    assert isinstance(error, SandboxUnavailable)
    assert "nothing" in error.message


@needs_locks
def test_where_bubblewrap_does_not_work_the_other_locks_are_enough(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bwrap = tmp_path / "bwrap"
    bwrap.write_text("#!/bin/sh\necho no namespaces here >&2\nexit 1\n")
    bwrap.chmod(0o755)
    with caplog.at_level(logging.WARNING):
        value, _ = outcome(NativeSandbox(bwrap=str(bwrap)))
    assert value == 1
    assert "no namespaces here" in caplog.text


def _root() -> str:
    return str(Path(server.__file__).parents[4])
