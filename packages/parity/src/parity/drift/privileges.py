"""Compares PostgreSQL's access lists, of existing objects and by default of future ones, with the declared grants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from parity.documents import texts
from parity.drift.model import Finding
from parity.inventory.keys import opened
from parity.inventory.postgres_objects import SCHEMA_WIDE, on_objects
from parity.resources import kinds
from parity.resources.commands import Sql, column_of, default_privileges, quoted, schema_wide

if TYPE_CHECKING:
    from collections.abc import Iterable

    from parity.drift.compare import Sides
    from parity.drift.model import Cause, Kind
    from parity.evaluate.resource import Resource
    from parity.inventory.model import DatabaseObject, Privilege
    from parity.resources.kind import Key

_DATABASE_OWNER = "pg_database_owner"
"""PostgreSQL's own role for the owner of the database at hand, which is the stack's."""
_DEFAULT_PARTS = 5
"""Parts of the key of default privileges."""
_SHOWN = 4
"""Objects that a finding names before it counts the rest."""


@dataclass(frozen=True)
class _Place:
    """An access list, or an owner's default access list."""

    database: str
    kind: str
    schema: str
    name: str
    owner: str
    """The owner of a default access list; empty otherwise."""

    @property
    def text(self) -> str:
        if self.owner:
            where = f" in {self.schema}" if self.schema else ""
            return f"{self.kind}s that {self.owner} will create{where}"
        if self.kind == "database":
            return f"database {self.database}"
        return (
            f"{self.kind} {self.schema}.{self.name}"
            if self.schema and self.kind != "schema"
            else f"{self.kind} {self.name}"
        )


def _place(each: Privilege) -> _Place:
    if each.default:
        return _Place(each.database, each.kind, each.schema, "", each.owner)
    schema = each.name if each.kind == "schema" else each.schema
    return _Place(each.database, each.kind, schema, each.name, "")


def compare(sides: Sides) -> list[Finding]:
    """Report grants that differ, and privileges that the program does not declare."""
    actual: dict[tuple[_Place, str], dict[str, Privilege]] = {}
    for each in sides.live_state.privileges:
        if each.grantee != each.owner or each.default:
            actual.setdefault((_place(each), each.grantee), {})[each.privilege] = each
    covered: set[tuple[_Place, str]] = set()
    findings: list[Finding] = []
    for urn, resource in sides.graph.resources.items():
        if not kinds.of(resource.type).in_access_lists:
            continue
        key = sides.live_state.keys[urn]
        places = _places(key, resource, sides.live_state.things)
        covered |= {(place, _role(resource)) for place in places}
        if not sides.live_state.was_read(urn, resource.type) or not _is_there(sides, resource):
            continue
        findings += _declared(sides, urn, resource, places, actual)
    findings += _undeclared(sides, {at: held for at, held in actual.items() if at not in covered})
    return findings


def _owner(sides: Sides, database: str, schema: str) -> str:
    things = sides.live_state.things
    found = (each.owner for each in things if (each.kind, each.database, each.name) == ("schema", database, schema))
    return next(found, "")


def _of_another(sides: Sides, resource: Resource) -> list[Sql]:
    """What puts a schema's grant right where the schema is of no role of the stack's: only its owner may."""
    if resource.inputs.get("objectType") != "schema":
        return []
    own = {str(each.inputs["name"]) for each in sides.graph.resources.values() if each.type == kinds.ROLE}
    database, schema = str(resource.inputs["database"]), str(resource.inputs["schema"])
    owner, role = _owner(sides, database, schema), quoted(_role(resource))
    if owner in own or owner in {_DATABASE_OWNER, ""}:
        return []
    wanted = ", ".join(texts(opened(resource.inputs["privileges"])))
    name = quoted(schema) if schema != "public" else '"public"'
    given = [f"grant {wanted} on schema {name} to {role}"] if wanted else []
    return [Sql(database, each, owner) for each in (f"revoke all on schema {name} from {role}", *given)]


def _without_grant_option(sides: Sides, key: Key) -> list[Sql]:
    if len(key) == _DEFAULT_PARTS:
        database, owner, role, kind, schema = key
        change = f"revoke grant option for all on {kind}s from {quoted(role)}"
        return [Sql(database, default_privileges(owner, schema, change), owner)]
    database, role, kind, schema = key
    wide = kind in SCHEMA_WIDE
    what = schema_wide(kind, schema) if wide else f"{kind} {quoted(schema or database)}"
    owner = _owner(sides, database, schema) if schema else ""
    return [Sql(database, f"revoke grant option for all on {what} from {quoted(role)}", owner)]


def _revoked(place: _Place, grantee: str, given: list[Privilege]) -> list[Sql]:
    """What takes privileges away: a statement for each grantor, whose own they are to revoke."""
    found: list[Sql] = []
    for grantor in sorted({each.grantor or each.owner for each in given}):
        one = next(each for each in given if (each.grantor or each.owner) == grantor)
        names = ", ".join(sorted(each.privilege for each in given if (each.grantor or each.owner) == grantor))
        who = quoted(grantee)
        if place.owner:
            text = default_privileges(place.owner, place.schema, f"revoke {names} on {place.kind}s from {who}")
        elif place.kind == "column":
            column, table = column_of(place.schema, place.name)
            each_one = ", ".join(f"{name} ({column})" for name in names.split(", "))
            text = f"revoke {each_one} on {table} from {who}"
        else:
            text = f"revoke {names} on {place.kind} {one.identity} from {who}"
        found.append(Sql(place.database, text, grantor))
    return found


