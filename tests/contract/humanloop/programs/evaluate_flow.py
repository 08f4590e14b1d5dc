"""Evaluates a decorated flow, as the client's documentation shows it. Prints what was found, last.

python evaluate_flow.py SERVER_URL HOME [JUDGE]

JUDGE is the name of an evaluator that is a function of this program.
"""

import json
import sys
import time
from importlib.metadata import version
from types import SimpleNamespace

import humanloop.evals.run
from humanloop import Humanloop

humanloop.evals.run.time = SimpleNamespace(time=time.time, sleep=lambda _: time.sleep(0.1))  # it looks seldom
url, home, *judges = sys.argv[1:]
hl = Humanloop(api_key="any", base_url=f"{url}/v5")
WORDS = ["ant", "bear", "elephant", "dog"]


@hl.tool(path=f"{home}/Raise")
def raise_voice(word: str) -> str:
    """Raises one's voice."""
    return word.upper()


@hl.flow(path=f"{home}/Shout", attributes={"release": 7})
def shout(word: str) -> str:
    return raise_voice(word) + "!"


def is_short(log):
    return len(log["output"]) < 6


checks = hl.evaluations.run(
    file={"type": "flow", "callable": shout},
    name="Shouting",
    dataset={"path": f"{home}/Words", "datapoints": [{"inputs": {"word": word}} for word in WORDS]},
    evaluators=[
        {"path": f"{home}/Length", "threshold": 5.0},
        *(
            {
                "path": f"{home}/{judge}",
                "callable": is_short,
                "args_type": "target_free",
                "return_type": "boolean",
                "threshold": 0.9,
            }
            for judge in judges
        ),
    ],
)
found = {"opentelemetry": version("opentelemetry-sdk"), "checks": [one.model_dump() for one in checks]}
print("\n" + json.dumps(found))
