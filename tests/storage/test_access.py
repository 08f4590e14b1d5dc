"""Laws of organisations, users and keys, for every store."""

from __future__ import annotations

import pytest
from tests.storage.things import ABROAD, HOME, START, Desk, at, key, user

from headrace.core.access import Key, Organisation, Right
from headrace.core.ports import Clash


def test_organisations_are_known_everywhere(desk: Desk) -> None:
    home = Organisation(account=HOME, name="Home", created_at=START)
    desk.write(lambda tx: tx.access.add_organisation(home))
    for account in (HOME, ABROAD):
        assert desk.read(lambda tx: tx.access.organisation(account=HOME), account) == home
        assert desk.read(lambda tx: tx.access.organisation(account=ABROAD), account) is None
    with pytest.raises(Clash, match=r"^id$"):
        desk.write(lambda tx: tx.access.add_organisation(home), ABROAD)


def test_users_are_known_in_their_organisation_only(desk: Desk) -> None:
    desk.write(lambda tx: tx.access.add_user(user()))
    email = user().email
    assert desk.read(lambda tx: tx.access.user(id="usr_1")) == user()
    assert desk.read(lambda tx: tx.access.user_by_email(email=email)) == user()
    assert desk.read(lambda tx: tx.access.user_by_email(email=email.upper())) is None
    assert desk.read(lambda tx: tx.access.user(id="usr_1"), ABROAD) is None
    assert desk.read(lambda tx: tx.access.user_by_email(email=email), ABROAD) is None
    with pytest.raises(Clash, match=r"^email$"):
        desk.write(lambda tx: tx.access.add_user(user("usr_2", email=email)))
    with pytest.raises(Clash, match=r"^id$"):
        desk.write(lambda tx: tx.access.add_user(user(email="other@example.com")))
    desk.write(lambda tx: tx.access.add_user(user()), ABROAD)
    assert desk.read(lambda tx: tx.access.user(id="usr_1"), ABROAD) == user()


def test_keys_open_from_everywhere(desk: Desk) -> None:
    one, other = key(created_at=at(1)), key("key_2", account=ABROAD, right=Right.ADMIN, created_at=at(0))
    assert desk.read(lambda tx: tx.access.has_keys()) is False
    desk.write(lambda tx: (tx.access.add_key(one), tx.access.add_key(other)))
    for account in (HOME, ABROAD, "222222222222"):
        assert desk.read(lambda tx: tx.access.has_keys(), account) is True
        assert desk.read(lambda tx: tx.access.keys(), account) == [other, one]
        assert desk.read(lambda tx: tx.access.key_by_hash(api_key_hash="hash key_2"), account) == other
        assert desk.read(lambda tx: tx.access.key_by_access_id(access_key_id="AKIAkey_1"), account) == one
    assert type(desk.read(lambda tx: tx.access.keys())[0].right) is Right
    assert desk.read(lambda tx: tx.access.key_by_hash(api_key_hash="hash")) is None
    assert desk.read(lambda tx: tx.access.key_by_access_id(access_key_id="hash key_1")) is None


@pytest.mark.parametrize(
    ("rule", "other"),
    [
        ("key", key("key_2", api_key_hash="hash key_1", account=ABROAD)),
        ("key", key("key_2", access_key_id="AKIAkey_1")),
        ("id", key(api_key_hash="other", access_key_id="other")),
    ],
)
def test_a_key_that_breaks_a_rule_is_refused(desk: Desk, rule: str, other: Key) -> None:
    desk.write(lambda tx: tx.access.add_key(key()))
    with pytest.raises(Clash, match=f"^{rule}$"):
        desk.write(lambda tx: tx.access.add_key(other))
    assert desk.read(lambda tx: tx.access.keys()) == [key()]


def test_a_key_is_revoked_once(desk: Desk) -> None:
    desk.write(lambda tx: (tx.access.add_key(key()), tx.access.add_key(key("key_2", created_at=at(1)))))
    desk.write(lambda tx: tx.access.revoke_key(id="key_1", at=at(5)), ABROAD)
    desk.write(lambda tx: tx.access.revoke_key(id="key_1", at=at(9)))
    desk.write(lambda tx: tx.access.revoke_key(id="key_none", at=at(9)))
    assert desk.read(lambda tx: [one.revoked_at for one in tx.access.keys()]) == [at(5), None]
    assert desk.read(lambda tx: tx.access.key_by_hash(api_key_hash="hash key_1")).revoked_at == at(5)
