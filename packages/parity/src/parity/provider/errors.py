"""The provider's errors.

ParityPluginError
├── BadInput            an input or an import id is missing or malformed
├── VercelError         Vercel's API could not be asked, or refused
│   └── NotFound        ... because the project or deployment is not there
├── Unhealthy           the new deployment did not answer as it should; nothing was promoted
├── LiveElsewhere       another release was made live by hand; nothing was promoted
├── BuiltOtherwise      what the release was built from is not what was declared, or changed since; nothing was promoted
├── NoImage             the registry has no image of a release in a container; nothing was promoted
├── Rolling             a rolling release at Vercel would make the switch more than one step; nothing was promoted
├── MigrationOtherwise  a migration was applied with other text; nothing was run
├── MigrationBarred     ... must not run by the record of the team's own tool; nothing was run
├── MigrationLocked     ... did not get its turn or its locks; nothing of it holds
├── MigrationFailed     ... was refused by PostgreSQL, or its connection was lost
└── Unfinished          a promotion was asked for and is not done; what is recorded lets the next `up` go on
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


_DIGITS = 12
"""Of a digest, as messages show it."""


class ParityPluginError(Exception):
    """The base of all: its text says what happened, where, and what to do."""


class BadInput(ParityPluginError):
    """An input or an import id cannot be used; says which and what it must be."""


class VercelError(ParityPluginError):
    """A call to Vercel's API failed for good; says which call, Vercel's own code and message, and the remedy."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        """Take the text, and the HTTP status where there was an answer."""
        super().__init__(message)
        self.status = status


class NotFound(VercelError):
    """Vercel does not know the project or deployment, or the token may not see it."""


class Unhealthy(ParityPluginError):
    """The deployment was asked until its deadline and never answered as it should. The old release stays live."""


class LiveElsewhere(ParityPluginError):
    """The live release is neither the recorded nor the wanted one; a person made it live, and it is not undone."""


class BuiltOtherwise(ParityPluginError):
    """A variable was changed since the release was built, or is not as declared. The old release stays live."""


class NoImage(ParityPluginError):
    """A release runs from an image that is not in the registry: it was pushed elsewhere, or deleted since."""


class Rolling(ParityPluginError):
    """A promotion would give the release to a part of the users only, stage by stage. The old release stays live."""


class MigrationOtherwise(ParityPluginError):
    """A file was changed after it was applied: what is in the database is not what the file says."""

    @staticmethod
    def words(inputs: Mapping[str, Any], known: str) -> str:
        """What is so and what to do, without a full stop; `known` is the digest of the text that was applied."""
        file, now = inputs["file"], str(inputs["sha256"])[:_DIGITS]
        return (
            f"{file} was applied to {inputs['database']} with other text (checksum {known[:_DIGITS]}, now {now}). Give "
            f"it the text that it had (`git log -p -- {file}`), and put what is to change into a new file"
        )


class MigrationBarred(ParityPluginError):
    """The record of the team's own tool is not one that the migration may follow; says why. Nothing was run."""


class MigrationLocked(ParityPluginError):
    """A migration waited for another runner, or for other sessions' locks, until its last attempt. Nothing holds."""


class MigrationFailed(ParityPluginError):
    """PostgreSQL refused a migration's statement, or the connection was lost; says which statement, and the remedy."""


class Unfinished(ParityPluginError):
    """The promotion was asked for, but not every domain serves the release yet.

    The engine records `properties` with the error, so that the next `up` tries again, and going back to the old release
    is seen as a change.
    """

    def __init__(self, message: str, *, resource_id: str, properties: Mapping[str, Any]) -> None:
        """Take the text and what is to be recorded."""
        super().__init__(message)
        self.resource_id = resource_id
        self.properties = properties
