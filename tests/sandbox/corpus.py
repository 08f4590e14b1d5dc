"""Attempts to get out of the sandbox. The value of each is ``ESCAPED`` if, and only if, what it tries works.

The harmless ones are also run without the sandbox, where they have to work: an attempt that works nowhere shows
nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

ESCAPED = "ESCAPED"
SECRET = "HEADRACE_TEST_SANDBOX_SECRET"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One way out.

    Attributes:
        code: whose value tells.
        works_outside: whether it is harmless and works for an ordinary process.
        is_native: whether it needs the system call numbers of x86_64.
    """

    name: str
    code: str
    works_outside: bool = True
    is_native: bool = False


def _python(name: str, body: str, *, works_outside: bool = True) -> Attempt:
    return Attempt(name=name, code=f"{body}\n'{ESCAPED}'", works_outside=works_outside)


NATIVE = """
try:
    import ctypes
except ImportError:
    pass
def find(name, todo, seen):
    while todo:
        for one in type.__subclasses__(todo.pop()):
            if one.__name__ == name:
                return one
            if one not in seen:
                seen.add(one)
                todo.append(one)
c = find("CDLL", [object], set()).__init__.__globals__
libc = c["CDLL"](None, use_errno=True)
libc.syscall.restype = c["c_long"]
libc.mmap.restype = c["c_void_p"]
buffer = c["create_string_buffer"](4096)
def syscall(number, *arguments):
    return libc.syscall(c["c_long"](number), *(c["c_long"](a) if isinstance(a, int) else a for a in arguments))
import os
"""
"""ctypes can't be imported, but it is found: the object graph is no wall. What it calls has to be refused."""


def _native(name: str, call: str, *, works_outside: bool = False) -> Attempt:
    code = f"{NATIVE}\nresult = {call}\n'{ESCAPED}' if result >= 0 else result"
    return Attempt(name=name, code=code, works_outside=works_outside, is_native=True)


FILES = (
    _python("open", "open('/etc/passwd').read()"),
    _python("os.open", "import os\nos.open('/etc/passwd', os.O_RDONLY)"),
    _python("os.open with O_PATH", "import os\nos.open('/', os.O_PATH)"),
    _python("FileIO", "import io\nio.FileIO('/etc/hostname').read()"),
    _python("pathlib", "from pathlib import Path\nPath('/etc/hostname').read_text()"),
    _python("the standard library's source", "import os\nopen(os.__file__).read()"),
    _python("linecache", "import linecache, os\nassert linecache.getline(os.__file__, 1)"),
    _python("inspect.getsource", "import inspect, textwrap\ninspect.getsource(textwrap)"),
    _python("stat", "import os\nos.stat('/etc/passwd')"),
    _python("exists", "import os\nassert os.path.exists('/etc/passwd')"),
    _python("access", "import os\nassert os.access('/', os.F_OK)"),
    _python("listdir", "import os\nos.listdir('/')"),
    _python("scandir", "import os\nnext(os.scandir('/'))"),
    _python("glob", "import glob\nassert glob.glob('/*')"),
    _python("statvfs", "import os\nos.statvfs('/')"),
    _python("getcwd", "import os\nos.getcwd()"),
    _python("chdir", "import os\nos.chdir('/')"),
    _python("write", "open('/tmp/headrace-escape', 'w').close()", works_outside=False),
    _python("tempfile", "import tempfile\ntempfile.TemporaryFile()"),
    _python("O_TMPFILE", "import os\nos.open('/tmp', os.O_TMPFILE | os.O_RDWR)", works_outside=False),
    _python("mkdir", "import os\nos.mkdir('/tmp/headrace-escape')", works_outside=False),
    _python("symlink", "import os\nos.symlink('/etc/passwd', '/tmp/headrace-escape')", works_outside=False),
    _python("link", "import os\nos.link('/etc/hostname', '/tmp/headrace-escape')", works_outside=False),
    _python("mkfifo", "import os\nos.mkfifo('/tmp/headrace-escape')", works_outside=False),
    _python("rename", "import os\nos.rename('/tmp/headrace-a', '/tmp/headrace-b')", works_outside=False),
    _python("unlink", "import os\nos.unlink('/tmp/headrace-a')", works_outside=False),
    _python("chmod", "import os\nos.chmod('/tmp/headrace-a', 0o777)", works_outside=False),
    _python("truncate", "import os\nos.truncate('/tmp/headrace-a', 0)", works_outside=False),
    _python("utime", "import os\nos.utime('/tmp/headrace-a')", works_outside=False),
    _python("getxattr", "import os\nos.listxattr('/')"),
    _python("chroot", "import os\nos.chroot('/')", works_outside=False),
    _python("/dev/urandom", "open('/dev/urandom', 'rb').read(1)"),
    _python("/dev/tty", "open('/dev/tty')", works_outside=False),
)

