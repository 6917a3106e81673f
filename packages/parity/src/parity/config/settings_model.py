"""One stack's settings: everything that the program is built from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from parity.config import source
    from parity.config.parameters import Catalog
    from parity.config.secret import Secret
    from parity.config.stack_models import (
        ApplicationSettings,
        DatabaseSettings,
        DeliverySettings,
        LogSettings,
        ParityException,
        Releases,
    )


@dataclass(frozen=True)
class Settings:
    """Everything that the program is built from, for one stack; complete and checked."""

    stack: str
    catalog: Catalog
    environment: str
    """The stack's name, as its file says it."""
    secret: Secret
    """The stack secret: parity.config.passwords and parity.config.fingerprints derive from it."""
    manages_repository: bool
    protect: bool
    applications: Mapping[str, ApplicationSettings]
    databases: Mapping[str, DatabaseSettings]
    delivery: DeliverySettings
    logs: LogSettings
    releases: Mapping[str, Releases]
    fingerprints: Mapping[str, str]
    """Of secrets, by their full keys, as the file has them."""
    exceptions: tuple[ParityException, ...]
    acknowledged: tuple[str, ...]
    origin: source.Source = field(repr=False, compare=False)
    """Where the config came from: makes faults with their lines."""
    root: Path | None = field(default=None, repr=False, compare=False)
    """The folder that holds the stack's file; None where the settings were made otherwise."""

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
    def sealed(self) -> bool:
        """Whether secrets' values are not at hand."""
        return self.secret.sealed
