"""What needs a person now, the most urgent first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity.drift.model import CONCERNS
from parity.status.model import GRAVE, Need

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parity.status.model import Drift, Stack, Status


def needs(status: Status) -> tuple[Need, ...]:
    """Holds, failing health, interrupted updates, grave drift, parity that does not hold, approvals: in this order."""
    kinds = (_held, _failing, _interrupted, _drifted, _different)
    found = [each for kind in kinds for stack in status.stacks for each in kind(stack)]
    approvals = (Need(each.stack, f"{each.what}: {each.link.text}", "") for each in status.waiting)
    return (*found, *approvals)


def _held(stack: Stack) -> Iterator[Need]:
    for each in stack.holds:
        yield Need(stack.name, f"{each.what} is {each.said}", each.command)


def _failing(stack: Stack) -> Iterator[Need]:
    for each in stack.applications:
        if each.health == "failing":
            yield Need(stack.name, f"{each.name} fails: {'; '.join(each.faults)}", f"parity releases {stack.name}")


def _interrupted(stack: Stack) -> Iterator[Need]:
    if stack.running == "interrupted":
        what = f"an update was interrupted: {stack.running_why}"
        yield Need(stack.name, what, f"parity recover {stack.name} --plan")


def _drifted(stack: Stack) -> Iterator[Need]:
    if stack.drift and stack.drift.grave:
        yield Need(stack.name, f"drift: {counted(stack.drift, grave=True)}", f"parity drift {stack.name}")


def _different(stack: Stack) -> Iterator[Need]:
    if stack.parity and not stack.parity.clean:
        command = f"parity check --from {stack.parity.other} --to {stack.name}"
        yield Need(stack.name, f"parity with {stack.parity.other} does not hold: {stack.parity.said}", command)


def counted(drift: Drift, *, grave: bool = False) -> str:
    """The findings by what they touch, the gravest first; `none` where there is none."""
    chosen = [(name, drift.counts.get(name, 0)) for name in CONCERNS if not grave or name in GRAVE]
    return ", ".join(f"{name} {count}" for name, count in chosen if count) or "none"
