"""Laws of monitors, for every store."""

from __future__ import annotations

import pytest
from tests.storage.things import ABROAD, Desk, at, file, monitor

from headrace.core.monitoring import Monitor
from headrace.core.ports import Clash


@pytest.fixture
def filed(desk: Desk) -> Desk:
    """A store with a flow and two evaluators."""
    files = (file(), file("fl_2"), file("ev_1", kind="evaluator"), file("ev_2", kind="evaluator"))
    desk.write(lambda tx: [tx.files.add(one) for one in files])
    return desk


def of_file(desk: Desk, file_id: str = "fl_1") -> list[Monitor]:
    return desk.read(lambda tx: tx.monitors.of_file(file_id=file_id))


def test_monitors_are_listed_in_the_order_they_were_attached(filed: Desk) -> None:
    pinned = monitor("mon_9", created_at=at(5))
    follows = monitor("mon_1", version_id=None, environment_id="env_1", created_at=at(1))
    elsewhere = monitor("mon_2", "fl_2")
    filed.write(lambda tx: [tx.monitors.put(one) for one in (pinned, follows, elsewhere)])
    assert of_file(filed) == [pinned, follows]
    changed = monitor("mon_9", created_at=at(5), is_active=False, updated_at=at(9))
    filed.write(lambda tx: tx.monitors.put(changed))
    assert of_file(filed) == [changed, follows]
    assert of_file(filed, "fl_2") == [elsewhere]
    assert filed.read(lambda tx: tx.monitors.of_file(file_id="fl_1"), ABROAD) == []


def test_what_a_monitor_is_attached_to_and_since_when_stays(filed: Desk) -> None:
    filed.write(lambda tx: tx.monitors.put(monitor()))
    filed.write(lambda tx: tx.monitors.put(monitor(file_id="fl_2", version_id="evv_2", created_at=at(9))))
    assert of_file(filed) == [monitor(version_id="evv_2")]
    assert of_file(filed, "fl_2") == []


@pytest.mark.parametrize(
    ("rule", "other"),
    [
        ("monitor", monitor("mon_3")),
        ("monitor", monitor("mon_3", version_id=None, environment_id="env_1")),
        ("monitor", monitor("mon_1", version_id=None, environment_id="env_1")),
        ("reference", monitor("mon_3", "fl_none")),
        ("reference", monitor("mon_3", version_id="evv_9", evaluator_id="ev_none")),
    ],
)
def test_a_monitor_that_breaks_a_rule_is_refused(filed: Desk, rule: str, other: Monitor) -> None:
    known = [monitor(), monitor("mon_2", version_id=None, environment_id="env_1")]
    filed.write(lambda tx: [tx.monitors.put(one) for one in known])
    with pytest.raises(Clash, match=f"^{rule}$"):
        filed.write(lambda tx: tx.monitors.put(other))
    assert of_file(filed) == known


def test_versions_evaluators_and_environments_tell_monitors_apart(filed: Desk) -> None:
    known = [
        monitor("mon_1", version_id="evv_1"),
        monitor("mon_2", version_id="evv_2"),
        monitor("mon_3", version_id=None, environment_id="env_1"),
        monitor("mon_4", version_id=None, environment_id="env_2"),
        monitor("mon_5", evaluator_id="ev_2", version_id=None, environment_id="env_1"),
    ]
    filed.write(lambda tx: [tx.monitors.put(one) for one in known])
    assert of_file(filed) == known
    freed = monitor("mon_1", version_id="evv_3")
    filed.write(lambda tx: tx.monitors.put(freed))
    taken = monitor("mon_6", version_id="evv_1")
    filed.write(lambda tx: tx.monitors.put(taken))
    assert of_file(filed) == [freed, *known[1:], taken]
