"""Keeps one GitHub issue about drift for each stack: finds it by label and marker, opens, updates and closes it.

The body begins with an HTML comment that names the stack and a digest of the findings, so that a run with the same
findings changes nothing and notifies no person twice.
"""

from __future__ import annotations

import hashlib
import json
import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from parity import markup
from parity.documents import parse, rows
from parity.problems import some
from parity.vendors.http import NotFound, Refused

if TYPE_CHECKING:
    from pathlib import Path

    from parity.documents import Document
    from parity.vendors.http import Client

LABEL = "parity-drift"
"""Every issue about drift has it."""

UNREAD = "parity-unread"
"""An issue has it while its last run could not read everything."""

_LABELS = {
    LABEL: ("d93f0b", "Live state is not what was declared"),
    UNREAD: ("fbca04", "The last run could not read everything"),
}
_LIMIT = 60_000
"""Characters; GitHub takes 65,536."""

State = Literal["clean", "drifted", "unread"]
_MARKER = re.compile(r"<!-- parity drift (\S+) ([0-9a-f]{16}) (\S*) -->")
_NAMED = 10
"""Findings that a comment names before it counts the rest."""


@dataclass(frozen=True)
class Summary:
    """What one run found."""

    stack: str
    state: State
    findings: tuple[str, ...]
    """The ids of the findings that no exception suppresses."""
    names: dict[str, str]
    """What each finding is about."""
    digest: str
    """16 hex digits of the findings with their values, and of the reads that failed."""
    body: str = field(repr=False)
    run: str = ""
    """The address of the workflow's run."""


@dataclass(frozen=True)
class Done:
    """What was done to the issue."""

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


def read(stack: str, folder: Path, run: str = "") -> Summary:
    """Read what `parity drift --output` wrote; a folder without a complete report counts as a run that read nothing."""
    try:
        report = parse((folder / "report.json").read_text())
        body = (folder / "report.md").read_text()
        return summarise(stack, report, body, run)
    except (OSError, ValueError, KeyError, TypeError):
        text = f"**{stack}: the audit did not finish, so the state is not known to be clean.**\n"
        return Summary(stack, "unread", (), {}, _digest(["no report"]), text, run)


def summarise(stack: str, report: Document, body: str, run: str = "") -> Summary:
    """Sum up a report for the issue.

    Raises:
        KeyError: the report is not complete.
        ValueError: it is another stack's.
    """
    if report["stack"] != stack:
        raise ValueError(f"the report is of {report['stack']}")
    unread = rows(report["read_failures"])
    counted = [
        each
        for each in rows(report["findings"])
        if each["kind"] != "unknowable" and not (each.get("suppression") and not each["suppression"]["expired"])
    ]
    state: State = "unread" if unread else "clean" if report["clean"] else "drifted"
    facts = [[each["id"], each["declared"], each["live"]] for each in counted]
    facts += [[each["vendor"], each["what"], each["status"]] for each in unread]
    names = {
        str(each["id"]): f"{each['type'].split(':')[-1]} {each['name']} {each['property']}".strip() for each in counted
    }
    return Summary(stack, state, tuple(names), names, _digest(facts), body, run)


def _digest(facts: list[Any]) -> str:
    return hashlib.sha256(json.dumps(sorted(facts, key=str)).encode()).hexdigest()[:16]


