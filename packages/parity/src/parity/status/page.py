"""The status as one HTML page that needs nothing else: no request, and no script to be read.

What a commit, a branch or a vendor says is escaped, and its secrets are masked before; the page's policy allows its own
style and script by their digests, and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import html
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from parity.redact import masked
from parity.status.attention import counted, needs
from parity.status.model import shown
from parity.status.operations import SHORT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from parity.status.model import Application, Link, Operation, Stack, Status, Unknown

_HERE = Path(__file__)
_HEALTH = {
    "healthy": ("good", "✓ healthy"),
    "failing": ("bad", "✗ failing"),
    "unknown": ("warn", "? unknown"),
    "nothing live": ("", "- nothing live"),
}
_RUNNING = {"none": "", "running": "warn", "interrupted": "bad", "unknown": "warn"}


def _own(ending: str) -> str:
    return _HERE.with_suffix(ending).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def policy(*, style: str, script: str) -> str:
    """The page's Content-Security-Policy."""
    return (
        f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(script)}; "
        "base-uri 'none'; form-action 'none'"
    )


def page(status: Status) -> str:
    """The page."""
    return complete(
        f"{status.project}: status",
        heading=status.project,
        read=f"Read {stamp(status.time)}",
        skip=("stacks", "the stacks"),
        command="parity status",
        body=_body(status),
    )


def complete(title: str, *, heading: str, read: str, skip: tuple[str, str], command: str, body: Iterable[str]) -> str:
    """A page around a body; both `read`, when it was read, and the body are HTML.

    Args:
        title: the window's.
        heading: the page's.
        read: below the heading.
        skip: the id of the heading that the first link leads to, and what it is called.
        command: what wrote it.
        body: its sections.
    """
    style, script = _own(".css"), _own(".js")
    return Template(_own(".html")).substitute(
        policy=policy(style=style, script=script),
        title=escaped(title),
        style=style,
        script=script,
        heading=escaped(heading),
        read=read,
        anchor=skip[0],
        skip=skip[1],
        command=command,
        body="\n".join(body),
    )


def _body(status: Status) -> Iterator[str]:
    yield from _needs(status)
    yield '<section aria-labelledby="stacks"><h2 id="stacks" tabindex="-1">Stacks, in the order of promotion</h2>'
    yield from _matrix(status.stacks)
    yield "</section>"
    yield from _record(status)
    yield from _unknown(status)


def _needs(status: Status) -> Iterator[str]:
    found, waiting = needs(status), {each.link.text: each.link.url for each in status.waiting}
    yield '<section aria-labelledby="needs"><h2 id="needs">What needs a person now</h2>'
    if not found:
        yield '<p class="calm">✓ Nothing that is known needs a person.</p></section>'
        return
    yield '<ul class="needs">'
    for each in found:
        url = next((url for text, url in waiting.items() if not each.command and each.what.endswith(f": {text}")), "")
        where = f"<strong>{escaped(each.stack)}</strong> " if each.stack else ""
        what = f'<a href="{escaped(url)}">{escaped(each.what)}</a>' if _is_web(url) else escaped(each.what)
        command = f"<code>{escaped(each.command)}</code>" if each.command else ""
        yield f'<li class="{"" if each.command else "waits"}">{where}{what}{command}</li>'
    yield "</ul></section>"


# --- The stacks next to each other ------------------------------------------------------------------------------------


def _matrix(stacks: Sequence[Stack]) -> Iterator[str]:
    """A column for each stack, a row for each application, then what is said of the stack."""
    names = dict.fromkeys(row.name for stack in stacks for row in stack.applications)
    yield '<table class="matrix"><thead><tr>'
    yield '<th scope="col">Application</th>'
    for each in stacks:
        above = f"<small>promotes from {escaped(each.promotes_from)}</small>" if each.promotes_from else ""
        yield f'<th scope="col">{escaped(each.name)}{above}</th>'
    yield "</tr></thead><tbody>"
    for name in names:
        found = [next((row for row in stack.applications if row.name == name), None) for stack in stacks]
        yield _row(name, stacks, ["".join(_application(each)) if each else "not known" for each in found])
    for title, part in (("Drift", _drift), ("Parity", _parity), ("Update", _update)):
        yield _row(title, stacks, [part(each) for each in stacks])
    yield "</tbody></table>"


def _row(title: str, stacks: Sequence[Stack], cells: Sequence[str]) -> str:
    inner = "".join(
        f'<td><span class="label" aria-hidden="true">{escaped(stack.name)}</span>{each}</td>'
        for stack, each in zip(stacks, cells, strict=True)
    )
    return f'<tr><th scope="row">{escaped(title)}</th>{inner}</tr>'


