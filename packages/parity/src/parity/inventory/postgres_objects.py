"""Translates PostgreSQL's catalogues into live objects with Pulumi's input names."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from parity.inventory.documents import texts
from parity.inventory.model import DatabaseObject, LiveObject, Privilege, VendorState, live_object
from parity.resources import kinds
from parity.resources.commands import quoted
from parity.resources.postgresql import POWERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from parity.documents import Document
    from parity.inventory.model import ReadFailure
    from parity.resources.kind import Key


_DEFAULT_OWNED = frozenset({"plpgsql"})
"""Extensions that every database has."""
_SETTINGS = {
    "search_path": "searchPaths",
    "statement_timeout": "statementTimeout",
    "idle_in_transaction_session_timeout": "idleInTransactionSessionTimeout",
    "role": "assumeRole",
}
SCHEMA_WIDE = frozenset({"table", "sequence", "routine"})
"""Kinds of objects in a schema that a grant is about, all of a kind together."""


@dataclass
class Rows:
    """What one connection gave, by query."""

    rows: dict[str, list[Document]]
    version: int
    statements: int
    identifier: str = ""
    """The server's system identifier; empty where it is not known or was not asked for."""
    user: str = ""
    """Who asked."""
    scope: Document = field(default_factory=dict[str, Any])
    """What was asked for: the names of the stack's `databases` and `roles`."""
    refused: tuple[ReadFailure, ...] = ()
    """What the reader may not read."""

    def is_ours(self, role: str) -> bool:
        """Whether a role is one of the stack's, or is named as if it were."""
        return role in self.scope["roles"] or any(role.startswith(f"{each}_") for each in self.scope["databases"])


def shared(rows: Rows) -> VendorState:
    """The databases, the roles, and the privileges on the databases."""
    settings = rows.rows["settings"]
    members = rows.rows["memberships"]
    found = [_database(row, settings) for row in rows.rows["databases"]]
    found += [_role(row, members, settings) for row in rows.rows["roles"] if rows.is_ours(row["rolname"])]
    held = [(row["name"], row) for row in rows.rows["privileges"] if row["grantee"] != row["owner"]]
    privileges = [
        _privilege(name, "database", "", name, row, builtin=row["builtin"], identity=quoted(name)) for name, row in held
    ]
    return VendorState(tuple(found), privileges=tuple(privileges))


def _privilege(database: str, kind: str, schema: str, name: str, row: Document, **more: Any) -> Privilege:
    given = row["owner"], row["grantee"], row["privilege_type"], row["is_grantable"]
    return Privilege(database, kind, schema, name, *given, grantor=row.get("grantor") or "", **more)


def _database(row: Document, settings: Sequence[Document]) -> LiveObject:
    own = _settings(settings, row["datname"], "")
    return live_object(
        kinds.DATABASE,
        row["datname"],
        row["datname"],
        {
            "name": row["datname"],
            "owner": row["owner"],
            "connectionLimit": row["datconnlimit"],
            "allowConnections": row["datallowconn"],
            "isTemplate": row["datistemplate"],
            "encoding": row["encoding"],
            "lcCollate": row["datcollate"],
            "lcCtype": row["datctype"],
            "tablespaceName": row["spcname"],
        },
        beyond={f"setting.{name}": value for name, value in own.items()},
    )


