"""What the program declares for a stack, evaluated offline from its settings."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from parity.evaluate import lazy
from parity.resources import kinds

if TYPE_CHECKING:
    from parity.config.project import Project
    from parity.config.settings import Settings
    from parity.evaluate.graph import Graph


def declared(project: Project, settings: Settings) -> Graph:
    """Evaluate the project's program for the stack that the settings are of; raises whatever the program raises."""
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
    return replace(found, renamed=settings.catalog.renamed)
