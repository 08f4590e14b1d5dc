"""How much one call, and all of them together, may take."""

from __future__ import annotations

from dataclasses import dataclass

from headrace.backends.sandbox.jail.protocol import Bounds

MIB = 1024 * 1024
STDOUT_CHARS = 64 * 1024
"""How much of what an evaluator prints is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxLimits:
    """How much code may take.

    Attributes:
        cpu_s: processor seconds of one call; the kernel counts them whole.
        memory_mib: what one call may allocate, beside the interpreter itself.
        wall_s: seconds that one call may last; the caller's own deadline may be nearer.
        output_bytes: how large the result may be, as JSON.
        code_bytes: how large the code may be (5 MB at AWS, bedrock 2.10).
        concurrent: how many calls run at once (25 at AWS); more wait for their turn. All of them together
            may allocate ``concurrent`` times ``memory_mib``.
    """

    cpu_s: int = 5
    memory_mib: int = 128
    wall_s: float = 10.0
    output_bytes: int = 5 * MIB
    code_bytes: int = 5 * MIB
    concurrent: int = 4

    def __post_init__(self) -> None:
        """Refuse limits that let nothing run.

        Raises:
            ValueError: one is not above zero.
        """
        for name in self.__slots__:
            if getattr(self, name) <= 0:
                raise ValueError(f"The sandbox's {name} must be above zero, not {getattr(self, name)}.")

    def bounds(self) -> Bounds:
        """What the fork server has to know of them."""
        return Bounds(
            cpu_s=self.cpu_s,
            memory_bytes=self.memory_mib * MIB,
            output_bytes=self.output_bytes,
            stdout_chars=STDOUT_CHARS,
        )
