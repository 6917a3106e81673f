"""Watches releases after their switch, or through their stages: a bad one goes back by one call, and is held."""

from __future__ import annotations

import asyncio
import itertools
import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from parity.backend import holds, this_host, watches
from parity.backend.ledger import identity_of
from parity.backend.stack_backend import open_backend, provenance
from parity.errors import ParityError, RefusedError, UnreadError, WatchError
from parity.releases import evidence, going_back, observing
from parity.vendors.http import VendorError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from parity.backend.holds import Hold
    from parity.backend.ledger import Ledger
    from parity.backend.notes import Note
    from parity.config.parameters import Watch
    from parity.console import Screen
    from parity.evaluate.stack import Stack
    from parity.releases.evidence import Comparison, Counts
    from parity.releases.observing import Observed, Observer

PASSED, WENT_BACK, HELD, SUPERSEDED, UNREAD = "passed", "went back", "held", "superseded", "unread"

_FOUND = "found it bad: "
"""What a hold's reason says between the watch that set it and why."""


def _mark(note: Note) -> str:
    """How the reason of a hold begins that the watch of a release set."""
    return f"the watch of {note.begin['release']} "


@dataclass(frozen=True)
class Ended:
    """How one watch ended."""

    application: str
    release: str
    result: str
    """`passed`; `went back` or `held` of a bad one; `superseded` where it is not live, or not declared to be watched,
    any more; `unread` where its counts could not be read."""
    why: str
    seconds: float
    """From the beginning of the watch to its end."""
    to: str | None = None
    """The release that is live after it went back."""

    def document(self) -> dict[str, Any]:
        """For `--json`, the ledger and the watch's own record."""
        found = {"application": self.application, "release": self.release, "verdict": self.result, "why": self.why}
        return {**found, "to": self.to, "seconds": round(self.seconds, 1)}

    def __str__(self) -> str:
        """One sentence."""
        what = {
            PASSED: "was watched to its end and is good",
            WENT_BACK: f"is bad and went back to {self.to}, which is live; {self.application} is held",
            HELD: f"IS BAD AND STILL LIVE; {self.application} is held",
            SUPERSEDED: "is not live any more, or is not to be watched any more",
            UNREAD: "answered well, and its errors are not known",
        }[self.result]
        return f"{self.release} of {self.application} {what}" + (f": {self.why}" if self.why else "")


@dataclass(frozen=True)
class Clock:
    """The time; a test gives its own."""

    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    sleep: Callable[[float], None] = time.sleep


def watch(
    stack: Stack,
    screen: Screen,
    *,
    update: str | None = None,
    clock: Clock | None = None,
    observer: Callable[[Stack, Note], Observer | None] = observing.observer,
) -> list[Ended]:
    """Watch each release of the stack of which the watch has no end, or only what the update of a record made live.

    `observer` gives what asks about a release; None where it is not live any more.
    """
    ledger = open_backend(stack).ledger
    if ledger is None or update == "":
        return []
    found = watches.notes(ledger.store, ledger.project, ledger.stack).unfinished()
    chosen = [each for each in found if update is None or each.begin["update"] == update]
    return _Watching(stack, screen, ledger, clock or Clock(), observer).all(chosen)


def require(stack: str, ended: Sequence[Ended]) -> None:
    """Raise WatchError where a release was bad, UnreadError where its errors are not known; after all was done."""
    bad = [each for each in ended if each.result in {WENT_BACK, HELD}]
    if bad:
        raise WatchError(
            "\n".join(map(str, bad)),
            where=", ".join(f"{stack}, {each.application}" for each in bad),
            remedy="; ".join(_remedy(stack, each) for each in bad),
        )
    unread = [each for each in ended if each.result == UNREAD]
    if unread:
        raise UnreadError(
            "\n".join(map(str, unread)),
            where=", ".join(f"{stack}, {each.application}" for each in unread),
            remedy=f"see that `counts` under `watch` in Pulumi.{stack}.yaml answers as docs/watch.md says",
        )


def _remedy(stack: str, ended: Ended) -> str:
    lift = holds.lift_command(stack, ended.application)
    if ended.result == HELD:
        return f"go back, or forward with a correction: `parity releases {stack} {ended.application}`; then `{lift}`"
    back = f"parity rollback {stack} {ended.application} --to {ended.to} --unchecked"
    return f"record it on main: `{back}` there, --pull-request makes one; correct the release; then `{lift}`"


