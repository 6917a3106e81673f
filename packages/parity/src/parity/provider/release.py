"""Makes one release live: asks the deployment whether it is healthy, promotes it, waits until all domains serve it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from parity.documents import mapping
from parity.provider import built_with
from parity.provider.errors import BuiltOtherwise, LiveElsewhere, NoImage, Rolling, Unfinished, Unhealthy, VercelError
from parity.vendors import health as health_page
from parity.vendors.rolling import configured

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    import httpx

    from parity.provider.built_with import Declared
    from parity.provider.vercel import Vercel
    from parity.vendors.rolling import Roll

_CONFLICT = 409
_SERVER_ERROR = 500
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0
_RUNNING = ("pending", "in-progress")


@dataclass(frozen=True)
class Health:
    """How a deployment is asked; seconds."""

    path: str
    timeout_seconds: float
    deadline_seconds: float


@dataclass(frozen=True)
class Target:
    """What is to be live, and where: `LiveReleaseInputs` (resource.py) says what each is."""

    team: str
    project_id: str
    project: str
    deployment_id: str
    host: str
    release: str
    commit: str
    domains: tuple[str, ...]
    health: Health
    promote_deadline_seconds: float
    through: health_page.Pass = health_page.NOTHING
    declared: Declared | None = None
    """What the newest release may be built with. None of an older one, which was compared when it was the newest."""
    imported: bool = False
    image: str = ""
    repository: str = ""
    rolling: bool = False
    stack: str = "STACK"
    application: str = "APP"
    """As commands name them."""

    @property
    def title(self) -> str:
        """The release as messages call it."""
        return f"Release {self.release} of {self.project} (deployment {self.deployment_id}, commit {self.commit[:12]})"


@dataclass(frozen=True)
class Live:
    """What the project says it serves."""

    deployment_id: str
    host: str
    moving_to: str
    """The deployment that an unfinished promotion goes to; empty where none is under way."""
    failed_to: str
    """The deployment that the last promotion failed to reach; empty where it did not fail."""

    def serves(self, deployment: str) -> bool:
        """Whether it is live and no promotion is under way."""
        return self.deployment_id == deployment and not self.moving_to


def live_of(document: Mapping[str, Any], roll: Roll | None = None) -> Live:
    """What a project's document says: `targets.production` and `lastAliasRequest`.

    While a release rolls, the one before is live, and it moves to the new one: what `targets.production` is meanwhile,
    Vercel does not describe.
    """
    target = mapping(mapping(document.get("targets")).get("production"))
    request = mapping(document.get("lastAliasRequest"))
    status, aim = str(request.get("jobStatus", "")), str(request.get("toDeploymentId", ""))
    base = roll.base if roll else ""
    return Live(
        deployment_id=base or str(target.get("id", "")),
        host=str(target.get("url", "")) if base in ("", target.get("id")) else "",
        moving_to=roll.canary if roll else aim if status in _RUNNING else "",
        failed_to=aim if status == "failed" else "",
    )


@dataclass
class Switch:
    """One attempt to make a release live."""

    vercel: Vercel
    web: httpx.AsyncClient
    """Asks deployments and domains; follows no redirects."""
    release: Target
    resource_id: str
    """For a failure after the promotion was asked for."""
    recorded: Callable[[str], Mapping[str, Any]]
    """Gives what to record with such a failure, from the deployment that was live before."""
    say: Callable[[str], None] = lambda _: None
    """Shows a sentence of progress."""
    compared: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """When each sensitive variable was written, if this release was compared and passed."""
    asked: bool = False
    """Whether Vercel was asked for this switch, so that it may have happened or may still happen."""

    def __post_init__(self) -> None:
        """Take the one call of this switch, and what lets its questions through."""
        self._call = self.vercel.promote
        self._through = self.release.through

    async def run(self, known: frozenset[str] | None) -> None:
        """Ask, promote, wait; do nothing of what is already so.

        Args:
            known: deployments that may be live without being news to anybody: what was recorded, and what was live
                before an attempt that did not end. None: nothing is recorded yet, so nothing can be undone in silence.

        Raises:
            LiveElsewhere: another deployment was made live by hand.
            Rolling: Vercel would switch by undeclared stages, or another release rolls; nothing was promoted.
            NoImage: the image that it runs from is gone; nothing was promoted.
            BuiltOtherwise: what it was built with is not what was declared; nothing was promoted.
            Unhealthy: the deployment does not answer as it should; nothing was promoted.
            Unfinished: it was promoted, but not every domain serves it within the limit.
            VercelError: Vercel could not be asked before anything was promoted.
        """
        wanted = self.release
        project = await self._project()
        self._through = health_page.passing(wanted.through, project)
        roll = await self._rolling(project)
        if roll and roll.canary == wanted.deployment_id:
            self.say(f"{wanted.title} is {roll}")
            return
        before = live_of(project, roll)
        if not before.serves(wanted.deployment_id):
            self._refuse_if_moved_by_hand(before, known)
            await self._choose_call(project, before, roll)
            await self._refuse_without_image()
            await self._ask()
            if before.moving_to != wanted.deployment_id:
                await self._refuse_if_built_otherwise(project)
        try:
            await self._promote_and_wait(before)
        except VercelError as error:
            if not self.asked:
                raise
            raise self._unfinished(before, str(error)) from error

    def _refuse_if_moved_by_hand(self, before: Live, known: frozenset[str] | None) -> None:
        wanted = self.release
        live = before.deployment_id
        if known is None or not live or live == wanted.deployment_id or live in known:
            return
        raise LiveElsewhere(
            f"{wanted.project} serves deployment {live} ({before.host}), which Parity did not make live: a person "
            f"promoted or rolled back at Vercel. {wanted.title} was not promoted and nothing was changed. "
            "Run `pulumi refresh` to record what is live; the next `pulumi up` then shows the switch before making it."
        )

    async def _choose_call(self, project: Mapping[str, Any], before: Live, roll: Roll | None) -> None:
        """Where stages are configured, a promotion is no switch: it begins them, or waits until others have ended.

        What served before gets all users by Vercel's rollback instead, so that going back is one call and never held
        up; the newest release gets them by the stages that are declared.
        """
        wanted = self.release
        if not before.deployment_id or not (roll or configured(project)):
            return
        served = built_with.has_served(await self.vercel.deployment(wanted.team, wanted.deployment_id))
        forward = wanted.rolling and (wanted.declared is not None or not served)
        if before.deployment_id == wanted.deployment_id or (served and not forward):
            self._call = self.vercel.rollback
        elif roll:
            raise Rolling(
                f"{wanted.project} gives deployment {roll.canary} to its users by stages ({roll}). {wanted.title} was "
                f"not promoted and nothing was changed. `parity watch {wanted.stack}` goes on with those stages; "
                f"`parity rollback {wanted.stack} {wanted.application} --up` ends them."
            )
        elif forward:
            self._call = self.vercel.start
        else:
            raise Rolling(
                f"{wanted.project} has a rolling release at Vercel, which the program does not declare: a promotion "
                f"would be stages and not one step. {wanted.title} was not promoted and nothing was changed. "
                f"`parity drift {wanted.stack}` shows it, with the command that removes it."
            )

    async def _refuse_without_image(self) -> None:
        """Of what served before, a sentence is all: going back is never held up."""
        wanted = self.release
        if not wanted.image:
            return
        served = built_with.has_served(await self.vercel.deployment(wanted.team, wanted.deployment_id))
        try:
            if await self.vercel.has_image(wanted.team, wanted.project_id, wanted.repository, wanted.image):
                return
        except VercelError as error:
            if not served:
                raise
            self.say(f"whether the image of {wanted.release} is still there could not be asked: {error}")
            return
        if served:
            self.say(f"the image of {wanted.release}, {wanted.image}, is gone: new instances may not start")
            return
        raise NoImage(
            f"The image that {wanted.title} runs from is not in the registry any more: {wanted.image} in "
            f"{wanted.repository}. It was not promoted; what was live is still live. Build the commit again: `parity "
            f"release {wanted.stack} {wanted.application} --commit {wanted.commit} --again --live --up`."
        )

    async def _refuse_if_built_otherwise(self, project: Mapping[str, Any]) -> None:
        """Compare what the newest release was built with; one that served before was compared before that."""
        wanted = self.release
        if wanted.declared is None:
            return
        deployment = await self.vercel.deployment(wanted.team, wanted.deployment_id)
        if built_with.has_served(deployment):
            return
        variables = await self.vercel.variables(wanted.team, wanted.project_id)
        faults = built_with.faults(project, deployment, variables, wanted.declared)
        if faults:
            raise BuiltOtherwise(
                f"{wanted.title} may hold undeclared values, so it was not promoted; what was live is still "
                f"live: {'; '.join(faults)}. Record the next release: `parity release {wanted.stack} "
                f"{wanted.application} --commit {wanted.commit} --again --live --up` puts right what is declared and "
                "builds from that; it names the command for what no update puts right."
            )
        self.compared = wanted.declared.writes(variables)

    async def _project(self) -> dict[str, Any]:
        return await self.vercel.project(self.release.team, self.release.project_id)

    async def _rolling(self, project: Mapping[str, Any]) -> Roll | None:
        """The rolling release under way; not asked for where no stages are configured, nor declared."""
        if not self.release.rolling and not configured(project):
            return None
        return await self.vercel.rolling_release(self.release.team, self.release.project_id)

    async def _ask(self) -> None:
        """Ask the deployment at its own host until it is healthy or the deadline is past."""
        wanted, health = self.release, self.release.health
        self.say(f"Asking https://{wanted.host}{health.path}: {wanted.title}")
        fault = ""

        async def healthy() -> bool:
            nonlocal fault
            fault = await self._fault_at(wanted.host, database=True)
            return not fault

        if not await _until(healthy, health.deadline_seconds):
            raise Unhealthy(
                f"{wanted.title} is not healthy, so it was not promoted; what was live is still live. "
                f"Asked GET https://{wanted.host}{health.path} for {health.deadline_seconds:g} s; the last answer: "
                f"{fault}. Correct the release and record the next one; the next `pulumi up` asks this one again."
            )

    async def _promote_and_wait(self, before: Live) -> None:
        wanted = self.release
        now, waiting, fault = before, list(wanted.domains), ""
        self.asked = before.serves(wanted.deployment_id) or before.moving_to == wanted.deployment_id

        async def served() -> bool:
            nonlocal now, waiting, fault
            if not self.asked and not await self._promote():
                fault = "Vercel is busy with another promotion"
                return False
            project = await self._project()
            roll = await self._rolling(project)
            if roll and roll.canary == wanted.deployment_id:
                self.say(f"{wanted.title} is {roll}")
                return True
            now = live_of(project, roll)
            if now.failed_to == wanted.deployment_id and not now.serves(wanted.deployment_id):
                self.asked, fault = False, "Vercel says that the promotion failed"
                return False
            if not now.serves(wanted.deployment_id):
                fault = f"the project serves {now.deployment_id or 'nothing'}"
                return False
            faults = await asyncio.gather(*(self._fault_at(domain, database=False) for domain in waiting))
            fault = "; ".join(f"{name}: {each}" for name, each in zip(waiting, faults, strict=True) if each)
            waiting = [name for name, each in zip(waiting, faults, strict=True) if each]
            return not waiting

        if not self.asked:
            self.say(f"Promoting: {wanted.title}")
        if not await _until(served, wanted.promote_deadline_seconds):
            raise self._unfinished(before, f"{fault} (the project serves {now.deployment_id or 'nothing'})")

    async def _promote(self) -> bool:
        """Ask for the switch; False where Vercel is busy with another one and it must be asked again."""
        wanted = self.release
        self.asked = True
        try:
            await self._call(wanted.team, wanted.project_id, wanted.deployment_id)
        except VercelError as error:
            self.asked = error.status is None or error.status >= _SERVER_ERROR
            if error.status != _CONFLICT:
                raise
            return False
        return True

    def _unfinished(self, before: Live, fault: str) -> Unfinished:
        wanted = self.release
        return Unfinished(
            f"{wanted.title} was promoted, and after {wanted.promote_deadline_seconds:g} s is not served everywhere: "
            f"{fault}. Nothing needs to be undone: the next `pulumi up` goes on from there. A domain that "
            "does not resolve needs its DNS pointed at Vercel first.",
            resource_id=self.resource_id,
            properties=self.recorded(before.deployment_id),
        )

    async def _fault_at(self, host: str, *, database: bool) -> str:
        """What is wrong with the answer of one host; empty where nothing is."""
        wanted, health = self.release, self.release.health
        url = f"https://{host}{health.path}"
        answer = await health_page.ask(self.web, url, through=self._through, seconds=health.timeout_seconds)
        return answer.served() if wanted.imported else answer.fault(wanted.release, wanted.commit, database=database)


async def _until(condition: Callable[[], Awaitable[bool]], seconds: float) -> bool:
    """Await a condition, asked ever more slowly; False once the deadline is past. It is asked at least once."""
    deadline = time.monotonic() + seconds
    pause = _FIRST_PAUSE
    while not await condition():
        if time.monotonic() + pause > deadline:
            return False
        await asyncio.sleep(pause)
        pause = min(pause * 1.6, _LONGEST_PAUSE)
    return True
