"""One search: kept releases are asked at their own hosts, and what they cannot take apart is stood up in a sandbox."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from parity.bisect import kept as kept_releases
from parity.bisect.kept import Releases
from parity.bisect.search import Answer, Found, NotReproducible, Search
from parity.errors import NotReproducedError, ParityError

if TYPE_CHECKING:
    from parity.backend.ledger import Record
    from parity.bisect.changes import Change, Timeline
    from parity.bisect.probe import Probe
    from parity.bisect.search import State
    from parity.bisect.stand import Sandbox
    from parity.config.settings import Settings
    from parity.console import Screen
    from parity.evaluate.stack import Stack

    Asks = Releases | Sandbox
    """What answers for states."""

RELEASES, SANDBOX = "kept releases at their own hosts", "a sandbox"


@dataclass(frozen=True)
class Outcome:
    """What a search came to."""

    stack: str
    application: str
    causes: tuple[Change, ...]
    """They make the probe fail together, none too many as far as is known; the newest first."""
    needed: frozenset[str]
    """The places of those that are known to be needed; the others could not be taken apart."""
    last_good: Record
    first_bad: Record
    release: str | None
    """The application's live release at the last good operation."""
    where: str
    """What was asked."""
    asked: int
    seconds: float
    changes: int
    """How many changes there were to search among."""
    notes: tuple[str, ...] = ()

    @property
    def apart(self) -> bool:
        """Whether each of them is known to be needed."""
        return self.needed >= {each.place.name for each in self.causes}


