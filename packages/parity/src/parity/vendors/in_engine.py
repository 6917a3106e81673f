"""What the team's program asks first where the engine runs it: its settings, and whether the vendors open."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pulumi
from pulumi.runtime import config as engine_config

from parity.config import guard
from parity.config.settings import load, project_folder
from parity.errors import AccessError, ConfigError, ProjectError
from parity.vendors import addresses, job, preflight

if TYPE_CHECKING:
    from parity.config.parameters import Catalog
    from parity.config.settings import Settings


def settings() -> Settings:
    """Read the running stack's settings from the engine; raises pulumi.RunError with the report.

    A release that config has moved away from is refused, a host that is not the server on which the database is made,
    and an update outside of a job where a job alone can ask the releases.
    """
    values = {key: str(value) for key, value in engine_config.CONFIG.get().items()}
    secret_keys = engine_config._SECRET_KEYS.get()  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - no public list
    try:
        found = load(pulumi.get_stack(), project_folder(Path.cwd()), values, secret_keys=secret_keys)
        guard.check(found)
        if faults := addresses.faults(found, os.environ):
            raise ConfigError(faults)
        if not pulumi.runtime.is_dry_run():
            job.require(found, os.environ)
    except ProjectError as error:
        raise pulumi.RunError(str(error)) from None
    return found


def require_vendors(catalog: Catalog) -> None:
    """Stop the program where a vendor does not open: raises pulumi.RunError with the report.

    In a preview PostgreSQL is only warned of: nothing is made, a machine that previews need not reach the database, and
    who plans need not be allowed to make anything.
    """
    previewing = pulumi.runtime.is_dry_run()
    found = preflight.ask(catalog, os.environ)
    grave = [each.fault for each in found if each.fault and not (each.name == "PostgreSQL" and previewing)]
    if grave:
        raise pulumi.RunError(str(AccessError(grave)))
    for each in found:
        if each.fault and not each.opens:
            pulumi.log.warn(f"{each.fault.key} {each.fault.what} An update will stop here. {each.fault.remedy}")
