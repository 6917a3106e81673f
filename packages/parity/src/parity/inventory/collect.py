"""Reads all vendors at once and matches the live objects with what a stack declares."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from parity.config import servers
from parity.documents import items, mapped, mapping, texts
from parity.errors import UsageError
from parity.evaluate.resource import is_computed
from parity.inventory import github, postgres, vercel
from parity.inventory.keys import MARKER, natural_key, opened, server_of
from parity.inventory.model import LiveObject, LiveState, VendorState, by_key, merged
from parity.inventory.vercel_images import Tagged
from parity.resources import kinds
from parity.resources.equality import same
from parity.resources.kind import vendor
from parity.vendors import services
from parity.vendors.http import Client, Limits

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from parity.evaluate.graph import Graph
    from parity.evaluate.resource import Resource
    from parity.resources.kind import Key

_TEAM = "github:index/getTeam:getTeam"
_VERCEL, _GITHUB, _POSTGRES = "vercel", "github", "postgresql"


def collect_live_state(
    graph: Graph,
    *,
    environment: Mapping[str, str] | None = None,
    limits: Limits | None = None,
    passwords: bool = True,
) -> LiveState:
    """Read the live state of everything that a stack declares or owns.

    Args:
        graph: what the program declares; its secrets may be sealed where `passwords` is False.
        environment: tokens and libpq's variables; by default the process's own. Proxy and CA are always the process's.
        limits: when to give up on a vendor.
        passwords: whether each declared password is tried at the server.

    Raises:
        UsageError: a token is missing in the environment.
    """
    given = dict(os.environ if environment is None else environment)
    _require_tokens(graph, given)
    seen = asyncio.run(_read(graph, given, limits or Limits(), passwords))
    return arrange(graph, seen)


def _require_tokens(graph: Graph, environment: Mapping[str, str]) -> None:
    vendors = {vendor(each.type) for each in graph.resources.values()}
    needed = {"Vercel": services.VERCEL_TOKEN, "GitHub": services.GITHUB_TOKEN}
    missing = [name for one, name in needed.items() if one in vendors and not environment.get(name)]
    named = [each for each in dict.fromkeys(map(server_of, _of_postgres(graph))) if each]
    missing += [name for each in named for name in servers.missing(environment, each)]
    if missing:
        raise UsageError(
            f"not set: {', '.join(missing)}",
            where="the environment",
            remedy="export a token that may read; docs/drift.md says which rights it needs",
        )


async def _read(
    graph: Graph, environment: Mapping[str, str], limits: Limits, passwords: bool
) -> dict[str, VendorState]:
    readers = {
        _VERCEL: _read_vercel(graph, environment, limits),
        _GITHUB: _read_github(graph, environment, limits),
        _POSTGRES: _read_postgres(graph, environment, passwords),
    }
    return dict(zip(readers, await asyncio.gather(*readers.values()), strict=True))


def _of(graph: Graph, *types: str) -> list[Resource]:
    return [each for each in graph.resources.values() if each.type in types]


def _provider(graph: Graph, vendor: str, name: str) -> str:
    """A setting of a vendor's explicit provider; empty if the program declares no such provider."""
    found = next((each for each in graph.resources.values() if each.type == f"pulumi:providers:{vendor}"), None)
    return str(found.inputs.get(name, "")) if found else ""


async def _read_vercel(graph: Graph, environment: Mapping[str, str], limits: Limits) -> VendorState:
    declared = {urn: str(each.inputs["name"]) for urn, each in graph.resources.items() if each.type == kinds.PROJECT}
    projects, ids = (
        tuple(declared.values()),
        {declared[urn]: each for urn, each in graph.projects.items() if urn in declared},
    )
    asked = frozenset(each.type for each in _of(graph, kinds.TRACING, kinds.ALERT))
    if not projects and not asked and not _of(graph, kinds.DRAIN, kinds.TRACE_DRAIN):
        return VendorState()
    team = _provider(graph, _VERCEL, "team")
    service = services.vercel(environment[services.VERCEL_TOKEN], team)
    async with Client(service, limits=limits) as client:
        return await vercel.read(client, vercel.Scope(team, projects, _imported(graph), ids, _tagged(graph), asked))


def _tagged(graph: Graph) -> dict[str, list[Tagged]]:
    """The releases that are declared to have an image, by project."""
    found: dict[str, list[Tagged]] = {}
    for each in _of(graph, kinds.IMAGE):
        given = each.inputs
        one = Tagged(str(given["release"]), str(given["repository"]), str(given["tag"]))
        found.setdefault(natural_key(each, graph)[0], []).append(one)
    return found