@dataclass
class Bisection:
    """A search on a stack's record.

    Args:
        stack: the stack; nothing of it is written.
        application: whose answers the probe judges.
        every: the changes between the good operation and the bad one.
        bad: the bad one's id.
        probe: what is asked.
        screen: shows each step.
    """

    stack: Stack
    application: str
    every: Timeline
    bad: str
    probe: Probe
    screen: Screen
    notes: list[str] = field(default_factory=list[str])
    asked: int = 0
    _left: int = 0

    def run(self, *, releases: bool = True, sandbox: bool = True) -> Outcome:
        """Search.

        Args:
            releases: whether kept releases are asked.
            sandbox: whether states are stood up in a sandbox.

        Raises:
            NotReproducedError: the good operation is not good, or the bad one not bad.
            ParityError: as `Stack.sealed_settings`, `Stack.recorded` and the sandbox's start.
        """
        began = time.monotonic()
        settings = self.stack.sealed_settings()
        outcome: Outcome | None = None
        refused: NotReproducedError | None = None
        if releases:
            try:
                outcome = self._by_releases(settings)
            except NotReproducedError as error:
                refused = error
        if sandbox and (outcome is None or not outcome.apart):
            outcome = self._by_sandbox(settings, outcome, refused)
        if outcome is None:
            raise refused or NotReproducedError("nothing was asked")
        if self.probe.flaky:
            self.notes.append(f"the probe is flaky, it answered in two ways for: {'; '.join(self.probe.flaky)}")
        seconds = round(time.monotonic() - began, 1)
        return replace(outcome, asked=self.asked, seconds=seconds, notes=tuple(self.notes))

    def _by_releases(self, settings: Settings) -> Outcome:
        """Halve the operations by the releases that were live, then take the first bad one's changes apart."""
        kept = kept_releases.read(settings, self.stack.recorded(), self.application)
        own = self.every.only(lambda place: place.application == self.application)
        asks = Releases(own, self.application, kept, self.probe)
        self.notes += [f"{name} cannot be asked: {why}" for name, why in kept.missing.items()]
        low, high = self._reproduced(self._search(own, asks), asks, own)
        part = own.between(_id(own, low), _id(own, high))
        inside = Releases(part, self.application, kept, self.probe, asks.said)
        search = self._search(part, inside)
        for of, state in part.built.items():
            if of[0] == self.application and of[1] in asks.said:
                search.known[state] = asks.said[of[1]][0]
        return self._outcome(own, part, search.run(), RELEASES)

    def _by_sandbox(
        self, settings: Settings, before: Outcome | None, refused: NotReproducedError | None
    ) -> Outcome | None:
        """Search in a sandbox; what kept releases found is given where it shows nothing there."""
        from parity.bisect.files import why_not  # noqa: PLC0415 - what no release takes apart needs it alone
        from parity.bisect.stand import Sandbox  # noqa: PLC0415 - an extra of the package

        reasons = {name: why_not(place, self.every, settings) for name, place in self.every.places.items()}
        for why in dict.fromkeys(filter(None, reasons.values())):
            names = [name for name, each in reasons.items() if each == why]
            self.notes.append(f"in a sandbox this is as in the checkout, because {why}: {', '.join(names)}")
        own = self.every.only(lambda place: not reasons[place.name])
        likely = 0
        if before is not None:
            own = own.between(own.good.id, before.first_bad.id)
            likely = sum(1 for each in own.operations if each.id <= before.last_good.id)
        asks = Sandbox(self.stack.project, settings, self.application, own, self.probe)
        try:
            with ExitStack() as opened:
                with self.screen.step("A sandbox of its own") as step:
                    asks.waiting = step.waiting
                    opened.enter_context(asks)
                return self._in_sandbox(own, asks, likely)
        except ParityError as error:
            if before is None and refused is None:
                raise
            if before is None:
                raise NotReproducedError(
                    f"asked of {RELEASES}: {refused}; of {SANDBOX}: {error.what}",
                    where=error.where,
                    remedy=error.remedy,
                ) from error
            shown = "the probe does not show it" if isinstance(error, NotReproducedError) else "nothing was stood up"
            self.notes.append(f"in a sandbox {shown}: {error.what}")
        return before

    def _in_sandbox(self, own: Timeline, asks: Sandbox, likely: int) -> Outcome:
        search = self._search(own, asks, likely)
        self._reproduced(search, asks, own)
        return self._outcome(own, own, search.run(), SANDBOX)

    def _reproduced(self, search: Search, asks: Asks, own: Timeline) -> tuple[int, int]:
        try:
            return search.halve()
        except NotReproducible as error:
            good = f"the good operation {own.good.id} is {error.good.value} ({asks.how(frozenset())})"
            bad = f"the bad one, {self.bad}, is {error.bad.value} ({asks.how(_last(own))})"
            raise NotReproducedError(
                f"{good}; {bad}",
                where=f"{self.stack.name}, {self.application}",
                remedy=f"name two operations that differ with --good and --bad: `parity log {self.stack.name}`",
            ) from error

    def _search(self, own: Timeline, asks: Asks, likely: int = 0) -> Search:
        def ask(state: State) -> Answer:
            self.asked += 1
            title = f"Step {self.asked} of about {self.asked + self._left}: {asks.name(state)}"
            with self.screen.step(title) as step:
                answer = asks.ask(state)
                step.done(f"{answer.value}, {asks.how(state)}")
            return answer

        def report(done: int, about: int) -> None:
            self._left = about - done

        return Search(own.steps, ask, report, asks.can, likely)

    def _outcome(self, own: Timeline, part: Timeline, found: Found, where: str) -> Outcome:
        last = part.latest(found.first_bad)
        live = part.live[found.last_good].get(self.application)
        return Outcome(
            self.stack.name,
            self.application,
            tuple(last[name] for name in found.causes),
            found.needed,
            part.operations[found.last_good - 1] if found.last_good else part.good,
            part.operations[found.first_bad - 1],
            live,
            where,
            self.asked,
            0,
            len(own.places),
        )


def _id(own: Timeline, count: int) -> str:
    return own.operations[count - 1].id if count else own.good.id


def _last(own: Timeline) -> State:
    return frozenset((name, each.number) for name, each in own.latest(len(own.made)).items() if each.number)
