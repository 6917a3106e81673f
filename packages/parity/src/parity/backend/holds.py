"""Holds: who keeps a stack, or an application of it, from going forward, why and until when; kept with the ledger.

A hold is one object below `.parity/holds/<project>/<stack>/`, and its lift another: both are created once, so that two
people at once lose nothing, and what was held and lifted stays readable.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from parity.backend.notes import Note, Notes
from parity.errors import HoldError, ProjectError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from parity.engine.store import Store


@dataclass(frozen=True)
class Hold:
    """One hold."""

    id: str
    application: str
    """Empty where the stack is held."""
    who: str
    why: str
    since: datetime
    """UTC."""
    until: datetime | None
    """When it ends by itself, UTC; None where a person has to lift it."""
    lifted: datetime | None
    """UTC; None where it was not lifted."""
    lifted_by: str = ""
    lifted_why: str = ""

    def stands(self, now: datetime) -> bool:
        """Whether it holds at that time: it is not lifted and has not expired."""
        return self.lifted is None and (self.until is None or now < self.until)

    def __str__(self) -> str:
        """Who, since when, until when and why, in one line."""
        end = f"until {_shown(self.until)}" if self.until else "until it is lifted"
        return f"held by {self.who} since {_shown(self.since)}, {end}: {self.why}"

    def document(self) -> dict[str, Any]:
        """For `--json`; times are ISO 8601, UTC, or null."""
        times = {"since": self.since, "until": self.until, "lifted": self.lifted}
        texts = {"lifted_by": self.lifted_by, "lifted_why": self.lifted_why} if self.lifted else {}
        return {
            "id": self.id,
            "application": self.application or None,
            "who": self.who,
            "why": self.why,
            **{name: each and each.isoformat() for name, each in times.items()},
            **texts,
        }


def holds(store: Store, project: str, stack: str) -> list[Hold]:
    """The holds that stand now, of the stack and of its applications, oldest first.

    Raises:
        ProjectError: one cannot be read, so that it is not known whether it stands.
    """
    now = datetime.now(UTC)
    return [each for each in history(store, project, stack) if each.stands(now)]


def history(store: Store, project: str, stack: str) -> list[Hold]:
    """Every hold that ever was, oldest first; raises as `holds`."""
    return [_hold(each, store.place) for each in _notes(store, project, stack).all()]


def hold(
    store: Store, project: str, stack: str, *, application: str, who: str, why: str, until: datetime | None
) -> Hold:
    """Hold the stack, or one application of it where `application` is not empty."""
    facts = {"application": application, "who": who, "why": why, "until": until and until.isoformat()}
    return _hold(_notes(store, project, stack).begin(facts), store.place)


def lift(store: Store, project: str, stack: str, *, application: str, who: str, why: str) -> list[Hold]:
    """Lift every hold that stands of the stack, or of the application; the other's stay. Gives those that it lifted.

    One that another person lifts at the same time is that person's alone.
    """
    notes = _notes(store, project, stack)
    found = [each for each in holds(store, project, stack) if each.application == application]
    return [each for each in found if notes.end(each.id, {"who": who, "why": why})]


def require_none(found: Sequence[Hold], stack: str, applications: Collection[str]) -> None:
    """Raise HoldError where the stack is held, or one of the applications that would get another release.

    Args:
        found: the holds that stand.
        stack: the stack's name.
        applications: names of those that would get another release.
    """
    against = [each for each in found if not each.application or each.application in applications]
    if against:
        ways = dict.fromkeys(lift_command(stack, each.application) for each in against)
        held = {each.application for each in against}
        going = [f"parity rollback {stack} {each} --up" for each in applications if held & {"", each}]
        back = f" Going back is not held: {'; '.join(going)}" if going else ""
        raise HoldError(
            "nothing was changed, and nothing goes forward:\n"
            + "\n".join(f"  {each.application or stack} is {each}" for each in against),
            where=", ".join(dict.fromkeys(f"{stack}, {each.application}".removesuffix(", ") for each in against)),
            remedy=f"wait for its end, or lift it: {'; '.join(ways)}.{back}",
        )


def lift_command(stack: str, application: str) -> str:
    """The command that lifts a hold."""
    return f"parity lift {stack}{f' --application {application}' if application else ''} --why TEXT"


def _notes(store: Store, project: str, stack: str) -> Notes:
    return Notes(store, f".parity/holds/{project}/{stack}")


def _hold(note: Note, place: str) -> Hold:
    begin, end = note.begin, note.end or {}
    try:
        until = datetime.fromisoformat(str(begin["until"])) if begin["until"] else None
        application, who, why = (str(begin[name]) for name in ("application", "who", "why"))
        lifted = note.ended, str(end.get("who", "")), str(end.get("why", ""))
        return Hold(note.id, application, who, why, note.began, until, *lifted)
    except (ValueError, KeyError) as error:
        raise ProjectError(
            f"a hold cannot be read: {error}", where=f"{place}: hold {note.id}", remedy="set the object aside"
        ) from error


def _shown(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
