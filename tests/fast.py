"""Which tests are left out of the fast run, because they take their time by trying everything there is of a kind.

What a developer runs before a commit is to be over before the commit's message is written: every test of a part by
itself, laws on some examples, and of the APIs a story of each over real clients. ``make test`` leaves nothing out.
"""

from __future__ import annotations

from pathlib import Path

from hypothesis import settings

TESTS = Path(__file__).parent
STORIES = {
    "bedrock/test_aliases.py",
    "bedrock/test_conformance.py",
    "bedrock/test_definitions.py",
    "bedrock/test_flows.py",
    "bedrock/test_idempotency.py",
    "bedrock/test_invoke.py",
    "bedrock/test_matrix.py",
    "bedrock/test_versions.py",
    "humanloop/test_checklist.py",
    "humanloop/test_content.py",
    "humanloop/test_deployments.py",
    "humanloop/test_evaluations.py",
    "humanloop/test_files.py",
    "humanloop/test_flow_response.py",
    "humanloop/test_judgments.py",
    "humanloop/test_logs.py",
    "humanloop/test_upsert.py",
    "native/test_catalogue.py",
    "native/test_changes.py",
    "native/test_document.py",
    "native/test_live.py",
    "native/test_runs.py",
    "otel/test_export.py",
    "test_one_domain.py",
    "test_runs_as_logs.py",
}
"""Of the tests over a wire, those that stand for the others."""
THOROUGH = {
    "docs/test_code.py",
    "docs/test_examples.py",
    "docs/test_proxy.py",
    "docs/test_running.py",
    "fuzz/test_bedrock.py",
    "fuzz/test_humanloop.py",
    "fuzz/test_otel.py",
    "laws/test_bedrock_shapes.py",
    "laws/test_real_faults.py",
    "sandbox/test_escapes.py",
    "sandbox/test_evaluators.py",
    "storage/test_logs_side_by_side.py",
    "storage/test_side_by_side.py",
    "unit/services/test_evaluation_histories.py",
}
"""Of the others, those that are left out: programs of pages, made-up requests and histories, and all that is tried to
break out."""
MOST_EXAMPLES = 20
"""So many a law is tried on."""
_SETTINGS = "_hypothesis_internal_use_settings"
"""Where Hypothesis keeps what a test was told; its own plugin for pytest looks there, too."""


def try_few_examples(test: object) -> None:
    """Let a law be tried on fewer examples than it says."""
    told = getattr(test, _SETTINGS, None)
    if told is not None and told.max_examples > MOST_EXAMPLES:
        setattr(test, _SETTINGS, settings(told, max_examples=MOST_EXAMPLES))


def is_left_out(path: Path) -> bool:
    """Whether the fast run has to do without these tests."""
    if not path.name.startswith("test_") or not path.is_relative_to(TESTS):
        return False
    within = path.relative_to(TESTS)
    if within.parts[0] == "ui":  # needs a browser
        return True
    if within.parts[0] == "contract":
        return path.relative_to(TESTS / "contract").as_posix() not in STORIES
    return within.as_posix() in THOROUGH
