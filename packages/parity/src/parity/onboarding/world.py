"""Reads what exists, by the inventory's own readers, and refuses the shapes that the program cannot have."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from parity.config import forms, servers
from parity.documents import mapping
from parity.errors import RefusedError, UnreadError, UsageError
from parity.inventory import github, postgres, vercel
from parity.inventory.model import merged
from parity.resources import kinds
from parity.vendors import services
from parity.vendors.http import Client

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from parity.inventory.model import LiveObject, ReadFailure, VendorState
    from parity.onboarding.wanted import Wanted

_MAP = "docs/how-to/import.md"
OPTIONAL = frozenset({kinds.TRACING, kinds.ALERT})
"""Not every plan of Vercel has them: where they cannot be read, nothing of them is declared."""
_NODE = ("20.x", "22.x", "24.x")


@dataclass(frozen=True)
class World:
    """What was read."""

    state: VendorState
    addresses: Mapping[str, tuple[str, int]]
    """Host and port of PostgreSQL's servers, as the environment has them, by the servers' names."""

    def of(self, type_: str, *key: str) -> list[LiveObject]:
        """The objects of a type whose key begins so."""
        return [each for each in self.state.found if each.type == type_ and each.key[: len(key)] == key]

    def one(self, type_: str, *key: str) -> LiveObject | None:
        """The first of them."""
        return next(iter(self.of(type_, *key)), None)


def read(wanted: Wanted, environment: Mapping[str, str]) -> World:
    """Read everything that is to be imported.

    Args:
        wanted: what it is.
        environment: tokens and libpq's variables, with rights to read.

    Raises:
        UsageError: the environment does not lead to a server that has a name.
        UnreadError: something of it could not be read.
        RefusedError: it has a shape that the program cannot have; all reasons at once, each with the way on.
    """
    _require_servers(wanted, environment)
    state = merged([*asyncio.run(_vendors(wanted, environment)), *_databases(wanted, environment)])
    require_read([each for each in state.read_failures if not each.types <= OPTIONAL])
    world = World(state, {server: _address(environment, server) for server in wanted.servers.values()})
    if reasons := [*refusals(wanted, world)]:
        raise RefusedError(
            "what exists cannot be declared as it is; nothing was written:\n"
            + "\n".join(f"  - {each}" for each in reasons),
            where=f"{wanted.team}, {wanted.owner}/{wanted.repository}",
            remedy=f"{_MAP} has the way on for each shape",
        )
    return world


def require_read(failures: Sequence[ReadFailure]) -> None:
    """Raise UnreadError with everything that could not be read: what is not known must not be taken for absent."""
    if failures:
        raise UnreadError(
            "\n".join(str(each) for each in failures),
            where="the accounts",
            remedy="give the token or the role the rights to read it; docs/drift.md says which",
        )


async def _vendors(wanted: Wanted, environment: Mapping[str, str]) -> list[VendorState]:
    names = tuple(wanted.projects.values())
    environments = tuple(wanted.environment(stack) for stack in wanted.stacks)
    # The repository's own rules and rights are left as they are, and to read them would take more rights.
    scope = github.Scope(wanted.owner, wanted.repository, environments, (), settings=False)
    service = services.vercel(environment.get(services.VERCEL_TOKEN, ""), wanted.team)
    async with (
        Client(service) as at_vercel,
        Client(services.github(environment.get(services.GITHUB_TOKEN, ""))) as at_github,
    ):
        return list(
            await asyncio.gather(
                vercel.read(at_vercel, vercel.Scope(wanted.team, names, asked=OPTIONAL)), github.read(at_github, scope)
            )
        )


def _databases(wanted: Wanted, environment: Mapping[str, str]) -> list[VendorState]:
    names: dict[str, list[str]] = {}
    for (_, database), name in wanted.databases.items():
        names.setdefault(wanted.servers[database], []).append(name)
    return [
        postgres.read(servers.connection(environment, server), postgres.Scope(tuple(each), (), (), (), ()))
        for server, each in names.items()
    ]


def _require_servers(wanted: Wanted, environment: Mapping[str, str]) -> None:
    named = dict.fromkeys(server for server in wanted.servers.values() if server)
    if lacking := [name for server in named for name in servers.missing(environment, server)]:
        remedy = "export those of the server's administrator; docs/how-to/add-a-database-server.md has them"
        raise UsageError(f"not set: {', '.join(lacking)}", where="the environment", remedy=remedy)


def _address(environment: Mapping[str, str], server: str) -> tuple[str, int]:
    own = servers.connection(environment, server)
    return own.get("PGHOST", "localhost"), int(own.get("PGPORT", "5432"))


# --- Shapes -----------------------------------------------------------------------------------------------------------


def refusals(wanted: Wanted, world: World) -> Iterator[str]:
    """Why it cannot be declared, each reason with the way on."""
    for (stack, _), name in wanted.projects.items():
        found = world.one(kinds.PROJECT, name)
        if found is None:
            yield f"the team {wanted.team} has no project {name}: correct --project."
        else:
            yield from (f"{name}: {each}" for each in _project(wanted, world, stack, found))
    for (_, database), name in wanted.databases.items():
        found = world.one(kinds.DATABASE, name)
        if found is None:
            variable = servers.variable("PGHOST", wanted.servers[database])
            yield f"the server has no database {name}: correct --database, or {variable}."
        elif found.properties["encoding"] != "UTF8":
            yield f"the database {name} is encoded in {found.properties['encoding']}: the program declares UTF8."


def _project(wanted: Wanted, world: World, stack: str, found: LiveObject) -> Iterator[str]:
    properties, name = found.properties, found.key[0]
    link: Any = mapping(properties.get("gitRepository"))
    ours = f"{wanted.owner}/{wanted.repository}"
    if (link.get("type"), str(link.get("repo")).lower()) != ("github", ours.lower()):
        yield (
            f"it is linked to {link.get('repo') or 'no repository'}, not to {ours}. A catalog has one repository: "
            "import the projects of each repository into a program of its own."
        )
    custom = [each.key[1] for each in world.of(kinds.CUSTOM_ENVIRONMENT, name)]
    branches = [
        each.key[1]
        for each in world.of(kinds.DOMAIN, name)
        if each.properties.get("gitBranch") or each.properties.get("customEnvironmentId")
    ]
    if custom or branches:
        what = [
            *(f"custom environment {each}" for each in custom),
            *(f"domain {each} of a branch" for each in branches),
        ]
        yield (
            f"it serves more than {stack}: {', '.join(what)}. A stack is a project of its own: make a second project "
            "from the same folder, move that domain and its variables there, remove it here, and import both."
        )
    if properties.get("nodeVersion") not in _NODE:
        yield f"it runs Node {properties.get('nodeVersion')}, which is none of {', '.join(_NODE)}: change it first."
    if not properties.get("framework"):
        yield "it has no framework preset, which the catalog needs: choose one in its settings (Build and Deployment)."
    live = world.one(kinds.LIVE, name)
    if live is not None and not re.fullmatch(forms.COMMIT, str(live.properties["commit"])):
        yield (
            f"its live deployment {live.properties['deploymentId']} was built from no commit: push one, and import "
            "when that is live, so that there is a release to go back to."
        )