def _imported(graph: Graph) -> dict[str, Mapping[str, str]]:
    """What is declared of each deployment that was there before Parity, by its id."""
    declared = [mapping(each.inputs.get("meta")) for each in _of(graph, kinds.DEPLOYMENT)]
    return {str(meta["deployment"]): meta for meta in declared if meta.get("deployment")}


async def _read_github(graph: Graph, environment: Mapping[str, str], limits: Limits) -> VendorState:
    declared = [each for each in graph.resources.values() if each.custom and each.type.startswith("github:")]
    repositories = dict.fromkeys(str(each.inputs["repository"]) for each in declared)
    parts: list[VendorState] = []
    service = services.github(environment.get(services.GITHUB_TOKEN, ""))
    async with Client(service, limits=limits) as client:
        for repository in repositories:
            mine = [each for each in declared if each.inputs["repository"] == repository]
            scope = github.Scope(
                owner=_provider(graph, _GITHUB, "owner"),
                repository=repository,
                environments=tuple(str(each.inputs["environment"]) for each in mine if each.type == kinds.ENVIRONMENT),
                teams=tuple(str(given["slug"]) for token, given in graph.invokes.values() if token == _TEAM),
                settings=any(each.type in {kinds.RULESET, kinds.PERMISSIONS} for each in mine),
                branch=next((each for each in map(_guarded, mine) if each), ""),
            )
            parts.append(await github.read(client, scope))
        return replace(merged(parts), calls={_GITHUB: client.calls})


def _guarded(resource: Resource) -> str:
    """The branch that a declared ruleset guards, where it names one."""
    names = mapping(mapping(resource.inputs.get("conditions")).get("refName")).get("includes")
    refs = [str(each) for each in items(names)] if resource.type == kinds.RULESET else []
    return next((each.removeprefix("refs/heads/") for each in refs if each.startswith("refs/heads/")), "")


async def _read_postgres(graph: Graph, environment: Mapping[str, str], passwords: bool) -> VendorState:
    """Read each server that the environment leads to once, whatever the number of its names."""
    names: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for server in dict.fromkeys(map(server_of, _of_postgres(graph))):
        names.setdefault(tuple(servers.connection(environment, server).items()), []).append(server)
    reading = (_read_server(graph, dict(at), tuple(each), passwords) for at, each in names.items())
    return merged(await asyncio.gather(*reading))


async def _read_server(graph: Graph, at: Mapping[str, str], names: tuple[str, ...], passwords: bool) -> VendorState:
    part = replace(graph, resources={each.urn: each for each in _of_postgres(graph) if server_of(each) in names})
    databases = tuple(str(each.inputs["name"]) for each in _of(part, kinds.DATABASE))
    if not databases:
        return VendorState()
    roles = _of(part, kinds.ROLE)
    scope = postgres.Scope(
        databases=databases,
        roles=tuple(str(each.inputs["name"]) for each in roles),
        owners=tuple(dict.fromkeys(str(each.inputs["owner"]) for each in _of(part, kinds.DEFAULT))),
        grants=tuple(natural_key(each, graph) for each in _of(part, kinds.GRANT)),
        defaults=tuple(natural_key(each, graph) for each in _of(part, kinds.DEFAULT)),
        logins=tuple(_logins(part, roles)) if passwords else (),
        migrated={
            str(each.inputs["database"]): int(each.inputs.get("follows") or 0) for each in _of(graph, kinds.MIGRATION)
        },
        servers=names,
    )
    return await asyncio.to_thread(postgres.read, at, scope)


def _of_postgres(graph: Graph) -> list[Resource]:
    return [each for each in graph.resources.values() if each.custom and each.type.startswith(f"{_POSTGRES}:")]


def _logins(graph: Graph, roles: Iterable[Resource]) -> Iterable[postgres.Check]:
    """Give each role that logs in a check at the database of its own component."""
    by_parent = {each.parent: str(each.inputs["name"]) for each in _of(graph, kinds.DATABASE)}
    for role in roles:
        password = opened(role.inputs.get("password"))
        if role.inputs.get("login") and password and role.parent in by_parent:
            yield postgres.Check(str(role.inputs["name"]), by_parent[role.parent], str(password))


# --- Putting together -------------------------------------------------------------------------------------------------


