"""The fixture `headrace`: a running server for the tests of a team's flows.

pytest finds it by the entry point `pytest11`. A run of pytest that does not use it imports nothing for it.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from headrace.testing import Headrace

RUNNING: pytest.StashKey[Headrace] = pytest.StashKey()
PLACE: pytest.StashKey[int] = pytest.StashKey()
MODELS = ("scripted", "config")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option and the lines of the ini file."""
    group = parser.getgroup("headrace")
    group.addoption(
        "--headrace-answers",
        metavar="FILE",
        help="What models answer in the flows of the fixture `headrace`, in JSON or YAML.",
    )
    parser.addini("headrace_answers", "The same, relative to the root directory.")
    parser.addini("headrace_config", "What flows may call: a headrace.toml, relative to the root directory.")
    parser.addini(
        "headrace_models",
        "Who answers for models: scripted (by the answers), or config (what headrace_config says).",
        default=MODELS[0],
    )


@pytest.fixture(scope="session")
def headrace_settings() -> dict[str, Any]:
    """Settings of the server, by their names; write a fixture of this name to have others."""
    return {}


@pytest.fixture(scope="session")
def headrace(pytestconfig: pytest.Config, headrace_settings: dict[str, Any]) -> Iterator[Headrace]:
    """A running Headrace with an empty store, for all tests of the session."""
    from headrace.testing import Headrace, NoServer
    from headrace.testing.answers import BadAnswers

    root = pytestconfig.rootpath
    try:
        server = Headrace(
            answers=_answers(pytestconfig),
            settings={**_configured(pytestconfig), **headrace_settings},
            root=root,
        )
    except (NoServer, BadAnswers) as error:
        pytest.fail(str(error), pytrace=False)
    with server:
        pytestconfig.stash[RUNNING] = server
        yield server
        del pytestconfig.stash[RUNNING]


def _answers(config: pytest.Config) -> Path | None:
    option = config.getoption("headrace_answers")
    if option:
        return config.invocation_params.dir / str(option)
    line = config.getini("headrace_answers")
    return config.rootpath / line if line else None


def _configured(config: pytest.Config) -> dict[str, str]:
    models, file = config.getini("headrace_models"), config.getini("headrace_config")
    if models not in MODELS:
        raise pytest.UsageError(f"headrace_models is {' or '.join(MODELS)}, not {models!r}.")
    settings = {} if models == MODELS[0] else {"scripted": ""}
    return {**settings, "config": str(config.rootpath / file)} if file else settings


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Answers that a test gives are forgotten at its end."""
    server = item.config.stash.get(RUNNING, None)
    if server is not None:
        item.stash[PLACE] = server.place
    try:
        return (yield)
    finally:
        server = item.config.stash.get(RUNNING, None)
        if server is not None:
            server.forget_answers()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What the server logged in a test that failed stands in its report."""
    report = yield
    server = item.config.stash.get(RUNNING, None)
    if report.failed and server is not None and "headrace" in getattr(item, "fixturenames", ()):
        said = server.log_since(item.stash.get(PLACE, 0))
        if said:
            report.sections.append(("Headrace's log", said))
    return report