@dataclass(frozen=True)
class _Watching:
    stack: Stack
    screen: Screen
    ledger: Ledger
    clock: Clock
    observer: Callable[[Stack, Note], Observer | None]

    def all(self, notes: Sequence[Note]) -> list[Ended]:
        """All at once, each to its end."""
        under_way: list[_One] = []
        ended: list[Ended] = []
        for note in notes:
            found = self.observer(self.stack, note)
            if found is None:
                ended.append(self._left_behind(note))
            else:
                under_way.append(_One(note, found, _Judge(found.watch), self.clock.now()))
        if not under_way:
            return ended
        with self.screen.step(f"Watch {', '.join(watches.name_of(each.note) for each in under_way)}") as step:
            while under_way:
                step.waiting("; ".join(each.text(self.clock.now()) for each in under_way))
                for each, verdict in zip(tuple(under_way), self._ask(under_way), strict=True):
                    if verdict is not None:
                        under_way.remove(each)
                        ended.append(self._ended(each, *verdict))
                if under_way:
                    self.clock.sleep(min(each.observer.watch.interval_seconds for each in under_way))
            step.done("; ".join(f"{each.release} of {each.application} {each.result}" for each in ended))
        return ended

    def _left_behind(self, note: Note) -> Ended:
        """The end of the watch of a release that is not live: it had gone back where this watch holds its application.

        What went back may have died before it recorded it.
        """
        held = next((each for each in self._holds(note) if each.since >= note.began), None)
        if held is None:
            return self._end(note, SUPERSEDED, "", 0)
        why = held.why.partition(_FOUND)[2]
        seconds = (held.since - note.began).total_seconds()
        try:
            to = going_back.finish(self.stack, self.screen, note, why)
        except RefusedError as error:
            return self._end(note, SUPERSEDED, error.what, seconds)
        return self._end(note, WENT_BACK, why, seconds, to)

    def _holds(self, note: Note) -> list[Hold]:
        """The holds that stand and that a watch of this release set."""
        found = holds.holds(self.ledger.store, self.ledger.project, self.stack.name)
        mark = f"{_mark(note)}{_FOUND}"
        return [each for each in found if each.application == note.begin["application"] and each.why.startswith(mark)]

    def _ask(self, under_way: Sequence[_One]) -> list[tuple[str, str] | None]:
        async def every() -> list[tuple[str, str] | None]:
            return list(await asyncio.gather(*(each.ask(self.clock.now()) for each in under_way)))

        return asyncio.run(every())

    def _ended(self, one: _One, result: str, why: str) -> Ended:
        seconds = (self.clock.now() - one.began).total_seconds()
        if result == UNREAD and one.stage is not None:
            # It stays at its stage, and its watch without an end: the next one takes it up.
            return Ended(str(one.note.begin["application"]), str(one.note.begin["release"]), result, why, seconds)
        if result != HELD:
            return self._end(one.note, result, why, seconds)
        self.screen.err.print(f"{watches.name_of(one.note)} is bad: {why}", soft_wrap=True, markup=False)
        self._hold(one.note, why)
        try:
            to = going_back.go(self.stack, self.screen, one.note, why)
        except ParityError as error:
            if self._left(one.note):
                to = str(one.note.begin["before"])
                return self._end(one.note, WENT_BACK, f"{why}; not recorded yet: {error.what}", seconds, to)
            return self._end(one.note, HELD, f"{why}. It does not go back by itself: {error.what}", seconds)
        return self._end(one.note, WENT_BACK, why, seconds, to)

    def _left(self, note: Note) -> bool:
        """Whether the release is known not to be live any more: the switch was made before what failed."""
        try:
            return self.observer(self.stack, note) is None
        except ParityError:
            return False

    def _hold(self, note: Note, why: str) -> None:
        """Hold the application, before anything else: what dies after this goes no further. Once for each watch."""
        if not self._holds(note):
            store, project, application = self.ledger.store, self.ledger.project, str(note.begin["application"])
            who = this_host.actor(self.stack.pulumi.environment)
            text = f"{_mark(note)}{_FOUND}{why}"
            holds.hold(store, project, self.stack.name, application=application, who=who, why=text, until=None)

    def _end(self, note: Note, result: str, why: str, seconds: float, to: str | None = None) -> Ended:
        """Record the end: in the ledger among the updates, which names the watch, and then of the watch itself.

        So a death between the two loses none, and the next one finds that it is in the ledger.
        """
        ended = Ended(str(note.begin["application"]), str(note.begin["release"]), result, why, seconds, to)
        who = this_host.actor(self.stack.pulumi.environment)
        notes = watches.notes(self.ledger.store, self.ledger.project, self.ledger.stack)
        if not self._in_ledger(note):
            now = datetime.now(UTC)
            facts = {**provenance(self.stack, "watch"), **ended.document(), "why": str(ended), "watch": note.id}
            identity = identity_of(now, secrets.token_hex(4))
            self.ledger.found(identity, now, now, {**facts, "result": "succeeded", "code": 0})
        notes.end(note.id, {"who": who, **ended.document()})
        return ended

    def _in_ledger(self, note: Note) -> bool:
        began = identity_of(note.began, "")
        later = itertools.takewhile(lambda each: each.id >= began, self.ledger.newest())
        return any(each.begin.get("watch") == note.id for each in later)


