"""Names operations as people do, and lists them as an auditor of change management samples them."""

from __future__ import annotations

import csv
import io
import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from parity.documents import items, mapping, rows
from parity.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from parity.backend.ledger import Ledger, Record

SHORT = 12
"""Digits of a commit or a digest that a person is shown."""
_NEWEST = re.compile(r"@(-*)")
_SHORTEST = 4
_AMBIGUOUS = 4
COLUMNS = (
    "id", "stack", "start", "end", "command", "why", "requester", "reviewer", "asked_of", "checks", "approval",
    "approved_before", "plan", "result", "commit", "pull_request", "run",
)  # fmt: skip
"""Of the table for an auditor."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


@dataclass(frozen=True)
class Asked:
    """What GitHub says of an operation's pull request and run."""

    reviewers: str
    """Who approved one of them, other than who asked for it; empty where there is none."""
    checks: str
    fault: str
    """What could not be read; empty where everything was."""


@dataclass(frozen=True)
class Found:
    """An operation with the ledger that it is in."""

    ledger: Ledger
    record: Record


# --- Parts of a record in words ---------------------------------------------------------------------------------------


def live(begin: Mapping[str, Any], side: str, application: str) -> str:
    """The release that was live, `before`, or was to be, `intent`; empty where none."""
    return str(mapping(mapping(begin.get(side)).get(application)).get("live") or "")


def aims(begin: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """By application the releases from which and to which an operation was to switch; either may be empty."""
    pairs = {name: (live(begin, "before", name), live(begin, "intent", name)) for name in mapping(begin.get("intent"))}
    return {name: (old, new) for name, (old, new) in pairs.items() if old != new}


def commit(value: object, digits: int = SHORT) -> str:
    """The first digits of a commit, and whether files differed from it."""
    sha, _, changed = str(value or "").partition("+")
    return f"{sha[:digits]}{' with changes' if changed else ''}"


def approval(begin: Mapping[str, Any]) -> str:
    """`approved by ann (--plan, plan 4f2a...)`; empty where none was needed."""
    if not begin.get("approval"):
        return ""
    who = begin.get("approver") or begin.get("actor") or "an unknown person"
    digest, how = str(begin.get("plan") or "")[:SHORT], str(begin["approval"]).partition(" ")[0]
    return f"approved by {who} ({how}{f', plan {digest}' if digest else ''})"


def kept_otherwise(end: Mapping[str, Any]) -> list[str]:
    """What verify found that a vendor kept otherwise than it was sent."""
    return [f"{each['vendor']}: {_kept(each)}" for each in rows(mapping(end.get("verify")).get("findings"))]


def _kept(finding: Mapping[str, Any]) -> str:
    name = f"{str(finding['type']).rpartition(':')[2]} {finding['name']}"
    if finding["kind"] == "missing":
        return f"{name} is missing"
    return (
        f"{name}, {finding['property']}: {finding['live'] or 'nothing'} instead of {finding['declared'] or 'nothing'}"
    )


# --- Operations by name, and as a table -------------------------------------------------------------------------------


def find(ledgers: Mapping[str, Ledger], text: str) -> Found:
    """The operation that a text names.

    Args:
        ledgers: by stack.
        text: `@` for the newest, `@-` for the one before it, `@--`; or an id or the beginning of one, which no other
            has. `STACK:` before it takes that stack's alone.

    Raises:
        UsageError: it names no operation, or several.
    """
    stack, colon, name = text.rpartition(":")
    chosen = {key: each for key, each in ledgers.items() if key == stack} if colon else ledgers
    if not chosen:
        raise UsageError(f"there is no stack {stack}", where="OP", remedy=f"stacks here: {', '.join(ledgers)}")
    if match := _NEWEST.fullmatch(name):
        return _back(chosen, len(match[1]))
    found = [Found(each, record) for each in chosen.values() for record in each.matching(name)]
    if len(found) == 1 and len(name) >= _SHORTEST:
        return found[0]
    if not found or len(name) < _SHORTEST:
        raise UsageError(
            f"no operation is called {text!r}", where="OP", remedy="`parity log` shows the ids; `@` is the newest"
        )
    ids = ", ".join(f"{each.ledger.stack}:{each.record.id}" for each in found[:_AMBIGUOUS])
    raise UsageError(f"{len(found)} operations begin with {text!r}", where="OP", remedy=f"give more of it: {ids}")


def _back(ledgers: Mapping[str, Ledger], steps: int) -> Found:
    newest = [
        Found(ledger, record) for ledger in ledgers.values() for record in itertools.islice(ledger.newest(), steps + 1)
    ]
    newest.sort(key=lambda each: each.record.id, reverse=True)
    if len(newest) <= steps:
        raise UsageError(f"the record has {len(newest)} operations", where="OP", remedy="`parity log` shows them")
    return newest[steps]


def span(ledger: Ledger, one: Record, other: Record) -> list[Record]:
    """The operations after the older one of two, up to and with the newer one, oldest first."""
    older, newer = sorted((one.id, other.id))
    later = itertools.takewhile(lambda each: each.id > older, ledger.newest())
    return [each for each in later if each.id <= newer][::-1]


def within(records: Iterable[Record], since: datetime | None, until: datetime | None) -> list[Record]:
    """The operations that began in a time."""
    return [
        each for each in records if (since is None or each.started >= since) and (until is None or each.started < until)
    ]


def table(records: Iterable[Record], asked: Mapping[str, Asked] | None = None) -> str:
    """CSV of operations, for a spreadsheet or an auditor's sample.

    Args:
        records: in their order.
        asked: what GitHub says of each, by its id; None where it was not asked.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for record in records:
        writer.writerow([_safe(each) for each in _row(record, (asked or {}).get(record.id))])
    return out.getvalue()


def _row(record: Record, asked: Asked | None) -> Sequence[Any]:
    begin = record.begin
    actor, approver = begin.get("actor"), begin.get("approver")
    own = approver if approver != actor else ""
    source = "GitHub" + (f", not all: {asked.fault}" if asked.fault else "") if asked else "the record"
    reviewers = (asked.reviewers or (own if asked.fault else "")) if asked else own
    return (
        record.id,
        begin.get("stack"),
        record.started.isoformat(timespec="seconds"),
        record.ended.isoformat(timespec="seconds") if record.ended else "",
        begin.get("command"),
        begin.get("why"),
        actor,
        reviewers,
        source,
        "; ".join(filter(None, (checks(record), asked.checks if asked else ""))),
        str(begin.get("approval") or "").partition(" ")[0].lstrip("-"),
        "yes" if begin.get("approval") else "no",  # the road approves before it begins
        begin.get("plan"),
        record.result,
        begin.get("commit"),
        begin.get("pull_request"),
        mapping(begin.get("run")).get("url"),
    )


def checks(record: Record) -> str:
    """What was checked, and what came out, in a few words."""
    dangers = items(record.begin.get("dangers"))
    parts = [f"{len(dangers)} dangers acknowledged"] if dangers else []
    if verified := mapping(mapping(record.end).get("verify")):
        parts.append(
            f"{verified.get('read', 0)} resources read again, {len(rows(verified.get('findings')))} kept otherwise"
        )
        unread = items(verified.get("unread"))
        parts += [f"{len(unread)} not read"] if unread else []
    return "; ".join(parts)


def _safe(value: Any) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
