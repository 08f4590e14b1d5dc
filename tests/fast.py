"""Which tests are left out of two runs, because they take their time by trying everything there is of a kind.

What a developer runs before a commit is to be over before the commit's message is written: every test of a part by
itself, laws on some examples, stores in memory and in a file, and of the APIs a story of each over real clients.
``make test`` leaves nothing out.

When all is tested, what goes over a wire is tried once more with every store in PostgreSQL. Of that there is a short
form, too: the stories, and what asks something of the store itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from hypothesis import settings

TESTS = Path(__file__).parent
CONTRACT = TESTS / "contract"
POSTGRES = "postgres"
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
OF_STORES = {
    "bedrock/test_executions.py",
    "bedrock/test_executions_live.py",
    "bedrock/test_paging.py",
    "bedrock/test_prompts.py",
    "bedrock/test_tags.py",
    "humanloop/test_agents.py",
    "humanloop/test_concurrency.py",
    "humanloop/test_datasets.py",
    "humanloop/test_datasets_crash.py",
    "humanloop/test_directories.py",
    "humanloop/test_environments.py",
    "humanloop/test_evaluations_runs.py",
    "humanloop/test_evaluations_stats.py",
    "humanloop/test_evaluators.py",
    "humanloop/test_file_kinds.py",
    "humanloop/test_judging.py",
    "humanloop/test_log_lists.py",
    "humanloop/test_logs_at_once.py",
    "humanloop/test_monitoring.py",
    "humanloop/test_prompts.py",
    "humanloop/test_traces.py",
    "humanloop/test_uprooting.py",
    "native/test_administration.py",
    "native/test_dashboards.py",
    "native/test_executions.py",
    "native/test_logs.py",
    "native/test_traces.py",
    "native/test_versions.py",
    "test_archive.py",
    "test_backing_up.py",
    "test_concurrency.py",
    "test_crash.py",
    "test_drain.py",
    "test_durable_crash.py",
    "test_durable_takeover.py",
    "test_erasures.py",
    "test_evaluated_flows.py",
    "test_faults.py",
    "test_gates.py",
    "test_judging_crash.py",
    "test_moves.py",
    "test_older_stores.py",
    "test_provider_keys.py",
    "test_rekey.py",
    "test_retention.py",
    "test_shared_evaluations.py",
    "test_shared_store.py",
}
"""Of the tests over a wire, the others that ask something of the store: what is listed, counted, raced for or kept."""
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
    "storage/test_datasets_side_by_side.py",
    "storage/test_evaluations_side_by_side.py",
    "storage/test_logs_side_by_side.py",
    "storage/test_postgres_faults.py",
    "storage/test_side_by_side.py",
    "unit/services/test_evaluation_histories.py",
}
"""Of the others, those that are left out: programs of pages, made-up requests and histories, and all that is tried to
break out."""
ON_EVERY_STORE = {
    "storage/test_changes.py",
    "storage/test_evaluations.py",
    "storage/test_files.py",
    "storage/test_tickets.py",
    "storage/test_transactions.py",
}
"""Of the tests that are run on each kind of store, those that are run on PostgreSQL in the fast run, too. Its schema and
each of its statements have tests of their own there."""
MOST_EXAMPLES = 10
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
    if path == TESTS / "ui":  # needs a browser
        return True
    if not path.name.startswith("test_") or not path.is_relative_to(TESTS):
        return False
    if path.is_relative_to(CONTRACT):
        return path.relative_to(CONTRACT).as_posix() not in STORIES
    return path.is_relative_to(TESTS / "ui") or path.relative_to(TESTS).as_posix() in THOROUGH


def is_no_matter_of_stores(path: Path) -> bool:
    """Whether these tests are the same with every kind of store, so that to try them on one is enough."""
    if not path.name.startswith("test_") or not path.is_relative_to(CONTRACT):
        return False
    return path.relative_to(CONTRACT).as_posix() not in STORIES | OF_STORES


def is_on_a_store_left_out(path: Path, parameters: Iterable[object]) -> bool:
    """Whether a test is one on PostgreSQL of those that are run on each kind of store."""
    if not path.is_relative_to(TESTS) or path.relative_to(TESTS).as_posix() in ON_EVERY_STORE:
        return False
    return any(one == POSTGRES or (isinstance(one, tuple) and POSTGRES in one) for one in parameters)
