"""A draft of a post-mortem: a time line from ledger, engine's history and requests, and what recover found."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from parity import markup
from parity.documents import is_mapping, mapping, rows, texts
from parity.errors import UsageError
from parity.resources.urn import short_urn

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from parity.backend.ledger import Record
    from parity.recover.history import Past

_GOOD = "succeeded"
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_SHOWN_REQUESTS = 200
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_REFUSED = 400


@dataclass(frozen=True)
class Event:
    """One line of the time line."""

    time: datetime
    what: str


@dataclass(frozen=True)
class Request:
    """One request to a vendor."""

    time: datetime
    service: str
    method: str
    path: str
    """Without its query."""
    status: int | None
    """None where the client got no answer."""
    applied: bool | None
    """Whether it took effect; None where that is not known."""


@dataclass(frozen=True)
class Material:
    """What a post-mortem is written from."""

    stack: str
    since: datetime
    records: Sequence[Record]
    history: Sequence[Past]
    requests: Sequence[Request] = field(default=())


def since(text: str, now: datetime) -> datetime:
    """A time as people give it: `2h`, `30m`, `3d` before now, or ISO 8601; without a zone it is UTC.

    Raises:
        UsageError: it is neither.
    """
    if text[:-1].isdigit() and text[-1:] in _UNITS:
        return now - timedelta(**{_UNITS[text[-1]]: int(text[:-1])})
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"{text!r} is no time", where="--since", remedy="give 2h, 30m, 3d or 2026-11-24T21:00"
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def read_requests(path: Path) -> list[Request]:
    """Requests from a file: JSON lines, a JSON list, or an object with `requests`; `time` is seconds or ISO 8601.

    Raises:
        UsageError: the file cannot be read, or a row lacks what is needed.
    """
    try:
        rows = _rows(path.read_text(encoding="utf-8"))
        return [_request(row) for row in rows]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"the requests cannot be read: {type(error).__name__}: {error}",
            where=str(path),
            remedy="one JSON object a request, with time, service, method, path and status",
        ) from error


def _rows(text: str) -> list[dict[str, Any]]:
    try:
        document: Any = json.loads(text)
    except ValueError:
        document = [json.loads(line) for line in text.splitlines() if line.strip()]
    if is_mapping(document):
        document = document.get("requests", [document])
    return rows(document)


def _request(row: Mapping[str, Any]) -> Request:
    time: Any = row["time"]
    when = datetime.fromtimestamp(float(time), UTC) if isinstance(time, int | float) else datetime.fromisoformat(time)
    status = row.get("status")
    return Request(
        when if when.tzinfo else when.replace(tzinfo=UTC),
        str(row["service"]),
        str(row["method"]),
        str(row["path"]).partition("?")[0],
        None if status is None else int(status),
        row.get("applied"),
    )


def write(material: Material) -> str:
    """The draft, Markdown; what only people know is asked for in it."""
    wanted = [each for each in material.records if (each.ended or each.started) >= material.since]
    bad = [each for each in wanted if each.result != _GOOD]
    lines = [
        f"# Post-mortem: {material.stack}, {_day(wanted, material.since)}",
        "",
        "Draft, written from the ledger, the engine's history and the requests that were given. Times are UTC.",
        "",
        "## In short",
        "",
        *_short(wanted, bad),
        "",
        "## Time line",
        "",
        "| time | what |",
        "| --- | --- |",
        *(f"| {event.time:%Y-%m-%d %H:%M:%S} | {markup.text(event.what)} |" for event in time_line(material)),
        "",
        *_requests(material),
        *_findings(wanted),
        "## For people to say",
        "",
        "- What users saw, from when to when:",
        "- How it was noticed:",
        "- Why it happened, as far down as it goes:",
        "- What went well, and what was luck:",
        "- What is changed so that it does not happen again, by whom and until when:",
        "",
    ]
    return "\n".join(lines)


def time_line(material: Material) -> list[Event]:
    """Every event since the given time, oldest first."""
    events = [event for record in material.records for event in _of_record(record)]
    events += [event for past in material.history if not _is_ours(past, material.records) for event in _of_past(past)]
    return sorted((each for each in events if each.time >= material.since), key=lambda each: each.time)


def _of_record(record: Record) -> Iterator[Event]:
    begin, end = record.begin, record.end or {}
    who = f"by {begin.get('actor') or 'an unknown user'}"
    run = mapping(begin.get("run"))
    host = mapping(begin.get("host"))
    where = f"in {run['url']}" if run else f"on {host.get('name', 'a machine')}"
    commit = str(begin.get("commit") or "")
    source = f" from commit {commit[:12]}{'+changes' if commit.endswith('+changes') else ''}" if commit else ""
    yield Event(record.started, f"`{begin.get('command')}` began {who} {where}{source}{_aim(record)}")
    if record.ended is None:
        return
    failed = [each for each in _operations(record) if not each["done"]]
    done = Counter(str(each["operation"]) for each in _operations(record) if each["done"])
    text = f"`{begin.get('command')}` {record.result}"
    if record.result == "killed" and end.get("found_by"):
        text = f"`{begin.get('command')}` was found to have been killed, by recover {end['found_by']}"
    if done:
        text += "; done: " + ", ".join(f"{count} {operation}" for operation, count in sorted(done.items()))
    for each in failed:
        text += f"; failed: {each['operation']} of {short_urn(str(each['urn']))}"
    yield Event(record.ended, text)
    for each in texts(end.get("errors")):
        yield Event(record.ended, f"error: {each.splitlines()[0] if each else ''}")
    for each in rows(end.get("live")):
        served = f"release {each['release']} of commit {each['commit'][:12]}" if each.get("release") else each["fault"]
        yield Event(record.ended, f"{each['domain']} answered: {served}")


def _aim(record: Record) -> str:
    intent = mapping(record.begin.get("intent"))
    before = mapping(record.begin.get("before"))
    wanted = [
        f"{name} {before.get(name, {}).get('live') or 'nothing'} to {each['live']}"
        for name, each in intent.items()
        if each.get("live") and each["live"] != before.get(name, {}).get("live")
    ]
    return f", to switch {', '.join(wanted)}" if wanted else ""


def _operations(record: Record) -> list[dict[str, Any]]:
    return rows((record.end or {}).get("operations"))


def _of_past(past: Past) -> Iterator[Event]:
    yield Event(past.started, f"plain `pulumi {past.kind}` began")
    changes = ", ".join(f"{count} {kind}" for kind, count in sorted(past.changes.items()) if kind != "same")
    yield Event(past.ended, f"plain `pulumi {past.kind}` {past.result}" + (f"; {changes}" if changes else ""))


def _is_ours(past: Past, records: Sequence[Record]) -> bool:
    """Whether the engine's update was run by one of the recorded commands."""
    second = timedelta(seconds=1)
    return any(
        record.started - second <= past.started and (record.ended is None or past.ended <= record.ended + second)
        for record in records
    )


