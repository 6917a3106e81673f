"""Looks at all vendors at once for everything that a stack declares, and puts what is there beside it."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from parity.errors import UsageError
from parity.evaluate.graph import is_computed
from parity.inventory import github, postgres, vercel
from parity.inventory.keys import MARKER, natural_key, opened
from parity.inventory.model import LiveObject, LiveState, VendorState, by_key, merged
from parity.resources import kinds
from parity.resources.equality import same
from parity.resources.kind import vendor
from parity.vendors import services
from parity.vendors.http import Client, Limits

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import httpx

    from parity.evaluate.graph import Graph, Resource
    from parity.resources.kind import Key

_TEAM = "github:index/getTeam:getTeam"
_VERCEL, _GITHUB, _POSTGRES = "vercel", "github", "postgresql"


@dataclass(frozen=True)
class Ways:
    """How the vendors are reached; the defaults are this process's environment."""

    environment: Mapping[str, str]
    limits: Limits
    passwords: bool
    """Whether each declared password is tried."""
    transports: Mapping[str, httpx.AsyncBaseTransport]
    """By vendor; the tests' seam."""


def collect_live_state(
    graph: Graph,
    *,
    environment: Mapping[str, str] | None = None,
    limits: Limits | None = None,
    passwords: bool = True,
    transports: Mapping[str, httpx.AsyncBaseTransport] | None = None,
) -> LiveState:
    """What really exists of everything that a stack declares, and beside it.

    Args:
        graph: what the program declares; its secrets may be sealed where `passwords` is False.
        environment: tokens and libpq's variables; by default the process's own. Proxy and CA are always that.
        limits: when to give up on a vendor.
        passwords: whether each declared password is tried at the server.
        transports: replaces the network, by vendor (`vercel`, `github`), in tests.

    Raises:
        UsageError: a token is missing in the environment.
    """
    given = dict(os.environ if environment is None else environment)
    ways = Ways(given, limits or Limits(), passwords, transports or {})
    _require_tokens(graph, given)
    seen = asyncio.run(_look(graph, ways))
    return arrange(graph, seen)


def _require_tokens(graph: Graph, environment: Mapping[str, str]) -> None:
    vendors = {vendor(each.type) for each in graph.resources.values()}
    needed = {"Vercel": services.VERCEL_TOKEN, "GitHub": services.GITHUB_TOKEN}
    missing = [name for one, name in needed.items() if one in vendors and not environment.get(name)]
    if missing:
        raise UsageError(
            f"not set: {', '.join(missing)}",
            where="the environment",
            remedy="export a token that may read; docs/drift.md says which rights it needs",
        )


async def _look(graph: Graph, ways: Ways) -> dict[str, VendorState]:
    looks = {
        _VERCEL: _look_at_vercel(graph, ways),
        _GITHUB: _look_at_github(graph, ways),
        _POSTGRES: _look_at_postgres(graph, ways),
    }
    return dict(zip(looks, await asyncio.gather(*looks.values()), strict=True))


def _of(graph: Graph, *types: str) -> list[Resource]:
    return [each for each in graph.resources.values() if each.type in types]


def _provider(graph: Graph, vendor: str, name: str) -> str:
    """A setting of a vendor's explicit provider; empty where there is none."""
    found = next((each for each in graph.resources.values() if each.type == f"pulumi:providers:{vendor}"), None)
    return str(found.inputs.get(name, "")) if found else ""


async def _look_at_vercel(graph: Graph, ways: Ways) -> VendorState:
    projects = tuple(str(each.inputs["name"]) for each in _of(graph, kinds.PROJECT))
    if not projects and not _of(graph, kinds.DRAIN):
        return VendorState()
    team = _provider(graph, _VERCEL, "team")
    service = services.vercel(ways.environment[services.VERCEL_TOKEN], team)
    async with Client(service, limits=ways.limits, transport=ways.transports.get(_VERCEL)) as client:
        return await vercel.look(client, vercel.Scope(team, projects))


async def _look_at_github(graph: Graph, ways: Ways) -> VendorState:
    declared = [each for each in graph.resources.values() if each.custom and each.type.startswith("github:")]
    repositories = dict.fromkeys(str(each.inputs["repository"]) for each in declared)
    parts: list[VendorState] = []
    service = services.github(ways.environment.get(services.GITHUB_TOKEN, ""))
    async with Client(service, limits=ways.limits, transport=ways.transports.get(_GITHUB)) as client:
        for repository in repositories:
            mine = [each for each in declared if each.inputs["repository"] == repository]
            scope = github.Scope(
                owner=_provider(graph, _GITHUB, "owner"),
                repository=repository,
                environments=tuple(str(each.inputs["environment"]) for each in mine if each.type == kinds.ENVIRONMENT),
                teams=tuple(str(given["slug"]) for token, given in graph.invokes.values() if token == _TEAM),
                whole=any(each.type in {kinds.RULESET, kinds.PERMISSIONS} for each in mine),
            )
            parts.append(await github.look(client, scope))
        return replace(merged(parts), calls=client.calls)


async def _look_at_postgres(graph: Graph, ways: Ways) -> VendorState:
    databases = tuple(str(each.inputs["name"]) for each in _of(graph, kinds.DATABASE))
    if not databases:
        return VendorState()
    roles = _of(graph, kinds.ROLE)
    scope = postgres.Scope(
        databases=databases,
        roles=tuple(str(each.inputs["name"]) for each in roles),
        owners=tuple(dict.fromkeys(str(each.inputs["owner"]) for each in _of(graph, kinds.DEFAULT))),
        grants=tuple(natural_key(each, graph) for each in _of(graph, kinds.GRANT)),
        defaults=tuple(natural_key(each, graph) for each in _of(graph, kinds.DEFAULT)),
        logins=tuple(_logins(graph, roles)) if ways.passwords else (),
    )
    return await asyncio.to_thread(postgres.look, ways.environment, scope)


