"""The table of every route, a module a family."""

from __future__ import annotations

from dataclasses import replace

from parity_sandbox.github import graphql
from parity_sandbox.github.routes import (
    accounts,
    environments,
    git,
    issues,
    outside,
    permissions,
    pulls,
    repositories,
    rulesets,
    runs,
    secrets,
    teams,
)
from parity_sandbox.github.routes.table import REPOSITORY
from parity_sandbox.routing import Route

_BY_ID = "/repositories/{repository_id}"

ROUTES: tuple[Route, ...] = (
    *accounts.ROUTES,
    *teams.ROUTES,
    *repositories.ROUTES,
    *environments.ROUTES,
    *secrets.ROUTES,
    *permissions.ROUTES,
    *outside.ROUTES,
    *rulesets.ROUTES,
    *git.ROUTES,
    *issues.ROUTES,
    *pulls.ROUTES,
    *runs.ROUTES,
)
"""The routes as GitHub's description names them."""

BY_ID: tuple[Route, ...] = tuple(
    replace(each, path=each.path.replace(REPOSITORY, _BY_ID, 1)) for each in ROUTES if each.path.startswith(REPOSITORY)
)
"""The same operations with the repository's id in place of its owner and name.

They are not described, but redirects of renamed repositories lead there and GitHub's provider calls them.
"""

ANSWERED: tuple[Route, ...] = (*ROUTES, *BY_ID, graphql.ROUTE)
"""Everything that is answered."""
