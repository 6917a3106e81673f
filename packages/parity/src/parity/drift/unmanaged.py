"""Finds unmanaged objects and role members, and passwords that do not log in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parity.documents import texts
from parity.drift.compare import Pair, Sides, environments, pairs
from parity.drift.model import Cause, Finding, said_of
from parity.drift.sql_remedies import revoked
from parity.drift.values import shown
from parity.inventory.keys import server_of
from parity.masked import MASK
from parity.resources import kinds
from parity.resources.equality import unset
from parity.resources.vercel import variable_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parity.inventory.model import LiveObject
    from parity.resources.kind import Key


def compare(sides: Sides) -> list[Finding]:
    """Report everything that is not declared, and every password that does not log in."""
    every = pairs(sides)
    return [*_logins(sides, every), *_objects(sides, every)]


def _logins(sides: Sides, every: Mapping[str, Pair]) -> list[Finding]:
    roles = {pair.found.key[0]: urn for urn, pair in every.items() if pair.resource.type == kinds.ROLE and pair.found}
    findings: list[Finding] = []
    for login in sides.live_state.logins:
        if login.works is True or login.role not in roles:
            continue
        urn = roles[login.role]
        pair = every[urn]
        place = (kinds.ROLE, pair.resource.name, "password", (login.role,), urn, MASK)
        facts = {"urns": _privileges_of(sides, login.role)}
        if login.works is False:
            detail = f"the declared password does not log in: {login.message}"
            findings.append(Finding("changed", *place, MASK, detail, "outside", facts=facts))
        else:
            detail = f"the password could not be tried: {login.message}"
            findings.append(Finding("unknowable", *place, "(not known)", detail, facts=facts))
    return findings


def _privileges_of(sides: Sides, role: str) -> list[str]:
    """The URNs of a role's declared privileges: they go and come with it."""
    given = [urn for urn, each in sides.graph.resources.items() if kinds.of(each.type).in_access_lists]
    return [urn for urn in given if sides.live_state.inputs[urn].get("role") == role]


def _objects(sides: Sides, every: Mapping[str, Pair]) -> list[Finding]:
    chosen = {id(pair.found) for pair in every.values() if pair.found}
    loose = [each for each in sides.live_state.unmanaged if id(each) not in chosen]
    twins = (each for pair in every.values() if not kinds.of(pair.resource.type).single for each in pair.twins)
    known = {id(each) for each in loose}
    loose += [each for each in twins if id(each) not in known]
    return [
        *(_unmanaged(sides, each) for each in loose if not _is_foreign(sides, each)),
        *_members(sides, every),
    ]


def _is_foreign(sides: Sides, found: LiveObject) -> bool:
    """Whether it is another stack's environment, or one that the workflows of a stack run in."""
    if found.type != kinds.ENVIRONMENT:
        return False
    names = environments(sides.graph) | sides.foreign
    return found.key[1] in {f"{name}{suffix}" for name in names for suffix in ("", "-preview", "-pull-request")}


def _is_expected(sides: Sides, found: LiveObject) -> bool:
    """Whether a person must set it, because the project's own workflows read it."""
    return found.type in {kinds.SECRET, kinds.GITHUB_VARIABLE} and found.key[2] in sides.expected


def _unmanaged(sides: Sides, found: LiveObject) -> Finding:
    if found.type == kinds.GITHUB_VARIABLE and found.key[2].startswith("PGSSLMODE"):
        return _sslmode(sides, found)
    if _is_expected(sides, found):
        live = "(not shown)" if found.type == kinds.SECRET else shown(found.properties["value"])
        detail = "the workflows read it and a person set its value, so its right value is unknown"
        place = (found.type, _label(found), "value", found.key)
        return Finding("unknowable", *place, live=live, detail=detail, since=found.written_at)
    recorded = next((each for each in sides.state.resources if each.type == found.type and each.id == found.id), None)
    twin = any(found in under for under in sides.live_state.under.values())
    detail = kinds.of(found.type).why
    detail = "there are two of it: an update that was stopped may have made it twice" if twin else detail
    if recorded is not None and not twin and recorded.urn not in sides.graph.resources:
        detail = "the program no longer declares it: the next update deletes it"
    cause: Cause = "removed from the program" if recorded is not None and not twin else ""
    place = (found.type, _label(found), "", _loose_key(found))
    more: dict[str, Any] = {"facts": _facts(found), **said_of(found)}
    live = _summary(found)
    return Finding("unmanaged", *place, live=live, detail=detail, cause=cause, import_id=found.import_id, **more)


_SSLMODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
"""libpq's, the weakest first (its page "Database Connection Control Functions")."""


def _sslmode(sides: Sides, found: LiveObject) -> Finding:
    """The workflows must reach the database at least as the applications do."""
    value = str(found.properties.get("value") or "")
    declared = [each for each in _SSLMODES if each in sides.sslmodes]
    right = value in _SSLMODES and (not declared or _SSLMODES.index(value) >= _SSLMODES.index(declared[0]))
    wanted = declared[0] if declared else "require"
    place, detail = (found.type, _label(found), "value", found.key), "the workflows read it and a person set its value"
    facts = {"beyond": True, "wanted": wanted}
    if right:
        return Finding("unknowable", *place, live=shown(value), detail=detail, since=found.written_at, facts=facts)
    detail += ", which lets them reach the database in the clear or a stranger's"
    return Finding(
        "changed", *place, "", f"{wanted} or stricter", shown(value), detail, "outside", found.written_at, facts=facts
    )


def _label(found: LiveObject) -> str:
    name = "/".join(found.key)
    if found.type == kinds.BYPASS:
        return f"{name} (a secret ending in {str(found.properties['secret'])[-2:]})"
    if found.type == kinds.VARIABLE:
        return variable_name(name, texts(found.properties["targets"]), found.properties.get("gitBranch"))
    return (
        f"{name} ({found.id})"
        if found.type in {kinds.DEPLOYMENT, kinds.DRAIN, kinds.TRACE_DRAIN, kinds.ALERT}
        else name
    )


def _loose_key(found: LiveObject) -> Key:
    """A key that distinguishes twins."""
    if not kinds.of(found.type).distinct_by:
        return found.key
    # All bypasses of a project share one id, and a secret must not be part of a name.
    return (*found.key, str(found.written_at) if found.type == kinds.BYPASS else found.id)


def _summary(found: LiveObject) -> str:
    hidden = {*found.secret, "projectId", "repository", "environment", "team"}
    parts = [
        f"{name}: {shown(value)}"
        for name, value in sorted(found.properties.items())
        if name not in hidden and not unset(value)
    ]
    return "; ".join(parts[:6])


def _facts(found: LiveObject) -> dict[str, Any]:
    return {
        name: value
        for name, value in found.properties.items()
        if name not in found.secret and isinstance(value, str | int)
    }


def _members(sides: Sides, every: Mapping[str, Pair]) -> list[Finding]:
    """Report undeclared members of our roles; a declared member's own `roles` shows its memberships."""
    names = {pair.found.key[0] for pair in every.values() if pair.resource.type == kinds.ROLE and pair.found}
    findings: list[Finding] = []
    for urn, pair in every.items():
        if pair.resource.type != kinds.ROLE or pair.found is None:
            continue
        for member in texts(pair.found.properties["members"]):
            role = member.split(" (")[0]
            if role in names:
                continue
            ours, server = pair.found.key[0], sides.live_state.servers[server_of(pair.resource)]
            facts = {"role": ours, "member": role, "urn": urn, "sql": revoked(server, ours, role)}
            live, detail = f"{member} is a member of {ours}", "it has every privilege of the role"
            place = (kinds.MEMBERSHIP, f"{role} in {ours}", "", (ours, role))
            findings.append(Finding("unmanaged", *place, live=live, detail=detail, facts=facts))
    return findings
