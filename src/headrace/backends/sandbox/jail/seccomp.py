"""A seccomp filter: a table of system calls compiled to the kernel's packet-filter instructions."""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Mapping

from headrace.backends.sandbox.jail import kernel
from headrace.backends.sandbox.jail.syscalls import NUMBERS, OneOf, Rule, Without

ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""What the kernel calls the machine in the data that a filter sees (AUDIT_ARCH_…)."""

LOAD_WORD, JUMP_EQUAL, JUMP_ANY_BIT, RETURN = 0x20, 0x15, 0x45, 0x06
ALLOW = 0x7FFF0000
KILL_PROCESS = 0x80000000
REFUSE = 0x00050000 | errno.EPERM
NUMBER_OFFSET, ARCHITECTURE_OFFSET, ARGUMENTS_OFFSET = 0, 4, 16
SET_MODE_FILTER = 1

Instruction = tuple[int, int, int, int]
"""Code, how many to skip if true, if false, operand."""


class Filter:
    """A compiled filter, ready to be put on any number of processes."""

    def __init__(self, rules: Mapping[str, Rule], *, machine: str) -> None:
        """Compile for a machine.

        Raises:
            KeyError: the machine is unknown.
        """
        numbers = NUMBERS[machine]
        program = list(_prologue(ARCHITECTURES[machine]))
        for name, rule in rules.items():
            if name in numbers:
                program += _block(numbers[name], rule)
        program.append((RETURN, 0, 0, REFUSE))
        self.program = tuple(program)
        self._seccomp = numbers["seccomp"]
        code = b"".join(struct.pack("=HBBI", *one) for one in program)
        self._code = ctypes.create_string_buffer(code, len(code))
        head = struct.pack("@HP", len(program), ctypes.addressof(self._code))
        self._head = ctypes.create_string_buffer(head, len(head))

    def install(self) -> None:
        """Put the filter on this process, for good.

        Raises:
            OSError: the kernel has no seccomp filters.
        """
        kernel.call(self._seccomp, SET_MODE_FILTER, 0, self._head)


def is_supported(machine: str) -> bool:
    """Whether the kernel can filter system calls: it reads a filter at a null address and faults."""
    try:
        kernel.call(NUMBERS[machine]["seccomp"], SET_MODE_FILTER, 0, None)
    except OSError as error:
        return error.errno == errno.EFAULT
    raise AssertionError(f"{os.uname().release} took a filter that is not there")


def _prologue(architecture: int) -> tuple[Instruction, ...]:
    """Kill a process that calls as another machine would (32-bit code), whose numbers mean other calls."""
    return (
        (LOAD_WORD, 0, 0, ARCHITECTURE_OFFSET),
        (JUMP_EQUAL, 1, 0, architecture),
        (RETURN, 0, 0, KILL_PROCESS),
        (LOAD_WORD, 0, 0, NUMBER_OFFSET),
    )


def _block(number: int, rule: Rule) -> tuple[Instruction, ...]:
    """The decision on one call. The lower half of an argument is all that these calls look at."""
    body = _decision(rule)
    return ((JUMP_EQUAL, 0, len(body), number), *body)


def _decision(rule: Rule) -> tuple[Instruction, ...]:
    allow, refuse = (RETURN, 0, 0, ALLOW), (RETURN, 0, 0, REFUSE)
    if isinstance(rule, Without):
        return (_load(rule.argument), (JUMP_ANY_BIT, 0, 1, rule.bits), refuse, allow)
    if isinstance(rule, OneOf):
        last = len(rule.values)
        tests = [(JUMP_EQUAL, last - at, 0, value) for at, value in enumerate(rule.values)]
        return (_load(rule.argument), *tests, refuse, allow)
    return (allow,)


def _load(argument: int) -> Instruction:
    return (LOAD_WORD, 0, 0, ARGUMENTS_OFFSET + 8 * argument)
