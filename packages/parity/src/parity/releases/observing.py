"""Asks about a release that is watched: which deployment is live, how its domains answer, what was counted."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from parity.provider.release import live_of
from parity.releases import counts, release_status
from parity.vendors import health, job
from parity.vendors.http import VendorError
from parity.vendors.rolling import path, roll_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import httpx

    from parity.backend.notes import Note
    from parity.config.parameters import Watch
    from parity.config.settings import Settings
    from parity.evaluate.stack import Stack
    from parity.releases.evidence import Counts
    from parity.vendors.rolling import Roll


@dataclass(frozen=True)
class Observed:
    """What was seen at one time."""

    served: str = ""
    """The deployment that Vercel serves; empty where it could not be asked."""
    faults: Mapping[str, str] = field(default_factory=dict[str, str])
    """What is wrong with each domain's answer; empty texts where nothing is."""
    counts: Counts | None = None
    unread: str = ""
    """Why the counts were not read; empty where they were, and where none are declared."""
    roll: Roll | None = None
    """Where the release still gets to its users by stages."""


def observer(stack: Stack, note: Note) -> Observer | None:
    """What asks about the release of a watch; None where it is not live, or is not declared to be watched any more."""
    settings, state = stack.read()
    application, release = str(note.begin["application"]), str(note.begin["release"])
    if application not in settings.applications or not (declared := settings.watch(application)):
        return None
    job.require(settings, os.environ)
    there = asyncio.run(release_status.read(settings, state, application))
    deployed, before = there.deployments.get(release), there.deployments.get(str(note.begin["before"]))
    live = there.roll.canary if there.roll else there.served
    if deployed is None or (live and live != deployed.id):
        return None
    before_id = before.id if before else ""
    return Observer(declared, deployed.id, deployed.host, settings, application, release, before_id, there.through)


@dataclass(frozen=True)
class Observer:
    """What asks about one release."""

    watch: Watch
    deployment: str
    host: str
    settings: Settings
    application: str
    release: str
    deployment_before: str
    through: health.Pass = health.NOTHING

    @property
    def compares(self) -> bool:
        """Whether there is a release before, and a URL for counts."""
        return bool(self.deployment_before and self._url)

    @property
    def _url(self) -> str:
        return self.settings.applications[self.application].watch.counts or ""

    async def ask(self, since: datetime, until: datetime) -> Observed:
        """The release now, with its counts in that window."""
        own = self.settings.applications[self.application].domains
        roll, served = await self._served()
        # While it rolls, a domain answers now with this release and now with the one before.
        rolls = bool(self.watch.stages) and (roll is not None or served != self.deployment)
        names = [self.host] if rolls else [each.name for each in own if each.redirect is None]
        async with health.web() as web:
            (found, unread), faults = await asyncio.gather(
                self._counts(web, self.deployment, since, until),
                asyncio.gather(*(self._fault(web, each) for each in names)),
            )
        return Observed(served, dict(zip(names, faults, strict=True)), found, unread, roll)

    async def before(self, since: datetime, until: datetime) -> Observed:
        """The counts of the release before in that window."""
        async with health.web() as web:
            found, unread = await self._counts(web, self.deployment_before, since, until)
        return Observed(counts=found, unread=unread)

    async def advance(self, roll: Roll) -> None:
        """Give the release to the users of the next stage, after the last one to all; raises VendorError."""
        name = self.settings.names.project(self.application)
        body: dict[str, object] = {"canaryDeploymentId": roll.canary}
        step = "complete" if roll.last else "approve-stage"
        if not roll.last:
            body["nextStageIndex"] = roll.stage + 1
        async with release_status.vercel(self.settings) as client:
            await client.request("POST", f"{path(name)}/{step}", body=body)

    async def _served(self) -> tuple[Roll | None, str]:
        """What rolls, and the deployment that Vercel serves or rolls; none and an empty text where it cannot be asked.

        Users are asked all the same: that Vercel's API does not answer says nothing of the release.
        """
        try:
            async with release_status.vercel(self.settings) as client:
                name = self.settings.names.project(self.application)
                roll = roll_of(await client.get(path(name), state="ACTIVE")) if self.watch.stages else None
                if roll is not None:
                    return roll, roll.canary
                return None, live_of(await client.get_or_none(f"/v9/projects/{name}") or {}).deployment_id
        except VendorError:
            return None, ""

    async def _taken(self) -> health.Pass:
        """What passes protection now: an update may have changed that since the watch began."""
        name = self.settings.names.project(self.application)
        try:
            async with release_status.vercel(self.settings) as client:
                return health.passing(self.through, await client.get_or_none(f"/v9/projects/{name}") or {})
        except VendorError:
            return self.through

    async def _fault(self, web: httpx.AsyncClient, domain: str) -> str:
        page = self.settings.catalog.application(self.application).health
        kept = self.settings.releases[self.application].kept[self.release]
        url = f"https://{domain}{page.path}"
        answer = await health.ask_as_taken(web, url, self.through, self._taken, page.timeout_seconds)
        return answer.served() if kept.deployment else answer.fault(self.release, kept.commit)

    async def _counts(
        self, web: httpx.AsyncClient, deployment: str, since: datetime, until: datetime
    ) -> tuple[Counts | None, str]:
        if not self._url:
            return None, ""
        try:
            return await counts.read(web, self._url, deployment, since, until), ""
        except counts.UnreadCounts as error:
            return None, f"{self._url}: {error}"
