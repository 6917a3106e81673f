"""Reads one application's release status: the file, the engine's record, what Vercel serves, what users get."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from parity import redact
from parity.config import guard
from parity.errors import UsageError
from parity.inventory import builds
from parity.provider import release as switch
from parity.releases import forecast
from parity.resources import kinds
from parity.vendors import health, services
from parity.vendors.http import Client, VendorError
from parity.vendors.rolling import configured, path, roll_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from parity.backend.built import Built
    from parity.config.parameters import Application
    from parity.config.settings import Settings
    from parity.config.stack_models import Releases
    from parity.engine.state import Recorded, State
    from parity.vendors.http import Limits
    from parity.vendors.rolling import Roll


MAY_NOT_ASK = "lets the jobs of its own environments alone ask, and this is none"
"""The fault of a host that a trusted source alone may ask: whether it is healthy is not known."""


@dataclass(frozen=True)
class Deployed:
    """A kept release's deployment."""

    id: str
    host: str
    state: str
    """Vercel's `readyState`; `GONE` where Vercel does not have it any more, `UNKNOWN` where it could not be asked."""
    created: float | None
    """Seconds since the epoch."""
    fault: str
    """What is wrong with its answer at its own host; empty if it is healthy."""
    image: str = ""
    """The digest of the image that it was built to, as recorded; empty where it is no container, or not known."""
    stored: bool | None = None
    """Whether the registry still has that image; None where there is none, or it could not be asked."""

    @property
    def asked(self) -> bool:
        """Whether it is known how it answers."""
        return self.state != "UNKNOWN" and self.fault != MAY_NOT_ASK


@dataclass(frozen=True)
class ReleaseStatus:
    """The status of one application of one stack, from all sources."""

    stack: str
    application: str
    releases: Releases
    deployments: Mapping[str, Deployed]
    """By release; a kept release without a deployment is not in it."""
    recorded_live: str | None
    """The release that the engine recorded as live."""
    recorded_deployment: str | None
    served: str | None
    """The deployment that Vercel serves; None if it serves none, or could not be asked."""
    moving: str
    """The target of a promotion under way; empty if there is none."""
    domains: Mapping[str, str]
    """What is wrong with each serving domain's answer, for the file's live release; empty texts if nothing is."""
    stale: str
    """The release guard's message if config has changed since the newest release; otherwise empty."""
    project: str = ""
    """The Vercel project's name."""
    roll: Roll | None = None
    """The rolling release under way; `served` is the deployment before, meanwhile."""
    stalled: bool = False
    """Whether its stage has lasted longer than a watch stays at it: none goes on with it."""
    unasked: tuple[str, ...] = field(default=())
    """The requests that failed, and why."""
    built: Mapping[str, Built] = field(default_factory=dict[str, "Built"])
    """By release, what its deployment was built with, as the update that made it has kept; mostly of all."""
    through: health.Pass = health.NOTHING
    """What the deployments were asked with."""

    @property
    def served_release(self) -> str | None:
        """The kept release that Vercel serves; None if it serves nothing, or no kept release."""
        return next((name for name, each in self.deployments.items() if each.id == self.served), None)

    @property
    def rolls(self) -> str:
        """How far the recorded release is among its users, in words; empty where all have it, or none."""
        if self.roll is None or self.roll.canary != self.recorded_deployment:
            return ""
        return f"{self.recorded_live} is {self.roll}"

    @property
    def by_hand(self) -> str:
        """What a person made live without Parity, in words; empty if Vercel serves what was recorded."""
        if self.rolls or not self.served or not self.recorded_deployment or self.served == self.recorded_deployment:
            return ""
        release = self.served_release
        if release is not None and release == self.releases.live:
            return (
                f"{self.project} serves {release}, as the file says, and the engine has "
                f"recorded {self.recorded_live}: run the update."
            )
        what = f"release {release} (deployment {self.served})" if release else f"deployment {self.served}"
        return (
            f"{self.project} serves {what}, which Parity did not make live: a person "
            f"promoted or rolled back at Vercel; recorded is {self.recorded_live}."
        )

    def faults(self) -> tuple[str, ...]:
        """Why the file's live release is not live and healthy; empty if it is, or gets to its users as declared."""
        live = self.releases.live
        if live is None:
            return (f"{self.stack}'s file names no live release of {self.application}",)
        found = list(self.unasked)
        if self.stale:
            found.append(self.stale)
        if self.recorded_live != live:
            was = self.recorded_live or "none"
            found.append(f"the file says that {live} is live, and the last update left {was}: run the update first")
        if self.by_hand:
            found.append(self.by_hand)
        elif self.rolls and self.stalled:
            found.append(f"{self.rolls} for longer than declared: `parity watch {self.stack}` goes on with it")
        elif self.moving and not self.rolls:
            found.append(f"a promotion to deployment {self.moving} is under way at Vercel")
        return (*found, *self.domain_faults)

    @property
    def domain_faults(self) -> tuple[str, ...]:
        """What is wrong with the domains that could be asked."""
        said = ((name, fault) for name, fault in self.domains.items() if fault not in ("", MAY_NOT_ASK))
        return tuple(f"https://{name} {fault}" for name, fault in said)