def _logins(graph: Graph, roles: Iterable[Resource]) -> Iterable[postgres.Check]:
    """Each role that logs in, at the database of its own component."""
    by_parent = {each.parent: str(each.inputs["name"]) for each in _of(graph, kinds.DATABASE)}
    for role in roles:
        password = opened(role.inputs.get("password"))
        if role.inputs.get("login") and password and role.parent in by_parent:
            yield postgres.Check(str(role.inputs["name"]), by_parent[role.parent], str(password))


# --- Putting together -------------------------------------------------------------------------------------------------


def arrange(graph: Graph, seen: Mapping[str, VendorState]) -> LiveState:
    """What was found, by declared resource; what is declared by nobody is beside."""
    whole = merged(list(seen.values()))
    declared = {urn: each for urn, each in graph.resources.items() if each.custom and natural_key(each, graph)}
    keys = {urn: natural_key(each, graph) for urn, each in declared.items()}
    inputs = _Resolver(graph, keys, whole).inputs(declared)
    projects = {each.id for each in whole.found if each.type == kinds.PROJECT}
    mine = [each for each in whole.found if _is_ours(each, projects, graph)]
    table = by_key(mine, lambda _: True)
    under = {
        urn: tuple(sorted(table.get((each.type, keys[urn]), ()), key=lambda one: _nearness(one, inputs[urn])))
        for urn, each in declared.items()
    }
    taken = {id(one) for urn in declared for one in _own(under[urn], declared[urn].type)}
    # Of what is under a declared key but is not what was declared, the rest is beside: made twice, or a variable of
    # the same name for another target.
    first = {id(one) for found in under.values() for one in found[:1]}
    unmanaged = tuple(each for each in mine if id(each) not in (first | taken) and not _is_counted_elsewhere(each))
    return LiveState(
        keys=keys,
        inputs=inputs,
        under=under,
        unmanaged=unmanaged,
        read_failures=whole.read_failures,
        privileges=whole.privileges,
        things=whole.things,
        logins=whole.logins,
        calls={name: each.calls for name, each in seen.items() if each.calls},
        account=whole.account,
    )


def _own(found: tuple[LiveObject, ...], type_: str) -> tuple[LiveObject, ...]:
    """All that is under a key is one thing where the vendor has just one."""
    return found if kinds.of(type_).single else found[:1]


def _is_counted_elsewhere(found: LiveObject) -> bool:
    """What is always there: retention, what is live, the domain that Vercel gives, the schema public."""
    if kinds.of(found.type).single:
        return True
    if found.type == kinds.SCHEMA:
        return found.key[1] == "public"
    return found.type == kinds.DOMAIN and found.key[1].endswith(".vercel.app")


def _is_ours(found: LiveObject, projects: set[str], graph: Graph) -> bool:
    """Whether it is in what the stack owns: a drain is where it takes the logs of one of the projects."""
    if found.type != kinds.DRAIN:
        return True
    names = {str(each.inputs["name"]) for each in _of(graph, kinds.DRAIN)}
    given = cast("list[str]", found.properties["projectIds"])
    return found.key[0] in names or not given or bool(projects & set(given))


def _nearness(found: LiveObject, inputs: Mapping[str, Any]) -> tuple[int, int]:
    """How far an object is from what is declared, for several under one key: first how it is told apart, then time."""
    plain = opened(dict(inputs))
    names = [each for each in kinds.of(found.type).distinct_by if each in plain and each in found.properties]
    far = sum(not same(plain[name], found.properties[name]) for name in names)
    # Of twins the first one made is taken: it is the one that a later crash made twice.
    return far, int(found.written_at.timestamp() * 1000) if found.written_at else 0


class _Resolver:
    """Fills in the ids that only a vendor knows, where they were found."""

    def __init__(self, graph: Graph, keys: Mapping[str, Key], seen: VendorState) -> None:
        self.graph, self.keys, self.account = graph, keys, seen.account
        self.found = by_key(seen.found, lambda _: True)
        self.teams = {
            digits: seen.account[f"team:{given['slug']}"]
            for digits, (token, given) in graph.invokes.items()
            if token == _TEAM and f"team:{given.get('slug')}" in seen.account
        }

    def inputs(self, declared: Mapping[str, Resource]) -> dict[str, Mapping[str, Any]]:
        """All declared inputs, resolved."""
        return {urn: cast("Mapping[str, Any]", self._value(dict(each.inputs))) for urn, each in declared.items()}

    def _value(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._value(each) for name, each in cast("dict[str, Any]", value).items()}
        if isinstance(value, list):
            return [self._value(each) for each in cast("list[Any]", value)]
        if is_computed(value):
            return MARKER.sub(lambda match: self._output(match[1], match[2]) or match[0], str(value))
        if isinstance(value, int) and str(value) in self.teams:
            return int(self.teams[str(value)])
        return value

    def _output(self, urn: str, output: str) -> str | None:
        resource = self.graph.resources.get(urn)
        if resource is None or urn not in self.keys:
            return None
        if output == "teamId":
            return self.account.get("team")
        found = self.found.get((resource.type, self.keys[urn]), ())
        if not found:
            return None
        chosen = min(found, key=lambda one: _nearness(one, resource.inputs))
        return chosen.id if output == "id" else str(chosen.properties.get(output) or "") or None
