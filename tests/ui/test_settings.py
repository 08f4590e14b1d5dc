"""Keys, environments, what the server is, and how clients are pointed at it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.contract.conftest import LiveServer
from tests.contract.keys import create_key
from tests.contract.native.asking import Asker
from tests.ui.conftest import Screen
from tests.ui.test_deployments import sign_in


def test_the_snippets_work(screen: Screen, server: LiveServer) -> None:
    server.humanloop().flows.upsert(path="settings/told by a snippet", attributes={"a": 1})
    screen.open("#/settings")
    page = screen.page
    page.get_by_role("heading", name="boto3").wait_for()
    for name, told in (("humanloop, Python", "settings/told by a snippet"), ("boto3", "[")):
        block = page.locator(".snippet").filter(has=page.get_by_role("heading", name=name, exact=True))
        code = screen.copied(block.get_by_role("button", name="Copy"))
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        assert told in done.stdout
    screen.axe()
    screen.shot("settings-sdk")


def test_the_first_key_signs_its_maker_in(make_server: Any, open_screen: Any) -> None:
    live = make_server()
    screen: Screen = open_screen(live)
    screen.open("#/settings/keys")
    page = screen.page
    page.get_by_text("There are no keys", exact=True).wait_for()
    screen.shot("settings-no-keys")
    page.get_by_role("button", name="New key").click()
    page.get_by_label("E-mail").fill("ann@example.com")
    page.get_by_label("What for").fill("the UI")
    page.get_by_role("button", name="Make the key").click()
    dialog = page.get_by_role("dialog", name="The new key")
    dialog.get_by_text("Copy it now").wait_for()
    screen.axe()
    screen.shot("settings-new-key")
    [key] = re.findall(r"HUMANLOOP_API_KEY=(hl_sk_\w+)", dialog.inner_text())
    assert Asker(url=live.url, key=key).ask("GET", "settings")["is_open"] is False
    dialog.get_by_role("button", name="I have copied it").click()
    page.get_by_role("button", name="Sign out").wait_for()
    page.get_by_text("active, yours").wait_for()
    assert key not in page.content(), "never again"


def test_keys_are_revoked(make_server: Any, open_screen: Any) -> None:
    live = make_server()
    admin = create_key(live.store)["api_key"]
    other = create_key(live.store, "reader", "--name", "dashboards")["api_key"]
    screen: Screen = open_screen(live)
    screen.allowed.append("401")
    sign_in(screen, admin, "#/settings/keys")
    page = screen.page
    row = page.get_by_role("row").filter(has_text="dashboards")
    row.get_by_role("button", name="Revoke").click()
    dialog = page.get_by_role("dialog")
    assert "signed in with" not in dialog.inner_text()
    dialog.get_by_role("button", name="Revoke", exact=True).click()
    row.get_by_text("revoked").wait_for()
    Asker(url=live.url, key=other).refused(401, "unauthenticated", "GET", "settings")
    screen.axe()
    screen.shot("settings-keys")


def test_environments_are_kept(make_server: Any, open_screen: Any) -> None:
    live = make_server()
    live.humanloop().flows.upsert(path="held", attributes={"a": 1})
    asker = Asker(url=live.url)
    asker.ask("POST", "files", "held", "pointers", "staging", "moves", body={"to": 1})
    screen: Screen = open_screen(live)
    screen.allowed.append("409")
    screen.open("#/settings/environments")
    page = screen.page
    page.get_by_label("Name of a new environment").fill("staging")
    page.keyboard.press("Enter")
    page.get_by_role("alert").filter(has_text="staging").wait_for()
    page.get_by_label("Name of a new environment").fill("europe")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Make default: europe").click()
    page.get_by_role("row").filter(has_text="europe").get_by_text("default").wait_for()
    page.get_by_role("button", name="Rename production").click()
    page.get_by_label("New name of production").fill("america")
    page.keyboard.press("Enter")
    page.get_by_role("row").filter(has_text="america").wait_for()
    page.get_by_role("button", name="Gate … of america").click()
    page.get_by_role("group", name="Before a move").get_by_role("button", name="Add: approval").click()
    page.get_by_role("button", name="Set the gate").click()
    page.get_by_role("row").filter(has_text="america").get_by_text("gate for all files").wait_for()
    assert asker.ask("GET", "environments", "america", "gate")["gate"]["rules"][0]["type"] == "approval"
    page.get_by_role("button", name="Gate … of america").click()
    page.get_by_role("button", name="Take the gate away").click()
    page.get_by_text("gate for all files").wait_for(state="detached")
    page.get_by_role("button", name="Remove staging").click()
    dialog = page.get_by_role("dialog")
    remove = dialog.get_by_role("button", name="Remove", exact=True)
    assert remove.is_disabled(), "something is deployed there"
    dialog.get_by_role("checkbox").check()
    remove.click()
    dialog.wait_for(state="detached")
    page.get_by_role("row").filter(has_text="staging").wait_for(state="detached")
    named = {one["name"]: one["is_default"] for one in asker.ask("GET", "environments")["environments"]}
    assert named == {"america": False, "europe": True}
    screen.axe()
    screen.shot("settings-environments")


def test_what_the_server_is(screen: Screen) -> None:
    screen.open("#/settings/server")
    page = screen.page
    page.get_by_text("for 90 days").wait_for()
    page.get_by_label("Search limits").fill("quota_flows")
    page.get_by_text("HEADRACE_QUOTA_FLOWS").wait_for()
    assert page.locator(".limits tbody tr").count() == 1
    screen.axe()
    page.get_by_label("Search limits").fill("")
    screen.shot("settings-server")


PROVIDERS = """
[models.providers.house]
type = "openai"
url = "http://127.0.0.1:9/v1"
api_key_env = "HOUSE_KEY"

