"""What holds for all tests: modules are compiled once, and where a change is judged, the same examples are tried."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from tests.fast import is_left_out, is_no_matter_of_stores, is_on_a_store_left_out, try_few_examples
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
    """The options of the runs that leave something out."""
    parser.addoption("--fast", action="store_true", help="leave out what tries everything there is of a kind")
    parser.addoption("--of-stores", action="store_true", help="leave out what is the same with every store")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave tests out unread: to import them takes a while, too."""
    is_out = (config.getoption("fast") and is_left_out(collection_path)) or (
        config.getoption("of_stores") and is_no_matter_of_stores(collection_path)
    )
    return True if is_out else None


def pytest_collection_modifyitems(items: list[pytest.Item], config: pytest.Config) -> None:
    """Try laws on fewer examples in the fast run, and most of what is tried on every store on two of them."""
    if not config.getoption("fast"):
        return
    left_out = {item for item in items if is_on_a_store_left_out(item.path, _parameters(item))}
    config.hook.pytest_deselected(items=list(left_out))
    items[:] = [item for item in items if item not in left_out]
    for item in items:
        test = getattr(item, "obj", None)
        try_few_examples(getattr(test, "__func__", test))


def _parameters(item: pytest.Item) -> list[object]:
    call = getattr(item, "callspec", None)
    return list(call.params.values()) if call else []


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
