"""Asks kept releases at their own hosts for states: nothing is written; what is in no release is as it is now."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from parity.bisect.probe import At
from parity.bisect.search import Answer
from parity.releases import release_status
from parity.vendors import job

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parity.bisect.changes import Timeline
    from parity.bisect.probe import Probe
    from parity.bisect.search import State
    from parity.config.settings import Settings
    from parity.engine.state import State as Recorded

_READY = "READY"


@dataclass(frozen=True)
class Kept:
    """The kept releases of an application."""

    at: Mapping[str, At]
    """By release, where its deployment is asked."""
    missing: Mapping[str, str]
    """Of each other kept release why it cannot be asked."""


def read(settings: Settings, recorded: Recorded, application: str) -> Kept:
    """Find the deployments of an application's kept releases.

    Raises:
        UsageError: there is no token for Vercel.
    """
    job.require(settings, os.environ)
    status = asyncio.run(release_status.read(settings, recorded, application))
    at: dict[str, At] = {}
    missing: dict[str, str] = {}
    for name, release in status.releases.kept.items():
        deployed = status.deployments.get(name)
        if deployed is None or deployed.state != _READY:
            missing[name] = f"its deployment is {deployed.state if deployed else 'not recorded'}"
        else:
            about = {"PARITY_PROBE_RELEASE": name, "PARITY_PROBE_COMMIT": release.commit}
            at[name] = At(f"https://{deployed.host}", status.through, about=about)
    return Kept(at, missing)


@dataclass
class Releases:
    """Answers for the states that a kept release was built with."""

    timeline: Timeline
    """Of the application's own places alone."""
    application: str
    kept: Kept
    probe: Probe
    said: dict[str, tuple[Answer, str]] = field(default_factory=dict[str, tuple[Answer, str]])
    """By release, what it answered, and how."""

    def ask(self, state: State) -> Answer:
        """What a state answers; unresolved where no kept release has just this."""
        name = self.of(state)
        if name is None:
            return Answer.UNRESOLVED
        if name not in self.said:
            self.said[name] = self.probe.ask(self.kept.at[name], name)
        return self.said[name][0]

    def can(self, state: State) -> bool:
        """Whether there is a release to ask."""
        return self.of(state) is not None

    def name(self, state: State) -> str:
        """The release that is asked."""
        name = self.of(state)
        return f"{name} ({self.kept.at[name].about['PARITY_PROBE_COMMIT'][:12]})" if name else "no release"

    def of(self, state: State) -> str | None:
        """The newest release that can be asked and was built with just this."""
        return next((each for each in reversed(self._built_with(state)) if each in self.kept.at), None)

    def _built_with(self, state: State) -> list[str]:
        built = self.timeline.built.items()
        return [release for (application, release), own in built if (application, own) == (self.application, state)]

    def how(self, state: State) -> str:
        """How a state answered, or why it could not be asked, in words."""
        name = self.of(state)
        if name is not None and name in self.said:
            return self.said[name][1]
        missing, lacking = self.kept.missing, self._built_with(state)
        why = [f"{each} cannot be asked: {missing.get(each, 'it is not kept')}" for each in lacking]
        return "; ".join(why) or "no release was built with just this"