def vercel(settings: Settings, limits: Limits | None = None) -> Client:
    """Vercel as the stack's team sees it; raises UsageError where there is no token."""
    token = os.environ.get(services.VERCEL_TOKEN, "")
    if not token:
        raise UsageError(
            f"{services.VERCEL_TOKEN} is not set, so Vercel cannot be asked what is live.",
            remedy=f"Export a token of the team {settings.catalog.vercel_team}.",
        )
    return Client(services.vercel(token, settings.catalog.vercel_team), limits=limits)


def github(limits: Limits | None = None) -> Client | None:
    """GitHub; None where there is no token."""
    token = next((found for name in services.GITHUB_TOKENS if (found := os.environ.get(name))), None)
    return Client(services.github(token), limits=limits) if token else None


async def read(settings: Settings, state: State, application: str, *, limits: Limits | None = None) -> ReleaseStatus:
    """Ask the engine's record, Vercel and users' domains about one application, without changing anything.

    Where the stack's secrets are sealed, Vercel is asked for what passes deployment protection. `limits` say when to
    give up on Vercel, and on a health page that the catalog gives longer. Raises as `vercel`.
    """
    async with vercel(settings, limits) as client, health.web() as web:
        return await _Reader(settings, state, application, client, web, limits=limits).all()


class _Reader:
    """Reads the status of one application."""

    def __init__(
        self,
        settings: Settings,
        state: State,
        application: str,
        vercel: Client,
        web: httpx.AsyncClient,
        *,
        limits: Limits | None,
    ) -> None:
        self.settings = settings
        self.patience = limits.deadline_seconds if limits else float("inf")
        self.state = state
        self.application: Application = settings.catalog.application(application)
        self.releases = settings.releases[application]
        self.vercel, self.web = vercel, web
        self.unasked: list[str] = []
        self.through = health.pass_of(settings, application)
        self.roll: Roll | None = None

    async def all(self) -> ReleaseStatus:
        recorded = self._recorded()
        self.project = project = asyncio.ensure_future(self._project())
        if self.through == health.NOTHING or (self.application.watch and self.application.watch.stages):
            await project  # it says what passes deployment protection, and whether a release rolls
        found, deployments, domains = await asyncio.gather(project, self._deployments(recorded), self._domains())
        live = self.state.called(kinds.LIVE, kinds.live_name(self.application.first_name))
        outputs: Mapping[str, Any] = (live.outputs or live.inputs) if live else {}
        stale = [fault for fault in guard.stale(self.settings) if f".{self.application.name}." in fault.key]
        return ReleaseStatus(
            stack=self.settings.stack,
            application=self.application.name,
            project=self.settings.names.project(self.application.name),
            releases=self.releases,
            deployments=deployments,
            recorded_live=str(outputs["release"]) if outputs.get("release") else None,
            recorded_deployment=str(outputs["deploymentId"]) if outputs.get("deploymentId") else None,
            served=found.deployment_id or None,
            moving=found.moving_to,
            roll=self.roll,
            stalled=self.roll is not None and time.time() > self.roll.since + self._stays(self.roll.stage),
            domains=domains,
            stale=" ".join(each.sentence for each in stale),
            unasked=tuple(dict.fromkeys(self.unasked)),
            through=self.through,
        )

    def _stays(self, stage: int) -> float:
        """For how many seconds a watch stays at a stage: its minutes, and while the next one does not begin its own."""
        watch = self.settings.watch(self.application.name)
        return sum(60 * (each.minutes + watch.minutes) for each in watch.stages[stage : stage + 1]) if watch else 0

    def _recorded(self) -> dict[str, Recorded]:
        name = partial(kinds.deployment_name, self.application.first_name)
        found = ((each, self.state.called(kinds.DEPLOYMENT, name(each))) for each in self.releases.kept)
        return {release: each for release, each in found if each is not None}

    async def _project(self) -> switch.Live:
        name = self.settings.names.project(self.application.name)
        try:
            document = await self.vercel.get_or_none(f"/v9/projects/{name}") or {}
            self.through = health.passing(self.through, document)
            redact.current().learn({self.through.secret} if self.through.secret else ())
            if configured(document):
                self.roll = roll_of(await self.vercel.get(path(str(document["id"])), state="ACTIVE"))
            return switch.live_of(document, self.roll)
        except VendorError as error:
            self.unasked.append(str(error))
            return switch.live_of({})

    async def _deployments(self, recorded: Mapping[str, Recorded]) -> dict[str, Deployed]:
        found, stored = await asyncio.gather(
            asyncio.gather(*(self._deployment(release, each) for release, each in recorded.items())),
            asyncio.gather(*(self._stored(release) for release in recorded)),
        )
        return {
            release: replace(each, image=image_of(self.state, self.application, release), stored=there)
            for release, each, there in zip(recorded, found, stored, strict=True)
        }

    async def _stored(self, release: str) -> bool | None:
        """Whether the registry still has a release's image."""
        made = _image(self.state, self.application, release)
        if not made.get("digest"):
            return None
        path = f"/v1/vcr/repository/{made['repository']}/images/{made['digest']}"
        try:
            return await self.vercel.get_or_none(path, projectId=str(made["projectId"])) is not None
        except VendorError as error:
            self.unasked.append(str(error))
            return None

    async def _deployment(self, release: str, recorded: Recorded) -> Deployed:
        document: Mapping[str, Any] = {}
        try:
            document = await self.vercel.get_or_none(f"/v13/deployments/{recorded.id}") or {"readyState": "GONE"}
        except VendorError as error:
            self.unasked.append(str(error))
        state = str(document.get("readyState") or "UNKNOWN")
        host = str(document.get("url") or recorded.outputs.get("url") or "")
        created = document.get("createdAt")
        end = builds.end(builds.beyond(document)) if document else None
        fault = await self._ask(host, release) if state == "READY" else f"the deployment is {end or state}"
        seconds = created / 1000 if isinstance(created, int | float) else None
        return Deployed(recorded.id, host.removeprefix("https://"), state, seconds, fault)

    async def _domains(self) -> dict[str, str]:
        live = self.releases.live
        own = self.settings.applications[self.application.name].domains
        serving = [each.name for each in own if each.redirect is None]
        if live is None:
            return dict.fromkeys(serving, "")
        # While one rolls, another kept release answers some users.
        either = [*self.releases.kept] if self.roll else []
        said = await asyncio.gather(*(self._ask(name, live, *either) for name in serving))
        return dict(zip(serving, said, strict=True))

    async def _taken(self) -> health.Pass:
        await self.project
        return self.through

    async def _ask(self, host: str, *releases: str) -> str:
        """What is wrong with the answer of a host, as that of the first release; empty where one of them answers."""
        page = self.application.health
        url = f"https://{host.removeprefix('https://')}{page.path}"
        seconds = min(page.timeout_seconds, self.patience)
        answer = await health.ask_as_taken(self.web, url, self.through, self._taken, seconds)
        if answer.status == health.UNAUTHORIZED and self.through.audience:
            self.unasked.append(f"{self.settings.names.project(self.application.name)} {MAY_NOT_ASK}")
            return MAY_NOT_ASK
        found = [
            answer.served() if wanted.deployment else answer.fault(release, wanted.commit)
            for release in releases
            for wanted in (self.releases.kept[release],)
        ]
        fault = found[0] if all(found) else ""
        return f"answers {fault}" if fault and answer.status else fault


def image_of(state: State, application: Application, release: str) -> str:
    """The digest of the image that a release was built to, as the engine recorded it; empty where it has none."""
    return str(_image(state, application, release).get("digest") or "")


def _image(state: State, application: Application, release: str) -> Mapping[str, Any]:
    """The outputs of a release's image; empty where it has none."""
    made = state.called(kinds.IMAGE, f"{application.first_name}-image-{release}")
    return made.outputs if made else {}


def applied(settings: Settings, state: State, application: str) -> forecast.Applied:
    """The state of an application as the engine recorded it, for a forecast."""
    return forecast.applied_by_engine(state, settings.catalog.application(application), settings.names)