@dataclass
class _Judge:
    """What was seen of one release so far."""

    watch: Watch
    before: Counts | None = None
    """Of the release before; None until it was read, and where there is none or no URL for counts."""
    counts: Counts | None = None
    """The newest of the release itself."""
    unread: str = ""
    """Why the counts could not be read the last time; empty where they were."""
    unread_before: str = ""
    """The same of the release before."""
    _in_a_row: dict[str, int] = field(default_factory=dict[str, int])
    _comparison: Comparison | None = None

    def compare(self, before: Counts, *, meanwhile: bool) -> None:
        """Take the counts of the release before, once, or each time where both have users."""
        self.before, watch = before, self.watch
        self._comparison = evidence.compare(before, watch.least_difference, watch.false_aborts, meanwhile=meanwhile)

    def unhealthy(self, faults: Mapping[str, str]) -> str:
        """Take what is wrong with each domain's answer; why the release is bad, empty where it is not."""
        for name, fault in faults.items():
            self._in_a_row[name] = self._in_a_row.get(name, 0) + 1 if fault else 0
        bad = [
            f"https://{name} {faults[name]}, {count} times in a row"
            for name, count in self._in_a_row.items()
            if count >= self.watch.unhealthy_answers
        ]
        return "; ".join(bad)

    def worse(self, seen: Observed) -> str:
        """Take its counts since the switch; why the release is bad, empty where it is not."""
        if seen.counts is None:
            self.unread = seen.unread
            return ""
        self.counts, self.unread = seen.counts, ""
        if self._comparison is None or not self._comparison.is_worse(seen.counts):
            return ""
        return f"{seen.counts}; of the release before: {self.before}"


@dataclass
class _One:
    """One watch under way."""

    note: Note
    observer: Observer
    judge: _Judge
    began: datetime
    stage: int | None = None
    """Of the release's users, from 0; None where all have it, as far as Vercel could be asked."""
    since: datetime = field(init=False)
    """When the stage began, or when all had it."""
    _approved: int | None = None
    _completing: bool = False
    """Whether all users were asked for, and Vercel did not say yet that they have it."""

    def __post_init__(self) -> None:
        """Begin now."""
        self.since = self.began

    @property
    def _until(self) -> datetime:
        watch = self.observer.watch
        minutes = watch.minutes if self.stage is None else watch.stages[min(self.stage, len(watch.stages) - 1)].minutes
        return self.since + timedelta(minutes=minutes)

    def text(self, now: datetime) -> str:
        """What is known so far."""
        known = str(self.judge.counts) if self.judge.counts else "answers"
        known += "" if self.stage is None else f", stage {self.stage + 1} of {len(self.observer.watch.stages)}"
        left = max(0.0, (self._until - now).total_seconds())
        return f"{watches.name_of(self.note)}: {known}, {left / 60:.0f} min left"

    async def ask(self, now: datetime) -> tuple[str, str] | None:
        """Ask once; how the watch ends and why, None where it goes on."""
        observer, judge = self.observer, self.judge
        if observer.compares and (judge.before is None or observer.watch.stages):
            await self._read_before(now)
        seen = await observer.ask(self.note.began, now)
        self._follow(seen, now)
        if seen.served and seen.served != observer.deployment and not (self._completing and now < self._until):
            return SUPERSEDED, f"deployment {seen.served} is live"
        bad = judge.unhealthy(seen.faults) or judge.worse(seen)
        if bad:
            return HELD, bad
        if now < self._until:
            return None
        unread = judge.unread or judge.unread_before
        if observer.watch.stages:
            return await self._end_of_stage(seen, unread, now)
        return (UNREAD, unread) if unread else (PASSED, str(judge.counts or ""))

    def _follow(self, seen: Observed, now: datetime) -> None:
        """Note a stage that began; where Vercel could not be asked, it is taken for the last known one."""
        if not seen.served:
            return
        stage = seen.roll.stage if seen.roll else None
        if stage != self.stage:
            self.stage, self.since = stage, now
        if seen.roll is None and seen.served == self.observer.deployment:
            self._completing = False

    async def _end_of_stage(self, seen: Observed, unread: str, now: datetime) -> tuple[str, str] | None:
        """Go on to the next stage, once; what is not known, or not done, has as long as the watch itself."""
        if not unread and seen.served and seen.roll is None:
            return PASSED, str(self.judge.counts or "")
        fault = unread or ("" if seen.served else "Vercel does not say how many users have it")
        if not fault and seen.roll and self._approved != seen.roll.stage:
            self._completing = seen.roll.last
            try:
                await self.observer.advance(seen.roll)
                self._approved = seen.roll.stage
            except VendorError as error:
                fault = str(error)
        if now < self._until + timedelta(minutes=self.observer.watch.minutes):
            return None
        return UNREAD, f"{fault or 'the next stage does not begin'}; it is {seen.roll or 'not known to roll'}"

    async def _read_before(self, now: datetime) -> None:
        """What the release before answered: until this one could be live, or meanwhile, where both have users."""
        began, meanwhile = self.note.began, bool(self.observer.watch.stages)
        start = began if meanwhile else began - timedelta(minutes=self.observer.watch.minutes_before)
        seen = await self.observer.before(start, now if meanwhile else began)
        if seen.counts is not None:
            self.judge.compare(seen.counts, meanwhile=meanwhile)
        self.judge.unread_before = seen.unread