PROC = (
    _python("/proc/self/status", "open('/proc/self/status').read()"),
    _python("/proc/self/environ", "open('/proc/self/environ').read()"),
    _python("/proc/self/mem", "open('/proc/self/mem', 'r+b')"),
    _python("/proc/self/fd", "import os\nos.listdir('/proc/self/fd')"),
    _python("/proc/self/exe", "import os\nos.readlink('/proc/self/exe')"),
    _python("/proc/1/cmdline", "open('/proc/1/cmdline').read()"),
    _python("/proc of the parent", "import os\nopen(f'/proc/{os.getppid()}/maps').read()"),
)

SURROUNDINGS = (
    _python("a secret in the environment", f"import os\nos.environ['{SECRET}']"),
    _python(
        "a secret in the environment's memory",
        f"import os\nassert os.environb.get(b'{SECRET}')",
    ),
    _python(
        "a file left open",
        "import os\nos.lseek(int(LEFT_OPEN), 0, 0)\nassert os.read(int(LEFT_OPEN), 6) == b'secret'",
    ),
    _python(
        "any other file",
        "import os\nassert any(os.fstat(one) for one in (*range(4, 256), int(LEFT_OPEN)) if is_open(one))",
    ),
    _python("a package of the site", "import msgspec"),
    _python("a package by name", "__import__('msg' + 'spec')"),
    _python("the server's own modules", "import headrace.settings"),
    _python("ctypes", "import ctypes"),
    _python("a module that is not loaded", "__import__('smtp' + 'lib')"),
)

NETWORK = (
    _python("TCP", "import socket\nsocket.socket()"),
    _python("UDP", "import socket\nsocket.socket(type=socket.SOCK_DGRAM)"),
    _python("a Unix socket", "import socket\nsocket.socket(socket.AF_UNIX)"),
    _python(
        "an abstract socket", "import socket\nsocket.socket(socket.AF_UNIX).bind(chr(0) + 'headrace-escape')"
    ),
    _python("a pair of sockets", "import socket\nsocket.socketpair()"),
    _python("netlink", "import socket\nsocket.socket(socket.AF_NETLINK, socket.SOCK_RAW)"),
    _python("a server", "import socket\nsocket.create_server(('127.0.0.1', 0))"),
    _python("names", "import socket\nsocket.getaddrinfo('localhost', 80)"),
    _python("the machine's name", "import os\nos.uname()"),
    _python("asyncio", "import asyncio\nasyncio.run(asyncio.sleep(0))"),
)

PROCESSES = (
    _python("fork", "import os\nif os.fork() == 0: os._exit(0)"),
    _python("forkpty", "import os\nif os.forkpty()[0] == 0: os._exit(0)"),
    _python("system", "import os\nassert os.system('true') == 0"),
    _python("popen", "import os\nos.popen('true').close()"),
    _python("subprocess", "import subprocess\nsubprocess.run(['true'], check=True)"),
    _python("posix_spawn", "import os\nos.posix_spawn('/bin/true', ['true'], {})"),
    _python(
        "exec",
        "import os\ntry: os.execv('/nothing-here', ['x'])\nexcept FileNotFoundError: pass",
    ),
    _python(
        "multiprocessing",
        "import multiprocessing\nmultiprocessing.get_context('fork').Process(target=int).start()",
    ),
    _python("a thread", "import threading\nthreading.Thread(target=int).start()"),
    _python("_thread", "import _thread\n_thread.start_new_thread(int, ())"),
    _python(
        "a pool of threads",
        "from concurrent.futures import ThreadPoolExecutor\nThreadPoolExecutor(1).submit(int).result()",
    ),
    _python("signal 0 to the parent", "import os\nos.kill(os.getppid(), 0)"),
    _python("signal 0 to its group", "import os\nos.killpg(0, 0)"),
    _python("signal 0 to everybody", "import os\nos.kill(-1, 0)"),
    _python("kill the parent", "import os\nos.kill(os.getppid(), 9)", works_outside=False),
    _python("kill everybody", "import os\nos.kill(-1, 9)", works_outside=False),
    _python("a handle on the parent", "import os\nos.pidfd_open(os.getppid())"),
    _python("more processor time", "import resource as r\nr.setrlimit(r.RLIMIT_CPU, (9999, 9999))"),
    _python("more memory", "import resource as r\nr.setrlimit(r.RLIMIT_AS, (-1, -1))"),
    _python(
        "more of the parent",
        "import os, resource as r\nr.prlimit(os.getppid(), r.RLIMIT_NOFILE)",
    ),
    _python("affinity", "import os\nos.sched_setaffinity(0, {0})"),
    _python("priority", "import os\nos.setpriority(os.PRIO_PROCESS, 0, 19)"),
    _python("an alarm", "import signal\nsignal.setitimer(signal.ITIMER_REAL, 100)"),
    _python("a new session", "import os\nif os.getsid(0): pass"),
    _python("root", "import os\nos.setuid(0)", works_outside=False),
    _python("executable memory", "import mmap\nmmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC)"),
    _python("a pipe", "import os\nos.pipe()"),
    _python("a copied file", "import os\nos.dup(1)"),
    _python("a memory file", "import os\nos.memfd_create('x')"),
    _python("an event file", "import os\nos.eventfd(0)"),
    _python("epoll", "import select\nselect.epoll()"),
    _python("sendfile", "import os\nos.sendfile(1, 0, 0, 0)", works_outside=False),
    _python(
        "tty tricks", "import fcntl, termios\nfcntl.ioctl(0, termios.TIOCSTI, b'x')", works_outside=False
    ),
)

