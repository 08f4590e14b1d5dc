"""Landlock: what a process and all its children may reach, given up for good."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable
from pathlib import Path

from headrace.backends.sandbox.jail import kernel
from headrace.backends.sandbox.jail.syscalls import NUMBERS

CREATE_VERSION = 1
RULE_PATH_BENEATH = 1
READ_FILE, READ_DIR = 1 << 2, 1 << 3
FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 5: 16}
"""How many kinds of access to files the interface can refuse, from the version that changed it."""
NETWORK_FROM, SCOPES_FROM = 4, 6
TCP_BIND_AND_CONNECT = 0b11
ABSTRACT_SOCKETS_AND_SIGNALS = 0b11


def version(machine: str) -> int:
    """The version of the kernel's interface; 0 when it has none or it is turned off."""
    try:
        return kernel.call(NUMBERS[machine]["landlock_create_ruleset"], None, 0, CREATE_VERSION)
    except OSError:
        return 0


def restrict(machine: str, *, readable: Iterable[Path]) -> None:
    """Refuse every access that the kernel can refuse, but reading below ``readable``.

    A second call restricts further: its process can't signal those of the first.

    Raises:
        OSError: the kernel refused.
    """
    numbers = NUMBERS[machine]
    attributes = _attributes(version(machine))
    buffer = ctypes.create_string_buffer(attributes, len(attributes))
    ruleset = kernel.call(numbers["landlock_create_ruleset"], buffer, len(attributes), 0)
    try:
        for path in readable:
            _allow_reading(numbers["landlock_add_rule"], ruleset, path)
        kernel.call(numbers["landlock_restrict_self"], ruleset, 0)
    finally:
        os.close(ruleset)


def _attributes(interface: int) -> bytes:
    """The accesses to refuse: those on files, then TCP, then what reaches other processes."""
    bits = max(count for since, count in FILE_RIGHTS.items() if since <= interface)
    words = [(1 << bits) - 1]
    if interface >= NETWORK_FROM:
        words.append(TCP_BIND_AND_CONNECT)
    if interface >= SCOPES_FROM:
        words.append(ABSTRACT_SOCKETS_AND_SIGNALS)
    return struct.pack(f"={len(words)}Q", *words)


def _allow_reading(add_rule: int, ruleset: int, path: Path) -> None:
    directory = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rule = struct.pack("=Qi", READ_FILE | READ_DIR, directory)
        kernel.call(add_rule, ruleset, RULE_PATH_BENEATH, ctypes.create_string_buffer(rule, len(rule)), 0)
    finally:
        os.close(directory)
