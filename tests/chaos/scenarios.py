"""What is done to processes while executions go on."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.chaos.fleet import DURABLE_MODULES, Load, Member, Tally, check, client_of, pause
from tests.chaos.work import Place, until
from tests.contract.conftest import LiveServer
from tests.postgres import Cluster
from tests.stores import SECRET_KEY

Say = Callable[[str], None]
ENDED_WITHIN_S = 240.0
PROCESS_TIMEOUT_S = 8.0


def on_sqlite(folder: Path, *, kills: int, at_once: int, luck: random.Random, say: Say) -> Tally:
    """One server, killed and started again."""
    place, tally, began = Place(folder), Tally(), time.monotonic()
    settings = {**place.settings, "log_level": "warning", "durable_attempts": "10000"}
    with (folder / "log").open("w") as log:
        store = f"sqlite:///{folder}/headrace.db"
        live = LiveServer(store=store, settings=settings, stderr=log, modules=DURABLE_MODULES).start()
        client = client_of(live)
        load = Load(client, luck)
        while tally.kills < kills:
            load.refill(at_once)
            _progress(place)
            pause(luck, 0.0, 1.5)
            live.kill()
            tally.kills += 1
            live.start()
            client = load.client = client_of(live)
            if tally.kills % 10 == 0:
                say(_told(tally, load))
        _settle(load)
        check(client, load, place, tally)
        if live.stop() != 0:
            tally.wrong.append("the server did not end well")
    tally.seconds = time.monotonic() - began
    return tally


def on_postgres(folder: Path, *, kills: int, at_once: int, luck: random.Random, say: Say) -> Tally:
    """Two workers and a server that carries nothing out itself, on a PostgreSQL that is restarted, too."""
    place, tally, began = Place(folder), Tally(), time.monotonic()
    cluster = Cluster()
    settings = {
        **place.settings,
        "log_level": "warning",
        "durable_attempts": "10000",
        "process_timeout": str(PROCESS_TIMEOUT_S),
    }
    store = cluster.new()
    members = [Member(store, settings, folder / f"log-{number}") for number in range(2)]
    inside = {**settings, "durable_runs": "0", "secret_key": SECRET_KEY}
    try:
        with (folder / "log").open("w") as log:
            live = LiveServer(store=store, settings=inside, stderr=log).start()
            try:
                load = Load(client_of(live), luck)
                _on_postgres(load, place, members, cluster, tally, kills=kills, at_once=at_once, say=say)
                ended = [member.stop() for member in members]
            finally:
                status = live.stop()
        if any([*ended, status]):
            tally.wrong.append(f"not all ended well: {ended} {status}")
    finally:
        for member in members:
            member.kill()
        cluster.remove()
    tally.seconds = time.monotonic() - began
    return tally


def _on_postgres(
    load: Load,
    place: Place,
    members: Sequence[Member],
    cluster: Cluster,
    tally: Tally,
    *,
    kills: int,
    at_once: int,
    say: Say,
) -> None:
    for member in members:
        member.start()
    while tally.kills < kills:
        load.refill(at_once)
        _progress(place)
        pause(load.luck, 0.0, 1.5)
        before = tally.kills
        _disturb(load.luck.choice(members), cluster, tally, load.luck)
        if tally.kills != before and tally.kills % 10 == 0:
            say(_told(tally, load))
    _settle(load)
    check(load.client, load, place, tally)


def _told(tally: Tally, load: Load) -> str:
    return (
        f"{tally.kills} kills, {tally.freezes} freezes, {tally.restarts} restarts, "
        f"{len(load.wanted)} executions begun, {len(load.going(load.client))} go on"
    )


def _disturb(member: Member, cluster: Cluster, tally: Tally, luck: random.Random) -> None:
    how = luck.random()
    if how < 0.06:  # longer than it takes to be missed
        member.signal(signal.SIGSTOP)
        pause(luck, PROCESS_TIMEOUT_S * 0.3, PROCESS_TIMEOUT_S * 2)
        member.signal(signal.SIGCONT)
        tally.freezes += 1
    elif how < 0.09:
        cluster.stop(luck.choice([signal.SIGINT, signal.SIGQUIT]))
        cluster.start()
        tally.restarts += 1
    else:
        member.kill()
        member.start()
        tally.kills += 1


def _progress(place: Place) -> None:
    """Until something is done that was not done before."""
    before = place.said("done").total()
    until(lambda: place.said("done").total() > before or None, within_s=180, what="nothing goes on")


def _settle(load: Load) -> None:
    def is_over() -> bool | None:
        return None if load.going(load.client) else True

    until(is_over, within_s=ENDED_WITHIN_S, what="some executions never end")