def _application(each: Application) -> Iterator[str]:
    yield f'<span class="release">{escaped(each.live or "none")}</span>{pill(*_HEALTH[each.health])}'
    if each.subject:
        yield f'<p class="subject">{escaped(each.subject)}</p>'
    parts = [link(each.commit[:SHORT], each.commit_url)] if each.commit else []
    parts += [link(each.pull_request.text, each.pull_request.url)] if each.pull_request else []
    if when := each.since or each.built:
        parts.append(f"{'live since' if each.since else 'built'} {stamp(when)}")
    yield f'<p class="small">{" · ".join(parts)}</p>' if parts else ""
    if each.rolls:
        yield f'<p class="small">{pill("warn", "rolling")} {escaped(each.rolls)}</p>'
    yield from (f'<p class="small">{pill("bad", "fault")} {escaped(fault)}</p>' for fault in each.faults)
    if each.behind:
        yield f'<p class="small">{pill("warn", "differs")} {escaped(each.behind)} has another commit live</p>'
    kept = ", ".join(escaped(f"{one.release} ({one.state.lower()})") for one in each.kept)
    domains = ", ".join(link(name, f"https://{name}") for name in each.domains)
    rest = (domains, f"image {escaped(each.image)}" if each.image else "", f"kept: {kept}" if kept else "")
    yield "".join(f'<p class="small dim">{part}</p>' for part in rest if part)


def _drift(stack: Stack) -> str:
    if stack.drift is None:
        return pill("warn", "? not known")
    found = counted(stack.drift)
    verdict = pill("bad" if stack.drift.grave else "good" if found == "none" else "warn", found)
    unread = f" {pill('warn', f'{stack.drift.unread} reads failed')}" if stack.drift.unread else ""
    return f'{verdict}{unread}<p class="small dim">audited {stamp(stack.drift.time)}</p>'


def _parity(stack: Stack) -> str:
    if stack.parity is None:
        return pill("warn", "? not known") if stack.promotes_from else '<span class="dim">nothing before it</span>'
    kind, word = ("good", "✓ holds") if stack.parity.clean else ("bad", "✗ does not hold")
    return f'{pill(kind, word)}<p class="small dim">{escaped(stack.parity.said)}</p>'


def _update(stack: Stack) -> str:
    word = "none runs" if stack.running == "none" else stack.running
    said = "".join(f'<p class="small dim">{escaped(each)}</p>' for each in (stack.running_why, *stack.ending) if each)
    held = "".join(
        f'<p class="small">{pill("warn", "hold")} {escaped(f"{each.what} is {each.said}")}</p>' for each in stack.holds
    )
    return f"{pill(_RUNNING[stack.running], word)}{held}{said}"


# --- The record, and what is not known --------------------------------------------------------------------------------


def _record(status: Status) -> Iterator[str]:
    yield '<section aria-labelledby="record"><h2 id="record">Last operations</h2>'
    if not status.operations:
        yield '<p class="dim">None is recorded.</p></section>'
        return
    heads = ("Time", "Stack", "What", "Result", "Links")
    yield '<table class="record"><thead><tr>'
    yield "".join(f'<th scope="col">{each}</th>' for each in heads)
    yield "</tr></thead><tbody>"
    for each in status.operations:
        yield _operation(each)
    yield "</tbody></table></section>"


def _operation(each: Operation) -> str:
    moves = "".join(f"<br><strong>{escaped(move)}</strong>" for move in each.moves)
    why = f'<p class="small dim">{escaped(each.why)}</p>' if each.why else ""
    actor = f' <span class="dim">by {escaped(each.actor)}</span>' if each.actor else ""
    lasted = "" if each.seconds is None else f' <span class="dim">{each.seconds:.0f} s</span>'
    result = pill("good" if each.result == "succeeded" else "bad", each.result) + lasted
    cells = (escaped(each.stack), f"{escaped(each.command)}{actor}{moves}{why}", result, _links(each.links))
    inner = "".join(f"<td>{cell}</td>" for cell in cells)
    return f'<tr><th scope="row" class="small">{stamp(each.started)}</th>{inner}</tr>'


def _unknown(status: Status) -> Iterator[str]:
    found = [("", each) for each in status.unknown] + [(s.name, each) for s in status.stacks for each in s.unknown]
    if not found and not status.ending:
        return
    yield '<section aria-labelledby="unknown"><h2 id="unknown">Not known, or soon over</h2><ul class="unknown">'
    yield from (f"<li>{escaped(each)}</li>" for each in status.ending)
    yield from (_unknown_row(name, each) for name, each in found)
    yield "</ul></section>"


def _unknown_row(stack: str, each: Unknown) -> str:
    where = f"<strong>{escaped(stack)}</strong> " if stack else ""
    command = f"<br><code>{escaped(each.command)}</code>" if each.command else ""
    return f"<li>{where}{escaped(f'{each.what}: {each.why}')}{command}</li>"


# --- Parts ------------------------------------------------------------------------------------------------------------


def _links(links: Iterable[Link]) -> str:
    return " ".join(link(each.text, each.url) for each in links)


def link(text: str, url: str) -> str:
    """A link where it leads to the web, else the text."""
    return f'<a href="{escaped(url)}">{escaped(text)}</a>' if _is_web(url) else escaped(text)


def _is_web(url: str) -> bool:
    """Whether it may be a link: never a script's address, whatever a vendor or a record says."""
    return url.startswith(("https://", "http://"))


def pill(kind: str, text: str) -> str:
    """A short verdict: `good`, `bad`, `warn`, or neither."""
    return f'<span class="pill {kind}">{escaped(text)}</span>'


def stamp(when: datetime) -> str:
    """A time with its zone, to which the page's script adds how long ago it was."""
    return f'<time datetime="{when.isoformat()}">{shown(when)}</time>'


def escaped(text: str) -> str:
    """Text as HTML, its secrets masked."""
    return html.escape(masked(text))
