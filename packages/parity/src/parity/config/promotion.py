"""The order in which stacks are promoted: each stack's file names the stack that it takes its releases from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from parity.config import source
from parity.config.stack_models import NAMESPACE
from parity.problems import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from parity.problems import ConfigProblem

KEY = NAMESPACE + "promotesFrom"

Pair = tuple[str, str]


@dataclass(frozen=True)
class Order:
    """The stacks as their files name one another; whatever their faults, each stack has its place."""

    sources: Mapping[str, str | None]
    """By stack, in the order of their names: the stack that it promotes from; None for a root."""

    @property
    def stacks(self) -> tuple[str, ...]:
        """Each stack after the one that it promotes from; those in a circle, or below one, come last."""
        found: dict[str, None] = {}
        for root in [name for name, above in self.sources.items() if above not in self.sources]:
            self._follow(root, found)
        return (*found, *(name for name in self.sources if name not in found))

    def _follow(self, name: str, found: dict[str, None]) -> None:
        found[name] = None
        for below in self.below(name):
            self._follow(below, found)

    def below(self, name: str) -> tuple[str, ...]:
        """The stacks that promote from this one."""
        return tuple(each for each, above in self.sources.items() if above == name and each != name)

    def pairs(self) -> tuple[Pair, ...]:
        """The fewest comparisons that hold all stacks together.

        Each stack with the one that it promotes from; and a root that is not the first with the first.
        """

        def before(name: str) -> str:
            above = self.sources[name]
            return above if above is not None and above in self.sources else self.stacks[0]

        return tuple((before(name), name) for name in self.stacks if before(name) != name)

    def circle(self, name: str) -> tuple[str, ...]:
        """The way from a stack over those it promotes from back to itself, as `qa, staging, qa`; else empty."""
        way = [name]
        while (above := self.sources.get(way[-1])) is not None and above not in way[1:]:
            way.append(above)
            if above == name:
                return tuple(way)
        return ()


def read(root: Path) -> Order:
    """The order as the stacks' files in a folder have it; a file that cannot be read names no other stack."""
    sources: dict[str, str | None] = {}
    for path in sorted(root.glob("Pulumi.*.yaml")):
        found = source.read_file(path)
        named = found.values.get(KEY) if isinstance(found, source.StackFile) else None
        sources[path.name.split(".")[1]] = named if isinstance(named, str) else None
    return Order(sources)


def faults(found: source.Source, order: Order) -> Iterator[ConfigProblem]:
    """What is wrong with the stack that a stack promotes from: not there, itself, or one that promotes from it."""
    above = found.values.get(KEY)
    if not isinstance(above, str):
        return  # A root; what is no text is refused by the model.
    others = [name for name in order.sources if name != found.stack]
    listed = f"Stacks here: {', '.join(others) or 'no other'}."
    if above == found.stack:
        what = f"says {above}, which is this stack itself."
        yield found.fault((KEY,), what, f"Name the stack before it, or remove the line. {listed}")
    elif above not in order.sources:
        remedy = f"{did_you_mean(above, others)}{listed}"
        yield found.fault((KEY,), f"says {above}, and there is no such stack.", remedy)
    elif circle := order.circle(found.stack):
        what = f"says {above}, and that is a circle: {' from '.join(circle)}."
        yield found.fault((KEY,), what, "Remove the line in the stack that gets each release first.")
