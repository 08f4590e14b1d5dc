"""Every check there is."""

from __future__ import annotations

from headrace.conformance.bedrock import catalogue as bedrock
from headrace.conformance.humanloop import catalogue as humanloop

CHECKS = (*bedrock.CHECKS, *humanloop.CHECKS)
