"""Puts the errors of the other packages into the command line's tree, so that each is shown and counted alike."""

from __future__ import annotations

from parity import extras
from parity.config.errors import InfraError
from parity.errors import EngineError, ParityError, ProjectError, SandboxDownError, SandboxError
from parity_toolchain.errors import EngineError as EngineFault


def translated(error: Exception) -> ParityError | None:
    """The error in the command line's tree, or None where it is not a user's but a fault of the project itself."""
    if isinstance(error, ParityError):
        return error
    if isinstance(error, ModuleNotFoundError):
        return extras.missing(error)
    # Their messages already say what, where and what to do.
    return next((ours(str(error)) for theirs, ours in _trees() if isinstance(error, theirs)), None)


def _trees() -> tuple[tuple[type[Exception], type[ParityError]], ...]:
    """The packages' errors with ours; the first class that fits decides."""
    own = ((EngineFault, EngineError), (InfraError, ProjectError))
    if not extras.installed("parity_sandbox"):
        return own
    from parity_sandbox.errors import NotRunning  # noqa: PLC0415 - it comes with an extra
    from parity_sandbox.errors import SandboxError as SandboxFault  # noqa: PLC0415 - as above

    return ((NotRunning, SandboxDownError), (SandboxFault, SandboxError), *own)
