"""A stack's one GitHub issue about drift: found by label and marker, opened, updated, closed.

The body begins with an HTML comment that names the stack and a digest of the findings, so that a run which finds the
same again changes nothing and nobody is told twice.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, cast
from urllib.parse import quote

from parity.redact import masked
from parity.vendors.http import NotFound, Refused

if TYPE_CHECKING:
    from pathlib import Path

    from parity.vendors.http import Client, Document

LABEL = "parity-drift"
"""Every issue of ours has it."""

BLIND = "parity-could-not-look"
"""On an issue whose last run could not look at everything."""

_LABELS = {
    LABEL: ("d93f0b", "What is there is not what was declared"),
    BLIND: ("fbca04", "The last run could not look at everything"),
}
_LIMIT = 60_000
"""Characters; GitHub takes 65,536."""

State = Literal["clean", "drifted", "unseen"]
_MARKER = re.compile(r"<!-- parity drift (\S+) ([0-9a-f]{16}) (\S*) -->")
_NAMED = 10
"""Findings that a comment names before it counts the rest."""


@dataclass(frozen=True)
class Told:
    """What one run found."""

    stack: str
    state: State
    findings: tuple[str, ...]
    """The ids of what counts."""
    names: dict[str, str]
    """What each finding is about."""
    digest: str
    """16 hex digits of the findings with their values, and of what could not be looked at."""
    body: str = field(repr=False)
    run: str = ""
    """The address of the workflow's run."""


@dataclass(frozen=True)
class Done:
    """What became of the issue."""

    done: Literal["opened", "updated", "unchanged", "closed", "none"]
    url: str

    @property
    def sentence(self) -> str:
        """For people."""
        return {
            "opened": f"opened {self.url}",
            "updated": f"updated {self.url}",
            "unchanged": f"nothing new in {self.url}",
            "closed": f"clean: closed {self.url}",
            "none": "clean, and no issue is open",
        }[self.done]


def read(stack: str, folder: Path, run: str = "") -> Told:
    """What `parity drift --output` wrote; a folder without a whole report is a run that could not look."""
    try:
        report = cast("Document", json.loads((folder / "report.json").read_text()))
        body = (folder / "report.md").read_text()
        return told(stack, report, body, run)
    except (OSError, ValueError, KeyError, TypeError):
        text = f"**{stack}: the audit did not come to its end, so nobody knows whether it is clean.**\n"
        return Told(stack, "unseen", (), {}, _digest(["no report"]), text, run)


def told(stack: str, report: Document, body: str, run: str = "") -> Told:
    """A report as the issue takes it.

    Raises:
        KeyError: the report is not whole.
        ValueError: it is another stack's.
    """
    if report["stack"] != stack:
        raise ValueError(f"the report is of {report['stack']}")
    blind = cast("list[Document]", report["could_not_look"])
    rows = [
        each
        for each in cast("list[Document]", report["findings"])
        if each["kind"] != "unknowable" and not (each.get("accepted") and not each["accepted"]["expired"])
    ]
    state: State = "unseen" if blind else "clean" if report["clean"] else "drifted"
    facts = [[each["id"], each["declared"], each["live"]] for each in rows]
    facts += [[each["vendor"], each["what"], each["status"]] for each in blind]
    names = {
        str(each["id"]): f"{each['type'].split(':')[-1]} {each['name']} {each['property']}".strip() for each in rows
    }
    return Told(stack, state, tuple(names), names, _digest(facts), body, run)


def _digest(facts: list[Any]) -> str:
    return hashlib.sha256(json.dumps(sorted(facts, key=str)).encode()).hexdigest()[:16]


async def tell(github: Client, repository: str, what: Told) -> Done:
    """Open, update or close the stack's issue.

    Args:
        github: GitHub's API with a token that may write issues.
        repository: `owner/name`.
        what: what the run found.

    Raises:
        VendorError: GitHub cannot be reached, or refuses.
    """
    found = await _open(github, repository, what.stack)
    if not found:
        if what.state == "clean":
            return Done("none", "")
        return await _create(github, repository, what)
    first, *twins = found
    for twin in twins:
        text = f"The same as #{first['number']}, which stays."
        await _close(github, repository, twin, text, "not_planned")
    if what.state == "clean":
        await _close(github, repository, first, f"Clean again.{_by(what)}", "completed")
        return Done("closed", str(first["html_url"]))
    return await _update(github, repository, first, what)


async def _open(github: Client, repository: str, stack: str) -> list[Document]:
    """The open issues with our label and this stack's marker, oldest first."""
    found: list[Document] = []
    async for page in github.pages(f"/repos/{repository}/issues", state="open", labels=LABEL, per_page=100):
        for row in cast("list[Document]", page):
            mark = _MARKER.match(str(row.get("body") or ""))
            if mark is not None and mark[1] == stack and "pull_request" not in row:
                found.append(row)
    return sorted(found, key=lambda row: int(row["number"]))