async def publish(github: Client, repository: str, what: Summary) -> Done:
    """Open, update or close the stack's issue.

    `repository` is `owner/name`; the token may write issues.

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
        for row in rows(page):
            mark = _MARKER.match(str(row.get("body") or ""))
            if mark is not None and mark[1] == stack and "pull_request" not in row:
                found.append(row)
    return sorted(found, key=lambda row: int(row["number"]))


async def _create(github: Client, repository: str, what: Summary) -> Done:
    for label in (LABEL, UNREAD):
        await _ensure_label(github, repository, label)
    labels = [LABEL, UNREAD] if what.state == "unread" else [LABEL]
    title = f"Drift in {what.stack}" if what.findings else f"Drift of {what.stack} could not be read"
    body = {"title": title, "body": _body(what), "labels": labels}
    made = await github.request("POST", f"/repos/{repository}/issues", body=body, repeat=False)
    return Done("opened", str(made.json()["html_url"]))


async def _ensure_label(github: Client, repository: str, label: str) -> None:
    try:
        await github.get(f"/repos/{repository}/labels/{quote(label)}")
    except NotFound:
        color, description = _LABELS[label]
        body = {"name": label, "color": color, "description": description}
        # Refused: another stack's run created it meanwhile; any other fault shows when the issue is created.
        with suppress(Refused):
            await github.request("POST", f"/repos/{repository}/labels", body=body, repeat=False)


async def _update(github: Client, repository: str, issue: Document, what: Summary) -> Done:
    number, url = issue["number"], str(issue["html_url"])
    mark = _MARKER.match(str(issue["body"]))
    digest, named = (mark[2], mark[3]) if mark else ("", "")
    await _set_unread(github, repository, issue, unread=what.state == "unread")
    if digest == what.digest:
        return Done("unchanged", url)
    before = {each for each in named.split(",") if each}
    title = f"Drift in {what.stack}" if what.findings else str(issue["title"])
    change = {"body": _body(what), "title": title}
    await github.request("PATCH", f"/repos/{repository}/issues/{number}", body=change)
    said = _news(before, what)
    body = {"body": f"{said}{_by(what)}"}
    await github.request("POST", f"/repos/{repository}/issues/{number}/comments", body=body, repeat=False)
    return Done("updated", url)


async def _set_unread(github: Client, repository: str, issue: Document, *, unread: bool) -> None:
    """Add or remove the second label; labels that people set stay."""
    has = any(each["name"] == UNREAD for each in rows(issue["labels"]))
    base = f"/repos/{repository}/issues/{issue['number']}/labels"
    if unread and not has:
        await _ensure_label(github, repository, UNREAD)
        await github.request("POST", base, body={"labels": [UNREAD]})
    if has and not unread:
        with suppress(NotFound):
            await github.request("DELETE", f"{base}/{quote(UNREAD)}")


async def _close(github: Client, repository: str, issue: Document, text: str, reason: str) -> None:
    number = issue["number"]
    path = f"/repos/{repository}/issues/{number}"
    await github.request("POST", f"{path}/comments", body={"body": text}, repeat=False)
    await _set_unread(github, repository, issue, unread=False)
    await github.request("PATCH", path, body={"state": "closed", "state_reason": reason})


def _body(what: Summary) -> str:
    marker = f"<!-- parity drift {what.stack} {what.digest} {','.join(what.findings)} -->\n"
    foot = (
        "\n\n`parity drift "
        + what.stack
        + " --plan` says what puts it right, `--suppress FINDING` writes an exception. "
        + f"This issue is closed by the first run that finds the stack clean.{_by(what)}"
    )
    room = _LIMIT - len(marker) - len(foot)
    text = (
        what.body if len(what.body) <= room else what.body[:room].rpartition("\n")[0] + "\n\nMore in the run's report."
    )
    return f"{marker}{text}{foot}"


def _news(before: set[str], what: Summary) -> str:
    """Say which findings are new and which are gone since the last run that changed the issue."""
    if what.state == "unread" and not what.findings:
        return "The last run could not read everything: see above."
    new = [each for each in what.findings if each not in before]
    gone = sorted(before - set(what.findings))
    parts = [f"New: {_named(new, what)}."] if new else []
    # A finding that was not read again is not gone.
    parts += [f"Gone: {_named(gone, what)}."] if gone and what.state != "unread" else []
    return " ".join(parts) or "The same findings, with other values."


def _named(ids: list[str], what: Summary) -> str:
    names = {each: f" ({markup.text(name)})" for each, name in what.names.items()}
    return some([f"`{each}`{names.get(each, '')}" for each in ids], _NAMED)


def _by(what: Summary) -> str:
    return f" ([run]({what.run}))" if what.run else ""
