"""Evaluates a function that takes until standard input ends. Prints "waiting" when it was called.

python evaluate_slowly.py SERVER_URL HOME
"""

import sys
import threading

from humanloop import Humanloop

url, home = sys.argv[1:]
hl = Humanloop(api_key="any", base_url=f"{url}/v5")
released = threading.Event()


def release() -> None:
    sys.stdin.read()
    released.set()


def wait(word: str) -> str:
    print("waiting", flush=True)
    assert released.wait(timeout=60)
    return word


threading.Thread(target=release, daemon=True).start()
hl.evaluations.run(
    file={"type": "flow", "path": f"{home}/Slow", "version": {"attributes": {}}, "callable": wait},
    name="Slow",
    dataset={"path": f"{home}/Words", "datapoints": [{"inputs": {"word": word}} for word in "abcdef"]},
    evaluators=[{"path": f"{home}/Length"}],
    workers=2,
)
