"""Organisations, users and keys: who there is, and who is asking (the common domain, *Who*)."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable

import msgspec

from headrace.core.access import Key, Organisation, Principal, Right, User
from headrace.core.deployments import Environment, EnvironmentTag
from headrace.core.errors import Invalid, NotFound, Unauthenticated
from headrace.core.files import Directory
from headrace.core.ports import Transaction
from headrace.services.base import Ports

DEFAULT_ENVIRONMENT = "production"
"""What the default environment of a new organisation is called (humanloop 2.8)."""
LOCAL_USER = ("local@headrace.invalid", "Local User")
"""Who is asking when no keys are configured."""
ACCESS_ID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


class IssuedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key just made: the only moment at which its secrets can be read.

    Attributes:
        api_key: for ``X-API-KEY``.
        secret_access_key: with ``key.access_key_id`` the AWS pair.
    """

    key: Key
    user: User
    api_key: str
    secret_access_key: str


async def ensure_organisation(
    ports: Ports, *, account: str, name: str, environments: Iterable[str] = ("staging",)
) -> Principal:
    """The organisation with all that one is born with; answers its local user as an admin.

    Args:
        environments: which it is born with besides the default one.
    """

    def work(tx: Transaction) -> Principal:
        now = ports.clock.now()
        if tx.access.organisation(account=account) is None:
            tx.access.add_organisation(Organisation(account=account, name=name, created_at=now))
            tx.files.add_directory(
                Directory(id=ports.ids.long("dir_"), path="", parent_id=None, created_at=now, updated_at=now)
            )
            for environment in dict.fromkeys((DEFAULT_ENVIRONMENT, *environments)):
                is_default = environment == DEFAULT_ENVIRONMENT
                tag = EnvironmentTag.DEFAULT if is_default else EnvironmentTag.OTHER
                tx.environments.add(
                    Environment(id=ports.ids.long("env_"), name=environment, tag=tag, created_at=now)
                )
        email, full_name = LOCAL_USER
        return Principal(account=account, user=_ensure_user(tx, ports, email, full_name), right=Right.ADMIN)

    return await ports.store.write(account, work)


def _ensure_user(tx: Transaction, ports: Ports, email: str, full_name: str) -> User:
    user = tx.access.user_by_email(email=email)
    if user is None:
        user = User(id=ports.ids.long("usr_"), email=email, full_name=full_name, created_at=ports.clock.now())
        tx.access.add_user(user)
    return user


async def create_key(
    ports: Ports, principal: Principal, *, email: str, full_name: str | None, right: Right, name: str
) -> IssuedKey:
    """Issue a key of the principal's organisation to a user, who is made if new."""
    principal.require(Right.ADMIN)
    if "@" not in email or email != email.strip():
        raise Invalid.at("email", message=f"Not an e-mail address: {email!r}.", kind="email")
    api_key = "hl_sk_" + secrets.token_hex(24)
    secret = secrets.token_urlsafe(30)

    def work(tx: Transaction) -> IssuedKey:
        user = _ensure_user(tx, ports, email, full_name or email.partition("@")[0])
        key = Key(
            id=ports.ids.long("key_"),
            account=principal.account,
            user_id=user.id,
            right=right,
            name=name,
            api_key_hash=hash_api_key(api_key),
            access_key_id="HRAK" + "".join(secrets.choice(ACCESS_ID_ALPHABET) for _ in range(16)),
            secret_sealed=ports.vault.seal(secret.encode()),
            created_at=ports.clock.now(),
        )
        tx.access.add_key(key)
        return IssuedKey(key=key, user=user, api_key=api_key, secret_access_key=secret)

    return await ports.store.write(principal.account, work)


async def list_keys(ports: Ports, principal: Principal) -> list[tuple[Key, User | None]]:
    """The keys of the principal's organisation with their users, revoked ones too, oldest first."""
    principal.require(Right.ADMIN)
    return await ports.store.read(
        principal.account,
        lambda tx: [
            (key, tx.access.user(id=key.user_id))
            for key in tx.access.keys()
            if key.account == principal.account
        ],
    )


async def revoke_key(ports: Ports, principal: Principal, *, key_id: str) -> None:
    """Make a key open nothing any more. Doing it again changes nothing."""
    principal.require(Right.ADMIN)

    def work(tx: Transaction) -> None:
        known = {key.id: key for key in tx.access.keys() if key.account == principal.account}
        if key_id not in known:
            raise NotFound("key", key_id, f"Key `{key_id}` not found.")
        if known[key_id].revoked_at is None:
            tx.access.revoke_key(id=key_id, at=ports.clock.now())

    await ports.store.write(principal.account, work)


async def opens_secrets(ports: Ports) -> bool:
    """Whether this server's key opens the newest secret of an AWS key, if there is any."""
    keys = await ports.store.read("", lambda tx: tx.access.keys())
    usable = [key for key in keys if key.revoked_at is None]
    return not usable or ports.vault.open(usable[-1].secret_sealed) is not None


async def has_keys(ports: Ports) -> bool:
    """Whether any key was ever made, so that credentials are checked."""
    return await ports.store.read("", lambda tx: tx.access.has_keys())


async def by_api_key(ports: Ports, api_key: str) -> Principal:
    """Whoever holds this API key.

    Raises:
        Unauthenticated: nobody does, or it was revoked.
    """
    return await by_key_hash(ports, hash_api_key(api_key))


async def by_key_hash(ports: Ports, hashed: str) -> Principal:
    """Whoever holds the API key of which this is kept.

    Raises:
        Unauthenticated: nobody does, or it was revoked.
    """
    key = await ports.store.read("", lambda tx: tx.access.key_by_hash(api_key_hash=hashed))
    if key is None or key.revoked_at is not None:
        raise Unauthenticated("Invalid or missing API key.", reason="unknown")
    return await _principal(ports, key)


async def by_access_key_id(ports: Ports, access_key_id: str) -> tuple[Principal, bytes]:
    """Whoever holds this access key, and its secret, against which the signature is to be checked.

    Raises:
        Unauthenticated: nobody does, it was revoked, or its secret can't be read any more.
    """
    key = await ports.store.read("", lambda tx: tx.access.key_by_access_id(access_key_id=access_key_id))
    if key is None or key.revoked_at is not None:
        raise Unauthenticated("The security token included in the request is invalid.", reason="unknown")
    secret = ports.vault.open(key.secret_sealed)
    if secret is None:
        message = "The secret of this access key was sealed with another HEADRACE_SECRET_KEY. Make a new key."
        raise Unauthenticated(message, reason="unknown")
    return await _principal(ports, key), secret


async def _principal(ports: Ports, key: Key) -> Principal:
    user = await ports.store.read(key.account, lambda tx: tx.access.user(id=key.user_id))
    if user is None:
        raise Unauthenticated("The key's user no longer exists.", reason="unknown")
    return Principal(account=key.account, user=user, right=key.right, key_id=key.id)


def hash_api_key(api_key: str) -> str:
    """What is kept of an API key. It has 192 random bits, so a plain digest can't be guessed back."""
    return hashlib.sha256(api_key.encode()).hexdigest()
