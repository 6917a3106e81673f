"""Puts the errors of the sandbox's and the toolchain's packages into this one's tree, so that each is shown alike."""

from __future__ import annotations

import sys

from parity import extras
from parity.errors import EngineError, ParityError, SandboxDownError, SandboxError

_TREES: tuple[tuple[str, str, type[ParityError]], ...] = (
    ("parity_sandbox.errors", "NotRunning", SandboxDownError),
    ("parity_sandbox.errors", "SandboxError", SandboxError),
    ("parity_toolchain.errors", "EngineError", EngineError),
)
"""Module, class there, class here. The first that fits decides; a module that nothing has loaded has raised nothing."""


def translated(error: Exception) -> ParityError | None:
    """The error in the command line's tree, or None where it is not a user's but a fault of the project itself."""
    if isinstance(error, ParityError):
        return error
    if isinstance(error, ModuleNotFoundError):
        return extras.missing(error)
    for module, name, ours in _TREES:
        theirs = getattr(sys.modules.get(module), name, None)
        if theirs is not None and isinstance(error, theirs):
            return ours(str(error))  # their messages already say what, where and what to do
    return None
