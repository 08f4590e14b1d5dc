"""What nothing refers to any more is taken away over HTTP and by a command, while a server runs."""

from __future__ import annotations

from typing import Any

import pytest
from tests.contract.keys import run, run_json
from tests.contract.native.asking import Asker

pytestmark = pytest.mark.live
SORTS = ["logs", "drafts", "versions", "datapoints", "lists of datapoints"]


def test_cleaning_tells_what_went_and_refuses_what_it_was_not_told(make_server: Any) -> None:
    live = make_server()
    asker, at = Asker(url=live.url), ("--store", live.store)
    prompt = live.humanloop().prompts.upsert(path="kept/Prompt", model="m")
    live.humanloop().prompts.delete(prompt.id)

    told = run_json("store", "clean", "--older-than", "30", "--dry-run", *at)
    assert (told["is_rehearsal"], told["counts"]) == (True, [{"kind": one, "number": 0} for one in SORTS])
    assert run("store", "clean", "--older-than", "30", *at).stdout == "Taken away: nothing.\n"
    refused = run("store", "clean", "--older-than", "0", *at)
    assert (refused.returncode, "x>=1" in refused.stderr) == (2, True)

    assert asker.ask("POST", "cleanings", body={"older_than_days": 1})["is_rehearsal"] is False
    for days in (0, 36_501):
        asker.refused(400, "invalid", "POST", "cleanings", body={"older_than_days": days})
    asker.refused(400, "invalid", "POST", "cleanings", body={})
