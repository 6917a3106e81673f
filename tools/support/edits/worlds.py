"""The worlds that an edit starts from."""

from __future__ import annotations

import subprocess
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crashlab import engine
from support import mutations
from support.by_hand import CHANGES
from support.mutations import OWNER, World

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from support.program import Instance

NEW = "5" * 40
STACK = "prod"
UPDATE = ("parity", "release", STACK, "shop", "--commit", NEW, "--live", "--up", "--yes")


def seed_commit(instance: Instance) -> None:
    """Let GitHub have the commit of the next release."""
    repository = {"owner": "storefront-example", "name": "storefront", "commits": [NEW], "default_branch": "main"}
    instance.local.client().seed({"github": {"organization": "storefront-example", "repositories": [repository]}})


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

    def make(instance: Instance) -> None:
        if change.vendor == "PostgreSQL":
            World(instance).sql(*mutations.MIGRATION, role=OWNER, superuser=True)
        change.make(World(instance))

    return Start("by hand", f"{change.vendor}: {change.what}", make)


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
    instance.run(*UPDATE).ok()


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
        instance.run(*UPDATE)
        client.clear_faults()

    return Start("after a failed update", f"{service} {method} {number}, {when}", make)


def _killed(service: str, method: str, number: int, when: str) -> Start:
    def make(instance: Instance) -> None:
        """The runner dies while one of an update's changing calls is under way, which was done or was not."""
        client, mark = instance.local.client(), uuid.uuid4().hex
        fault = client.add_fault(service=service, method=method, nth=number, when=when, action="hang")["id"]
        environment = {**instance.cold().environment(), engine.MARK: mark}
        with subprocess.Popen(
            UPDATE,
            cwd=instance.project.root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                while not client.fault(fault, seconds=1)["fired"]:
                    assert process.poll() is None, "the update ended before that call"
            finally:
                engine.end(mark)
                client.remove_fault(fault, cut=True)

    return Start("after a killed update", f"{service} {method} {number}, {when}", make)


FAILING = (("vercel", "POST", 1), ("vercel", "POST", 2), ("github", "PATCH", 1))
"""The changing calls of an update that builds and switches: the build, the switch, and the release's number."""


WORLDS: dict[str, Callable[[Random], Start]] = {
    "as the last update left it": lambda _: Start("as the last update left it", "", lambda _: None),
    "by hand": lambda random: _by_hand(random.randrange(len(CHANGES))),
    "with data": lambda _: Start("with data", "tables in each schema", _with_data),
    "an older server": lambda _: Start("an older server", "`public` belongs to another role", _other_owner),
    "two releases": lambda _: Start("two releases", "the second is live", _releases),
    "a state that is one update behind": lambda _: Start("a state that is one update behind", "", _one_behind),
    "after a failed update": lambda random: _failed(*random.choice(FAILING), random.choice(("before", "after"))),
    "after a killed update": lambda random: _killed(*random.choice(FAILING), random.choice(("before", "after"))),
}
"""By kind, what makes one of it."""