def _settings(rows: Iterable[Document], database: str, role: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for row in rows:
        if row["database"] == database and row["role"] == role:
            found |= _options_in(row["setconfig"])
    return found


def _options_in(config: Any) -> dict[str, str]:
    """Settings of a catalogue's `{name=value,...}`."""
    return {name: value for name, _, value in (text.partition("=") for text in texts(config))}


def _role(row: Document, members: Sequence[Document], settings: Sequence[Document]) -> LiveObject:
    name = row["rolname"]
    config = _options_in(row["rolconfig"])
    of = [each for each in members if each["member"] == name]
    beyond: Document = {f"setting.{key}": value for key, value in config.items() if key not in _SETTINGS}
    for each in settings:
        if each["role"] == name and each["database"]:
            own = _settings([each], each["database"], name)
            beyond |= {f"setting.{key} in {each['database']}": value for key, value in own.items()}
    for each in of:
        unusual = _options(each)
        if unusual:
            beyond[f"roles.{each['role']}"] = unusual
    given_to = sorted(
        f"{each['member']}{_shown(_options(each))}" for each in members if each["role"] == name and not _made_it(each)
    )
    return live_object(
        kinds.ROLE,
        name,
        name,
        {
            "name": name,
            "login": row["rolcanlogin"],
            **{power: row[column] for power, (column, _) in POWERS.items()},
            "inherit": row["rolinherit"],
            "connectionLimit": row["rolconnlimit"],
            "validUntil": row["valid_until"] or "infinity",
            "roles": sorted({each["role"] for each in of}),
            "searchPaths": _search_path(config.get("search_path", "")),
            "statementTimeout": _time(config.get("statement_timeout", "0")),
            "idleInTransactionSessionTimeout": _time(config.get("idle_in_transaction_session_timeout", "0")),
            "assumeRole": config.get("role", ""),
            "members": given_to,
        },
        beyond=beyond,
    )


def _made_it(row: Document) -> bool:
    """Whether PostgreSQL 16 or later gave the membership to the role's creator: the right to grant it, and no more.

    What a superuser grants by hand has the same grantor; only who may make roles is a creator.
    """
    alone = row["admin_option"] and not row["inherit_option"] and not row["set_option"]
    return row["by_the_server"] and row["creates"] and alone


def _options(row: Document) -> list[str]:
    found = ["with admin option"] if row["admin_option"] else []
    found += [] if row["inherit_option"] else ["without inherit"]
    return found + ([] if row["set_option"] else ["without set"])


def _shown(options: list[str]) -> str:
    return f" ({', '.join(options)})" if options else ""


def _search_path(text: str) -> list[str]:
    return [part.strip().strip('"') for part in text.split(",") if part.strip().strip('"')]


_TIME = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+))\s*([a-z]*)\s*")
_UNITS = {"us": 0.001, "ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}


def _time(text: str) -> int | str:
    """A time setting in milliseconds, rounded as PostgreSQL does; the text where it is no time.

    PostgreSQL keeps the text as it was written: with a fraction, a unit, or white space.
    """
    found = _TIME.fullmatch(text)
    unit = found[2] if found else ""
    return round(float(found[1]) * _UNITS[unit or "ms"]) if found and (unit or "ms") in _UNITS else text


# --- Inside a database ------------------------------------------------------------------------------------------------


def inside(database: str, rows: Rows, server: Rows, grants: Iterable[Key], defaults: Iterable[Key]) -> VendorState:
    """Everything inside one database; `server` holds what all databases share."""
    things: list[DatabaseObject] = []
    privileges: list[Privilege] = []
    for row in rows.rows["things"]:
        thing = _thing(database, row)
        things.append(thing)
        held: list[tuple[str, str, bool, bool, str | None]] = row["privileges"] or []
        privileges += [
            Privilege(
                database, thing.kind, thing.schema, thing.name, thing.owner, grantee, privilege, grantable,
                builtin=builtin, identity=thing.identity, grantor=grantor or "",
            )
            for grantee, privilege, grantable, builtin, grantor in held
        ]  # fmt: skip
    for row in rows.rows["columns"]:
        privileges.append(_privilege(database, "column", row["schema"], row["name"], row))
    for row in rows.rows["system"]:
        privileges.append(_privilege(database, row["kind"], "", row["identity"], row, identity=row["identity"]))
    for row in rows.rows["defaults"]:
        more = {"default": True, "builtin": row["builtin"]}
        privileges.append(_privilege(database, row["kind"], row["schema"], "", row, **more))
    found = [_schema(thing) for thing in things if thing.kind == "schema"]
    found += [_extension(database, row) for row in rows.rows["extensions"] if row["extname"] not in _DEFAULT_OWNED]
    on_database = [each for each in shared(server).privileges if each.name == database]
    every = [*on_database, *privileges]
    found += [_migration(database, row) for row in rows.rows.get("migrations", ())]
    found += [_grant(key, every, things) for key in grants if key[0] == database]
    found += [_default(key, every) for key in defaults if key[0] == database]
    return VendorState(tuple(found), rows.refused, tuple(privileges), tuple(things))


def _migration(database: str, row: Document) -> LiveObject:
    identity = f"{database}/{row['number']:04}"
    given = {"database": database, "number": row["number"], "sha256": row["sha256"]}
    return live_object(kinds.MIGRATION, identity, "", given, written_at=row["applied_at"], by=row["applied_by"])


def _thing(database: str, row: Document) -> DatabaseObject:
    return DatabaseObject(
        database, row["kind"], row["schema"], row["name"], row["owner"], row["extension"],
        tuple(texts(row["owner_lacks"])), tuple(texts(row["public_lacks"])), row["type"], row["identity"],
        builtin=row["builtin"],
    )  # fmt: skip


def _schema(thing: DatabaseObject) -> LiveObject:
    identity = f"{thing.database}.{thing.name}"
    return live_object(
        kinds.SCHEMA,
        identity,
        identity,
        {"database": thing.database, "name": thing.name, "owner": thing.owner},
        beyond={"extension": thing.extension} if thing.extension else {},
    )


def _extension(database: str, row: Document) -> LiveObject:
    identity = f"{database}.{row['extname']}"
    return live_object(
        kinds.EXTENSION,
        identity,
        identity,
        {"database": database, "name": row["extname"], "schema": row["schema"], "version": row["extversion"]},
        by=row["owner"],
    )


def on_objects(key: Key, things: Iterable[DatabaseObject]) -> list[DatabaseObject]:
    """The objects of a grant: all of its kind in its schema, including those of extensions."""
    database, _, kind, schema = key
    return [
        each
        for each in things
        if each.database == database and each.kind == kind and each.schema == schema and each.kind in SCHEMA_WIDE
    ]


def _grant(key: Key, privileges: Iterable[Privilege], things: Iterable[DatabaseObject]) -> LiveObject:
    """Read a grant as the provider does: the privileges that the role has on every object of the kind."""
    database, role, kind, schema = key
    named = f"{role}_{database}_{schema}_{kind}" if schema else f"{role}_{database}_{kind}"
    held: dict[str, set[str]] = {}
    grantable = False
    for each in privileges:
        if each.default or each.grantee != role or each.kind != kind:
            continue
        if kind == "schema" and each.name != schema:
            continue
        if kind in SCHEMA_WIDE and each.schema != schema:
            continue
        held.setdefault(each.name, set()).add(each.privilege)
        grantable = grantable or each.grantable
    objects = on_objects(key, things) if kind in SCHEMA_WIDE else []
    names = {each.name for each in objects} if kind in SCHEMA_WIDE else {schema or database}
    sets = [held.get(name, set()) for name in sorted(names)]
    common = sets[0].intersection(*sets[1:]) if sets else set[str]()
    return live_object(
        kinds.GRANT,
        named,
        "",
        {
            "database": database,
            "role": role,
            "objectType": kind,
            **({"schema": schema} if schema else {}),
            **({"privileges": sorted(common), "withGrantOption": grantable} if names else {}),
        },
        vacuous=not names,
    )


def _default(key: Key, privileges: Iterable[Privilege]) -> LiveObject:
    database, owner, role, kind, schema = key
    held = [
        each
        for each in privileges
        if each.default
        and (each.database, each.owner, each.grantee, each.kind, each.schema) == (database, owner, role, kind, schema)
    ]
    return live_object(
        kinds.DEFAULT,
        f"{role}_{database}_{schema or 'noschema'}_{owner}_{kind}",
        "",
        {
            "database": database,
            "owner": owner,
            "role": role,
            "objectType": kind,
            **({"schema": schema} if schema else {}),
            "privileges": sorted({each.privilege for each in held}),
            "withGrantOption": any(each.grantable for each in held),
        },
    )
