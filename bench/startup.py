"""How soon the server is ready, what `import headrace` costs, and how much memory an idle server holds."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
import urllib.request
from typing import Any

from bench.load import cpu_seconds, resident_mib
from bench.server import headrace

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))


def ready() -> tuple[float, float, float]:
    """Seconds from starting the process until `/readyz` answers; processor time and MiB of memory then."""
    started = time.perf_counter()
    with headrace() as server:
        urllib.request.urlopen(f"{server.url}/readyz").read()
        return time.perf_counter() - started, cpu_seconds(server.pid), resident_mib(server.pid)


def command_s(*arguments: str) -> float:
    """Seconds that a Python process takes."""
    started = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def measure() -> dict[str, Any]:
    """Medians, with the bare interpreter as the floor."""
    served = [ready() for _ in range(ROUNDS)]
    return {
        "interpreter_s": statistics.median(command_s("-c", "pass") for _ in range(ROUNDS)),
        "import_headrace_s": statistics.median(command_s("-c", "import headrace") for _ in range(ROUNDS)),
        "help_s": statistics.median(command_s("-m", "headrace", "--help") for _ in range(ROUNDS)),
        "ready_s": statistics.median(seconds for seconds, _, _ in served),
        "ready_cpu_s": statistics.median(busy for _, busy, _ in served),
        "idle_memory_mib": statistics.median(memory for _, _, memory in served),
    }


def main() -> None:
    """Print the figures as JSON."""
    print(json.dumps(measure(), indent=1))


if __name__ == "__main__":
    main()