def _short(wanted: Sequence[Record], bad: Sequence[Record]) -> list[str]:
    if not wanted:
        return ["No update is recorded in this time."]
    lines = [f"- {len(wanted)} runs are recorded, {len(bad)} of them did not end well."]
    said = (f"{each.started:%H:%M:%S} `{each.begin.get('command')}`: {each.result}{_aim(each)}." for each in bad)
    lines += [f"- {markup.text(each)}" for each in said]
    last = wanted[-1]
    live = rows((last.end or {}).get("live"))
    if live:
        each = "; ".join(f"{row['domain']} {row['release'] or row['fault']}" for row in live)
        lines.append(f"- At the end of the last one: {markup.text(each)}.")
    return lines


def _requests(material: Material) -> list[str]:
    wanted = [each for each in material.requests if each.time >= material.since]
    telling = [each for each in wanted if each.method in _WRITES or each.status is None or each.status >= _REFUSED]
    if not wanted:
        return []
    lines = [
        "## Requests that wrote, or were not answered well",
        "",
        "| time | request | answer |",
        "| --- | --- | --- |",
    ]
    for each in telling[:_SHOWN_REQUESTS]:
        answer = "no answer" if each.status is None else str(each.status)
        if each.applied and (each.status is None or each.status >= _REFUSED):
            answer += ", and it took effect"
        row = markup.text(f"{each.service}: {each.method} {each.path}")
        lines.append(f"| {each.time:%H:%M:%S.%f} | {row} | {answer} |")
    left = len(telling) - _SHOWN_REQUESTS
    more = [f"{left} more are not shown.", ""] if left > 0 else []
    return [*lines, "", f"{len(wanted)} requests in all.", "", *more]


def _findings(wanted: Sequence[Record]) -> list[str]:
    lines = ["## What was half done", ""]
    found = False
    for record in wanted:
        later = rows((record.end or {}).get("decisions"))
        for each in later or rows(record.begin.get("decisions")):
            found = True
            what = f"{each['decision']}: {short_urn(str(each['urn']))}: {each['why']}"
            lines.append(f"- {markup.text(what)}")
    if not found:
        lines.append("Recover found nothing, or was not run.")
    return [*lines, ""]


def _day(wanted: Sequence[Record], start: datetime) -> str:
    return f"{wanted[0].started if wanted else start:%Y-%m-%d}"
