"""Records, for a team's tests, what a program or component declares, with no engine and no network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from parity.evaluate.graph import Graph, evaluate
from parity.evaluate.resource import Resource, SecretInput
from parity.resources import kinds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

PROJECT = "storefront"


@dataclass(frozen=True)
class Recorded:
    """What one evaluation of a program declared."""

    graph: Graph

    @property
    def resources(self) -> list[Resource]:
        """Every resource, in the order in which they were declared."""
        return list(self.graph.resources.values())

    def of_type(self, type_: str) -> dict[str, Resource]:
        """Every resource of a type, whose token may be given by its last part (`Grant`), by name."""
        return {each.name: each for each in self.resources if type_ in {each.type, each.type.rpartition(":")[2]}}

    def one(self, name: str) -> Resource:
        """The one resource of that name, components left out; raises AssertionError if there is not one."""
        found = [each for each in self.resources if each.name == name and each.custom]
        if len(found) != 1:
            raise AssertionError(f"{len(found)} resources are called {name}: {sorted(e.name for e in self.resources)}")
        return found[0]

    def after(self, name: str) -> set[str]:
        """The names of everything that must exist before a resource, over any number of steps."""
        seen: set[str] = set()
        waiting = [self.one(name)]
        while waiting:
            current = waiting.pop()
            direct = set(current.dependencies).union(*current.property_dependencies.values())
            for urn in direct - seen:
                seen.add(urn)
                waiting.append(self.graph.resources[urn])
        return {self.graph.resources[urn].name for urn in seen}

    def secrets(self) -> Iterable[tuple[Resource, str, Any]]:
        """Each secret input: resource, property, value."""
        for resource in self.resources:
            for name, value in resource.inputs.items():
                if isinstance(value, SecretInput):
                    yield resource, name, value.value


def record(program: Callable[[], Mapping[str, Any] | None], *, stack: str = "staging") -> Recorded:
    """Evaluate a program, which may give outputs, with no engine and no network."""
    return Recorded(
        evaluate(
            lambda: program() or {}, project=PROJECT, stack_name=stack, outputs=lambda type_: kinds.of(type_).outputs
        )
    )


def reveal(value: Any) -> Any:
    """The value inside a secret; raises AssertionError if it is not marked as one."""
    if not isinstance(value, SecretInput):
        raise AssertionError(f"not a secret: {value!r}")  # noqa: TRY004 - a test fails by it
    return value.value
