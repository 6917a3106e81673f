"""The Database component: one PostgreSQL database with its schemas, extensions, roles and privileges."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pulumi
import pulumi_postgresql as postgresql
from pulumi import Input, Output, ResourceOptions

from parity.config.layouts import LAYOUTS
from parity.config.migrations import SCHEMA as RECORD

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parity.config import parameters, stack_models

EXTENSIONS_SCHEMA = "extensions"
"""Holds every extension, so that their objects are never mistaken for the applications' own."""

_DATABASE_OWNER = "pg_database_owner"
"""PostgreSQL's own role (from 14 on) whose one member is the owner of the database at hand: the administrator."""

_WRITE = {"table": ("DELETE", "INSERT", "SELECT", "UPDATE"), "sequence": ("SELECT", "USAGE"), "routine": ("EXECUTE",)}
"""What an application may do with the objects of its schemas, by kind."""

_READ = {"table": ("SELECT",), "sequence": ("SELECT",)}
"""What the read-only role may do; it runs no routine, because a routine may write."""


@dataclass(frozen=True)
class Login:
    """One generation of an application's credentials."""

    generation: int
    role: str
    """The role's full name."""
    password: Input[str]


@dataclass(frozen=True)
class Access:
    """What one application may do: read and write in some schemas."""

    application: str
    role: str
    """The role that holds the privileges; it has no login, each generation is a member of it."""
    schemas: tuple[str, ...]
    logins: tuple[Login, ...]


@dataclass(frozen=True)
class DatabaseArgs:
    """What a Database needs; every name in full, every value given."""

    database: parameters.Database
    name: str
    owner: str
    migrator: Login
    readonly: Login
    accesses: tuple[Access, ...]
    settings: stack_models.DatabaseSettings
    """Where it is, how the applications connect, and its limits."""
    protect: bool
    steps: frozenset[str] = frozenset({"public", "roles"})
    """Of `roles` and `public` those that are taken: roles of its own with their privileges, none left to PUBLIC."""


def _tables_schemas(database: parameters.Database) -> Sequence[str]:
    """The schema that a tool's table of what is applied needs, where the catalog does not declare it."""
    record = LAYOUTS[database.migrations.tool].record if database.migrations else None
    return [record.schema] if record and record.schema and record.schema not in database.schemas else []


