"""Write ui/src/api.ts: the types of our own API's answers, read off its OpenAPI document.

python scripts/generate_ui_types.py            # write it
python scripts/generate_ui_types.py --check    # exit 1 if it is not what the code says

Needs the packages of `ui/` (`npm ci --prefix ui`).
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from headrace.apis.native import openapi
from headrace.apis.native.api import OPERATIONS

UI = Path(__file__).resolve().parent.parent / "ui"
TARGET = UI / "src" / "api.ts"
HEAD = "// Written by scripts/generate_ui_types.py. Change the code of the API, then run the script.\n"


def types() -> str:
    """The module as it should be."""
    shapes = {**json.loads(openapi.document(OPERATIONS)), "paths": {}}  # the bodies are all that pages name
    with tempfile.NamedTemporaryFile(suffix=".json", mode="w") as document:
        json.dump(shapes, document)
        document.flush()
        tool = UI / "node_modules" / ".bin" / "openapi-typescript"
        command = [str(tool), document.name, "--default-non-nullable", "false"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return HEAD + done.stdout


def run(arguments: list[str]) -> int:
    """Write or check; the exit status."""
    if arguments == ["--check"]:
        is_same = TARGET.exists() and TARGET.read_text() == types()
        if not is_same:
            print("ui/src/api.ts is out of date: run `python scripts/generate_ui_types.py`.")
        return 0 if is_same else 1
    TARGET.write_text(types())
    return 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
