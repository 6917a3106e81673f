"""The descriptor of one kind of resource, and the natural key that it defines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Key = tuple[str, ...]
"""A natural key: the container's name first, then the object's own, as `("shop-prod", "DATABASE_URL")`."""

Concern = Literal["served", "rights", "secrets", "rest"]
"""What a difference touches: who is served what, who may change it, secrets, or the rest."""

VENDORS = {
    "vercel": "Vercel",
    "parity": "Vercel",
    "parity:index:Migration": "PostgreSQL",
    "github": "GitHub",
    "postgresql": "PostgreSQL",
}
"""The vendor by provider package, or by type where a package has objects of several."""

PROJECT_ID = "projectId"
"""The input that holds a project's id. A key has the project's name in its place where that is known."""


@dataclass(frozen=True)
class Part:
    """One part of a natural key that is no input as it stands."""

    inputs: tuple[str, ...]
    """The inputs that it is made of."""
    spell: Callable[..., str]
    """Makes the part of these inputs' values, None for one that is not there."""


@dataclass(frozen=True)
class Hidden:
    """A property that no API shows."""

    why: str
    where: str = ""
    """The input that hides it while it is true; empty where it is always hidden."""
    unless_shown: bool = False
    """Whether some answers show it; it is hidden where it is not among the properties."""
    written_again: bool = False
    """Whether an update may write it again although its value is unknown."""


@dataclass(frozen=True)
class Target:
    """One object, as commands about it need it."""

    key: Key
    id: str
    """The vendor's id."""
    facts: Mapping[str, Any]
    """Its properties that are no secret, or what a privilege is about."""
    team: str
    """Vercel's id of the team."""
    repository: str
    """GitHub's `owner/name`."""
    project: str
    """Vercel's id of the project that it is in."""
    application: str = "APP"
    """The application whose project it is in."""
    stack: str = "STACK"


@dataclass(frozen=True)
class Kind:
    """Everything that Parity knows of one kind of resource."""

    type: str
    """The type token: `vercel:index/project:Project`."""
    key: tuple[str | Part, ...]
    """The natural key's parts, each an input by name or a Part."""
    container: str = ""
    """The type of its container, whose key its own key begins with; empty if it has no declared container."""
    managed: bool = True
    """Whether the program may declare it. The inventory only reports the others, as unmanaged."""
    named: bool = True
    """Whether the key is a name that the vendor holds."""
    distinct_by: tuple[str, ...] = ()
    """The properties that distinguish several objects under one key; the one nearest to the declared one is meant."""
    single: bool = False
    """Whether the vendor has just one in each container, declared or not."""
    duplicated: bool = False
    """Whether a creation that is tried again makes a second one."""
    repeatable: bool = False
    """Whether its creation sets a state and may be repeated without a record of it."""
    holds_data: bool = False
    """Whether its loss loses data, or what was built from it."""
    concern: Concern = "rest"
    """What a difference in it touches."""
    concerns: Mapping[str, Concern] = field(default_factory=dict[str, Concern])
    """The same, of properties (by the first part of the path) that touch something else."""
    loss: str = ""
    """What its deletion means, as the gate says it; empty where a deletion passes the gate: it loses nothing, or the
    vendor refuses it while there is something to lose."""
    unguarded: str = ""
    """What may happen again once it is deleted, for the gate; nothing where a replacement takes its place."""
    hidden: Mapping[str, Hidden] = field(default_factory=dict[str, Hidden])
    """What no API shows, by property."""
    secret: frozenset[str] = frozenset()
    """Properties whose value must not be shown."""
    values: tuple[str, ...] = ()
    """Inputs that hold a value of the stack's own, which no other stack may hold."""
    not_real: Mapping[str, str] = field(default_factory=dict[str, str])
    """Inputs that say how the provider works and have no counterpart in the world, with the reason."""
    repeats: frozenset[str] = frozenset()
    """Inputs that say again what another resource declares: two stacks are compared there."""
    usual: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What an object has, by path, where nothing is declared or shown and that is not simply unset: the vendor's own
    defaults."""
    ordered: frozenset[str] = frozenset()
    """Paths of lists whose order decides; every other list is a set."""
    set_once: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Outputs that the provider sets when it creates and never reads: without them the next update would set them."""
    outputs: tuple[str, ...] = ()
    """Outputs that only the provider knows and that the program uses, except the id."""
    computed: Mapping[str, str] = field(default_factory=dict[str, str])
    """Properties (regular expressions) that necessarily differ between stacks because the vendor decides them, with
    the reason."""
    absorbed: bool = False
    """Whether a refresh takes an undeclared property's new value for right, because the provider computes it."""
    written_together: bool = False
    """Whether the vendor takes all its properties together, so that one is written back with all the others."""
    in_access_lists: bool = False
    """Whether its objects are parts of access lists, which are compared as one."""
    why: str = ""
    """What an object of this kind means where it is not declared."""
    declare: Callable[[Target], str] | None = None
    """Says where the program declares such an object; None where no component makes one."""
    remove: Callable[[Target], str] | None = None
    """The command that removes an object; None where there is none."""
    restore: Callable[[Target, str, Any], str] | None = None
    """The command that writes one property back, by its path and right value; empty where there is none."""

    @property
    def name(self) -> str:
        """The last part of the type: `Project`."""
        return self.type.rpartition(":")[2]

    def key_of(self, properties: Mapping[str, Any], project: str = "") -> Key:
        """The natural key of an object, declared or live: one definition for both.

        Properties are in the clear, by the names of inputs. `project` is the name of the Vercel project that it is in;
        without it the project's id stands for it.
        """
        given = {**properties, PROJECT_ID: project} if project else properties
        return tuple(_spelled(part, given) for part in self.key)

    def key_inputs(self) -> frozenset[str]:
        """The inputs that the natural key is made of."""
        return frozenset(name for part in self.key for name in ((part,) if isinstance(part, str) else part.inputs))

    def hidden_in(self, properties: Mapping[str, Any]) -> dict[str, str]:
        """The properties of this object that no API shows, with the reason."""
        return {
            name: each.why
            for name, each in self.hidden.items()
            if (not each.where or properties.get(each.where)) and not (each.unless_shown and name in properties)
        }

    def unread_in(self, inputs: Mapping[str, Any]) -> tuple[str, ...]:
        """The hidden properties of this declared resource that an update may write again."""
        return tuple(name for name in self.hidden_in(inputs) if self.hidden[name].written_again)


def _spelled(part: str | Part, properties: Mapping[str, Any]) -> str:
    if isinstance(part, Part):
        return part.spell(*(properties.get(name) for name in part.inputs))
    return str(properties.get(part) or "")


def package(type_: str) -> str:
    """The provider's package: `vercel` of `vercel:index/project:Project`."""
    return type_.partition(":")[0]


def vendor(type_: str) -> str:
    """The vendor of a type's objects."""
    return VENDORS.get(type_) or VENDORS.get(package(type_), package(type_))
