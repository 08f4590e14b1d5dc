"""Calls AWS, or what speaks like it, through boto3: clients made once, in threads, errors by their kind."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import msgspec

from headrace.backends.failures import load
from headrace.backends.threads import Threads
from headrace.core.effects import EffectContext, EffectFailed, Fault

CONNECT_TIMEOUT_S = 10
READ_TIMEOUT_S = 300
"""Ends the thread of a call that nobody waits for any more."""
MOST_OWN_CLIENTS = 64
"""So many clients with keys of organisations are kept; the one that was made first goes."""

DENIED = {"AccessDeniedException", "AccessDenied", "UnrecognizedClientException", "InvalidSignatureException"}
DENIED |= {"ExpiredTokenException", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken"}
THROTTLED = {
    "ThrottlingException",
    "TooManyRequestsException",
    "SlowDown",
    "Throttling",
    "ThrottledException",
}
THROTTLED |= {"ServiceQuotaExceededException", "RequestLimitExceeded", "EC2ThrottledException"}
GATEWAY = {
    "InternalServerException",
    "ServiceUnavailableException",
    "ModelTimeoutException",
    "ServiceException",
}
GATEWAY |= {"BadGatewayException", "ModelNotReadyException", "InternalError", "ServiceUnavailable"}


class AwsPlace(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a service of AWS is.

    Attributes:
        region: empty is what the environment or the profile says.
        endpoint: another address than AWS's own, such as that of an emulator.
        profile: of the shared AWS configuration; empty is the default credential chain.
    """

    region: str = ""
    endpoint: str = ""
    profile: str = ""

    @property
    def place(self) -> AwsPlace:
        """This alone, of a value that says more: what clients are kept by."""
        return AwsPlace(region=self.region, endpoint=self.endpoint, profile=self.profile)


class AwsKey(msgspec.Struct, frozen=True):
    """An access key to call with in the place of the place's own credentials."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None

    def __repr__(self) -> str:
        return f"AwsKey({self.access_key_id!r})"


class Aws:
    """The clients of one process."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads
        self._clients: dict[tuple[str, AwsPlace], Any] = {}
        self._own_clients: dict[tuple[str, AwsPlace, AwsKey], Any] = {}
        self._lock = threading.Lock()  # sessions of boto3 must not make clients side by side

    async def call(
        self,
        service: str,
        place: AwsPlace,
        act: Callable[[Any], Any],
        *,
        resource: str,
        context: EffectContext,
        key: AwsKey | None = None,
    ) -> Any:
        """What ``act`` returns for the client of a service; it runs in a thread.

        Args:
            key: None is the credentials of the place.

        Raises:
            EffectFailed: boto3 is missing, the call failed, or the time is up.
        """

        def run() -> Any:
            return self._run(service, place, act, resource, key)

        return await self._threads.run(run, resource=resource, who=service, timeout_s=context.timeout_s)

    def _run(
        self, service: str, place: AwsPlace, act: Callable[[Any], Any], resource: str, key: AwsKey | None
    ) -> Any:
        exceptions = load("botocore.exceptions", extra="aws", resource=resource)
        try:
            return act(self._client(service, place, resource, key))
        except exceptions.ClientError as error:
            raise _refused(error.response, resource) from error
        except exceptions.EventStreamError as error:
            raise _refused(error.response, resource) from error
        except (
            exceptions.HTTPClientError,
            exceptions.ConnectionError,
            exceptions.IncompleteReadError,
        ) as error:
            raise EffectFailed(
                f"{service} could not be reached: {error}", resource=resource, fault=Fault.GATEWAY
            ) from error
        except (exceptions.NoCredentialsError, exceptions.PartialCredentialsError) as error:
            raise EffectFailed(f"{service}: {error}", resource=resource, fault=Fault.DENIED) from error
        except exceptions.BotoCoreError as error:
            raise EffectFailed(f"{service}: {error}", resource=resource) from error

    def _client(self, service: str, place: AwsPlace, resource: str, key: AwsKey | None) -> Any:
        with self._lock:
            if key is not None:
                return self._own_client(service, place, resource, key)
            client = self._clients.get((service, place))
            if client is None:
                client = self._clients[service, place] = _new_client(service, place, resource, None)
            return client

    def _own_client(self, service: str, place: AwsPlace, resource: str, key: AwsKey) -> Any:
        client = self._own_clients.get((service, place, key))
        if client is None:
            client = self._own_clients[service, place, key] = _new_client(service, place, resource, key)
            if len(self._own_clients) > MOST_OWN_CLIENTS:
                self._own_clients.pop(next(iter(self._own_clients)))
        return client


def _new_client(service: str, place: AwsPlace, resource: str, key: AwsKey | None) -> Any:
    boto3 = load("boto3", extra="aws", resource=resource)
    config_module = load("botocore.config", extra="aws", resource=resource)
    credentials = {} if key is None else {f"aws_{name}": getattr(key, name) for name in key.__struct_fields__}
    session = boto3.session.Session(
        region_name=place.region or None, profile_name=place.profile or None, **credentials
    )
    config = config_module.Config(
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
        retries={"mode": "standard", "total_max_attempts": 3},
        max_pool_connections=64,
        # Emulators are reached by their address, where a bucket can't be part of the host's name.
        s3={"addressing_style": "path"} if place.endpoint else None,
        # Else a bearer token in the server's environment would be used in the place of the key.
        **({} if key is None else {"auth_scheme_preference": "sigv4"}),
    )
    return session.client(service, endpoint_url=place.endpoint or None, config=config)


def _refused(response: Any, resource: str) -> EffectFailed:
    """The failure for an error that the service answered."""
    error = response.get("Error", {})
    code = str(error.get("Code", ""))
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    text = f"{code}: {error.get('Message', '')}".rstrip(": ")
    return EffectFailed(text, resource=resource, fault=fault_of(code, status))


def fault_of(code: str, status: int) -> Fault:
    """Whose fault an error of AWS is, by its name and, when that says nothing, by its status."""
    name = code[:1].upper() + code[1:]  # event streams write names in lower camel case
    if name in DENIED:
        return Fault.DENIED
    if name in THROTTLED:
        return Fault.THROTTLED
    if name in GATEWAY:
        return Fault.GATEWAY
    return fault_of_status(status)


def fault_of_status(status: int) -> Fault:
    """Whose fault an answer over HTTP is, by its status."""
    if status == 429:
        return Fault.THROTTLED
    if status in (401, 403):
        return Fault.DENIED
    return Fault.GATEWAY if status >= 500 else Fault.DEPENDENCY
