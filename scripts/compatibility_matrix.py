"""Write docs/reference/bedrock-compatibility.md from what the contract tests prove.

python scripts/compatibility_matrix.py     # runs the contract tests through boto3, then writes the table

The table stands between two marks in the page; the rest of the page is written by hand and kept.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from headrace.apis.bedrock.api import SERVED
from headrace.apis.bedrock.model import load

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "bedrock-compatibility.md"
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"
TESTS = "tests/contract/bedrock"

Use = tuple[str, str, str]


def members() -> Iterator[Use]:
    """Every member of the input and output of every operation that is served."""
    model = load()
    for name in sorted(SERVED):
        operation = model.operations[name]
        for way, shape in (("input", operation.input), ("output", operation.output)):
            if shape is not None:
                for member in sorted(model.shapes[operation.service][shape].members):
                    yield name, way, member


def record() -> Mapping[Use, str]:
    """Run the tests; for each member a test that used it and passed."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "recording.json"
        subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", f"{TESTS.replace('/', '.')}.recording", TESTS],
            cwd=ROOT,
            env={**os.environ, "HEADRACE_TEST_RECORDING": str(path)},
            check=False,  # a test that fails proves nothing, and the others still do
        )
        return {(row[0], row[1], row[2]): row[3] for row in json.loads(path.read_text())}


def table(proofs: Mapping[Use, str]) -> str:
    """The rows, an operation after the other."""
    lines = ["| operation | way | member | proven by |", "|---|---|---|---|"]
    for use in members():
        path, _, test = proofs.get(use, "").partition("::")
        proof = f"`{Path(path).name}` `{test}`" if test else "nothing"
        lines.append(f"| {use[0]} | {use[1]} | `{use[2]}` | {proof} |")
    return "\n".join(lines)


def main() -> int:
    """Write the page; 1 when a member is proven by nothing."""
    proofs = record()
    text = PAGE.read_text()
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    PAGE.write_text(f"{before}{BEGIN}\n{table(proofs)}\n{END}{after}")
    missing = [use for use in members() if use not in proofs]
    for use in missing:
        print("proven by nothing:", *use)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
