"""What a delivery did, as Markdown for a job's summary: what is live, where it came from, how to go back."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from parity import markup
from parity.backend.this_host import run_of
from parity.errors import UnreadError, WatchError
from parity.redact import masked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from parity.errors import ParityError
    from parity.releases.pull_request import PullRequest
    from parity.releases.release_status import ReleaseStatus


_WATCHED = {WatchError: "bad, and held", UnreadError: "delivered, and its errors are not known"}
"""What the watch comes to, after an update that ended well."""


@dataclass(frozen=True)
class Origin:
    """The origin of a delivery."""

    commit: str
    """The commit of the stack's file and the program; empty if it is not known."""
    pull_request: PullRequest | None
    run: str
    """The run's address; empty outside of GitHub Actions."""
    unasked: str = ""
    """Why the pull request is not known, where it could not be asked for."""


def run_address() -> str:
    """The address of the GitHub Actions run that this is; empty where it is none."""
    found = run_of(os.environ)
    return found.url if found else ""


def live_address(found: Sequence[ReleaseStatus]) -> str:
    """The first domain that serves its live release in health; where there is none, the run's address."""
    live = (each.domains.items() for each in found if each.releases.live is not None)
    healthy = (f"https://{name}" for domains in live for name, fault in domains if not fault)
    return next(healthy, run_address())


def markdown(
    stack: str,
    before: Mapping[str, Mapping[str, Any]],
    found: Sequence[ReleaseStatus],
    origin: Origin,
    failure: ParityError | None,
) -> str:
    """The summary; `before` is what was live, as `parity.updates.record.recorded_live` gives it."""
    sick = [each for each in found if each.releases.live is not None and each.faults()]
    watched = next((text for kind, text in _WATCHED.items() if isinstance(failure, kind)), "")
    title = watched or ("failed" if failure else "delivered, and not well" if sick else "delivered")
    lines = [f"## {stack}: {title}", ""]
    lines += _origin(origin)
    lines += ["| application | live before | live now | commit | healthy |", "| --- | --- | --- | --- | --- |"]
    lines += [_row(each, str(before.get(each.application, {}).get("live") or "nothing")) for each in found]
    lines += [""]
    for each in sick:
        lines += [f"- **{each.application}**: {markup.text(fault)}" for fault in each.faults()]
    if failure is not None and watched:
        to_do = [f"- {each}" for each in (failure.remedy or "").split("; ") if each]
        lines += ["", "The watch after the switch:", "", *markup.fenced(failure.what), "", *to_do]
    elif failure is not None:
        lines += ["", "The update failed:", "", *markup.fenced(failure.what)]
        lines += ["", "What was live before is live still where the table says so. The next update tries again."]
    lines += ["", *_going_back(stack, before, found)]
    return "\n".join(lines).rstrip() + "\n"


def _origin(origin: Origin) -> list[str]:
    parts = [f"commit `{origin.commit}`"] if origin.commit else []
    if origin.pull_request is not None:
        found = origin.pull_request
        parts.append(f"pull request [#{found.number}]({found.url}) {markup.text(found.title)}")
    if origin.unasked:
        parts.append(f"pull request unknown ({markup.text(origin.unasked)})")
    if origin.run:
        parts.append(f"[run]({origin.run})")
    return ["From " + ", ".join(parts) + ".", ""] if parts else []


def _row(found: ReleaseStatus, before: str) -> str:
    now = found.served_release or (found.served or "nothing")
    kept = found.releases.kept.get(found.served_release or "")
    commit = f"`{kept.commit[:12]}`" if kept else ""
    healthy = "no live release" if found.releases.live is None else "no" if found.faults() else "yes"
    changed = now if now == before else f"**{now}**"
    return f"| {found.application} | {before} | {changed} | {commit} | {healthy} |"


def _going_back(stack: str, before: Mapping[str, Mapping[str, Any]], found: Sequence[ReleaseStatus]) -> list[str]:
    lines: list[str] = []
    for each in found:
        was = str(before.get(each.application, {}).get("live") or "")
        again = was in each.releases.kept and was != each.served_release
        target = was if again else each.releases.before(each.served_release)
        if target:
            lines.append(f"- {each.application}: `parity rollback {stack} {each.application} --to {target} --up`")
    if not lines:
        return ["There is no kept release to go back to."]
    return ["To go back (or by the workflow `rollback`), one switch, nothing is built:", "", *lines]


def append(path: Path, text: str) -> None:
    """Add text to a file, as a job's summary is written (`$GITHUB_STEP_SUMMARY`) and a step's output."""
    with path.open("a", encoding="utf-8") as stream:
        stream.write(masked(text) + "\n")
