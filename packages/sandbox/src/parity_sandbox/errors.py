"""What can go wrong with a sandbox, in one tree.

    SandboxError
    ├── AlreadyServed       another process serves this folder
    ├── NotRunning          the command needs a running sandbox
    ├── PortBusy            a port that was asked for is taken
    ├── StartFailed         the server ended, or was not ready in time
    ├── StopFailed          the server did not end in time
    ├── PostgresError       PostgreSQL cannot be found, set up, started or stopped
    ├── SnapshotError       no such snapshot, a bad name, one that exists already
    └── BadDocument         a document sent to the control API is wrong

Each message says what happened, where, and what to do.
"""

from __future__ import annotations


class SandboxError(Exception):
    """The sandbox cannot do what was asked; the message is meant for the user."""


class AlreadyServed(SandboxError):
    """Two servers were started for one folder."""


class NotRunning(SandboxError):
    """A command that needs a running sandbox was given where none runs."""


class PortBusy(SandboxError):
    """A port that was asked for by number is taken by another process."""


class StartFailed(SandboxError):
    """The server ended by itself, or did not answer within the deadline."""


class StopFailed(SandboxError):
    """The server did not end within the deadline."""


class PostgresError(SandboxError):
    """PostgreSQL cannot be found, set up, started or stopped."""


class SnapshotError(SandboxError):
    """No such snapshot, a name that cannot be one, or one that exists already."""


class BadDocument(SandboxError):
    """A document sent to the control API has a field that is missing, unknown or of the wrong type."""
