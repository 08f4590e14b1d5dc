"""What can go wrong with code, and with the place it runs in.

EffectFailed
├─ CodeFailed(stdout)        the code's own doing: an exception, a limit, a result that is none
│  └─ CodeKilled             it was ended: it took too long, or its process was killed
└─ SandboxUnavailable        there is no safe place to run it
   └─ ForkServerEnded        there was one, which is gone
"""

from __future__ import annotations

from headrace.core.effects import EffectFailed, Fault

RESOURCE = "InlineCode"


class CodeFailed(EffectFailed):
    """The code did not come to a result.

    Attributes:
        stdout: what it had printed, where that is kept.
    """

    def __init__(self, message: str, *, stdout: str = "", fault: Fault = Fault.DEPENDENCY) -> None:
        super().__init__(message, resource=RESOURCE, fault=fault)
        self.stdout = stdout


class CodeKilled(CodeFailed):
    """The code's process was ended before it came to a result."""


class SandboxUnavailable(EffectFailed):
    """There is no place to run code in; the message says what is missing. Nothing was run."""

    def __init__(self, message: str, *, fault: Fault = Fault.DEPENDENCY) -> None:
        super().__init__(message, resource=RESOURCE, fault=fault)


class ForkServerEnded(SandboxUnavailable):
    """The place to run code in ended, with the code. Since code does nothing outside, it can be run again."""

    def __init__(self) -> None:
        super().__init__("The sandbox's fork server ended. Try again.", fault=Fault.GATEWAY)
