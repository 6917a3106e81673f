"""What a bisection found, as a sentence, with whose changes they were and how to go back; and as JSON."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from parity.backend import blame
from parity.releases import forecast

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parity.bisect.changes import Change
    from parity.bisect.run import Outcome
    from parity.config.stack_models import Releases
    from parity.documents import Document

_SHORT = 12
_AXES = ("config", "code", "credentials", "schema")
"""In the order in which a sentence names them."""
_COMMIT = re.compile(r"[0-9a-f]{40}")


def sentence(found: Outcome) -> str:
    """`shop.SEARCH_RESULTS_LIMIT 20 -> 0, only together with commit abc123 of shop`."""
    order = sorted(found.causes, key=lambda each: _AXES.index(each.place.axis))
    needed = [_what(each) for each in order if found.apart or each.place.name in found.needed]
    others = [_what(each) for each in order if not found.apart and each.place.name not in found.needed]
    if not needed:
        return f"one of {len(others)} changes, or some of them together: {_listed(others)}"
    together = f", only together with {_listed(needed[1:])}" if needed[1:] else ""
    return f"{needed[0]}{together}" + (f"; nothing could be asked without {_listed(others)}" if others else "")


def lines(found: Outcome, releases: Releases | None) -> Iterator[str]:
    """The sentence, then each change with its operation, key, commit and person, and how to go back."""
    yield sentence(found)
    for each in found.causes:
        yield f"  {each.place.name}: {_values(each)}"
        yield f"    {each.line.sentence}"
    good, bad = (f"{each.begin.get('command')} {each.id}" for each in (found.last_good, found.first_bad))
    yield f"Good after {good}, bad after {bad}."
    yield f"{found.asked} states asked of {found.where}, among {found.changes} changes, in {found.seconds:.0f} s."
    yield from (f"Note: {each}." for each in found.notes)
    if way := back(found, releases):
        yield f"To go back: {way}"


def document(found: Outcome, releases: Releases | None) -> Document:
    """The same for `--json`."""
    return {
        "stack": found.stack,
        "application": found.application,
        "found": sentence(found),
        "apart": found.apart,
        "causes": [
            {
                **each.line.document(),
                "place": each.place.name,
                "axis": each.place.axis,
                "before": each.before or None,
                "after": each.after or None,
                "needed": each.place.name in found.needed,
            }
            for each in found.causes
        ],
        "last_good": found.last_good.id,
        "first_bad": found.first_bad.id,
        "asked": found.asked,
        "seconds": found.seconds,
        "where": found.where,
        "changes": found.changes,
        "notes": list(found.notes),
        "back": back(found, releases) or None,
    }


def back(found: Outcome, releases: Releases | None) -> str:
    """The command that goes back to what was live before, or sets the key as it was; empty where neither does it."""
    release, own = found.release, [each for each in found.causes if each.place.application]
    live = releases.live if releases else None
    if own and releases and release in releases.kept and live and forecast.number(release) < forecast.number(live):
        return f"parity rollback {found.stack} {found.application} --to {release} --up"
    for each in found.causes:
        if each.line.key and each.place.axis == "config" and "value" in each.before:
            return f"parity config set {found.stack} '{each.line.key}' '{blame.spelled(each.before)}'"
    return ""


def _what(change: Change) -> str:
    if change.place.axis == "code":
        return f"commit {_shown(change.after)} of {change.place.application}"
    if change.place.axis == "schema":
        return f"migration {change.place.name}"
    return f"{change.place.name} {_values(change)}"


def _values(change: Change) -> str:
    return f"{_shown(change.before)} -> {_shown(change.after)}"


def _shown(value: Document) -> str:
    text = blame.spelled(value)
    return text[:_SHORT] if _COMMIT.fullmatch(text) else text


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
