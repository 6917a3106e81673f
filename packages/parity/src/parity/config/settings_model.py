"""One stack's settings: everything that the program is built from."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from parity.config import migrations
from parity.config.names import Names
from parity.config.patterns import fits
from parity.config.stack_models import STEPS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parity.config import source
    from parity.config.migrations import Migration
    from parity.config.parameters import Catalog, Database, Watch
    from parity.config.secret import Secret
    from parity.config.stack_models import (
        AlertSettings,
        ApplicationSettings,
        DatabaseSettings,
        DeliverySettings,
        LogSettings,
        ParityException,
        Releases,
        TraceSettings,
    )


@dataclass(frozen=True)
class Settings:
    """Everything that the program is built from, for one stack; complete and checked."""

    stack: str
    catalog: Catalog
    environment: str
    """The stack's name, as its file says it."""
    promotes_from: str | None
    """The stack that this one takes its releases from; None for a root."""
    secret: Secret
    """The stack secret: parity.config.passwords and parity.config.fingerprints derive from it."""
    manages_repository: bool
    protect: bool
    applications: Mapping[str, ApplicationSettings]
    databases: Mapping[str, DatabaseSettings]
    delivery: DeliverySettings
    logs: LogSettings | None
    traces: TraceSettings | None
    alerts: AlertSettings | None
    releases: Mapping[str, Releases]
    fingerprints: Mapping[str, str]
    """Of secrets, by their full keys, as the file has them."""
    exceptions: tuple[ParityException, ...]
    postponed: tuple[str, ...]
    acknowledged: tuple[str, ...]
    origin: source.Source = field(repr=False, compare=False)
    """Where the config came from: makes faults with their lines."""
    root: Path | None = field(default=None, repr=False, compare=False)
    """The folder that holds the stack's file; None where the settings were made otherwise."""

    @cached_property
    def names(self) -> Names:
        """What each object is called in the world."""
        given = {
            "parity:applications": {name: {"project": each.project} for name, each in self.applications.items()},
            "parity:databases": {name: {"names": each.names.model_dump()} for name, each in self.databases.items()},
            "parity:delivery": {"environment": self.delivery.environment},
        }
        return Names(self.catalog, self.stack, given)

    def migrations(self, database: Database) -> tuple[Migration, ...]:
        """A database's migrations, oldest first."""
        return migrations.of(self.root or Path(), database)

    def watch(self, application: str) -> Watch | None:
        """How an application is watched in this stack; None where it is not."""
        declared = self.catalog.application(application).watch
        own = self.applications[application].watch.model_dump(exclude={"counts"}, exclude_none=True)
        return declared and declared.model_copy(update=own)

    def server(self, database: str) -> str:
        """The server that a database is made on; empty for the one without a name."""
        return self.catalog.database(database).server or ""

    @property
    def file(self) -> str | None:
        """The stack file's name, where it is at hand."""
        return self.origin.file

    @property
    def accepted(self) -> dict[str, str]:
        """What is undeclared and accepted: patterns of type and name, each with its last day or an empty text."""
        entire = [each for each in self.exceptions if (each.accepts, each.property) == ("drift", "*")]
        return {each.resource: each.expiry or "" for each in entire}

    @property
    def accepted_properties(self) -> dict[str, dict[str, str]]:
        """What is accepted as drift: by pattern of the resource and of the property, the last day or an empty text."""
        found: dict[str, dict[str, str]] = {}
        for each in self.exceptions:
            if each.accepts == "drift":
                found.setdefault(each.resource, {})[each.property] = each.expiry or ""
        return found

    @property
    def steps(self) -> frozenset[str]:
        """The steps of hardening that are taken."""
        return STEPS - set(self.postponed)

    def left(self, type_: str, name: str) -> list[str]:
        """The properties of a resource that an update leaves as they are: those whose drift an exception accepts."""
        own = [each for each in self.exceptions if each.accepts == "drift" and each.property != "*"]
        named = (f"{type_.rpartition(':')[2]} {name}", f"{type_}::{name}")
        return [each.property.removesuffix("*") for each in own if any(fits(one, each.resource) for one in named)]

    @property
    def sealed(self) -> bool:
        """Whether secrets' values are not at hand."""
        return self.secret.sealed
