"""Code that tries each lock of a new fork server. Its value is what was not refused: nothing, it is hoped."""

PROBE = """
import os, socket, threading

def is_open(attempt):
    try:
        attempt()
    except FileNotFoundError:
        return True  # it was looked for
    except (OSError, RuntimeError, MemoryError):
        return False
    return True

def fork():
    if os.fork() == 0:
        os._exit(0)

attempts = {
    "reading a file": lambda: os.open("/", os.O_RDONLY),
    "looking at a path": lambda: os.stat("/"),
    "a socket": lambda: socket.socket(),
    "a process": fork,
    "a thread": lambda: threading.Thread(target=int).start(),
    "another program": lambda: os.execv("/nothing", ["nothing"]),
    "a signal": lambda: os.kill(1, 0),
    "more memory than allowed": lambda: bytearray(memory_bytes),
}
sorted(name for name, attempt in attempts.items() if is_open(attempt))
"""
