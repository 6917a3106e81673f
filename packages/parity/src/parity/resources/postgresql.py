"""The kinds of resource in PostgreSQL."""

from __future__ import annotations

from parity.resources.commands import psql, quoted, revoke
from parity.resources.kind import Hidden, Kind

DATABASE = "postgresql:index/database:Database"
ROLE = "postgresql:index/role:Role"
SCHEMA = "postgresql:index/schema:Schema"
EXTENSION = "postgresql:index/extension:Extension"
GRANT = "postgresql:index/grant:Grant"
DEFAULT = "postgresql:index/defaultPrivileges:DefaultPrivileges"
MEMBERSHIP = "postgresql:index/grantRole:GrantRole"

OTHERS = {
    "publication": "postgresql:index/publication:Publication",
    "subscription": "postgresql:index/subscription:Subscription",
    "user mapping": "postgresql:index/userMapping:UserMapping",
    "event trigger": "postgresql:event trigger",
    "foreign data wrapper": "postgresql:foreign data wrapper",
    "foreign server": "postgresql:index/server:Server",
    "large object": "postgresql:large object",
}
"""What else may be in a database, by its word in the catalogues' queries; some of it no provider has a type for."""

_WITHOUT_GRANT_OPTION = {"withGrantOption": False}

KINDS = (
    Kind(
        DATABASE,
        key=("name",),
        severity="data",
        loss="the database goes with all its data",
        not_real={
            "template": "used once, when the database is made; PostgreSQL does not keep it",
            "alterObjectOwnership": "says how the provider changes the owner",
        },
        usual={"allowConnections": True, "connectionLimit": -1},
        absorbed=True,
    ),
    Kind(
        ROLE,
        key=("name",),
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
        usual={"inherit": True, "connectionLimit": -1, "validUntil": "infinity"},
        remove=lambda target: psql("postgres", f"drop role {quoted(target.key[0])}"),
    ),
    Kind(
        SCHEMA,
        key=("database", "name"),
        container=DATABASE,
        severity="data",  # and no `loss`: PostgreSQL refuses to drop one that holds anything
        not_real={
            "ifNotExists": "says how the provider makes the schema",
            "dropCascade": "says how the provider drops the schema",
        },
        set_once={"ifNotExists": True, "dropCascade": False},
        absorbed=True,
        declare=lambda target: (
            f'infra/catalog.py: the database gets "{target.key[1]}" among its schemas '
            "(it belongs to the owner role then)"
        ),
        remove=lambda target: psql(target.key[0], f"drop schema {quoted(target.key[1])}"),
    ),
    Kind(
        EXTENSION,
        key=("database", "name"),
        container=DATABASE,
        not_real={
            "createCascade": "says how the provider makes the extension",
            "dropCascade": "says how the provider drops the extension",
        },
        set_once={"createCascade": False, "dropCascade": False},
        absorbed=True,
        declare=lambda target: f'infra/catalog.py: the database gets "{target.key[1]}" among its extensions',
        remove=lambda target: psql(target.key[0], f"drop extension {quoted(target.key[1])}"),
    ),
    Kind(
        GRANT,
        key=("database", "role", "objectType", "schema"),
        container=DATABASE,
        repeatable=True,
        set_once=_WITHOUT_GRANT_OPTION,
        in_access_lists=True,
        remove=revoke,
    ),
    Kind(
        DEFAULT,
        key=("database", "owner", "role", "objectType", "schema"),
        container=DATABASE,
        repeatable=True,
        set_once=_WITHOUT_GRANT_OPTION,
        in_access_lists=True,
        remove=revoke,
    ),
    Kind(
        MEMBERSHIP,
        key=("role", "member"),
        managed=False,
        remove=lambda target: psql(
            "postgres", f"revoke {quoted(str(target.facts['role']))} from {quoted(str(target.facts['member']))}"
        ),
    ),
    *(Kind(each, key=("database", "name"), container=DATABASE, managed=False) for each in OTHERS.values()),
)
