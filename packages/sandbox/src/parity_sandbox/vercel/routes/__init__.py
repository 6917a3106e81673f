"""Every route of Vercel's API that the sandbox answers."""

from __future__ import annotations

from parity_sandbox.vercel.routes import (
    account,
    deployments,
    domains,
    projects,
    registry,
    rolling,
    telemetry,
    variables,
)

ROUTES = (
    *projects.ROUTES,
    *rolling.ROUTES,
    *variables.ROUTES,
    *domains.ROUTES,
    *deployments.ROUTES,
    *registry.ROUTES,
    *account.ROUTES,
    *telemetry.ROUTES,
)
