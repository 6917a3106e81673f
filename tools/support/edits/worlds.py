"""The worlds that an edit starts from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from support import mutations
from support.by_hand import CHANGES
from support.mutations import OWNER, World

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from support.program import Instance

NEW = "5" * 40
STACK = "prod"


@dataclass(frozen=True)
class Start:
    """One world."""

    kind: str
    name: str
    make: Callable[[Instance], Any] = field(repr=False)

    def __str__(self) -> str:
        return f"{self.kind}: {self.name}"


def _by_hand(number: int) -> Start:
    change = CHANGES[number]
    return Start("by hand", f"{change.vendor}: {change.what}", lambda instance: change.make(World(instance)))


def _other_owner(instance: Instance) -> None:
    World(instance).sql("alter schema public owner to postgres", superuser=True)


def _with_data(instance: Instance) -> None:
    World(instance).sql(
        *mutations.MIGRATION,
        "create table backoffice.held (id int)",
        "create table shop.places (at extensions.vector(3))",
        role=OWNER,
        superuser=True,
    )


def _releases(instance: Instance) -> None:
    """A second release is live, and the first is kept."""
    instance.run("parity", "release", STACK, "shop", "--commit", NEW, "--live", "--up", "--yes").ok()


def _one_behind(instance: Instance) -> None:
    """The state is that of the update before the last."""
    files = list(instance.local.layout.backend.glob(f".pulumi/stacks/*/{STACK}.json"))
    kept = {each: each.read_bytes() for each in files}
    _releases(instance)
    for path, content in kept.items():
        path.write_bytes(content)


def _failed(service: str, method: str, number: int, when: str) -> Start:
    def make(instance: Instance) -> None:
        """An update of something else ends at one of its changing calls, which was done or was not."""
        client = instance.local.client()
        client.add_fault(service=service, method=method, nth=number, status=400, when=when)
        instance.run("parity", "release", STACK, "shop", "--commit", NEW, "--live", "--up", "--yes")
        client.clear_faults()

    return Start("after a failed update", f"{service} {method} {number}, {when}", make)


FAILING = (("vercel", "POST", 1), ("vercel", "POST", 2), ("github", "PATCH", 1))
"""The changing calls of an update that builds and switches: the build, the switch, and the release's number."""


def chosen(random: Random) -> Start:
    """A world: a kind by chance, then one of it."""
    kinds: tuple[Callable[[], Start], ...] = (
        lambda: Start("as the last update left it", "", lambda _: None),
        lambda: _by_hand(random.randrange(len(CHANGES))),
        lambda: Start("with data", "tables in each schema", _with_data),
        lambda: Start("an older server", "`public` belongs to another role", _other_owner),
        lambda: Start("two releases", "the second is live", _releases),
        lambda: Start("a state that is one update behind", "", _one_behind),
        lambda: _failed(*random.choice(FAILING), random.choice(("before", "after"))),
    )
    return random.choice(kinds)()
