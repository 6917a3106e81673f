"""Puts the errors of the other packages into the command line's tree, so that each is shown and counted alike."""

from __future__ import annotations

from parity.config.errors import InfraError
from parity.errors import EngineError, ParityError, ProjectError, SandboxDownError, SandboxError
from parity_sandbox.errors import NotRunning
from parity_sandbox.errors import SandboxError as SandboxFault
from parity_toolchain.errors import EngineError as EngineFault

_TREES: tuple[tuple[type[Exception], type[ParityError]], ...] = (
    (NotRunning, SandboxDownError),
    (SandboxFault, SandboxError),
    (EngineFault, EngineError),
    (InfraError, ProjectError),
)
"""The first class that fits decides."""


def translated(error: Exception) -> ParityError | None:
    """The error in the command line's tree, or None where it is not a user's but a fault of the project itself."""
    if isinstance(error, ParityError):
        return error
    # Their messages already say what, where and what to do.
    return next((ours(str(error)) for theirs, ours in _TREES if isinstance(error, theirs)), None)
