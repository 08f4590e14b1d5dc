"""What holds for all tests: modules are compiled once, and where a change is judged, the same examples are tried."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from tests.fast import is_left_out, try_few_examples
from tests.progress import Progress

# Where nothing compiled may be kept, each run rewrites every test file, and each command that a test starts
# compiles the whole server: that would be most of the time that the tests take.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# How long an example takes says more of what else the machine does than of what is tried.
settings.register_profile("busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy machine")
settings.register_profile("same every time", derandomize=True, database=None)
if os.environ.get("CI"):
    settings.load_profile("same every time")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option of the fast run."""
    parser.addoption("--fast", action="store_true", help="leave out what tries everything there is of a kind")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave thorough tests out of the fast run, unread: to import them takes a while, too."""
    return True if config.getoption("fast") and is_left_out(collection_path) else None


def pytest_collection_modifyitems(items: list[pytest.Item], config: pytest.Config) -> None:
    """Try laws on fewer examples in the fast run."""
    for item in items if config.getoption("fast") else ():
        test = getattr(item, "obj", None)
        try_few_examples(getattr(test, "__func__", test))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for garbage neither while tests are found nor among them later: they are many, and all stay to the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Where other processes run the tests, name the ones that take long."""
    if getattr(config.option, "numprocesses", None) and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Progress(config.pluginmanager.getplugin("terminalreporter")))
