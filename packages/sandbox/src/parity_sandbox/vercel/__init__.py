"""The sandbox's Vercel API: `create_app` for its hosts, `seed` for what exists before, `settle` for what time does."""

from __future__ import annotations

from parity_sandbox.context import Context
from parity_sandbox.routing import Route
from parity_sandbox.vercel.app import HOSTS, create_app
from parity_sandbox.vercel.routes import ROUTES, distribution
from parity_sandbox.vercel.seeds import seed
from parity_sandbox.vercel.timeline import settle
from parity_sandbox.vercel.variables import secrets

__all__ = ["HOSTS", "REGISTRY_ROUTES", "ROUTES", "create_app", "routes", "secrets", "seed", "settle"]

REGISTRY_ROUTES = distribution.ROUTES
"""Those of the registry's own host."""


def routes(_context: Context) -> tuple[Route, ...]:
    """The table of routes; it does not depend on the context."""
    return ROUTES
