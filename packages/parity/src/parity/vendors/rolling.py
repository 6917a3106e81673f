"""The rolling release that is under way at Vercel: who has the release before, who gets the new one, at which stage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from parity.documents import mapping, rows

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def path(project: str) -> str:
    """The API's path of the last rolling release of a project, by id or name."""
    return f"/v1/projects/{project}/rolling-release"


def configured(project: Mapping[str, Any]) -> bool:
    """Whether a project's document has stages, so that a promotion is no switch."""
    found = mapping(project.get("rollingRelease"))
    return bool(found) and found.get("enabled") is not False


@dataclass(frozen=True)
class Roll:
    """A rolling release under way."""

    base: str
    """The deployment that the other users have; empty where Vercel does not say."""
    canary: str
    """The deployment that some users get."""
    stage: int
    """From 0."""
    shares: tuple[float, ...]
    """Of the requests, in percent, by stage; the last is 100."""
    since: float = 0
    """When Vercel last changed it, which a stage's begin does; seconds since the epoch."""

    @property
    def last(self) -> bool:
        """Whether all users come next."""
        return self.stage + 2 >= len(self.shares)

    def __str__(self) -> str:
        """`rolling: 5 % of users, stage 1 of 3`; all users are no stage."""
        share = self.shares[self.stage] if self.stage < len(self.shares) else 0
        return f"rolling: {share:g} % of users, stage {self.stage + 1} of {len(self.shares) - 1}"


def roll_of(answer: Mapping[str, Any]) -> Roll | None:
    """The rolling release of an answer to `GET path`; None where none is under way."""
    found = mapping(answer.get("rollingRelease"))
    if found.get("state") != "ACTIVE":
        return None
    return Roll(
        base=str(mapping(found.get("currentDeployment")).get("id") or ""),
        canary=str(mapping(found.get("canaryDeployment")).get("id") or ""),
        stage=int(mapping(found.get("activeStage")).get("index") or 0),
        shares=tuple(float(each.get("targetPercentage") or 0) for each in rows(found.get("stages"))),
        since=float(found.get("updatedAt") or 0) / 1000,
    )
