"""What the program declares for a stack, evaluated offline from its settings."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from parity.errors import ProjectError
from parity.evaluate import lazy
from parity.resources import kinds

if TYPE_CHECKING:
    from parity.config.project import Project
    from parity.config.settings import Settings
    from parity.evaluate.graph import Graph


def declared(project: Project, settings: Settings) -> Graph:
    """Evaluate the project's program for the stack that the settings are of.

    Raises:
        ProjectError: the catalog names migrations that the program does not declare, so that nothing would run them.
        Exception: whatever the program raises.
    """
    # Before the program is imported: its SDKs hold hundreds of resources, and it declares some twenty kinds.
    lazy.install()
    from parity.evaluate import graph  # noqa: PLC0415 - the SDK's import is much of a command's start

    build = project.program.build()
    found = graph.evaluate(
        lambda: build(settings),
        project=project.name,
        stack_name=settings.stack,
        outputs=lambda type_: kinds.of(type_).outputs,
    )
    _require_migrations(settings, found)
    return replace(found, renamed=settings.catalog.renamed)


def _require_migrations(settings: Settings, found: Graph) -> None:
    """A program of an older template takes a catalog with migrations, and runs none."""
    wanted = {each.first_name for each in settings.catalog.databases if settings.migrations(each)}
    made = {each.name.rpartition("-migration-")[0] for each in found.resources.values() if each.type == kinds.MIGRATION}
    if missing := sorted(wanted - made):
        raise ProjectError(
            f"the catalog names migrations of {', '.join(missing)}, and the program declares none of them",
            where="infra/build.py",
            remedy="parity upgrade",
        )
