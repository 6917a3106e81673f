"""Shows people what recover found, decided and did."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rich.markup import escape

from parity.inventory import domain_health
from parity.recover.model import KINDS
from parity.resources.urn import short_urn

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from parity.console import Screen
    from parity.recover.lock_owner import LockOwner, Running
    from parity.recover.model import Decision, Plan, Recovered


_SHOWN = 12
"""Changes of the next `up` that are shown one by one."""


def show(screen: Screen, done: Recovered, *, plan: bool) -> None:
    """Print it to standard output."""

    def say(text: str) -> None:
        screen.out.print(text, soft_wrap=True)

    if not done.todo:
        say(f"Nothing to recover: {done.declared} resources of {escape(done.stack)} are as recorded.")
    for line in decisions(done.plan):
        say(escape(line))
    if done.read:
        say("read (recorded and not declared: their providers read them)")
        for urn in done.read:
            say(escape(f"  {short_urn(urn)}"))
    if done.unfinished:
        undecided = ", once the manual decisions are made" if done.plan.of("manual") else ""
        say(f"close (updates without an end in the ledger: they are recorded as killed{undecided})")
        for each in done.unfinished:
            say(escape(f"  {each}"))
    for each in done.plan.unmanaged:
        say(escape(f"left alone, not declared: {each}"))
    if plan:
        if done.todo:
            say(f"Nothing was changed. To do it: parity recover {escape(done.stack)}")
    else:
        for line in _next(done):
            say(escape(line))
    say(escape(f"Live now: {domain_health.sentence(done.live)}"))


def decisions(plan: Plan) -> Iterator[str]:
    """Every difference between recorded and live state, by kind of decision."""
    for kind in ("import", "drop-from-state", "refresh", "delete", "manual"):
        chosen = plan.of(kind)
        if chosen:
            yield f"{kind} ({KINDS[kind][1]})"
            yield from (_line(each) for each in chosen)


def _line(decision: Decision) -> str:
    text = f"  {short_urn(decision.urn)}: {decision.why}"
    if decision.id and decision.kind in {"import", "delete"}:
        text += f" ({decision.id})"
    if decision.unread:
        text += f"; the next `up` writes its {' and '.join(decision.unread)} again, which no API shows"
    return f"{text}\n    to do: {decision.remedy}" if decision.remedy else text


def _next(done: Recovered) -> list[str]:
    if done.refused:
        return [f"The next `up` would be refused: {done.refused}"]
    if done.next is None:
        return []
    if not done.next:
        return ["The next `up` changes nothing."]
    counts = Counter(operation for operation, _ in done.next)
    shown = [f"  {operation} {short_urn(urn)}" for operation, urn in done.next[:_SHOWN]]
    more = len(done.next) - len(shown)
    rest = [f"  and {more} more: pulumi preview --stack {done.stack}"] if more else []
    counted = ", ".join(f"{count} {operation}" for operation, count in counts.items())
    return [f"The next `up` will do {counted}:", *shown, *rest]


def counts(plan: Plan) -> str:
    """How many decisions of each kind, in words."""
    counts = Counter(each.kind for each in plan.decisions)
    return ", ".join(f"{counts[kind]} {word}" for kind, (word, _) in KINDS.items() if counts[kind])


def writers(holders: Sequence[LockOwner], ended: Sequence[Running]) -> str:
    """Which other writers were found, in words."""
    parts = [f"lock of {each.lock}: {each.why}" for each in holders]
    parts += [f"{each.name} outlived its engine" for each in ended]
    return "; ".join(parts) or "no lock, no plugin without an engine"
