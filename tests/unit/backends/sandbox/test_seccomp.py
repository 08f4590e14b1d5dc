"""The filters, run by an interpreter of the kernel's instructions: what they let through, on both machines."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from headrace.backends.sandbox.jail.seccomp import (
    ALLOW,
    ARCHITECTURE_OFFSET,
    ARCHITECTURES,
    ARGUMENTS_OFFSET,
    JUMP_ANY_BIT,
    JUMP_EQUAL,
    KILL_PROCESS,
    LOAD_WORD,
    NUMBER_OFFSET,
    REFUSE,
    RETURN,
    Filter,
)
from headrace.backends.sandbox.jail.syscalls import LOADING, NUMBERS, O_WRITES, RUNNING, Without

MACHINES = sorted(NUMBERS)
HIGHEST = 600
"""Above the last system call there is."""
HEADER = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")


def decide(filter: Filter, number: int, *arguments: int, architecture: int) -> int:
    """What the kernel would answer to a call."""
    words = {NUMBER_OFFSET: number, ARCHITECTURE_OFFSET: architecture}
    words |= {ARGUMENTS_OFFSET + 8 * at: value & 0xFFFFFFFF for at, value in enumerate(arguments)}
    at, accumulator = 0, 0
    while True:
        code, if_true, if_false, operand = filter.program[at]
        at += 1
        if code == LOAD_WORD:
            accumulator = words.get(operand, 0)
        elif code == RETURN:
            return operand
        else:
            is_true = {JUMP_EQUAL: accumulator == operand, JUMP_ANY_BIT: accumulator & operand}[code]
            at += if_true if is_true else if_false


class Kernel:
    """A machine with a filter on it."""

    def __init__(self, rules: dict[str, object], machine: str) -> None:
        self.filter = Filter(rules, machine=machine)  # type: ignore[arg-type]
        self.numbers = NUMBERS[machine]
        self.architecture = ARCHITECTURES[machine]

    def __call__(self, name: str | int, *arguments: int) -> int:
        number = self.numbers[name] if isinstance(name, str) else name
        return decide(self.filter, number, *arguments, architecture=self.architecture)


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("rules", [RUNNING, LOADING], ids=["running", "loading"])
def test_only_what_is_in_the_table_is_allowed(rules: dict[str, object], machine: str) -> None:
    kernel = Kernel(rules, machine)
    allowed = {number for number in range(HIGHEST) if kernel(number, 0, 1, 0) == ALLOW}
    assert allowed == {kernel.numbers[name] for name in rules if name in kernel.numbers}
    assert {kernel(number) for number in set(range(HIGHEST)) - allowed} == {REFUSE}


@pytest.mark.parametrize("machine", MACHINES)
def test_code_of_another_machine_is_killed(machine: str) -> None:
    kernel = Kernel(RUNNING, machine)
    for architecture in (0x40000003, 0, *(set(ARCHITECTURES.values()) - {kernel.architecture})):
        assert decide(kernel.filter, kernel.numbers["read"], architecture=architecture) == KILL_PROCESS


def test_the_numbers_of_x32_are_refused() -> None:
    kernel = Kernel(RUNNING, "x86_64")
    assert {kernel(0x40000000 | number) for number in range(HIGHEST)} == {REFUSE}


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("name", ["mmap", "mprotect"])
def test_no_memory_can_be_executed_once_code_runs(name: str, machine: str) -> None:
    running, loading = Kernel(RUNNING, machine), Kernel(LOADING, machine)
    for protection in range(16):
        wanted = REFUSE if protection & 0x4 else ALLOW
        assert running(name, 0, 4096, protection) == wanted
        assert loading(name, 0, 4096, protection) == ALLOW


@pytest.mark.parametrize("machine", MACHINES)
def test_files_are_read_before_and_not_at_all_afterwards(machine: str) -> None:
    running, loading = Kernel(RUNNING, machine), Kernel(LOADING, machine)
    assert loading("openat", -100, 0, 0o2000000) == ALLOW  # O_CLOEXEC
    for bit in (1 << at for at in range(32)):
        assert loading("openat", -100, 0, bit) == (REFUSE if bit & O_WRITES else ALLOW)
        assert running("openat", -100, 0, bit) == REFUSE


@pytest.mark.parametrize("machine", MACHINES)
def test_fcntl_only_looks(machine: str) -> None:
    kernel = Kernel(RUNNING, machine)
    assert [command for command in range(2000) if kernel("fcntl", 3, command) == ALLOW] == [1, 2, 3]


@pytest.mark.parametrize("machine", MACHINES)
def test_code_may_do_nothing_that_loading_may_not(machine: str) -> None:
    running, loading = Kernel(RUNNING, machine), Kernel(LOADING, machine)
    for number in range(HIGHEST):
        for value in range(16):
            if running(number, value, value, value) == ALLOW:
                assert loading(number, value, value, value) == ALLOW


def test_both_machines_know_what_the_tables_name() -> None:
    old_forms = {"access", "lstat", "readlink", "stat", "time"}
    assert set(LOADING) - set(NUMBERS["aarch64"]) == old_forms
    assert set(LOADING) <= set(NUMBERS["x86_64"])
    assert all(isinstance(RUNNING[name], Without) for name in ("mmap", "mprotect"))


@pytest.mark.skipif(
    platform.machine() != "x86_64" or not HEADER.exists(),
    reason="NOT CHECKED: the kernel's header is not here",
)
def test_the_numbers_are_the_kernels() -> None:
    lines = [line.split() for line in HEADER.read_text().splitlines() if line.startswith("#define __NR_")]
    numbers = {name.removeprefix("__NR_"): int(number) for _, name, number in lines}
    assert NUMBERS["x86_64"].items() <= numbers.items()
