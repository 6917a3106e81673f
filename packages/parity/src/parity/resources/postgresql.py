"""The kinds of resource in PostgreSQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from parity.resources.kind import Hidden, Kind, Part

DATABASE = "postgresql:index/database:Database"
ROLE = "postgresql:index/role:Role"
SCHEMA = "postgresql:index/schema:Schema"
EXTENSION = "postgresql:index/extension:Extension"
GRANT = "postgresql:index/grant:Grant"
DEFAULT = "postgresql:index/defaultPrivileges:DefaultPrivileges"
MEMBERSHIP = "postgresql:index/grantRole:GrantRole"
MIGRATION = "parity:index:Migration"


@dataclass(frozen=True)
class Catalogued:
    """A kind of object that the program never declares and that PostgreSQL's catalogues hold."""

    why: str
    """What it confers or runs."""
    undo: str = "drop {type} {identity}"
    """The statement that takes it away."""
    type: str = ""
    """The resource type, where the provider has one."""


CATALOGUED = {
    "publication": Catalogued("it gives the tables' changes out", type="postgresql:index/publication:Publication"),
    "subscription": Catalogued(
        "it writes another server's changes into the tables", type="postgresql:index/subscription:Subscription"
    ),
    "foreign data wrapper": Catalogued("it leads to other servers", "drop foreign data wrapper {identity}"),
    "foreign server": Catalogued("it leads to another server", type="postgresql:index/server:Server"),
    "user mapping": Catalogued(
        "it holds a login at another server",
        "drop user mapping {identity}",
        type="postgresql:index/userMapping:UserMapping",
    ),
    "large object": Catalogued("migrations make tables only", "select lo_unlink({identity})"),
    "event trigger": Catalogued("it runs code when objects change"),
    "trigger": Catalogued("it runs code when the table is written"),
    "rule": Catalogued("it rewrites the statements on the table"),
    "policy": Catalogued("it decides which rows a role reads and writes"),
    "row level security": Catalogued(
        "policies decide which rows a role reads and writes",
        "alter table {identity} disable row level security",
    ),
    "forced row level security": Catalogued(
        "policies hold for the table's owner too", "alter table {identity} no force row level security"
    ),
    "security definer": Catalogued("it runs with its owner's rights", "alter {type} {identity} security invoker"),
    "untrusted routine": Catalogued("it runs code outside the database, as the server"),
    "cast": Catalogued("it runs code where a value is converted"),
    "transform": Catalogued("it runs code where a language takes a value", "drop transform {identity}"),
    "access method": Catalogued("it runs code where a table or an index is read"),
    "language": Catalogued("routines may be written in it"),
    "administrator": Catalogued("it logs in and may do more than it was granted"),
    "predefined role": Catalogued("PostgreSQL's own role reaches into every database"),
    "parameter": Catalogued("it may change how the server works"),
    "setting of every role": Catalogued("it holds for every login"),
}
"""By kind, as the inventory's queries name them. In a schema of the program's, migrations make the other kinds (tables,
views, sequences, routines, types, operators, collations, and what text search has): of those the owner is compared."""


POWERS = {
    "superuser": ("rolsuper", "superuser"),
    "createRole": ("rolcreaterole", "createrole"),
    "createDatabase": ("rolcreatedb", "createdb"),
    "replication": ("rolreplication", "replication"),
    "bypassRowLevelSecurity": ("rolbypassrls", "bypassrls"),
}
"""A role's attributes that give it more than its grants, and that only who has one may take from another: by Pulumi's
name, the column of `pg_roles` and the word of `alter role`."""


def type_of(kind: str) -> str:
    """The type of a finding about an object of the catalogues."""
    return (CATALOGUED[kind].type if kind in CATALOGUED else "") or f"postgresql:{kind}"


def _four_digits(number: Any) -> str:
    return f"{int(number):04}"


_WITHOUT_GRANT_OPTION = {"withGrantOption": False}

KINDS = (
    Kind(
        DATABASE, key=("name",), holds_data=True, absorbed=True,
        loss="the database goes with all its data",
        not_real={
            "template": "used once, when the database is made; PostgreSQL does not keep it",
            "alterObjectOwnership": "says how the provider changes the owner",
        },
        concerns={"owner": "rights", "allowConnections": "served", "": "rights"},
        usual={"allowConnections": True, "connectionLimit": -1},
    ),
    Kind(
        ROLE, concern="rights", key=("name",),
        hidden={
            "password": Hidden(
                "PostgreSQL keeps a digest that only a superuser may read", where="login", written_again=True
            )
        },
        secret=frozenset({"password"}),
        not_real={
            "skipReassignOwned": "says how the provider drops the role",
            "skipDropRole": "says how the provider drops the role",
            "encryptedPassword": "PostgreSQL always encrypts",
            "password": "tried by logging in",
            "members": "no input: an undeclared member is a finding of its own",
        },
        values=("password",),
        ordered=frozenset({"searchPaths"}),  # the first schema that has a name is taken
        usual={"inherit": True, "connectionLimit": -1, "validUntil": "infinity"},
    ),
    Kind(
        SCHEMA, key=("database", "name"), container=DATABASE, absorbed=True,
        repeatable=True,  # the provider creates it if it does not exist, and gives it to its owner in either case
        holds_data=True,  # and no `loss`: PostgreSQL refuses to drop one that holds anything
        not_real={
            "ifNotExists": "says how the provider makes the schema",
            "dropCascade": "says how the provider drops the schema",
        },
        set_once={"ifNotExists": True, "dropCascade": False},
        declare=lambda target: (
            f'infra/catalog.py: the database gets "{target.key[1]}" among its schemas '
            "(it belongs to the owner role then)"
        ),
    ),
    Kind(
        EXTENSION, key=("database", "name"), container=DATABASE, absorbed=True,
        not_real={
            "createCascade": "says how the provider makes the extension",
            "dropCascade": "says how the provider drops the extension",
        },
        set_once={"createCascade": False, "dropCascade": False},
        declare=lambda target: f'infra/catalog.py: the database gets "{target.key[1]}" among its extensions',
    ),
    Kind(
        GRANT, concern="rights", key=("database", "role", "objectType", "schema"), container=DATABASE, repeatable=True,
        in_access_lists=True,
        set_once=_WITHOUT_GRANT_OPTION,
    ),
    Kind(
        DEFAULT, concern="rights", key=("database", "owner", "role", "objectType", "schema"), container=DATABASE,
        repeatable=True, in_access_lists=True,
        set_once=_WITHOUT_GRANT_OPTION,
    ),
    Kind(MEMBERSHIP, concern="rights", key=("role", "member"), managed=False),
    Kind(
        MIGRATION, concern="served", key=("database", Part(("number",), _four_digits)), container=DATABASE,
        repeatable=True,  # one that is recorded in the database is not run again
        why="its file is not in the folder: what it did holds, and a database that is made again would not get it",
        secret=frozenset({"password"}),
        not_real={
            "attempts": "says how the plugin runs it",
            "effect": "read from the text, whose digest is compared",
            "file": "where the text is",
            "lockTimeoutMilliseconds": "says how the plugin runs it",
            "password": "what the plugin logs in with; the role is a resource of its own",
            "role": "what the plugin logs in as; the role is a resource of its own",
            "rows": "what the plugin writes to the tool's table",
            "server": "where the plugin connects",
            "sql": "its digest is compared",
            "tool": "whose table the plugin writes too",
        },
    ),
)  # fmt: skip
