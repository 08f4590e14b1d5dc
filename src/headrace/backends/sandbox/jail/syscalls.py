"""The system calls of the two machines we know, by number, and which of them code may make.

A call that is in neither table is refused with EPERM. In particular there are no sockets, no processes or
threads, no signals to others, no paths, no ptrace, io_uring, userfaultfd, bpf or keyrings, and memory can't
be made executable.
"""

from __future__ import annotations

from dataclasses import dataclass

PROT_EXEC = 0x4
O_WRITES = 0o1 | 0o2 | 0o100 | 0o1000 | 0o2000 | 0o20000000
"""O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_APPEND and what makes O_TMPFILE."""
F_GETFD, F_SETFD, F_GETFL = 1, 2, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Without:
    """Allowed while an argument has none of these bits."""

    argument: int
    bits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOf:
    """Allowed while an argument is one of these."""

    argument: int
    values: tuple[int, ...]


Rule = Without | OneOf | None
"""None: always allowed."""

NUMBERS: dict[str, dict[str, int]] = {
    "x86_64": {
        "access": 21, "brk": 12, "capset": 126, "clock_getres": 229, "clock_gettime": 228,
        "clock_nanosleep": 230, "close": 3, "exit": 60, "exit_group": 231, "faccessat": 269,
        "faccessat2": 439, "fcntl": 72, "fstat": 5, "futex": 202, "getcwd": 79, "getdents64": 217,
        "getegid": 108, "geteuid": 107, "getgid": 104, "getpid": 39, "getppid": 110, "getpriority": 140,
        "getrandom": 318, "gettid": 186, "gettimeofday": 96, "getuid": 102, "landlock_add_rule": 445,
        "landlock_create_ruleset": 444, "landlock_restrict_self": 446, "lseek": 8, "lstat": 6,
        "madvise": 28, "mmap": 9, "mprotect": 10, "mremap": 25, "munmap": 11, "nanosleep": 35,
        "newfstatat": 262, "openat": 257, "prctl": 157, "pread64": 17, "read": 0, "readlink": 89,
        "readlinkat": 267, "restart_syscall": 219, "rt_sigaction": 13, "rt_sigprocmask": 14,
        "rt_sigreturn": 15, "sched_yield": 24, "seccomp": 317, "setgroups": 116, "setpriority": 141,
        "setresgid": 119, "setresuid": 117, "sigaltstack": 131, "stat": 4, "statx": 332, "time": 201,
        "write": 1,
    },
    "aarch64": {
        "brk": 214, "capset": 91, "clock_getres": 114, "clock_gettime": 113, "clock_nanosleep": 115,
        "close": 57, "exit": 93, "exit_group": 94, "faccessat": 48, "faccessat2": 439, "fcntl": 25,
        "fstat": 80, "futex": 98, "getcwd": 17, "getdents64": 61, "getegid": 177, "geteuid": 175,
        "getgid": 176, "getpid": 172, "getppid": 173, "getpriority": 141, "getrandom": 278, "gettid": 178,
        "gettimeofday": 169, "getuid": 174, "landlock_add_rule": 445, "landlock_create_ruleset": 444,
        "landlock_restrict_self": 446, "lseek": 62, "madvise": 233, "mmap": 222, "mprotect": 226,
        "mremap": 216, "munmap": 215, "nanosleep": 101, "newfstatat": 79, "openat": 56, "prctl": 167,
        "pread64": 67, "read": 63, "readlinkat": 78, "restart_syscall": 128, "rt_sigaction": 134,
        "rt_sigprocmask": 135, "rt_sigreturn": 139, "sched_yield": 124, "seccomp": 277, "setgroups": 159,
        "setpriority": 140, "setresgid": 149, "setresuid": 147, "sigaltstack": 132, "statx": 291,
        "write": 64,
    },
}  # fmt: skip
"""By machine, as ``uname -m`` calls it."""

RUNNING: dict[str, Rule] = {
    "brk": None,
    "clock_getres": None,
    "clock_gettime": None,
    "clock_nanosleep": None,
    "close": None,
    "exit": None,
    "exit_group": None,
    "fcntl": OneOf(argument=1, values=(F_GETFD, F_SETFD, F_GETFL)),
    "fstat": None,
    "futex": None,
    "getegid": None,
    "geteuid": None,
    "getgid": None,
    "getpid": None,
    "getrandom": None,
    "gettid": None,
    "gettimeofday": None,
    "getuid": None,
    "lseek": None,
    "madvise": None,
    "mmap": Without(argument=2, bits=PROT_EXEC),
    "mprotect": Without(argument=2, bits=PROT_EXEC),
    "mremap": None,
    "munmap": None,
    "nanosleep": None,
    "read": None,
    "restart_syscall": None,
    "rt_sigaction": None,
    "rt_sigprocmask": None,
    "rt_sigreturn": None,
    "sched_yield": None,
    "sigaltstack": None,
    "time": None,
    "write": None,
}
"""What is left while foreign code runs: memory, clocks, randomness, and the files that are already open."""

LOADING: dict[str, Rule] = RUNNING | {
    "access": None,
    "capset": None,
    "faccessat": None,
    "faccessat2": None,
    "getcwd": None,
    "getdents64": None,
    "getppid": None,
    "getpriority": None,
    "landlock_create_ruleset": None,
    "landlock_restrict_self": None,
    "lstat": None,
    "mmap": None,
    "mprotect": None,
    "newfstatat": None,
    "openat": Without(argument=2, bits=O_WRITES),
    "prctl": None,
    "pread64": None,
    "readlink": None,
    "readlinkat": None,
    "seccomp": None,
    "setgroups": None,
    "setpriority": None,
    "setresgid": None,
    "setresuid": None,
    "stat": None,
    "statx": None,
}
"""And before, while the code is parsed and the modules that it imports are loaded."""
