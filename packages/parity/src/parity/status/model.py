"""The status of a project: plain data, which the terminal, JSON and the page show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parity.resources.kind import Concern

Health = Literal["healthy", "failing", "unknown", "nothing live"]
Running = Literal["none", "running", "interrupted", "unknown"]

GRAVE: tuple[Concern, ...] = ("served", "rights", "secrets")
"""Concerns of drift that a person has to see at once."""


@dataclass(frozen=True)
class Unknown:
    """What could not be found out."""

    what: str
    why: str
    command: str = ""
    """The command that finds out; empty where none can."""


@dataclass(frozen=True)
class Link:
    """A text, and where it leads; `url` is empty where it leads nowhere."""

    text: str
    url: str = ""


@dataclass(frozen=True)
class Kept:
    """A kept release."""

    release: str
    commit: str
    """40 hex digits."""
    state: str
    """Vercel's state of its deployment; `NOT DEPLOYED` where it has none, `UNKNOWN` where Vercel was not asked."""
    image: str = ""
    """The digest of the image that it was built to; empty where it is no container, or where that is not known."""


@dataclass(frozen=True)
class Application:
    """One application of one stack."""

    name: str
    live: str | None
    """The release that its stack's file says is live."""
    commit: str
    """40 hex digits; empty where nothing is live."""
    subject: str
    """The first line of the commit's message; empty where it is not known."""
    commit_url: str
    pull_request: Link | None
    since: datetime | None
    """When it became live, as the record has it; None where no record of these does."""
    built: datetime | None
    """When its deployment was made."""
    health: Health
    faults: tuple[str, ...]
    """Why it is failing."""
    domains: tuple[str, ...]
    """Those that serve it and do not redirect."""
    kept: tuple[Kept, ...]
    behind: str = ""
    """The stack before this one, where another commit is live there."""
    rolls: str = ""
    """How far the live release is among its users; empty where all have it."""

    @property
    def image(self) -> str:
        """The digest of the live release's image; empty where it is no container, or where that is not known."""
        return next((each.image for each in self.kept if each.release == self.live), "")


@dataclass(frozen=True)
class Drift:
    """What the last audit found."""

    time: datetime
    counts: Mapping[Concern, int]
    """Findings that count, by what they touch, the gravest first."""
    unread: int
    """Reads that failed: while there is one, the stack is not known to be clean."""
    source: str
    """What keeps the report."""

    @property
    def grave(self) -> int:
        """How many findings touch what users are served, rights or secrets."""
        return sum(self.counts.get(each, 0) for each in GRAVE)


@dataclass(frozen=True)
class Parity:
    """What the proof says of a stack and the one before it."""

    other: str
    clean: bool
    said: str
    """The verdict, one sentence."""


@dataclass(frozen=True)
class Operation:
    """One update, as the record has it."""

    id: str
    stack: str
    command: str
    started: datetime
    seconds: float | None
    result: str
    actor: str
    why: str
    moves: tuple[str, ...]
    """From which release to which each application went."""
    links: tuple[Link, ...]
    """Commit, pull request and run, those that are known."""


@dataclass(frozen=True)
class Held:
    """A hold: the stack, or an application of it, does not go forward."""

    what: str
    """The application; the stack's name where all of it is held."""
    said: str
    """Who holds it, since when, until when and why."""
    command: str
    """What lifts it."""


@dataclass(frozen=True)
class Stack:
    """One stack."""

    name: str
    promotes_from: str | None
    applications: tuple[Application, ...] = ()
    drift: Drift | None = None
    parity: Parity | None = None
    running: Running = "unknown"
    running_why: str = ""
    """Who runs the update, or what shows that it was interrupted."""
    holds: tuple[Held, ...] = ()
    ending: tuple[str, ...] = ()
    """What ends within two weeks: exceptions."""
    operations: tuple[Operation, ...] = ()
    """Newest first."""
    unknown: tuple[Unknown, ...] = ()


@dataclass(frozen=True)
class Waiting:
    """What waits for an approval or for its turn."""

    what: str
    stack: str
    """Empty where it does not name one."""
    link: Link


@dataclass(frozen=True)
class Need:
    """What a person has to do something about."""

    stack: str
    what: str
    command: str


@dataclass(frozen=True)
class Status:
    """All that was read."""

    project: str
    time: datetime
    """When it was read, UTC."""
    stacks: tuple[Stack, ...]
    """In the order of promotion."""
    waiting: tuple[Waiting, ...] = ()
    ending: tuple[str, ...] = ()
    """What ends within two weeks and belongs to no stack: tokens, and logins at the database servers."""
    unknown: tuple[Unknown, ...] = ()

    @property
    def operations(self) -> tuple[Operation, ...]:
        """Of all stacks, newest first."""
        found = (each for stack in self.stacks for each in stack.operations)
        return tuple(sorted(found, key=lambda each: each.started, reverse=True))

    @property
    def unknowns(self) -> tuple[tuple[str, Unknown], ...]:
        """All that could not be found out, with the stack; empty where it belongs to none."""
        of_stacks = ((stack.name, each) for stack in self.stacks for each in stack.unknown)
        return (*(("", each) for each in self.unknown), *of_stacks)


def ago(then: datetime, now: datetime) -> str:
    """How long before, in the greatest unit that fits: `4 min`, `3 h`, `12 d`."""
    seconds = max(0, int((now - then).total_seconds()))
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def shown(time: datetime) -> str:
    """A time for people, with its zone."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
