"""Finds objects of PostgreSQL that the program does not declare, or that do not belong to who they must."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from parity.config import guarded
from parity.drift import marks
from parity.drift.model import Finding
from parity.inventory.model import DatabaseObject
from parity.inventory.postgres_queries import CATALOGUES
from parity.resources import kinds
from parity.resources.commands import SUPERUSER, Sql, quoted
from parity.resources.postgresql import CATALOGUED, type_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from parity.drift.compare import Sides
    from parity.evaluate.resource import Resource
    from parity.resources.kind import Key


def compare(sides: Sides) -> list[Finding]:
    """Report what confers rights or runs code, objects outside the declared schemas, and owners that are others."""
    owners = {
        (str(each.inputs["database"]), str(each.inputs["name"])): str(each.inputs.get("owner") or "")
        for each in sides.graph.resources.values()
        if each.type == kinds.SCHEMA
    }
    things = sides.live_state.things
    there, missing = _of_migrations(sides, owners)
    found = [finding for each in things if each not in there for finding in _found(each, owners)]
    return [*found, *missing, *(finding for each in things for finding in _taken(each))]


def undo(thing: DatabaseObject) -> Sql:
    """The statement that takes an object away."""
    if thing.undo:
        return Sql("postgres", thing.undo, thing.undone_by or SUPERUSER)
    known = CATALOGUED.get(thing.kind)
    text = (known.undo if known else "drop {type} {identity}").format(type=thing.type, identity=thing.identity)
    return Sql(thing.database, text, thing.owner)


def _found(thing: DatabaseObject, owners: Mapping[tuple[str, str], str]) -> Iterator[Finding]:
    place = (thing.database, thing.schema)
    owner = owners.get(place, "")
    if thing.builtin or thing.extension or thing.kind == "schema":
        return
    if thing.kind in CATALOGUED:
        yield _finding(
            thing, "unmanaged", "", live=_summary(thing), detail=CATALOGUED[thing.kind].why, sql=[undo(thing)]
        )
    elif not owner and (place in owners or thing.schema in {"public", *CATALOGUES}):
        detail = "migrations make objects in the applications' schemas only"
        yield _finding(thing, "unmanaged", "", live=_summary(thing), detail=detail, sql=[undo(thing)])
    elif owner and thing.owner != owner:
        yield _finding(
            thing, "changed", "owner", declared=owner, live=thing.owner, cause="outside",
            detail="what migrations make belongs to the owner role, so that every migration may change it",
            sql=[Sql(thing.database, f"alter {thing.type} {thing.identity} owner to {quoted(owner)}", SUPERUSER)],
        )  # fmt: skip


def _taken(thing: DatabaseObject) -> Iterator[Finding]:
    """Report privileges that PostgreSQL gives by itself and that were taken away."""
    for who, lacks in ((thing.owner, thing.owner_lacks), ("public", thing.public_lacks)):
        # What a routine gives to everyone is taken away by the declared default privileges.
        if not lacks or (who == "public" and thing.kind in {"routine", "schema"}):
            continue
        if thing.extension and not thing.builtin:
            continue  # Its script decides.
        text = f"grant {', '.join(lacks)} on {thing.kind} {thing.identity} to {quoted(who)}"
        mine = who == thing.owner
        yield _finding(
            thing, "changed", "owner's privileges" if mine else "everyone's privileges",
            declared="all of an owner's" if mine else ", ".join(lacks), live=f"{who} without {', '.join(lacks)}",
            cause="outside", detail=f"privileges were taken from {'the owner itself' if mine else 'everyone'}",
            sql=[Sql(thing.database, text, thing.owner)],
        )  # fmt: skip


def _of_migrations(sides: Sides, owners: Mapping[tuple[str, str], str]) -> tuple[set[DatabaseObject], list[Finding]]:
    """What the applied migrations left that runs code or decides on rows: what is there of it, and what is not."""
    there: set[DatabaseObject] = set()
    missing: list[Finding] = []
    under = sides.live_state.under
    applied = [each for urn, each in sides.graph.resources.items() if each.type == kinds.MIGRATION and under[urn]]
    for database, files in groupby(sorted(applied, key=_database), key=_database):
        declared = guarded.left(str(each.inputs["sql"]) for each in files)
        schemas = {schema: owner for (of, schema), owner in owners.items() if of == database}
        here = [each for each in sides.live_state.things if each.database == database and each.schema in {*schemas, ""}]
        for made, text in declared.made.items():
            found = [each for each in here if made.is_as(each.kind, each.schema, each.name)]
            # Of two routines of one name it is not known which one the migrations made: both are reported.
            there |= set(found) if made.kind != guarded.DEFINER or len(found) == 1 else set()
            if not found and declared.certain and (made.schema in {*schemas, ""}):
                missing.append(_missing(database, made, text, schemas))
    return there, missing


def _database(resource: Resource) -> str:
    return str(resource.inputs["database"])


def _missing(database: str, made: guarded.Made, text: str, schemas: Mapping[str, str]) -> Finding:
    schema = made.schema or next(iter(schemas), "")
    owner = schemas.get(schema, "")
    name = ".".join(each for each in (made.table, made.name) if each)
    thing = DatabaseObject(database, made.kind, schema, name, owner)
    sql = Sql(database, f"set search_path = {', '.join(map(quoted, schemas))}; {text}", owner)
    why = f"a migration made it: {CATALOGUED[made.kind].why}"
    return _finding(thing, "missing", "", sql=[sql], cause="outside", detail=why)


def _summary(thing: DatabaseObject) -> str:
    return "; ".join([*([f"owner: {thing.owner}"] if thing.owner else []), *([thing.note] if thing.note else [])])


def _key(thing: DatabaseObject) -> Key:
    """Database, or else the server, and name of what is in no schema; else kind and schema before the name."""
    place = (thing.kind, thing.schema) if thing.schema else ()
    return tuple(part for part in (thing.database or thing.server, *place, thing.name) if part)


def _finding(thing: DatabaseObject, kind: Any, path: str, *, sql: list[Sql], **more: Any) -> Finding:
    key = _key(thing)
    facts = {"sql": sql, "database": thing.database, "owner": thing.owner, "rights": thing.kind in CATALOGUED}
    facts |= {marks.SERVER: thing.server} if thing.server else {}
    return Finding(kind, type_of(thing.kind), "/".join(key), path, key, facts=facts, **more)
