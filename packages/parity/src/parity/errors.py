"""The command line's errors: what happened, where, and what to do; each owns its exit code and how it is shown.

ParityError (1)
├── UsageError (2)         the command was called in a way that cannot work
├── ProjectError (2)       the project's files are not there, cannot be read or cannot be used
│   ├── ConfigError        ... because the stack's config or the catalog has faults
│   │   ├── StaleRelease   ... the newest release was recorded with other settings than config now gives
│   │   └── AccessError    ... a vendor does not open with what the environment gives
│   └── SealedSecret       ... because a secret's value is needed where the config was read without its passphrase
├── SandboxDownError (3)   the sandbox is not running and the command needs it
├── SandboxError (4)       the sandbox could not be started, or refused what it was asked
├── EngineError (5)        the engine or one of its plugins could not be had
├── UpdateError (6)        a Pulumi command ended with an error
│   └── FailedUpdate       ... that was followed: it knows what was done until then (parity.engine.pulumi)
├── HealthError (7)        what came up does not answer as it should
├── RefusedError (8)       what was asked would do harm as things are
│   └── HoldError (16)     ... because a person or a watch holds the stack or the application
├── LockedError (9)        another update of the stack runs, or it is unknown whether it still does
├── UnsureError (10)       a person has to decide or repair something first
├── GateError (11)         a dangerous change is not acknowledged
├── PolicyError (12)       a mandatory policy refuses what is declared
├── PlanError (14)         the plan is not what was approved, or what it depends on has changed; nothing was changed
├── VerifyError (15)       the update is done, and a vendor kept something else than it was sent
├── WatchError (17)        the watch after a switch found the release bad; what was done is said
├── NotReproducedError (18) a bisection has nothing to search between: the good end is not good, or the bad one not bad
├── ApiError (13)          Vercel or GitHub refused what the command asked, or did not answer
│   └── StoreError         ... or the bucket that holds state and ledger did
├── DriftError (20)        what is there is not what was declared
├── UnreadError (21)       something could not be read, so it is unknown whether it is clean
└── LedgerError (22)       the record is not as it was written

The packages parity_sandbox and parity_toolchain have trees of their own, which parity.local.translate puts into this
one; a vendor's errors are parity.vendors.http, the provider's are parity.provider.errors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from parity import problems

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console


class ParityError(Exception):
    """A fault that a person can do something about."""

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, where: str | None = None, remedy: str | None = None) -> None:
        """Take what happened, where (a file, key, address or command) and what to do about it."""
        super().__init__(what)
        self.what = what
        self.where = where
        self.remedy = remedy

    def document(self) -> dict[str, Any]:
        """The error as JSON, for `--json`."""
        return {"error": self.what, "where": self.where, "remedy": self.remedy, "exit_code": self.exit_code}

    def show(self, console: Console) -> None:
        """Print the error: what, where, remedy, a line or more each."""
        from rich.markup import escape  # noqa: PLC0415 - a command that ends well need not wait for it

        console.print(f"[bold red]error:[/] {escape(self.what)}", soft_wrap=True, highlight=False)
        if self.where:
            console.print(f"  where: {escape(self.where)}", soft_wrap=True, highlight=False)
        if self.remedy:
            console.print(f"  to do: {escape(self.remedy)}", soft_wrap=True, highlight=False)


class UsageError(ParityError):
    """The command was called in a way that cannot work."""

    exit_code = 2


class ProjectError(ParityError):
    """The project's files are not there, cannot be read or cannot be used."""

    exit_code = 2


class ConfigError(ProjectError):
    """A stack's file or the catalog has faults; `faults` holds all of them. Nothing was created."""

    def __init__(self, faults: Sequence[problems.ConfigProblem], where: str = "in the config") -> None:
        """Take every fault that was found, in the order of the report, and what has them."""
        self.faults = tuple(faults)
        super().__init__(problems.report(self.faults, where))

    def document(self) -> dict[str, Any]:
        """The error as JSON: the first fault's place and remedy, and all of them under `faults`."""
        first = self.faults[0]
        rows = problems.as_json(self.faults)
        return {**super().document(), "where": first.place, "remedy": first.remedy, "faults": rows}


class StaleRelease(ConfigError):
    """What a deployment is built with was changed and no release was recorded for it. Nothing was created."""


class AccessError(ConfigError):
    """A token is missing or refused, or the database cannot be reached; `faults` holds all of it."""

    def __init__(self, faults: Sequence[problems.ConfigProblem]) -> None:
        """Take the fault of each vendor that does not open."""
        super().__init__(faults, "in what the providers log in with")


class SealedSecret(ProjectError):
    """A secret's value is needed, and the stack's config was read without its passphrase."""

    def __init__(self, key: str) -> None:
        """Take the config key of the secret."""
        super().__init__(
            f"The value of {key or 'a secret'} is needed, and the stack's config was read without its passphrase. "
            "Run it through the engine (`pulumi`, or a `parity` command that says it needs the passphrase)."
        )


class SandboxDownError(ParityError):
    """The sandbox is not running and the command needs it."""

    exit_code = 3


class SandboxError(ParityError):
    """The sandbox could not be started, or refused what it was asked."""

    exit_code = 4


class EngineError(ParityError):
    """The engine or one of its plugins could not be had."""

    exit_code = 5


class UpdateError(ParityError):
    """A Pulumi command ended with an error."""

    exit_code = 6


class HealthError(ParityError):
    """What came up does not answer as it should."""

    exit_code = 7


class RefusedError(ParityError):
    """What was asked would do harm as things are; nothing was changed."""

    exit_code = 8


class HoldError(RefusedError):
    """A hold stands: the stack, or the application, is not to go forward; nothing was changed."""

    exit_code = 16


class LockedError(ParityError):
    """Another update of the stack runs, or it is unknown whether it still does."""

    exit_code = 9


class UnsureError(ParityError):
    """A person has to decide or repair something first; nothing was done about it."""

    exit_code = 10


class GateError(ParityError):
    """A dangerous change is not acknowledged in the stack's file."""

    exit_code = 11


class PolicyError(ParityError):
    """A mandatory policy refuses what is declared."""

    exit_code = 12


class PlanError(ParityError):
    """The plan is not the one that was approved, or something that it depends on has changed; nothing was changed."""

    exit_code = 14


class VerifyError(ParityError):
    """The update is done, and a vendor accepted something that it did not keep as declared."""

    exit_code = 15


class WatchError(ParityError):
    """The watch after a switch found the release bad: it went back, or could not; the application is held."""

    exit_code = 17


class NotReproducedError(ParityError):
    """A bisection has nothing to search between: the good operation is not good, or the bad one is not bad."""

    exit_code = 18


class ApiError(ParityError):
    """Vercel or GitHub refused what the command asked, or did not answer."""

    exit_code = 13


class StoreError(ApiError):
    """The bucket that holds state and ledger does not open, refuses, or does not answer."""


class DriftError(ParityError):
    """What is there is not what was declared."""

    exit_code = 20


class UnreadError(ParityError):
    """Something could not be read, so it is unknown whether it is clean."""

    exit_code = 21


class LedgerError(ParityError):
    """The record of operations was edited, or something of it was removed, moved or added afterwards."""

    exit_code = 22