PTR_MINUS_ONE = "c['c_void_p'](-1).value"

KERNEL = (
    _native("ptrace me", "syscall(101, 0, 0, 0, 0)"),
    _native("ptrace the parent", "syscall(101, 16, int(os.getppid()), 0, 0)"),
    _native("process_vm_readv", "syscall(310, os.getpid(), buffer, 0, buffer, 0, 0)", works_outside=True),
    _native("process_vm_writev", "syscall(311, os.getpid(), buffer, 0, buffer, 0, 0)", works_outside=True),
    _native("prctl: dumpable", "syscall(157, 4, 1, 0, 0, 0)", works_outside=True),
    _native("prctl: name", "syscall(157, 15, buffer, 0, 0, 0)", works_outside=True),
    _native("prctl: death signal", "syscall(157, 1, 0, 0, 0, 0)", works_outside=True),
    _native("memfd_create", "syscall(319, b'x', 0)", works_outside=True),
    _native("memfd_secret", "syscall(447, 0)"),
    _native("io_uring", "syscall(425, 1, buffer)"),
    _native("userfaultfd", "syscall(323, 1)"),
    _native("bpf", "syscall(321, 0, buffer, 128)"),
    _native("perf_event_open", "syscall(298, buffer, 0, -1, -1, 0)"),
    _native("add_key", "syscall(248, b'user', b'x', b'y', 1, -3)"),
    _native("keyctl", "syscall(250, 0, -3, 0)"),
    _native("unshare a user namespace", "syscall(272, 0x10000000)"),
    _native("unshare nothing", "syscall(272, 0)", works_outside=True),
    _native("setns", "syscall(308, 0, 0)"),
    _native("mount", "syscall(165, b'none', b'/tmp', b'tmpfs', 0, 0)"),
    _native("new mount", "syscall(430, b'tmpfs', 0)"),
    _native("clone", "syscall(56, 0x11 | 0x4000, 0, 0, 0, 0) or os._exit(0)", works_outside=True),
    _native("clone3", "syscall(435, buffer, 64)"),
    _native("vfork's number of x32", "syscall(0x40000000 | 39)"),
    _native("execveat", "syscall(322, -100, b'/bin/true', 0, 0, 0)"),
    _native("a looser filter", "syscall(317, 1, 0, buffer)"),
    _native("a looser ruleset", "syscall(444, 0, 0, 1)"),
    _native("open_by_handle_at", "syscall(304, -100, buffer, 0)"),
    _native("name_to_handle_at", "syscall(303, -100, b'/', buffer, buffer, 0)"),
    _native("the old open", "syscall(2, b'/etc/passwd', 0)", works_outside=True),
    _native("openat2", "syscall(437, -100, b'/etc/passwd', bytes(24), 24)", works_outside=True),
    _native("the old stat", "syscall(4, b'/etc/passwd', buffer)", works_outside=True),
    _native("statx", "syscall(332, -100, b'/etc/passwd', 0, 0, buffer)", works_outside=True),
    _native("shared memory", "syscall(29, 0, 4096, 0o1600)"),
    _native("a semaphore", "syscall(64, 0, 1, 0o1600)"),
    _native("a message queue", "syscall(240, b'headrace', 0o102, 0o600, 0)"),
    _native("inotify", "syscall(294, 0)", works_outside=True),
    _native("fanotify", "syscall(300, 0, 0)"),
    _native("the kernel's log", "syscall(103, 10, 0, 0)"),
    _native("kcmp", "syscall(312, os.getpid(), os.getpid(), 1, 0, 0)"),
    _native("personality", "syscall(135, -1)", works_outside=True),
    _native("modify_ldt", "syscall(154, 0, buffer, 0)", works_outside=True),
    _native("arch_prctl", "syscall(158, 0x1003, buffer)", works_outside=True),
    _native("pkey_mprotect", "syscall(329, 0, 0, 0, -1)"),
    _native("memory made executable", "libc.mprotect(c['c_void_p'](libc.mmap(None, 4096, 3, 0x22, -1, 0)), 4096, 7)"),
    _native("SIGIO for another", "syscall(72, 0, 8, 1)"),
    _native("a copied file, natively", "syscall(72, 1, 0, 50)", works_outside=True),
    _native("a file from another process", "syscall(438, 0, 0, 0)"),
    _native("message on a socket", "syscall(46, 3, buffer, 0)"),
    _native("signal to itself by queue", "syscall(129, os.getpid(), 0, buffer)"),
    _native("tgkill", "syscall(234, os.getpid(), os.getpid(), 0)", works_outside=True),
    _native("adjtimex", "syscall(159, buffer)"),
    _native("a raised limit", "syscall(302, 0, 0, 0, buffer)", works_outside=True),
)  # fmt: skip

ATTEMPTS = (*FILES, *PROC, *SURROUNDINGS, *NETWORK, *PROCESSES, *KERNEL)
