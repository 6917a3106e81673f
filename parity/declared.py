"""What the program declares for a stack, evaluated offline from its settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra import build
from parity import graph

if TYPE_CHECKING:
    from infra.settings import Settings
    from parity.graph import Graph

COMPUTED = {
    "vercel:index/project:Project": ("teamId",),
    "vercel:index/deployment:Deployment": ("url",),
}
"""Outputs that only a provider computes and that the program uses, by resource type."""


def declared(project: str, settings: Settings) -> Graph:
    """The graph of the stack that the settings are of; raises whatever the program raises."""
    return graph.evaluate(
        lambda: build.build(settings),
        project=project,
        stack_name=settings.stack,
        outputs=lambda kind: COMPUTED.get(kind, ()),
    )
