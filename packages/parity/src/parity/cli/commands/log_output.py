"""What `parity log`, `show`, `diff` and `blame` print, at the width of a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parity.backend import blame, reading
from parity.backend.ledger import DRIFT
from parity.documents import mapping, rows, texts
from parity.resources.urn import short_urn

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from parity.backend.blame import Line
    from parity.backend.ledger import Record
    from parity.console import Screen
    from parity.documents import Document

_MOST = 5
"""Keys, and values kept otherwise, that are named before the rest is counted."""


def show(screen: Screen, records: list[Record], place: str) -> None:
    """Print operations, oldest first, at the terminal's width."""
    import textwrap

    from rich.text import Text

    if not records:
        screen.out.print(f"No update is recorded in {place}.", soft_wrap=True, markup=False)
        return
    several = len({str(each.begin.get("stack")) for each in records}) > 1
    for record in records:
        screen.out.print(Text(head(record, several=several), style="bold"))
        for line in details(record):
            wrapped = textwrap.fill(
                line, screen.out.width, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False
            )
            screen.out.print(Text(wrapped))


def changes(record: Record) -> Iterator[str]:
    """Each resource of an operation, and both values of each property with the key that it follows."""
    done = record.done
    for row in record.differences:
        urn = str(row["urn"])
        left = "" if done is None or urn in done else ", not done"
        yield f"  {row['operation']} {short_urn(urn)}{left}"
        for each in rows(row["properties"]):
            line = blame.Line(record, urn, str(each["path"]), str(row["operation"]), {}, certain=True)
            yield f"      {_pair(each['path'], each.get('before'), each.get('after'))}"
            if line.key:
                where = f" (line {line.line})" if line.line else ""
                follows = " ".join(filter(None, (line.key, line.values)))
                yield f"        follows {follows}{where}, commit {line.commit[: reading.SHORT] or 'none yet'}"


def pairs(found: Mapping[tuple[str, str], tuple[Document, Document]]) -> list[str]:
    """Both values of each property, grouped by resource."""
    lines: list[str] = []
    last = ""
    for (urn, path), (before, after) in sorted(found.items()):
        lines += [short_urn(urn)] if urn != last else []
        lines.append(f"    {_pair(path, before, after)}")
        last = urn
    return lines


def _pair(path: object, before: object, after: object) -> str:
    return f"{path}: {blame.spelled(mapping(before))} -> {blame.spelled(mapping(after))}"


def value(line: Line) -> str:
    """A property's place and value."""
    path = f" {line.path}" if line.path else ""
    return f"{short_urn(line.urn)}{path}: {blame.spelled(line.after) if line.operation != 'delete' else 'gone'}"


def head(record: Record, *, several: bool = False) -> str:
    """When, which command, and how it ended; with `several` of which stack."""
    lasted = "" if record.seconds is None else f" after {record.seconds:.0f} s"
    command = record.begin.get("command") or "update"
    stack = f" {record.begin['stack']}" if several and record.begin.get("stack") else ""
    return f"{record.started:%Y-%m-%d %H:%M:%S} UTC  {command}{stack}: {record.result}{lasted}"


def details(record: Record) -> Iterator[str]:
    """What more is known of an update, a line each; nothing of what is not recorded."""
    begin: Mapping[str, Any] = record.begin
    end: Mapping[str, Any] = record.end or {}
    yield f"operation {record.id}"
    yield _source(begin)
    if begin.get("command") == DRIFT:
        yield f"not made by Parity: found by an audit of {begin.get('audited_by')}"
    elif begin.get("foreign"):
        yield "not made by Parity: found in the engine's history" + (
            "" if begin.get("recorded", True) else ", not recorded yet"
        )
    if begin.get("why"):
        yield f"why: {begin['why']}"
    yield from _moves(begin)
    keys = dict.fromkeys(_cause(each) for row in rows(end.get("causes")) for each in rows(row["origins"]))
    yield from _some("because of: ", list(keys))
    if approved := reading.approval(begin):
        yield approved
    changes = ", ".join(f"{count} {kind}" for kind, count in mapping(end.get("changes")).items() if kind != "same")
    if changes:
        yield f"changes: {changes}"
    verified = mapping(end.get("verify"))
    found = reading.kept_otherwise(end)
    yield from _some(f"not kept as declared, {len(found)}: ", found)
    images = mapping(verified.get("images")).items()
    yield from (f"image of {release}: {digest or 'not known'}" for release, digest in images)
    yield from (f"not verified: {each}" for each in texts(verified.get("unread")))
    yield from (f"error: {each.splitlines()[0]}" for each in texts(end.get("errors"))[:1] if each)


def _source(begin: Mapping[str, Any]) -> str:
    parts = [f"by {begin.get('actor') or 'an unknown person'}"]
    if begin.get("commit"):
        parts.append(f"from commit {reading.commit(begin['commit'])}")
    if begin.get("pull_request"):
        parts.append(f"pull request #{begin['pull_request']}")
    return ", ".join(parts)


def _moves(begin: Mapping[str, Any]) -> Iterator[str]:
    """From which release to which each application goes."""
    before, intent = mapping(begin.get("before")), mapping(begin.get("intent"))
    for name in dict.fromkeys((*before, *intent)):
        old, new = _release(before.get(name)), _release(intent.get(name))
        yield f"{name}: stays at {new}" if old == new else f"{name}: {old} -> {new}"


def _release(given: Mapping[str, Any] | None) -> str:
    if not given or not given.get("live"):
        return "nothing live"
    return f"{given['live']} ({reading.commit(given['commit'])})" if given.get("commit") else str(given["live"])


def _cause(origin: Mapping[str, Any]) -> str:
    """What a change follows, with the newest commit that wrote it."""
    what = {"program": "the program", "world": "what was changed by hand, or by an update that did not end"}
    commits = rows(origin.get("commits"))
    where = f" ({commits[0]['sha'][: reading.SHORT] or 'not committed yet'})" if commits else ""
    return f"{origin.get('key') or what.get(str(origin.get('kind')), 'the config')}{where}"


def _some(title: str, parts: list[str]) -> Iterator[str]:
    rest = len(parts) - _MOST
    if parts:
        yield title + "; ".join(parts[:_MOST]) + (f"; and {rest} more" if rest > 0 else "")
