"""What the engine has recorded of a stack: the resources of its state, and the operations that did not end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from parity.documents import Document, mapping, rows, texts
from parity.resources import kinds
from parity.resources.urn import Urn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True)
class Recorded:
    """One resource as the state has it."""

    urn: str
    type: str
    id: str
    """The provider's id; empty for a component."""
    parent: str
    inputs: Mapping[str, Any] = field(repr=False)
    """Secrets as the export has them: sealed, or in the clear where it was asked to show them."""
    outputs: Mapping[str, Any] = field(repr=False)
    dependencies: frozenset[str]
    provider: str
    """`<urn>::<id>` of the provider, or empty."""
    custom: bool
    protect: bool
    delete: bool
    """Replaced already, and to be deleted by the next update."""
    errors: tuple[str, ...]
    """Why it is only half made (`initErrors`); empty where it is complete."""
    document: Mapping[str, Any] = field(repr=False)
    """The complete record, as the export has it."""

    @property
    def name(self) -> str:
        """Its name in the program."""
        return Urn.parse(self.urn).name

    @property
    def only_recorded(self) -> bool:
        """Whether it stands for nothing outside the record: a provider, a component, the stack's own resource."""
        return self.type.startswith("pulumi:providers:") or not self.custom


@dataclass(frozen=True)
class Pending:
    """An operation that was begun and of which no end is recorded: only an engine that died leaves one."""

    operation: str
    """`creating`, `updating`, `deleting`, `reading` or `importing`."""
    resource: Recorded


@dataclass(frozen=True)
class State:
    """A stack's state."""

    resources: tuple[Recorded, ...]
    """In the state's own order, each after what it depends on; one URN may stand twice while a replacement goes on."""
    pending: tuple[Pending, ...]
    document: Mapping[str, Any] = field(repr=False)
    """The complete export, as `pulumi stack import` takes it."""

    def projects(self) -> dict[str, str]:
        """The ids of Vercel's projects by URN."""
        return {each.urn: each.id for each in self.resources if each.type == kinds.PROJECT and not each.delete}

    def called(self, type_: str, name: str) -> Recorded | None:
        """The resource that now has this type and name in the program."""
        found = (each for each in self.resources if each.type == type_ and each.name == name and not each.delete)
        return next(found, None)

    def of(self, urn: str) -> Recorded | None:
        """The resource that now has this URN; what waits to be deleted is none."""
        return next((each for each in self.resources if each.urn == urn and not each.delete), None)


def parse(document: Mapping[str, Any], mask: Callable[[str], str] = str) -> State:
    """The state in the document that `pulumi stack export` gives (version 3).

    Args:
        document: the export.
        mask: takes secrets out of what a provider said of a resource that it half made.
    """
    deployment = mapping(document.get("deployment"))
    recorded = rows(deployment.get("resources"))
    operations = rows(deployment.get("pending_operations"))
    return State(
        resources=tuple(_recorded(row, mask) for row in recorded),
        pending=tuple(Pending(str(each["type"]), _recorded(each["resource"], mask)) for each in operations),
        document=document,
    )


def _recorded(row: Document, mask: Callable[[str], str]) -> Recorded:
    return Recorded(
        urn=str(row["urn"]),
        type=str(row["type"]),
        id=str(row.get("id") or ""),
        parent=str(row.get("parent") or ""),
        inputs=mapping(row.get("inputs")),
        outputs=mapping(row.get("outputs")),
        dependencies=frozenset(texts(row.get("dependencies"))),
        provider=str(row.get("provider") or ""),
        custom=bool(row.get("custom")),
        protect=bool(row.get("protect")),
        delete=bool(row.get("delete")),
        errors=tuple(mask(each) for each in texts(row.get("initErrors"))),
        document=row,
    )
