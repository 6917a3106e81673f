"""What an update would do, change by change, with both values of each property."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from parity.documents import texts
from parity.masked import MASK
from parity.resources import kinds
from parity.resources.kind import PROJECT_ID
from parity.resources.urn import Urn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parity.preview.rehearsal import Rehearsal

Document = dict[str, Any]
Operation = Literal["create", "update", "replace", "delete", "import", "forget", "option"]
"""`forget`: it leaves the state and stays in the world. `option`: nothing in the world, only the engine's own flags."""

UNKNOWN = "[known after the update]"

UNCOVERED = "[no longer secret]"
"""Replaces a value that was a secret until now, because a report must not be the first to show it."""


class Absent:
    """Stands for a property that is not there."""

    def __repr__(self) -> str:
        return "[absent]"


ABSENT = Absent()


class Shown(NamedTuple):
    """How an operation is shown: its sign, its colour in a terminal, and the words after a count of it."""

    sign: str
    colour: str
    counted: str


OPERATIONS: Mapping[Operation, Shown] = {
    "create": Shown("+", "green", "to create"),
    "update": Shown("~", "cyan", "to update"),
    "replace": Shown("±", "yellow", "to replace"),
    "delete": Shown("−", "red", "to delete"),  # noqa: RUF001 - a minus sign
    "import": Shown("↓", "green", "to import"),
    "forget": Shown("…", "dim", "to leave the state"),
    "option": Shown("○", "dim", "with other protection"),
}
"""In the order of reports."""


@dataclass(frozen=True)
class Property:
    """One property that changes, or that a new or deleted resource has."""

    path: str
    """`health.path`, `domains[0]`; an engine's option is `option protect`."""
    before: Any
    """Plain JSON, `[secret]`, or ABSENT."""
    after: Any
    """Plain JSON, `[secret]`, `[known after the update]`, or ABSENT."""
    forces: bool = False
    """Whether this property forces the replacement."""

    @property
    def secret(self) -> bool:
        """Whether either side is a secret."""
        return MASK in (self.before, self.after)

    @property
    def values(self) -> tuple[Any, Any]:
        """Before and after."""
        return self.before, self.after

    def document(self) -> Document:
        """As JSON; what is absent is left out."""
        found: Document = {"path": self.path, "forces_replacement": self.forces}
        for name, value in (("before", self.before), ("after", self.after)):
            if not isinstance(value, Absent):
                found[name] = value
        return found


@dataclass(frozen=True)
class Change:
    """What happens to one resource."""

    urn: str
    type: str
    operation: Operation
    properties: tuple[Property, ...] = ()
    deletes_first: bool = False
    """Whether a replacement deletes the old object before it creates the new one."""
    leftover: bool = False
    """Whether it deletes what an earlier, unfinished replacement left behind."""
    protected: tuple[bool, bool] = (False, False)
    """Whether the engine refuses to delete it: before and after."""
    before: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)
    """Its inputs before the update."""
    after: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)
    """Its inputs after the update."""

    @property
    def name(self) -> str:
        """Its name in the program."""
        return Urn.parse(self.urn).name

    @property
    def kind(self) -> str:
        """The last part of its type: `ProjectDomain`."""
        return self.type.rpartition(":")[2]

    @property
    def sign(self) -> str:
        """As its operation is shown."""
        return OPERATIONS[self.operation].sign

    @property
    def forced_by(self) -> tuple[str, ...]:
        """The properties that force the replacement."""
        return tuple(each.path for each in self.properties if each.forces)

    def of(self, path: str) -> Property | None:
        """The property with that path, where it changes."""
        return next((each for each in self.properties if each.path == path), None)


@dataclass(frozen=True)
class Violation:
    """A policy's violation by a resource."""

    urn: str
    policy: str
    level: str
    """`mandatory` or `advisory`."""
    message: str

    def __str__(self) -> str:
        """The policy, and what it says."""
        return f"{self.policy}: {self.message}"


@dataclass(frozen=True)
class Resource:
    """A resource that the plan knows, changed or not."""

    urn: str
    parent: str
    depends_before: frozenset[str]
    depends_after: frozenset[str]
    operation: Operation | Literal["same"]
    id: str = ""
    """The provider's id, where it exists already."""
    before: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)
    """Its inputs before the update; empty if it does not exist yet."""
    after: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)
    """Its inputs after the update; empty if it is deleted."""


@dataclass(frozen=True)
class Plan:
    """What an update of a stack would do."""

    stack: str
    changes: tuple[Change, ...]
    resources: Mapping[str, Resource]
    """Every resource that the engine reached, by URN."""
    unchanged: int
    violations: tuple[Violation, ...] = ()
    errors: tuple[str, ...] = ()
    """Why the preview did not finish; empty if it did."""
    warnings: tuple[str, ...] = ()
    users: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """By existing database in which it creates a grant to PUBLIC: the logins that use it and are not declared."""

    needs: Mapping[str, str] = field(default_factory=dict[str, str])
    """By migration, which kept releases may need what it takes, or break."""
    locks: Mapping[str, str] = field(default_factory=dict[str, str])
    """By migration, which large table it holds up and for what."""
    rehearsals: tuple[Rehearsal, ...] = ()
    """What was seen of its migrations on a copy, by database."""

    @property
    def complete(self) -> bool:
        """Whether the preview finished."""
        return not self.errors

    @cached_property
    def _by_type(self) -> Mapping[str, list[Resource]]:
        found: dict[str, list[Resource]] = defaultdict(list)
        for each in self.resources.values():
            found[Urn.parse(each.urn).type].append(each)
        return found

    def of_type(self, type_: str) -> Sequence[Resource]:
        """Every resource of a type that the engine reached."""
        return self._by_type.get(type_, ())

    @property
    def refused(self) -> list[Violation]:
        """What mandatory policies refuse."""
        return [each for each in self.violations if each.level == "mandatory"]

    @cached_property
    def removed_first(self) -> tuple[Change, ...]:
        """The variables that go before the engine starts: it deletes last, and a deployment would get them."""
        built = {
            each.after.get(PROJECT_ID)
            for each in self.changes
            if each.type == kinds.DEPLOYMENT and each.operation in {"create", "replace"}
        }
        return tuple(
            each
            for each in self.changes
            if (each.type, each.operation, each.leftover) == (kinds.VARIABLE, "delete", False)
            and each.before.get(PROJECT_ID) in built
            and "production" in texts(each.before.get("targets"))
        )

    def counts(self) -> dict[Operation, int]:
        """How many changes there are of each operation, in a fixed order, without zeroes."""
        found = Counter(change.operation for change in self.changes)
        return {each: found[each] for each in OPERATIONS if each in found}