async def _create(github: Client, repository: str, what: Told) -> Done:
    for label in (LABEL, BLIND):
        await _ensure_label(github, repository, label)
    labels = [LABEL, BLIND] if what.state == "unseen" else [LABEL]
    title = f"Drift in {what.stack}" if what.findings else f"Drift of {what.stack} could not be looked at"
    body = {"title": title, "body": _body(what), "labels": labels}
    made = await github.request("POST", f"/repos/{repository}/issues", body=body, repeat=False)
    return Done("opened", str(made.json()["html_url"]))


async def _ensure_label(github: Client, repository: str, label: str) -> None:
    try:
        await github.get(f"/repos/{repository}/labels/{quote(label)}")
    except NotFound:
        color, description = _LABELS[label]
        try:
            body = {"name": label, "color": color, "description": description}
            await github.request("POST", f"/repos/{repository}/labels", body=body, repeat=False)
        except Refused:
            # The other stack's run made it in the meantime; anything else shows when the issue is made.
            return


async def _update(github: Client, repository: str, issue: Document, what: Told) -> Done:
    number, url = issue["number"], str(issue["html_url"])
    mark = cast("re.Match[str]", _MARKER.match(str(issue["body"])))
    await _set_blind(github, repository, issue, blind=what.state == "unseen")
    if mark[2] == what.digest:
        return Done("unchanged", url)
    before = {each for each in mark[3].split(",") if each}
    title = f"Drift in {what.stack}" if what.findings else str(issue["title"])
    change = {"body": _body(what), "title": title}
    await github.request("PATCH", f"/repos/{repository}/issues/{number}", body=change)
    said = _news(before, what)
    body = {"body": f"{said}{_by(what)}"}
    await github.request("POST", f"/repos/{repository}/issues/{number}/comments", body=body, repeat=False)
    return Done("updated", url)


async def _set_blind(github: Client, repository: str, issue: Document, *, blind: bool) -> None:
    """Put the second label on, or take it off; labels that people gave stay."""
    has = any(each["name"] == BLIND for each in cast("list[Document]", issue["labels"]))
    base = f"/repos/{repository}/issues/{issue['number']}/labels"
    if blind and not has:
        await _ensure_label(github, repository, BLIND)
        await github.request("POST", base, body={"labels": [BLIND]})
    if has and not blind:
        try:
            await github.request("DELETE", f"{base}/{quote(BLIND)}")
        except NotFound:
            return


async def _close(github: Client, repository: str, issue: Document, text: str, reason: str) -> None:
    number = issue["number"]
    path = f"/repos/{repository}/issues/{number}"
    await github.request("POST", f"{path}/comments", body={"body": text}, repeat=False)
    await _set_blind(github, repository, issue, blind=False)
    await github.request("PATCH", path, body={"state": "closed", "state_reason": reason})


def _body(what: Told) -> str:
    """The issue's text, with the marker first."""
    marker = f"<!-- parity drift {what.stack} {what.digest} {','.join(what.findings)} -->\n"
    foot = (
        "\n\n`parity drift "
        + what.stack
        + " --plan` says what puts it right, `--accept FINDING` writes an exception. "
        + f"This issue is closed by the first run that finds the stack clean.{_by(what)}"
    )
    room = _LIMIT - len(marker) - len(foot)
    text = (
        what.body if len(what.body) <= room else what.body[:room].rpartition("\n")[0] + "\n\nMore in the run's report."
    )
    return f"{marker}{text}{foot}"


def _news(before: set[str], what: Told) -> str:
    """What is new and what is gone since the last run that changed the issue."""
    if what.state == "unseen" and not what.findings:
        return "The last run could not look at everything: see above."
    new = [each for each in what.findings if each not in before]
    gone = sorted(before - set(what.findings))
    parts = [f"New: {_named(new, what)}."] if new else []
    # What could not be looked at is not gone.
    parts += [f"Gone: {_named(gone, what)}."] if gone and what.state != "unseen" else []
    return " ".join(parts) or "The same findings, with other values."


def _named(ids: list[str], what: Told) -> str:
    shown = [f"`{each}`" + (f" ({_plain(what.names[each])})" if each in what.names else "") for each in ids[:_NAMED]]
    rest = len(ids) - _NAMED
    return ", ".join(shown) + (f" and {rest} more" if rest > 0 else "")


def _plain(text: str) -> str:
    """A name that mentions nobody and marks nothing up."""
    return re.sub(r"[^\w ./:()-]", "", masked(text).replace("@", "@\u200b"))


def _by(what: Told) -> str:
    return f" ([run]({what.run}))" if what.run else ""
