"""Natural names: what each object is called in the world.

A stack's file may give a name; else it is what the catalog's pattern makes. Whatever a crash left behind is found again
by these, so they are put together here and nowhere else. The engine's own names follow from the
catalog's keys, so that a name that is given to what exists replaces nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from parity.documents import at, mapping

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from parity.config.parameters import Application, Catalog, Database

Path = tuple[str, ...]

HIGHEST_GENERATION = 9999
"""The largest credentials generation that a stack's file may name; names must fit with it."""

_APPLICATIONS, _DATABASES, _DELIVERY = "parity:applications", "parity:databases", "parity:delivery"
_PLACE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Named:
    """One name, and what gives it."""

    kind: Literal["project", "environment", "database", "role"]
    name: str
    given: Path | None
    """The key of the stack's file that gives it; None where it follows the catalog's pattern."""
    catalog: str
    """The part of the catalog that it is for."""
    database: str = ""
    """The catalog's database that it is or belongs to; empty for a project and an environment."""


@dataclass(frozen=True)
class Names:
    """All names of one stack."""

    catalog: Catalog
    stack: str
    values: Mapping[str, Any]
    """The stack's config by full key, or as much of it as gives names."""

    def project(self, application: str) -> str:
        """The Vercel project of an application."""
        declared = self.catalog.application(application)
        path = (_APPLICATIONS, application, "project")
        return self._name(path, declared.project, application=declared.first_name)

    @property
    def environment(self) -> str:
        """The GitHub environment."""
        return self._name((_DELIVERY, "environment"), self.catalog.repository.environment)

    def database(self, name: str) -> str:
        """The PostgreSQL database."""
        return self._of_database(name, "database")

    def owner_role(self, name: str) -> str:
        """The role that owns the schemas and what migrations create in them."""
        return self._of_database(name, "owner")

    def migrator_role(self, name: str) -> str:
        """The role that runs migrations."""
        return self._of_database(name, "migrator")

    def readonly_role(self, name: str) -> str:
        """The role that may read everything."""
        return self._of_database(name, "readonly")

    def access_role(self, name: str, application: str) -> str:
        """The role that holds an application's privileges, for all generations; it has no login."""
        return self._role(name, application, "access")

    def application_role(self, name: str, application: str, generation: int) -> str:
        """The role that an application logs in with, in one generation."""
        return self._role(name, application, "login", generation=str(generation))

    def generation(self, name: str, application: str, role: str) -> int | None:
        """The generation of an application's login; None where the role is no login of it."""
        pattern = re.escape(self._role(name, application, "login")).replace(r"\{generation\}", r"(\d+)")
        found = re.fullmatch(pattern, role)
        return int(found[1]) if found else None

    @property
    def log_drain(self) -> str:
        """The log drain."""
        return f"{self.catalog.repository.name}-{self.stack}"

    @property
    def trace_drain(self) -> str:
        """The trace drain."""
        return f"{self.log_drain}-traces"

    def alert(self, name: str) -> str:
        """The rule of an alert."""
        return f"{self.log_drain}-{name}"

    def application_of(self, project: str) -> str:
        """The application of a project; empty where it is none of the stack's."""
        return next((each.name for each in self.catalog.applications if self.project(each.name) == project), "")

    def every(self) -> Iterator[Named]:
        """Every name that a stack's file may give; a login's with the longest generation."""
        for application in self.catalog.applications:
            key, path = f"applications.{application.name}", (_APPLICATIONS, application.name, "project")
            yield self._named("project", self.project(application.name), path, key)
        yield self._named("environment", self.environment, (_DELIVERY, "environment"), "repository")
        for database in self.catalog.databases:
            yield from self._names_of(database)

    def _names_of(self, database: Database) -> Iterator[Named]:
        key, above, of = f"databases.{database.name}", (_DATABASES, database.name, "names"), database.name
        yield self._named("database", self.database(of), (*above, "database"), key, of)
        for part in ("owner", "migrator", "readonly"):
            yield self._named("role", self._of_database(of, part), (*above, part), key, of)
        for application in self.applications_in(of):
            own, key = (*above, "applications", application.name), f"applications.{application.name}"
            yield self._named("role", self.access_role(of, application.name), (*own, "access"), key, of)
            login = self.application_role(of, application.name, HIGHEST_GENERATION)
            yield self._named("role", login, (*own, "login"), key, of)

    def applications_in(self, database: str) -> Iterator[Application]:
        """The applications that log in to a database."""
        return (each for each in self.catalog.applications if database in each.databases)

    def part(self, path: Path) -> Mapping[str, Any]:
        """The mapping at a path of the stack's file; an empty one where there is none."""
        return mapping(at(self.values, *path))

    def _named(self, kind: Any, name: str, path: Path, catalog: str, database: str = "") -> Named:
        return Named(kind, name, path if self._given(path) else None, catalog, database)

    def _of_database(self, name: str, part: str) -> str:
        pattern = getattr(self.catalog.database(name).names, part)
        return self._name((_DATABASES, name, "names", part), pattern, database=self.catalog.database(name).first_name)

    def _role(self, name: str, application: str, part: str, **more: str) -> str:
        path = (_DATABASES, name, "names", "applications", application, part)
        database, first = self.catalog.database(name), self.catalog.application(application).first_name
        return self._name(path, getattr(database.names, part), database=database.first_name, application=first, **more)

    def _name(self, path: Path, pattern: str, **facts: str) -> str:
        """A name, with what is in braces put in; what is not known stays as it stands, and is refused as a name."""
        known = {"stack": self.stack, **facts}
        return _PLACE.sub(lambda found: known.get(found[1], found[0]), self._given(path) or pattern)

    def _given(self, path: Path) -> str:
        found = at(self.values, *path)
        return found if isinstance(found, str) else ""


def as_variable(name: str) -> str:
    """A name as part of an environment variable's: `back-office` becomes `BACK_OFFICE`."""
    return name.upper().replace("-", "_")
