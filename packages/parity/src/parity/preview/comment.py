"""The one comment of a stack on a pull request: found by its marker, updated in place, never by an older preview.

The comment begins with an HTML comment that holds, as JSON, which preview it shows and those before it. A preview is
newer by its workflow run's number and attempt, so that a slow run that ends last does not hide what came after it.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from parity import markup
from parity.documents import mapping, parse, rows
from parity.preview.markdown import COMMENT_LIMIT
from parity.vendors.http import Forbidden, NotFound, Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parity.vendors.http import Client

_KEPT = 10
"""Earlier previews that the comment goes on naming."""

_ATTEMPTS = 3
_BOT = "github-actions[bot]"
"""Who a workflow's own token writes as (GitHub's page "Automatic token authentication")."""


@dataclass(frozen=True)
class Entry:
    """One preview, as the comment remembers it."""

    run: int
    attempt: int
    started: str
    """UTC, ISO 8601."""
    verdict: str
    counts: str
    head: str
    """The commit, 40 hex digits, or empty."""
    url: str
    """The workflow's run, or empty."""

    @property
    def order(self) -> tuple[int, int, str]:
        """Sorts previews from old to new."""
        return self.run, self.attempt, self.started


@dataclass(frozen=True)
class Post:
    """The comment to write."""

    stack: str
    entry: Entry
    body: str
    """Markdown, at most COMMENT_LIMIT less markdown.RESERVE characters."""


@dataclass(frozen=True)
class Posted:
    """What was done to the comment."""

    done: Literal["created", "updated", "older"]
    """`older`: the comment shows a newer preview already, and was left alone."""
    url: str


@dataclass(frozen=True)
class _Own:
    id: int
    url: str
    entry: Entry
    earlier: tuple[Entry, ...]


async def post(github: Client, repository: str, number: int, what: Post) -> Posted:
    """Create or update the stack's comment on a pull request.

    `repository` is `<owner>/<name>`; the token may write to pull requests.

    Raises:
        VendorError: GitHub cannot be reached, or refuses.
    """
    writer = await _writer(github)
    for _ in range(_ATTEMPTS - 1):
        try:
            return await _once(github, repository, number, what, writer)
        except (NotFound, Unavailable):
            # A person deleted it meanwhile, or an answer was lost: ask again whether it was written.
            continue
    return await _once(github, repository, number, what, writer)


async def _once(github: Client, repository: str, number: int, what: Post, writer: str) -> Posted:
    found = await _own(github, repository, number, what.stack, writer)
    done: Literal["created", "updated"] = "updated"
    if not found:
        made = await github.request(
            "POST",
            f"/repos/{repository}/issues/{number}/comments",
            body={"body": _body(what, ())},
            repeat=False,
        )
        done = "created"
        # Two first previews may have written at once: one of the two comments stays.
        found = await _own(github, repository, number, what.stack, writer)
        if len(found) == 1 and found[0].id == made.json()["id"]:
            return Posted(done, found[0].url)
    first, *others = found
    if what.entry.order < max(each.entry.order for each in found):
        return Posted("older", first.url)
    body = _body(what, _history(found, what.entry))
    await github.request("PATCH", f"/repos/{repository}/issues/comments/{first.id}", body={"body": body})
    for each in others:
        with suppress(NotFound):
            await github.request("DELETE", f"/repos/{repository}/issues/comments/{each.id}")
    return Posted(done, first.url)


async def _writer(github: Client) -> str:
    """The account that the token writes as; a workflow's own token may not ask for it."""
    try:
        return str((await github.get("/user"))["login"])
    except Forbidden:
        return _BOT


async def _own(github: Client, repository: str, number: int, stack: str, writer: str) -> list[_Own]:
    """Our comments for the stack, oldest first. What another person wrote is never ours, whatever it begins with."""
    found: list[_Own] = []
    async for page in github.pages(f"/repos/{repository}/issues/{number}/comments", per_page=100):
        for row in rows(page):
            author = mapping(row.get("user")).get("login")
            mark = _read(str(row.get("body") or ""), stack) if author == writer else None
            if mark is not None:
                found.append(_Own(int(row["id"]), str(row.get("html_url") or ""), *mark))
    return sorted(found, key=lambda each: each.id)


# --- The marker -------------------------------------------------------------------------------------------------------

_MARKER = re.compile(r"<!-- parity preview (\S+) (\{.*?\}) -->")


def _read(body: str, stack: str) -> tuple[Entry, tuple[Entry, ...]] | None:
    """What a comment's marker says, or None where it has none for this stack."""
    match = _MARKER.match(body)
    if match is None or match[1] != stack:
        return None
    try:
        document = parse(match[2])
        return _entry(document["entry"]), tuple(_entry(each) for each in document["earlier"])
    except (ValueError, TypeError, KeyError):
        # Its marker is damaged: it is ours, and anything is newer.
        return Entry(0, 0, "", "", "", "", ""), ()


def _entry(document: Mapping[str, Any]) -> Entry:
    return Entry(**{name: document[name] for name in Entry.__dataclass_fields__})


def _history(found: list[_Own], new: Entry) -> tuple[Entry, ...]:
    """The previews before `new`, oldest first; each run once."""
    known = {each.order: each for own in found for each in (*own.earlier, own.entry) if each.started}
    known.pop(new.order, None)
    return tuple(known[order] for order in sorted(known) if order < new.order)[-_KEPT:]


def _body(what: Post, earlier: tuple[Entry, ...]) -> str:
    """Write the comment; if it is too long, drop the oldest previews from the history."""
    while True:
        marker = {"entry": asdict(what.entry), "earlier": [asdict(each) for each in earlier]}
        # `>` could end the HTML comment.
        packed = json.dumps(marker, separators=(",", ":")).replace(">", "\\u003e")
        text = f"<!-- parity preview {what.stack} {packed} -->\n{what.body}{_footer(what.entry, earlier)}"
        if len(text) <= COMMENT_LIMIT or not earlier:
            return text
        earlier = earlier[1:]


def _footer(entry: Entry, earlier: tuple[Entry, ...]) -> str:
    run = f", [run {entry.run}]({entry.url})" if entry.url else ""
    lines = ["", f"<sub>{_time(entry.started)}{run}. Updated in place by each push.</sub>"]
    if earlier:
        lines += ["", f"<details><summary>Earlier previews ({len(earlier)})</summary>", ""]
        lines += ["| when | commit | result | changes |", "| --- | --- | --- | --- |"]
        lines += [_row(each) for each in earlier]
        lines += ["", "</details>"]
    return "\n".join(lines) + "\n"


def _row(each: Entry) -> str:
    when = f"[{_time(each.started)}]({each.url})" if each.url else _time(each.started)
    head = f"`{each.head[:9]}`" if each.head else ""
    return f"| {when} | {head} | {markup.text(each.verdict)} | {markup.text(each.counts)} |"


def _time(started: str) -> str:
    return started.replace("T", " ").replace("Z", " UTC")


def missing(stack: str, entry: Entry, *, why: str) -> Post:
    """Write the comment for a preview that ended without a report."""
    body = (
        f"## ❌ Preview of {markup.text(stack)}: it did not come to its end\n\n"
        f"{markup.text(why)} What an update would do is not known.\n"
    )
    return Post(stack, replace(entry, verdict="did not come to its end", counts=""), body)
