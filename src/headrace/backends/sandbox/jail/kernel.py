"""The few calls to the Linux kernel that Python does not offer.

ctypes is the only way to them without a dependency. It is imported in the fork server, where no foreign code
runs; that code can't import it, and finding it through the object graph gains nothing that the seccomp filter
would let through.
"""

from __future__ import annotations

import ctypes
import os

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_NO_NEW_PRIVS = 38
CAPABILITY_VERSION_3 = 0x20080522
CAPABILITY_WORDS = 6
"""Effective, permitted and inheritable; then the same for the capabilities above 31."""
EFFECTIVE, PERMITTED = 0, 1

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


class _CapabilityHeader(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class _CapabilitySets(ctypes.Structure):
    _fields_ = [("bits", ctypes.c_uint32 * CAPABILITY_WORDS)]


def call(number: int, *arguments: int | ctypes.Array[ctypes.c_char] | None) -> int:
    """A system call by its number.

    Raises:
        OSError: the kernel refused.
    """
    words = [ctypes.c_void_p(one) if one is None or isinstance(one, int) else one for one in arguments]
    return _checked(_libc.syscall(ctypes.c_long(number), *words))


def prctl(option: int, value: int) -> None:
    """Set an attribute of this process.

    Raises:
        OSError: the kernel refused.
    """
    zero = ctypes.c_ulong(0)
    _checked(_libc.prctl(ctypes.c_int(option), ctypes.c_ulong(value), zero, zero, zero))


def drop_capabilities(*, but: int = 0) -> None:
    """Give up every capability except those in the bit set ``but`` that this process has, for good.

    Raises:
        OSError: the kernel refused.
    """
    header = _CapabilityHeader(version=CAPABILITY_VERSION_3, pid=0)
    sets = _CapabilitySets()
    if but:
        _checked(_libc.capget(ctypes.byref(header), ctypes.byref(sets)))
    kept = sets.bits[PERMITTED] & but
    words = [0] * CAPABILITY_WORDS
    words[EFFECTIVE] = words[PERMITTED] = kept
    sets.bits[:] = words
    _checked(_libc.capset(ctypes.byref(header), ctypes.byref(sets)))


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
