"""What logs do not keep is there for their evaluators, for a while."""

from __future__ import annotations

from tests.storage.things import log

from headrace.core.logs import Payload, write_payload
from headrace.services.logs.unsaved import Unsaved

SECRET = Payload(output="x" * 100)
BYTES = len(write_payload(SECRET))


def test_what_a_log_keeps_is_not_held_twice() -> None:
    unsaved = Unsaved()
    kept = log("log_1", payload=write_payload(Payload(output="kept")))
    unsaved.put("1", kept, SECRET)
    assert unsaved.content("1", kept).output == "kept"


def test_what_it_does_not_keep_is_of_one_organisation() -> None:
    unsaved = Unsaved()
    bare = log("log_1", is_saved=False, payload=b"{}")
    unsaved.put("1", bare, SECRET)
    assert unsaved.content("1", bare) == SECRET
    assert unsaved.content("2", bare) == Payload()


def test_the_oldest_are_forgotten_first() -> None:
    unsaved = Unsaved(most_bytes=2 * BYTES)
    first, second, third = (log(f"log_{index}", is_saved=False, payload=b"{}") for index in range(3))
    for one in (first, second, first, first, third):
        unsaved.put("1", one, SECRET)
    held = [unsaved.content("1", one).output is not None for one in (first, second, third)]
    assert held == [True, False, True]


def test_one_that_is_too_large_is_not_held() -> None:
    unsaved = Unsaved(most_bytes=BYTES - 1)
    bare = log("log_1", is_saved=False, payload=b"{}")
    unsaved.put("1", bare, SECRET)
    assert unsaved.content("1", bare) == Payload()
