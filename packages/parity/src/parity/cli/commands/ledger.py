"""`parity ledger`: the record of every update of a stack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from parity.cli import arguments
from parity.cli.commands.options import Json, Stack
from parity.documents import mapping, rows, texts
from parity.errors import ProjectError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from parity.backend.ledger import Record
    from parity.console import Screen

_SHORT = 12
"""Digits of a commit or digest."""
_MOST = 5
"""Keys, and values kept otherwise, that are named before the rest is counted."""


def ledger(
    stack: Stack,
    last: Annotated[int, typer.Option("--last", "-n", metavar="COUNT", help="How many of the newest.", min=1)] = 20,
    as_json: Json = False,
) -> None:
    """Show the updates of a stack, and how each ended.

    Oldest first: when, which command, the result, how long it took, by whom, from which commit and pull request; why;
    from which release to which each application went; the keys that caused it; how the plan was approved; and what was
    read again afterwards and is not as declared. With `--json` one JSON object a line, with everything that is
    recorded.
    """
    project = arguments.of_stack(stack)
    from parity.backend import ledger as ledgers
    from parity.backend.stack_backend import open_backend
    from parity.backend.store import LEDGER_VARIABLE
    from parity.cli.session import stack_of
    from parity.console import Screen

    place = open_backend(stack_of(project, stack))
    if place.ledger is None:
        raise ProjectError(
            "no ledger is kept for this stack",
            where=place.url,
            remedy=f"{LEDGER_VARIABLE} names a folder or bucket for it",
        )
    records = place.ledger.records(last=last)
    if as_json:
        typer.echo(ledgers.lines(records), nl=False)
        return
    _show(Screen(), records, place.ledger.place)


def _show(screen: Screen, records: list[Record], place: str) -> None:
    import textwrap

    from rich.text import Text

    if not records:
        screen.out.print(f"No update is recorded in {place}.", soft_wrap=True, markup=False)
        return
    for record in records:
        screen.out.print(Text(head(record), style="bold"))
        for line in details(record):
            wrapped = textwrap.fill(
                line, screen.out.width, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False
            )
            screen.out.print(Text(wrapped))


def head(record: Record) -> str:
    """When, which command, and how it ended."""
    lasted = "" if record.seconds is None else f" after {record.seconds:.0f} s"
    command = record.begin.get("command") or "update"
    return f"{record.started:%Y-%m-%d %H:%M:%S} UTC  {command}: {record.result}{lasted}"


def details(record: Record) -> Iterator[str]:
    """What more is known of an update, a line each; nothing of what is not recorded."""
    begin: Mapping[str, Any] = record.begin
    end: Mapping[str, Any] = record.end or {}
    yield _source(begin)
    if begin.get("why"):
        yield f"why: {begin['why']}"
    yield from _moves(begin)
    keys = dict.fromkeys(_cause(each) for row in rows(end.get("causes")) for each in rows(row["origins"]))
    yield from _some("because of: ", list(keys))
    if begin.get("approval"):
        yield f"approved by {begin.get('approver') or begin.get('actor') or 'an unknown person'} ({_approval(begin)})"
    changes = ", ".join(f"{count} {kind}" for kind, count in mapping(end.get("changes")).items() if kind != "same")
    if changes:
        yield f"changes: {changes}"
    verified = mapping(end.get("verify"))
    found = [f"{each['vendor']}: {_what(each)}" for each in rows(verified.get("findings"))]
    yield from _some(f"not kept as declared, {len(found)}: ", found)
    yield from (f"not verified: {each}" for each in texts(verified.get("unread")))
    yield from (f"error: {each.splitlines()[0]}" for each in texts(end.get("errors"))[:1] if each)


def _source(begin: Mapping[str, Any]) -> str:
    parts = [f"by {begin.get('actor') or 'an unknown person'}"]
    if begin.get("commit"):
        parts.append(f"from commit {_commit(begin['commit'])}")
    if begin.get("pull_request"):
        parts.append(f"pull request #{begin['pull_request']}")
    return ", ".join(parts)


def _commit(commit: object) -> str:
    text = str(commit)
    return text[:_SHORT] + (" with changes" if text.endswith("+changes") else "")


def _moves(begin: Mapping[str, Any]) -> Iterator[str]:
    """From which release to which each application goes."""
    before, intent = mapping(begin.get("before")), mapping(begin.get("intent"))
    for name in dict.fromkeys((*before, *intent)):
        old, new = _release(before.get(name)), _release(intent.get(name))
        yield f"{name}: stays at {new}" if old == new else f"{name}: {old} -> {new}"


def _release(given: Mapping[str, Any] | None) -> str:
    if not given or not given.get("live"):
        return "nothing live"
    return f"{given['live']} ({_commit(given['commit'])})" if given.get("commit") else str(given["live"])


def _approval(begin: Mapping[str, Any]) -> str:
    digest = str(begin.get("plan") or "")[:_SHORT]
    how = str(begin["approval"]).partition(" ")[0]
    return f"{how}, plan {digest}" if digest else how


def _cause(origin: Mapping[str, Any]) -> str:
    """What a change follows, with the newest commit that wrote it."""
    what = {"program": "the program", "world": "what was changed by hand, or by an update that did not end"}
    commits = rows(origin.get("commits"))
    where = f" ({commits[0]['sha'][:_SHORT] or 'not committed yet'})" if commits else ""
    return f"{origin.get('key') or what.get(str(origin.get('kind')), 'the config')}{where}"


def _what(finding: Mapping[str, Any]) -> str:
    name = f"{str(finding['type']).rpartition(':')[2]} {finding['name']}"
    if finding["kind"] == "missing":
        return f"{name} is missing"
    return (
        f"{name}, {finding['property']}: {finding['live'] or 'nothing'} instead of {finding['declared'] or 'nothing'}"
    )


def _some(title: str, parts: list[str]) -> Iterator[str]:
    rest = len(parts) - _MOST
    if parts:
        yield title + "; ".join(parts[:_MOST]) + (f"; and {rest} more" if rest > 0 else "")
