"""How a build at Vercel ended, in Vercel's words, and what to do about it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from parity.resources import kinds
from parity.resources.urn import short_urn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from parity.inventory.model import LiveState

FAILED = frozenset({"ERROR", "CANCELED", "BLOCKED"})
"""Vercel's states of a build that never becomes READY."""

_STATE, _REASON = "readyState", "readyStateReason"


@dataclass(frozen=True)
class End:
    """The end of a build that failed."""

    state: str
    """One of FAILED; of a build that was never begun, `refused`."""
    said: str
    """Vercel's words; empty where it says nothing."""
    remedy: str
    again: bool
    """Whether another build of the same commit may end otherwise."""

    def __str__(self) -> str:
        """`CANCELED: The Deployment has been canceled ...`."""
        return f"{self.state}: {self.said}" if self.said else self.state


_QUOTA = (
    r"free-per-day|build-rate-limited|Resource is limited|[Rr]ate.?limited",
    (
        "the account's quota is spent: wait as long as Vercel says, or take a larger plan; then the next `up` "
        "builds it. Previews count too: docs/vercel-previews.md"
    ),
    True,
)
_WAYS = (
    (
        r"Ignored Build Step",
        (
            "`ignoreCommand` in the commit's vercel.json skips it: let it exit 1 where PARITY_RELEASE is set, take "
            "this release out of the stack's file, and record one of the corrected commit"
        ),
        False,
    ),
    (
        r"BLOCKED",
        (
            "give the commit's author access to the Vercel team; or take this release out of the stack's file, and "
            "record one of a commit whose author has it"
        ),
        False,
    ),
    _QUOTA,
    (r"CANCELED", "a person or another build canceled it at Vercel; the next `up` builds again", True),
    (r"ERROR", "the build's log at Vercel says more; the next `up` builds again", True),
)
"""By a word of Vercel's: what to do, and whether building once more may help. The first one wins."""


def beyond(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a deployment's document says of a build that is not READY: its state, and why."""
    if row.get(_STATE) == "READY":
        return {}
    said = str(row.get("errorMessage") or row.get(_REASON) or "")
    code = str(row.get("errorCode") or "")
    why = f"{code}: {said}" if code and said else code or said
    return {_STATE: row.get(_STATE)} | ({_REASON: why} if why else {})


def end(found: Mapping[str, Any]) -> End | None:
    """The end of a build by what `beyond` gave; None where it has not failed."""
    state, said = (str(found.get(name) or "") for name in (_STATE, _REASON))
    if state not in FAILED:
        return None
    remedy, again = next((way, again) for word, way, again in _WAYS if re.search(word, f"{state} {said}"))
    return End(state, said, remedy, again)


def refused(message: str) -> End | None:
    """The end of a build that Vercel did not take on, by a provider's error; None where it is another error."""
    words, remedy, again = _QUOTA
    return End("refused", message, remedy, again) if re.search(words, message) else None


def explained(failed: Iterable[str], live_state: LiveState) -> Iterator[str]:
    """What Vercel says of the builds that an update failed on, and what to do: the newest one of each.

    `failed` are URNs of what the update did not do; the live state is read after it.
    """
    for urn in failed:
        there = [each for each in live_state.under.get(urn, ()) if each.type == kinds.DEPLOYMENT]
        ended = [(each.written_at, end(each.beyond)) for each in there]
        for _, found in sorted(((when, one) for when, one in ended if when and one), key=lambda pair: pair[0])[-1:]:
            yield f"{short_urn(urn)}: its build ended in {str(found).rstrip('.')}. To do: {found.remedy}"
