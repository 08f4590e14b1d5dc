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


class Aws:
    """The clients of one process."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads
        self._clients: dict[tuple[str, AwsPlace], Any] = {}
        self._lock = threading.Lock()  # sessions of boto3 must not make clients side by side

    async def call(
        self,
        service: str,
        place: AwsPlace,
        act: Callable[[Any], Any],
        *,
        resource: str,
        context: EffectContext,
    ) -> Any:
        """What ``act`` returns for the client of a service; it runs in a thread.

        Raises:
            EffectFailed: boto3 is missing, the call failed, or the time is up.
        """

        def run() -> Any:
            return self._run(service, place, act, resource)

        return await self._threads.run(run, resource=resource, who=service, timeout_s=context.timeout_s)

    def _run(self, service: str, place: AwsPlace, act: Callable[[Any], Any], resource: str) -> Any:
        exceptions = load("botocore.exceptions", extra="aws", resource=resource)
        try:
            return act(self._client(service, place, resource))
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

    def _client(self, service: str, place: AwsPlace, resource: str) -> Any:
        with self._lock:
            client = self._clients.get((service, place))
            if client is None:
                client = self._clients[service, place] = _new_client(service, place, resource)
            return client


def _new_client(service: str, place: AwsPlace, resource: str) -> Any:
    boto3 = load("boto3", extra="aws", resource=resource)
    config_module = load("botocore.config", extra="aws", resource=resource)
    session = boto3.session.Session(region_name=place.region or None, profile_name=place.profile or None)
    config = config_module.Config(
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
        retries={"mode": "standard", "total_max_attempts": 3},
        max_pool_connections=64,
        # Emulators are reached by their address, where a bucket can't be part of the host's name.
        s3={"addressing_style": "path"} if place.endpoint else None,
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