def arrange(graph: Graph, seen: Mapping[str, VendorState]) -> LiveState:
    """Match live objects with declared resources; the objects that no resource declares are unmanaged."""
    state = merged(list(seen.values()))
    there = _under_its_name(graph, state)
    declared = {urn: each for urn, each in graph.resources.items() if each.custom and natural_key(each, there)}
    keys = {urn: natural_key(there.resources[urn], there) for urn in declared}
    inputs = _Resolver(graph, keys, state).inputs(declared)
    projects = {each.id for each in state.found if each.type == kinds.PROJECT}
    mine = [each for each in state.found if _is_ours(each, projects, graph)]
    table = by_key(mine)
    under = {
        urn: tuple(sorted(table.get((each.type, keys[urn]), ()), key=lambda one: _nearness(one, inputs[urn])))
        for urn, each in declared.items()
    }
    taken = {id(one) for urn in declared for one in _own(under[urn], declared[urn].type)}
    # Further objects under a declared key are unmanaged: they were created twice, or are variables of the same name for
    # another target.
    first = {id(one) for found in under.values() for one in found[:1]}
    unmanaged = tuple(each for each in mine if id(each) not in (first | taken) and not _is_counted_elsewhere(each))
    return LiveState(**vars(state), keys=keys, inputs=inputs, under=under, unmanaged=unmanaged)


def _under_its_name(graph: Graph, state: VendorState) -> Graph:
    """The graph with each recorded project under the name that it has, where it is to get another one."""
    names = {each.id: each.key[0] for each in state.found if each.type == kinds.PROJECT}
    changed = {
        urn: replace(resource, inputs={**resource.inputs, "name": names[identity]})
        for urn, identity in graph.projects.items()
        if (resource := graph.resources.get(urn))
        and names.get(identity, resource.inputs["name"]) != resource.inputs["name"]
    }
    return replace(graph, resources={**graph.resources, **changed}) if changed else graph


def _own(found: tuple[LiveObject, ...], type_: str) -> tuple[LiveObject, ...]:
    """The objects that a declared resource stands for: all under its key if the vendor has just one, else the first."""
    return found if kinds.of(type_).single else found[:1]


def _is_counted_elsewhere(found: LiveObject) -> bool:
    """Whether every container has such an object: retention, live release, Vercel's own domain, the schema public."""
    if kinds.of(found.type).single:
        return True
    if found.type == kinds.SCHEMA:
        return found.key[1] == "public"
    return found.type == kinds.DOMAIN and found.key[1].endswith(".vercel.app")


def _is_ours(found: LiveObject, projects: set[str], graph: Graph) -> bool:
    """Whether the stack owns the object; it owns a drain or an alert that is about one of its projects."""
    if found.type not in {kinds.DRAIN, kinds.TRACE_DRAIN, kinds.ALERT}:
        return True
    about = mapping(found.properties.get("ruleScope")) or found.properties
    names = {str(each.inputs["name"]) for each in _of(graph, found.type)}
    given = set(texts(about.get("projectIds")))
    watched = projects - given if about.get("type") == "exclude" else projects & given
    return found.key[0] in names or not given or bool(watched)


def _nearness(found: LiveObject, inputs: Mapping[str, Any]) -> tuple[int, int]:
    """Rank several objects under one key: first by how many distinguishing properties differ, then by age."""
    plain = opened(dict(inputs))
    names = [each for each in kinds.of(found.type).distinct_by if each in plain and each in found.properties]
    far = sum(not same(plain[name], found.properties[name]) for name in names)
    # The oldest twin is the declared object: a retry after a crash created the later ones.
    return far, int(found.written_at.timestamp() * 1000) if found.written_at else 0


class _Resolver:
    """Fills in the ids that only a vendor knows, as far as the inventory found them."""

    def __init__(self, graph: Graph, keys: Mapping[str, Key], seen: VendorState) -> None:
        self.graph, self.keys, self.account = graph, keys, seen.account
        self.found = by_key(seen.found)
        self.teams = {
            digits: seen.account[f"team:{given['slug']}"]
            for digits, (token, given) in graph.invokes.items()
            if token == _TEAM and f"team:{given.get('slug')}" in seen.account
        }

    def inputs(self, declared: Mapping[str, Resource]) -> dict[str, Mapping[str, Any]]:
        """All declared inputs, resolved."""
        return {urn: mapped(dict(each.inputs), self._value) for urn, each in declared.items()}

    def _value(self, value: Any) -> Any:
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
