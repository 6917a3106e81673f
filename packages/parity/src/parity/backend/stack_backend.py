"""Where a stack's state and ledger are kept, and what is recorded of every update: who, where, which versions."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parity.backend import this_host
from parity.backend.ledger import Ledger
from parity.engine import toolchain
from parity.engine.engine_files import open_store
from parity.engine.store import LEDGER_VARIABLE, Store, address_of
from parity.git import Repository

if TYPE_CHECKING:
    from collections.abc import Callable

    from parity.engine.pulumi import Pulumi
    from parity.evaluate.stack import Stack
    from parity_toolchain.model import Engine

UPDATE_VARIABLE = "PARITY_UPDATE"
"""Set for the engine to the update's id; its plugins inherit it, so that those that outlive it are known."""


@dataclass(frozen=True)
class Backend:
    """Where a stack's state and ledger are."""

    url: str
    """The backend's address."""
    store: Store | None
    """None for Pulumi Cloud."""
    ledger: Ledger | None
    """None where there is no place for it."""


def open_backend(stack: Stack) -> Backend:
    """Find where the stack's state is kept.

    Raises:
        UpdateError: the engine is not logged in to a backend.
    """
    url = backend_url(stack.pulumi)
    store = open_store(url, stack.pulumi.cwd)
    other = stack.pulumi.environment.get(LEDGER_VARIABLE)
    kept = open_store(other, stack.pulumi.cwd) if other else store
    ledger = Ledger(kept, stack.project.name, stack.name, stack.pulumi.redactor) if kept else None
    return Backend(url, store, ledger)


def backend_url(pulumi: Pulumi) -> str:
    """The address of the backend that the engine uses; raises UpdateError where it is not logged in."""
    return address_of(pulumi.environment, pulumi.cwd) or str(pulumi.whoami()["url"])


def versions(tools: Engine | None = None) -> dict[str, str]:
    """The versions of the engine and its plugins, by name; of those that the installed SDKs ask for, if none given."""
    tools = tools or toolchain.resolve()
    return {"pulumi": tools.cli.version, **{plugin.name: plugin.version for plugin in tools.plugins}}


def provenance(stack: Stack, command: str, versions: Callable[[], dict[str, str]] = versions) -> dict[str, Any]:
    """What every record of the ledger begins with; `versions` gives those of the engine and its plugins."""
    environment = stack.pulumi.environment
    run = this_host.run_of(environment)
    return {
        "command": command,
        "project": stack.project.name,
        "stack": stack.name,
        "actor": this_host.actor(environment),
        "host": asdict(this_host.here()),
        "pid": os.getpid(),
        "run": run and asdict(run),
        "commit": Repository(stack.project.root).state,
        "versions": versions(),
    }


def log_file(stack: Stack, identity: str) -> Path:
    """The file for all of the engine's output, readable by its owner alone: it may hold what a provider echoes."""
    return own_file(stack, f"{stack.name}-{identity or os.getpid()}.log")


def own_file(stack: Stack, name: str) -> Path:
    """A file of this name for its owner alone, in PULUMI_HOME, where the tool keeps what belongs to no backend."""
    home = Path(stack.pulumi.environment.get("PULUMI_HOME") or "~/.pulumi").expanduser()
    folder = home / "updates"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.touch(mode=0o600)
    return path