class Database(pulumi.ComponentResource):
    """One PostgreSQL database.

    Owns: the database; a schema `extensions` and the extensions in it; the application schemas; the roles *owner* (no
    login, owns the schemas and all that migrations create), *migrator* (logs in and becomes owner at once), *readonly*,
    for each application a role without login that holds its privileges, and for each generation in use a login that
    is a member of it; every privilege of these, also on what migrations will create; and that PUBLIC has none.

    With migrations it also owns the schema `parity`, where the database records which are applied: the owner role
    writes that, the database's own owner reads it, and no other role does. For Drizzle it owns `drizzle` too, where its
    table is.

    Does not own: tables and data (migrations do), the server, the administrator. The database itself belongs to the
    administrator that Pulumi connects as, because creating a schema or extension takes that right and an administrator
    that is no superuser cannot lend it to itself on every server. Privileges that a migration grants by itself are not
    managed. Login roles own nothing, so that dropping a generation never asks about objects.

    While the step `roles` is put off it owns the database alone: its schemas, who owns them and who may do what stay as
    they are, and there are no connection URLs.

    Destroying drops the database with all its data, then the roles; nothing inside is dropped one by one. `protect`
    refuses that. A role that was made to own something in another database cannot be dropped: PostgreSQL says so.
    """

    name: Output[str]
    migrator_url: Output[str] | None
    readonly_url: Output[str] | None
    for_migrations: list[pulumi.Resource]
    """What must exist before a migration runs: its login, and the privileges on what it makes."""

    def __init__(self, name: str, args: DatabaseArgs, opts: ResourceOptions | None = None) -> None:
        """Declare the database and everything in it."""
        super().__init__("parity:components:Database", name, None, opts)
        self._name = name
        self._args = args
        self._access_roles: dict[str, postgresql.Role] = {}
        self._logins: dict[tuple[str, int], postgresql.Role] = {}
        self._grants: dict[str, list[pulumi.Resource]] = {access.application: [] for access in args.accesses}
        self.for_migrations: list[pulumi.Resource] = []

        if "roles" in args.steps:
            self._with_roles()
        else:
            self._without_roles()
        self.name = self._database.name
        self.register_outputs({"name": self.name, "migratorUrl": self.migrator_url, "readonlyUrl": self.readonly_url})

    def _with_roles(self) -> None:
        args = self._args
        self._owner = self._role("owner", args.owner)
        self._migrator = self._migrator_role()
        self._readonly = self._login_role("readonly", args.readonly, self._search_path(args.database.schemas), ())
        for access in args.accesses:
            self._access(access)
        roles = [self._owner, self._migrator, self._readonly, *self._access_roles.values()]
        self._database = self._make_database(roles)
        self._inside = ResourceOptions(parent=self, deleted_with=self._database)
        self._database_privileges()
        extensions = self._extensions()
        self.for_migrations = [self._migrator, *(self._schema(each, extensions) for each in args.database.schemas)]
        if args.database.migrations:
            self.for_migrations.append(self._record())
        self.for_migrations += [self._owned(each) for each in _tables_schemas(args.database)]
        self.migrator_url = self._url(args.migrator, self._migrator)
        self.readonly_url = self._url(args.readonly, self._readonly)

    def _without_roles(self) -> None:
        """The database alone.

        Its schemas are declared with their owner, or not at all: when the provider creates one that is there it lends
        itself both owners to hand the schema over, and when it updates one it does not.
        """
        self._database = self._make_database(())
        self.migrator_url = self.readonly_url = None

    def application_url(self, application: str, generation: int) -> Output[str]:
        """The URL that an application connects with in one generation; a secret."""
        access = next(each for each in self._args.accesses if each.application == application)
        login = next(each for each in access.logins if each.generation == generation)
        return self._url(login, self._logins[application, generation], self._args.settings.pooler)

    def credentials(self, application: str, generation: int) -> Sequence[pulumi.Resource]:
        """Everything that must exist before a release of that generation can log in and work."""
        return (self._logins[application, generation], *self._grants[application])

    # --- Roles --------------------------------------------------------------------------------------------------------

    def _role(self, suffix: str, role: str, *, login: bool = False, **given: Any) -> postgresql.Role:
        return postgresql.Role(
            f"{self._name}-{suffix}",
            name=role,
            login=login,
            skip_reassign_owned=True,
            opts=ResourceOptions(parent=self, delete_before_replace=True),
            **given,
        )

    def _migrator_role(self) -> postgresql.Role:
        """Logs in and becomes the owner at once, so that whatever migrations create belongs to a role that stays."""
        login = self._args.migrator
        return self._role(
            "migrator",
            login.role,
            login=True,
            password=Output.secret(login.password),
            roles=[self._owner.name],
            assume_role=self._owner.name,
            search_paths=self._search_path(self._args.database.schemas),
        )

    def _login_role(
        self, suffix: str, login: Login, search_path: list[str], member_of: Sequence[Input[str]]
    ) -> postgresql.Role:
        """A login with the limits of an application."""
        timeouts = self._args.database.timeouts
        return self._role(
            suffix,
            login.role,
            login=True,
            password=Output.secret(login.password),
            roles=list(member_of),
            connection_limit=self._args.settings.application_connection_limit,
            statement_timeout=timeouts.statement_milliseconds,
            idle_in_transaction_session_timeout=timeouts.idle_in_transaction_milliseconds,
            search_paths=search_path,
        )

    def _access(self, access: Access) -> None:
        """An application's role, and a member of it for each generation in use."""
        role = self._role(f"{access.application}-access", access.role)
        self._access_roles[access.application] = role
        for login in access.logins:
            self._logins[access.application, login.generation] = self._login_role(
                f"{access.application}-g{login.generation}", login, self._search_path(access.schemas), [role.name]
            )

    def _search_path(self, schemas: Sequence[str]) -> list[str]:
        extensions = [EXTENSIONS_SCHEMA] if self._args.database.extensions else []
        return [*schemas, *extensions]

    # --- The database -------------------------------------------------------------------------------------------------

    def _make_database(self, roles: Sequence[pulumi.Resource]) -> postgresql.Database:
        """The database. It depends on the roles with privileges in it, so that it is dropped before they are."""
        return postgresql.Database(
            f"{self._name}-database",
            name=self._args.name,
            connection_limit=self._args.settings.connection_limit,
            encoding="UTF8",
            template="template0",
            opts=ResourceOptions(parent=self, depends_on=list(roles), protect=self._args.protect),
        )

    def _database_privileges(self) -> None:
        """Who may connect: no role by default. Applications make no temporary tables; migrations may."""
        if "public" in self._args.steps:
            self._grant("public-database", "public", "database", ())
            self._grant("public-schema", "public", "schema", (), schema="public")
            self._grant("public-default-routine", "public", "routine", (), later=True)
        self._grant("owner-database", self._owner.name, "database", ("CONNECT", "TEMPORARY"))
        self._grant("readonly-database", self._readonly.name, "database", ("CONNECT",))
        for application, role in self._access_roles.items():
            grant = self._grant(f"{application}-database", role.name, "database", ("CONNECT",))
            self._grants[application].append(grant)

    def _extensions(self) -> list[pulumi.Resource]:
        """The extensions, in a schema of their own that every role may use; gives what the schemas come after."""
        if not self._args.database.extensions:
            return []
        schema = postgresql.Schema(
            f"{self._name}-schema-{EXTENSIONS_SCHEMA}",
            name=EXTENSIONS_SCHEMA,
            database=self._database.name,
            opts=self._inside,
        )
        extensions: list[pulumi.Resource] = [
            postgresql.Extension(
                f"{self._name}-extension-{extension}",
                name=extension,
                database=self._database.name,
                schema=schema.name,
                opts=self._inside,
            )
            for extension in self._args.database.extensions
        ]
        last: pulumi.Resource = extensions[-1]
        for who, role in {"owner": self._owner, "readonly": self._readonly, **self._access_roles}.items():
            last = self._grant(f"{who}-extensions", role.name, "schema", ("USAGE",), schema=schema.name, after=last)
            if who in self._grants:
                self._grants[who] += [*extensions, last]
        return extensions

    # --- One schema ---------------------------------------------------------------------------------------------------

    def _schema(self, schema: str, after: Sequence[pulumi.Resource]) -> pulumi.Resource:
        """A schema and what each role may do in it, now and with what migrations will create; gives the last grant.

        Privileges of one schema are changed one after another: PostgreSQL refuses two changes of one access list at
        once ("tuple concurrently updated"), and the provider locks databases and roles, but not schemas.
        """
        made = self._owned(schema, after)
        last: pulumi.Resource = made
        for access in self._args.accesses:
            if schema in access.schemas:
                role = self._access_roles[access.application].name
                grants = self._schema_privileges(access.application, role, made, schema, after=last, may=_WRITE)
                self._grants[access.application] += grants
                last = grants[-1]
        return self._schema_privileges("readonly", self._readonly.name, made, schema, after=last, may=_READ)[-1]

    def _owned(self, schema: str, after: Sequence[pulumi.Resource] = ()) -> postgresql.Schema:
        return postgresql.Schema(
            f"{self._name}-schema-{schema}",
            name=schema,
            database=self._database.name,
            owner=self._owner.name,
            opts=ResourceOptions.merge(self._inside, ResourceOptions(depends_on=list(after))),
        )

    def _record(self) -> pulumi.Resource:
        """Where the record of migrations is, and that the inventory, which asks as the administrator, may read it."""
        made = self._owned(RECORD)
        who = "record", _DATABASE_OWNER
        return self._schema_privileges(*who, made, RECORD, after=made, may={"table": ("SELECT",)})[-1]

    def _schema_privileges(
        self,
        who: str,
        role: Input[str],
        made: postgresql.Schema,
        schema: str,
        *,
        after: pulumi.Resource,
        may: Mapping[str, Sequence[str]],
    ) -> list[pulumi.Resource]:
        """What one role may do in one schema, each grant after the one before."""
        grants: list[pulumi.Resource] = [
            self._grant(f"{who}-{schema}", role, "schema", ("USAGE",), schema=made.name, after=after)
        ]
        for kind, privileges in may.items():
            given = role, kind, privileges
            now = self._grant(f"{who}-{schema}-{kind}", *given, schema=made.name, after=grants[-1])
            new = self._grant(f"{who}-{schema}-default-{kind}", *given, schema=made.name, after=now, later=True)
            grants += [now, new]
        return grants

    # --- Privileges ---------------------------------------------------------------------------------------------------

    def _grant(
        self,
        suffix: str,
        role: Input[str],
        object_type: str,
        privileges: Sequence[str],
        *,
        schema: Input[str] | None = None,
        after: pulumi.Resource | None = None,
        later: bool = False,
    ) -> pulumi.Resource:
        """Exactly these privileges on every object of the kind; an empty list takes all away.

        Of those there are, or `later` of those that the owner, that is a migration, will create.
        """
        made = partial(postgresql.DefaultPrivileges, owner=self._owner.name) if later else postgresql.Grant
        return made(
            f"{self._name}-grant-{suffix}",
            role=role,
            database=self._database.name,
            schema=schema,
            object_type=object_type,
            privileges=list(privileges),
            opts=ResourceOptions.merge(self._inside, ResourceOptions(depends_on=[after] if after else [])),
        )

    def _url(self, login: Login, role: postgresql.Role, pooler: stack_models.Pooler | None = None) -> Output[str]:
        """A libpq URL, through the pooler where one is given; a secret, because the password is in it.

        The search path is a setting of the role and not of the URL: a pooler drops or refuses what a URL sets at the
        session's start (PgBouncer's page "Configuration", `ignore_startup_parameters`).
        """
        own = self._args.settings
        user = pooler.user if pooler else "{role}"
        at = pooler or own
        place = f"{at.host}:{at.port}/{quote(self._args.name, safe='')}?sslmode={own.sslmode}"

        def write(parts: list[str]) -> str:
            return f"postgresql://{quote(user.format(role=parts[0]), safe='')}:{quote(parts[1], safe='')}@{place}"

        return Output.secret(Output.all(role.name, login.password).apply(write))
