"""What the server and the fork server say to each other, and the fork server and a call.

Over the control socket (``SOCK_SEQPACKET``): first a ``Greeting`` up; then ``Command``s down, those that
start a call with the call's own socket beside them; and for each call that was started, one ``Ending`` up.
Over a call's socket: the request as JSON down, then the stream's end; the reply as JSON up, then its end.

What comes from a call's socket was written by foreign code and may be anything.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

MAX_MESSAGE_BYTES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What one call may use; see ``SandboxLimits``, where they come from."""

    cpu_s: int
    memory_bytes: int
    output_bytes: int
    stdout_chars: int

    def to_text(self) -> str:
        """As one command-line argument."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> Bounds:
        """What ``to_text`` wrote."""
        return cls(**json.loads(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeting:
    """The fork server's first words.

    Attributes:
        missing: what this machine lacks; when there is anything, the fork server has ended.
        locks: what holds a call, for people to read.
    """

    missing: tuple[str, ...] = ()
    locks: Mapping[str, Any]

    def pack(self) -> bytes:
        """As a message."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def unpack(cls, message: bytes) -> Greeting:
        """What ``pack`` wrote."""
        fields = json.loads(message)
        return cls(missing=tuple(fields["missing"]), locks=fields["locks"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Start a call, with its time limit; or end it now, when there is no time left for it.

    Attributes:
        id: chosen by the server, used once.
        wall_s: seconds until it is killed; 0 kills it.
    """

    id: int
    wall_s: float

    _FORMAT: ClassVar[str] = "=Qd"

    def pack(self) -> bytes:
        """As a message."""
        return struct.pack(self._FORMAT, self.id, self.wall_s)

    @classmethod
    def unpack(cls, message: bytes) -> Command:
        """What ``pack`` wrote."""
        id_, wall_s = struct.unpack(cls._FORMAT, message)
        return cls(id=id_, wall_s=wall_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """A call's process has ended and been reaped.

    Attributes:
        id: the call's.
        status: its exit status, or the negative number of the signal that killed it.
        is_late: whether it was killed because its time was over.
        cpu_s: processor seconds that it used.
        peak_bytes: the most resident memory that it had.
    """

    id: int
    status: int
    is_late: bool
    cpu_s: float
    peak_bytes: int

    _FORMAT: ClassVar[str] = "=Qi?dQ"

    def pack(self) -> bytes:
        """As a message."""
        fields = (self.id, self.status, self.is_late, self.cpu_s, self.peak_bytes)
        return struct.pack(self._FORMAT, *fields)

    @classmethod
    def unpack(cls, message: bytes) -> Ending:
        """What ``pack`` wrote."""
        id_, status, is_late, cpu_s, peak_bytes = struct.unpack(cls._FORMAT, message)
        return cls(id=id_, status=status, is_late=is_late, cpu_s=cpu_s, peak_bytes=peak_bytes)
