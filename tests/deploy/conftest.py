"""What tests of deployments share."""

from __future__ import annotations

from tests.deploy.fleet import fleet as fleet