[[models.route]]
match = "gpt*"
provider = "house"

[[models.route]]
match = "*"
provider = "echo"
"""


def test_keys_of_providers(make_server: Any, open_screen: Any, tmp_path: Path) -> None:
    config = tmp_path / "providers.toml"
    config.write_text(PROVIDERS)
    live = make_server(config=str(config))
    screen: Screen = open_screen(live)
    screen.allowed.append("400")
    screen.open("#/settings/providers")
    page = screen.page
    house = page.get_by_role("row").filter(has_text="house")
    house.get_by_text("the configured key").wait_for()
    echo = page.get_by_role("row").filter(has_text="echo")
    assert echo.get_by_role("button", name="Set a key").count() == 0, "it is asked without one"
    house.get_by_role("button", name="Set a key").click()
    key = page.get_by_role("dialog").get_by_label("Key")
    key.fill("with blanks in it")
    page.get_by_role("button", name="Set the key").click()
    page.get_by_role("alert").filter(has_text="no blanks").wait_for()
    assert key.input_value() == "with blanks in it", "what was typed is kept"
    screen.axe()
    key.fill("sk-the-first-key-abcd")
    page.keyboard.press("Enter")
    house.get_by_text("… abcd").wait_for()
    house.get_by_role("button", name="Rotate the key").click()
    key.fill("sk-the-second-key-wxyz")
    page.get_by_role("button", name="Rotate the key", exact=True).click()
    house.get_by_text("… wxyz").wait_for()
    assert "sk-the" not in page.content(), "never again"
    echo.get_by_role("button", name="Limits of echo").click()
    page.get_by_label("Requests a minute").fill("600")
    page.get_by_label("Tokens a day").fill("0")
    page.get_by_role("button", name="Set the limits").click()
    echo.get_by_text("0 of 600 requests").wait_for()
    echo.get_by_text("reached").wait_for()
    screen.axe()
    screen.shot("settings-providers")
    asker = Asker(url=live.url)
    set_for = {one["provider"]: one for one in asker.ask("GET", "provider-keys")["provider_keys"]}
    assert set_for["house"]["last_four"] == "wxyz"
    assert (set_for["echo"]["requests_a_minute"], set_for["echo"]["tokens_a_day"]) == (600, 0)
    assert set_for["echo"]["cost_a_month_usd"] is None
    house.get_by_role("button", name="Remove what is set").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove", exact=True).click()
    house.get_by_text("the configured key").wait_for()
    assert [one["provider"] for one in asker.ask("GET", "provider-keys")["provider_keys"]] == ["echo"]
