"""What a vendor would refuse, or drop without a word, during an update: asked before anything is planned."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from parity.errors import AccessError
from parity.resources import kinds
from parity.vendors import job, readiness
from parity.vendors.preflight import fault_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parity.config.settings import Settings
    from parity.console import Screen
    from parity.engine.state import State
    from parity.evaluate.graph import Graph
    from parity.evaluate.stack import Stack
    from parity.problems import ConfigProblem

_MOST = 100
"""Secrets, and variables, that GitHub keeps in one environment (its pages "Secrets reference", "Variables reference");
one more is refused with 422 in the middle of the update."""


def require(stack: Stack, screen: Screen, settings: Settings, graph: Graph, before: State) -> None:
    """Raise AccessError with everything that stands against the update."""
    with screen.step("What the vendors allow") as step:
        step.waiting("GitHub, Vercel and PostgreSQL")
        job.require(settings, stack.pulumi.environment)
        projects = frozenset(before.projects().values())
        found = [*too_many(graph), *readiness.faults(settings, stack.pulumi.environment, projects)]
        if found:
            raise AccessError(found)
        step.done("nothing is known that stands against the update")


def too_many(graph: Graph) -> Iterator[ConfigProblem]:
    """What the program declares more of than GitHub keeps in the stack's environment."""
    declared = Counter(each.type for each in graph.resources.values())
    for type_, what in ((kinds.SECRET, "secrets"), (kinds.GITHUB_VARIABLE, "variables")):
        if declared[type_] > _MOST:
            yield fault_of(
                f"GitHub's {what}:",
                f"{declared[type_]} are declared for the stack's environment, which keeps {_MOST}.",
                "Publish fewer of them in `infra/build.py`, or divide the applications between two programs.",
            )
