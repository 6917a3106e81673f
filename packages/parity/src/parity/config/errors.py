"""The errors of the program.

InfraError
├── ConfigError      the stack's config or the catalog has faults; nothing was created
├── StaleRelease     the newest release was recorded with other settings than config now gives; nothing was created
├── AccessError      a vendor does not open with what the environment gives; nothing was created
└── SealedSecret     a secret's value is needed where the config was read without its passphrase
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parity.config.problems import ConfigProblem


class InfraError(Exception):
    """Whatever the program refuses to go on with; its text says what, where and the remedy."""


class ConfigError(InfraError):
    """You changed a stack's file or the catalog and something in it is wrong; `faults` holds all of it."""

    def __init__(self, faults: Sequence[ConfigProblem]) -> None:
        """Take every fault that was found, in the order of the report."""
        from parity.config.problems import report  # noqa: PLC0415 - faults.py is documented by this tree and must not need it

        self.faults = tuple(faults)
        super().__init__(report(self.faults))


class StaleRelease(ConfigError):
    """You changed something that a deployment is built with and recorded no release for it."""


class AccessError(InfraError):
    """A token is missing or refused, or the database cannot be reached; `faults` holds all of it."""

    def __init__(self, faults: Sequence[ConfigProblem]) -> None:
        """Take the fault of each vendor that does not open."""
        from parity.config.problems import report  # noqa: PLC0415 - faults.py is documented by this tree and must not need it

        self.faults = tuple(faults)
        super().__init__(report(self.faults, "in what the providers log in with"))


class SealedSecret(InfraError):
    """You asked for something that needs a secret's value, on config that was read without its passphrase."""

    def __init__(self, key: str) -> None:
        """Take the config key of the secret."""
        super().__init__(
            f"The value of {key or 'a secret'} is needed, and the stack's config was read without its passphrase. "
            "Run it through the engine (`pulumi`, or a `parity` command that says it needs the passphrase)."
        )
