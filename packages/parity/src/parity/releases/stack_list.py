"""The stacks of a project in the order of promotion, from their files alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from parity.config import promotion, source, stack_checks
from parity.documents import mapping
from parity.errors import ConfigError
from parity.problems import in_order

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from parity.config.project import Project
    from parity.problems import ConfigProblem

_SHORT = 12
"""Hex digits of a commit that a person is shown."""


@dataclass(frozen=True)
class Listed:
    """One stack."""

    stack: str
    promotes_from: str | None
    depth: int
    """How many promotions a release needs until it is there."""
    live: Mapping[str, tuple[str, str] | None]
    """By application: the live release and its commit, or None."""

    def document(self) -> dict[str, Any]:
        """As JSON."""
        live = {
            name: None if found is None else {"release": found[0], "commit": found[1]}
            for name, found in self.live.items()
        }
        return {"stack": self.stack, "promotes_from": self.promotes_from, "live": live}


def read(project: Project) -> list[Listed]:
    """Every stack, each after the one that it promotes from; raises ConfigError, with every fault of that order."""
    order = project.promotion
    files = project.stack_files()
    sources: dict[str, source.Source] = {}
    faults: list[ConfigProblem] = []
    for stack in order.stacks:
        found = source.read_file(files[stack])
        if isinstance(found, source.StackFile):
            sources[stack] = source.from_file(stack, found)
            faults += promotion.faults(sources[stack], order)
        else:
            faults += found
    if faults:
        raise ConfigError(in_order(faults))
    depths: dict[str | None, int] = {None: -1}
    for stack, above in ((each, order.sources[each]) for each in order.stacks):
        depths[stack] = depths[above] + 1
    return [Listed(name, order.sources[name], depths[name], _live(found)) for name, found in sources.items()]


def _live(found: source.Source) -> dict[str, tuple[str, str] | None]:
    live: dict[str, tuple[str, str] | None] = {}
    for application, entry in mapping(found.values.get(stack_checks.RELEASES)).items():
        release = str(mapping(entry).get("live"))
        kept = mapping(mapping(entry).get("kept")).get(release)
        live[application] = (release, str(mapping(kept).get("commit"))) if kept else None
    return live


def text(found: Sequence[Listed]) -> Iterator[str]:
    """A line a stack: its name below the one that it promotes from, and what is live there."""
    width = max((len(each.stack) + 2 * each.depth for each in found), default=0)
    for each in found:
        name = "  " * each.depth + each.stack
        origin = f"from {each.promotes_from or 'no other'}"
        yield f"{name:{width}}  {origin}; live: {', '.join(_words(each)) or 'nothing'}"


def _words(listed: Listed) -> Iterator[str]:
    for application, live in listed.live.items():
        if live is not None:
            yield f"{listed.stack}/{application} {live[0]} ({live[1][:_SHORT]})"
