"""Asks GitHub when the audit last ran by its schedule: one that GitHub drops or disables fails nowhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from parity.documents import mapping, rows
from parity.errors import UnreadError

if TYPE_CHECKING:
    from parity.vendors.http import Client

_ENDED = {"success", "failure"}
"""Conclusions of a run that came to its end: one that finds drift fails."""


@dataclass(frozen=True)
class Watched:
    """A workflow's schedule, as GitHub has it."""

    workflow: str
    """The file's name."""
    since: datetime
    """When its last run that ended began; when the workflow came to be, where there was none."""
    state: str
    """GitHub's: `active`, `disabled_inactivity`, `disabled_manually`."""
    page: str
    """The address of its runs."""

    def require(self, now: datetime, hours: int) -> None:
        """Raise UnreadError where the last run is older than so many hours, or the schedule is disabled."""
        if self.state == "active" and now - self.since <= timedelta(hours=hours):
            return
        disabled = self.state != "active"
        raise UnreadError(
            f"the schedule of {self.workflow} has not run since {self.since:%Y-%m-%d %H:%M} UTC"
            + (f", and GitHub says {self.state}" if disabled else f"; it must within {hours} hours"),
            where=self.page,
            remedy="enable it there" if disabled else "start it there by hand; GitHub drops runs under load",
        )


async def ask(github: Client, repository: str, workflow: str) -> Watched:
    """Ask for the schedule of a workflow.

    `repository` is `owner/name`, `workflow` the file's name, as `drift.yml`; the token may read Actions.

    Raises:
        VendorError: GitHub cannot be reached, refuses, or has no such workflow.
    """
    path = f"/repos/{repository}/actions/workflows/{workflow}"
    flow = await github.get(path)
    found = await github.get(f"{path}/runs", event="schedule", status="completed", per_page=30)
    ran = [each for each in rows(found["workflow_runs"]) if each["conclusion"] in _ENDED]
    since = datetime.fromisoformat(str((ran[0] if ran else flow)["created_at"]))
    page = str(mapping(flow)["html_url"]).partition("/blob/")[0]
    return Watched(workflow, since, str(flow["state"]), f"{page}/actions/workflows/{workflow}")
