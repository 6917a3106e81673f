"""Marks findings: a missing role that a person renamed, and the server where that has a name, for its remedy.

PostgreSQL keeps rights, ownership and memberships by number, so a renamed role keeps them; an update would make a
second role next to it, and what the first one owns could not be given to the second.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from parity.documents import texts
from parity.inventory.keys import databases_on, server_of
from parity.resources import kinds

if TYPE_CHECKING:
    from collections.abc import Iterable

    from parity.drift.compare import Sides
    from parity.drift.model import Finding

RENAMED = "renamed to"
"""Names the present name among a finding's facts."""
_Held = frozenset[tuple[str, ...]]


def renamed(findings: Iterable[Finding], sides: Sides) -> list[Finding]:
    """The findings; a missing role that was renamed says so, and has its present name among its facts."""
    known = {str(each.inputs["name"]) for each in sides.graph.resources.values() if each.type == kinds.ROLE}
    for server in sides.live_state.servers.values():
        known |= {server.administrator, *server.superusers}  # who makes a role is in it too
    others = {name: held for name, held in _held(sides).items() if name not in known}
    return [_marked(each, sides, others) for each in findings]


def follows(finding: Finding, names: Iterable[str]) -> bool:
    """Whether a finding is about a role of these names, or names one: it is right, or another, after a renaming."""
    text = " ".join((*finding.key, finding.name, finding.declared, finding.live, finding.detail))
    return any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) for name in names)


def _marked(finding: Finding, sides: Sides, others: dict[str, _Held]) -> Finding:
    if (finding.kind, finding.type) != ("missing", kinds.ROLE):
        return finding
    wanted = _declared(sides, finding.urn)
    same = [name for name, held in others.items() if wanted and wanted <= held]
    if len(same) != 1:
        return finding
    detail = f"{same[0]} holds what it held: it was renamed"
    return replace(finding, detail=detail, facts={**finding.facts, RENAMED: same[0]})


def _declared(sides: Sides, urn: str) -> _Held:
    """What the program gives a role: what it owns, or else the roles that it is in and its rights."""
    role = str(sides.graph.resources[urn].inputs["name"])
    owned: set[tuple[str, ...]] = set()
    held: set[tuple[str, ...]] = {("in", each) for each in texts(sides.live_state.inputs[urn].get("roles"))}
    for other, resource in sides.graph.resources.items():
        inputs = sides.live_state.inputs.get(other, {})
        if resource.type in {kinds.DATABASE, kinds.SCHEMA} and inputs.get("owner") == role:
            owned.add(("owns", *sides.live_state.keys[other]))
        elif resource.type == kinds.GRANT and inputs.get("role") == role and texts(inputs.get("privileges")):
            database, _, kind, schema = sides.live_state.keys[other]
            if kind in {"database", "schema"}:
                held.add(("holds", database, kind, schema))
    return frozenset(owned or held)


def _held(sides: Sides) -> dict[str, _Held]:
    """What each role has in fact, in the same words."""
    live = sides.live_state
    found: dict[str, set[tuple[str, ...]]] = {}
    for server in live.servers.values():
        for each in server.memberships:
            found.setdefault(each.member, set()).add(("in", each.role))
    for under in live.under.values():
        for each in under:
            if each.type in {kinds.DATABASE, kinds.SCHEMA}:
                found.setdefault(str(each.properties.get("owner")), set()).add(("owns", *each.key))
    for each in live.privileges:
        if each.kind in {"database", "schema"} and not each.default:
            schema = each.name if each.kind == "schema" else ""
            found.setdefault(each.grantee, set()).add(("holds", each.database, each.kind, schema))
    return {name: frozenset(held) for name, held in found.items()}


SERVER = "server"
"""Names the server among a finding's facts."""


def on_server(findings: Iterable[Finding], sides: Sides) -> list[Finding]:
    """The findings; those about a server with a name have it among their facts."""
    on = databases_on(sides.graph)
    roles = {each.key: each.server for each in sides.live_state.unmanaged if each.server}
    marked: list[Finding] = []
    for each in findings:
        server = _server(each, sides, on, roles) if each.vendor == "PostgreSQL" else ""
        marked.append(replace(each, facts={**each.facts, SERVER: server}) if server else each)
    return marked


def _server(finding: Finding, sides: Sides, on: dict[str, str], roles: dict[tuple[str, ...], str]) -> str:
    resource = sides.graph.resources.get(finding.urn or str(finding.facts.get("urn")))
    if resource is not None:
        return server_of(resource)
    database = str(finding.facts.get("database") or finding.key[0])
    return str(finding.facts.get(SERVER) or on.get(database) or roles.get(finding.key, ""))