def _role(resource: Resource) -> str:
    return str(resource.inputs["role"])


def _is_there(sides: Sides, resource: Resource) -> bool:
    """Whether the database and the schema exist; if one is missing, that finding covers its grants."""
    database, schema = str(resource.inputs["database"]), str(resource.inputs.get("schema") or "")
    for urn, key in sides.live_state.keys.items():
        declared = sides.graph.resources[urn]
        is_it = declared.type == kinds.DATABASE and key == (database,)
        is_it = is_it or (declared.type == kinds.SCHEMA and key == (database, schema))
        if is_it and not sides.live_state.under[urn]:
            return False
    return True


def _places(key: Key, resource: Resource, things: Iterable[DatabaseObject]) -> list[_Place]:
    if resource.type == kinds.DEFAULT:
        database, owner, _, kind, schema = key
        return [_Place(database, kind, schema, "", owner)]
    database, _, kind, schema = key
    if kind in SCHEMA_WIDE:
        return [_Place(database, kind, schema, each.name, "") for each in on_objects(key, things)]
    return [_Place(database, kind, schema, schema or database, "")]


def _declared(
    sides: Sides,
    urn: str,
    resource: Resource,
    places: list[_Place],
    actual: dict[tuple[_Place, str], dict[str, Privilege]],
) -> list[Finding]:
    role, wanted = _role(resource), set(texts(opened(resource.inputs["privileges"])))
    lacking: list[str] = []
    beyond: list[str] = []
    handing: list[str] = []
    for place in places:
        held = actual.get((place, role), {})
        less, more = sorted(wanted - set(held)), sorted(set(held) - wanted)
        lacking += [f"{place.text} without {', '.join(less)}"] if less else []
        beyond += [f"{place.text} with {', '.join(more)}"] if more else []
        given = sorted(name for name, each in held.items() if each.grantable)
        handing += [f"{', '.join(given)} on {place.text}"] if given else []
    findings: list[Finding] = []
    recorded = sides.state.of(urn)
    key = sides.live_state.keys[urn]
    cause: Cause = "outside" if recorded else "not applied"

    def finding(kind: Kind, path: str, **more: Any) -> Finding:
        return Finding(kind, resource.type, resource.name, path, key, urn, cause=cause, **more)

    if lacking and not beyond and not any(wanted & set(actual.get((place, role), {})) for place in places):
        findings.append(finding("missing", "", detail=_some(lacking)))
        lacking = []
    if lacking or beyond:
        facts = {"beyond": beyond, "lacking": lacking, "role": role, "declared": sorted(wanted)}
        facts |= {"sql": _of_another(sides, resource)}
        given, live = ", ".join(sorted(wanted)) or "none", _some([*lacking, *beyond])
        findings.append(finding("changed", "privileges", declared=given, live=live, detail=f"of {role}", facts=facts))
    if handing and not opened(resource.inputs.get("withGrantOption")):
        said = {"declared": "false", "live": f"true: {_some(handing)}", "detail": f"{role} may hand it on"}
        facts = {"grantable": True, "sql": _without_grant_option(sides, key)}
        findings.append(finding("changed", "withGrantOption", facts=facts, **said))
    return findings


def _some(texts: list[str]) -> str:
    rest = len(texts) - _SHOWN
    return "; ".join(texts[:_SHOWN]) + (f"; and {rest} more" if rest > 0 else "")


def _undeclared(sides: Sides, held: dict[tuple[_Place, str], dict[str, Privilege]]) -> list[Finding]:
    """Report undeclared privileges, except those that PostgreSQL or an extension gives by itself."""
    owned = {
        (each.database, each.kind, each.name if each.kind == "schema" else each.schema, each.name)
        for each in sides.live_state.things
        if each.extension
    }
    findings: list[Finding] = []
    for (place, grantee), privileges in sorted(held.items(), key=str):
        bring = (place.database, place.kind, place.schema, place.name) in owned
        names = sorted(name for name, each in privileges.items() if not (each.builtin and _is_harmless(place, bring)))
        if not names:
            continue
        kind = "default privileges" if place.owner else "privileges"
        key = (place.database, place.owner, place.kind, place.schema, place.name, grantee)
        given = [name for name in names if privileges[name].grantable]
        type_, name = kinds.DEFAULT if place.owner else kinds.GRANT, f"{grantee} on {place.text} of {place.database}"
        live = f"{grantee} has {', '.join(names)}" + (" with grant option" if given else "")
        facts = {"grantee": grantee, "sql": _revoked(place, grantee, [privileges[name] for name in names])}
        detail = f"{kind} that the program does not declare"
        findings.append(Finding("unmanaged", type_, name, "", key, live=live, detail=detail, facts=facts))
    return findings


def _is_harmless(place: _Place, bring: bool) -> bool:
    """Whether a privilege that PostgreSQL gives PUBLIC by itself is harmless on this object.

    EXECUTE on one of our routines is not: the owner's default privileges revoke it from PUBLIC, so such a routine was
    created without them.
    """
    return bring or bool(place.owner) or place.kind in {"type", "language"}
