"""A server for the tests of a team's flows: started by `headrace.pytest_plugin`, or by `Headrace` alone."""

from __future__ import annotations

from headrace.testing.failures import FlowAsked, FlowFailed, FlowRefused, NoServer
from headrace.testing.flows import Flow, Run
from headrace.testing.headrace import Headrace

__all__ = ["Flow", "FlowAsked", "FlowFailed", "FlowRefused", "Headrace", "NoServer", "Run"]
