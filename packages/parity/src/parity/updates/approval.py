"""Asks whether a plan is to be applied: a person in a terminal, else `--yes` or a plan that was approved before."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.markup import escape

from parity.errors import RefusedError, UsageError
from parity.preview import rehearsal_lines, words
from parity.preview.plan import Absent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from parity.console import Screen
    from parity.preview.plan import Change
    from parity.updates.planning import Planned

_ANSWERS = {"y": "yes", "yes": "yes", "n": "no", "no": "no", "": "no", "d": "details", "details": "details"}


@dataclass(frozen=True)
class Approval:
    """How an update is approved."""

    yes: bool = False
    """`--yes`: whatever the plan is, as far as the gate lets it through."""
    plan: Path | None = None
    """`--plan`: a saved plan, applied as it was shown or not at all."""
    digest: str | None = None
    """`--digest`: of the saved plan that was approved."""
    acknowledged: tuple[str, ...] = ()
    """`--acknowledge`: URNs whose dangerous change is let through."""
    diff: bool = False
    """`--diff`: show every property at once."""
    terminal: Callable[[], bool] = field(default=lambda: sys.stdin.isatty() and sys.stderr.isatty(), compare=False)
    read: Callable[[], str] = field(default=input, compare=False)

    def require_way(self, stack: str) -> None:
        """Raise UsageError, before anything is read, where no one could approve what will be planned."""
        if not (self.yes or self.plan or self.terminal()):
            raise UsageError(
                "there is no terminal to ask in, and neither --yes nor --plan was given; nothing was changed",
                where=stack,
                remedy=f"parity up {stack} --yes; or parity preview {stack} --save FILE, then "
                f"parity up {stack} --plan FILE",
            )

    def require(self, planned: Planned, screen: Screen) -> str:
        """Ask for approval where it was not given.

        Returns:
            How it was approved, for the record: `--yes`, `--plan <digest>` or `asked`.

        Raises:
            RefusedError: the answer was no; nothing was changed.
        """
        if self.plan is not None:
            return f"--plan {planned.saved.digest}"
        if self.yes:
            return "--yes"
        for line in lines(planned, diff=self.diff):
            screen.err.print(line, soft_wrap=True)
        while True:
            screen.err.print(
                f"Apply these changes to [bold]{escape(planned.plan.stack)}[/]? yes / no / details: ", end=""
            )
            answer = _ANSWERS.get(self._answer().strip().lower())
            if answer == "yes":
                return "asked"
            if answer == "no":
                raise RefusedError("not approved; nothing was changed", where=planned.plan.stack)
            for line in lines(planned, diff=True) if answer == "details" else ():
                screen.err.print(line, soft_wrap=True)

    def _answer(self) -> str:
        try:
            return self.read()
        except EOFError:
            return "no"


def lines(planned: Planned, *, diff: bool) -> Iterator[str]:
    """The plan for a terminal: a line a change, and with `diff` a line a property; rich's markup."""
    dangerous = {each.urn: each.what for each in planned.gate.acknowledged}
    first = {each.urn for each in planned.plan.removed_first}
    for change in planned.plan.changes:
        yield f"  {change.sign} {change.operation:8} {escape(change.kind)} [bold]{escape(change.name)}[/]"
        if change.urn in first:
            yield f"      {words.REMOVED_FIRST}"
        if change.urn in dangerous:
            yield f"      [yellow]acknowledged:[/] {escape(dangerous[change.urn])}"
        if diff:
            yield from _properties(change)
    for rehearsal in planned.plan.rehearsals:
        yield from rehearsal_lines.text(rehearsal)
    counts = ", ".join(f"{count} {operation}" for operation, count in planned.plan.counts().items())
    yield f"  {counts or 'nothing to change'}; plan {planned.saved.digest[:12]}"


def _properties(change: Change) -> Iterator[str]:
    for each in change.properties:
        before, after = ("-" if isinstance(value, Absent) else words.spelled(value) for value in each.values)
        yield f"      {escape(each.path)}: {escape(before)} -> {escape(after)}"
