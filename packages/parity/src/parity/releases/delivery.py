"""Delivers a stack: updates it to what its file says, verifies its health and sums it up, or refuses before that."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parity.config import migrations
from parity.config.program import FOLDERS
from parity.errors import ParityError, RefusedError
from parity.git import Repository as Checkout
from parity.problems import some
from parity.releases import follow, preconditions, pull_request, release_status, summary, watch
from parity.updates import record, update
from parity.vendors.http import NotFound, Refused, VendorError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parity.config.parameters import Repository
    from parity.console import Screen
    from parity.evaluate.stack import Stack
    from parity.releases.release_status import ReleaseStatus
    from parity.updates.approval import Approval

PROGRAM = ("Pulumi.yaml", ":(glob)Pulumi.*.yaml", *FOLDERS, "migrations", "pyproject.toml", "uv.lock")
"""What a delivery depends on, as Git's path specifications, with the catalog's folders of migrations; promote.yml
starts on the same."""


@dataclass(frozen=True)
class Delivered:
    """How a delivery ended."""

    before: Mapping[str, Mapping[str, Any]]
    found: Sequence[ReleaseStatus]
    changes: Mapping[str, int]


def deliver(stack: Stack, screen: Screen, approval: Approval, *, newest: str | None, report: Path | None) -> Delivered:
    """Run the stack's update and verify that the live releases are healthy and those of its file.

    The Git reference `newest`, where one is given, must hold the same program and stacks' files as the checkout. The
    summary is added to `report`, also where the update fails.

    Raises:
        RefusedError: a newer program waits to be delivered, this would undo a rollback that is not merged yet, or a
            release would be built with the variables of another one.
        UsageError, GateError, PolicyError, PlanError: as `update.run`; nothing was changed.
        UpdateError: the update failed.
        WatchError: the watch found a release bad.
        HealthError: a live release is not healthy, or not the file's.
    """
    if newest:
        _refuse_if_behind(stack.project.root, newest, *migrations.folders(stack.project.program.catalog()))
    settings, state = stack.sealed_settings(), stack.recorded()
    asyncio.run(_refuse_to_undo(settings.catalog.repository, stack.name))
    preconditions.builds(settings, state)
    approval.require_way(stack.name)
    before = record.recorded_live(state, settings.catalog)
    failure: ParityError | None = None
    changes: Mapping[str, int] = {}
    try:
        done = update.run(stack, screen, approval, note={"command": "deliver"})
        changes = done.progress.changes
        watch.require(stack.name, watch.watch(stack, screen, update=done.id))
    except ParityError as error:
        failure = error
    found = follow.read(stack, None, screen)
    write_summary(stack, before, found, failure, report)
    if failure is not None:
        raise failure
    follow.verify(found)
    return Delivered(before, found, changes)


def write_summary(
    stack: Stack,
    before: Mapping[str, Mapping[str, Any]],
    found: Sequence[ReleaseStatus],
    failure: ParityError | None,
    report: Path | None,
) -> None:
    """Add the summary of a delivery to `report`, where one is given.

    A step of GitHub Actions gets the output `url`, where a person sees what is live.
    """
    if report is not None:
        origin = asyncio.run(_origin(stack.project.root, stack.sealed_settings().catalog.repository))
        summary.append(report, summary.markdown(stack.name, before, found, origin, failure))
    if output := os.environ.get("GITHUB_OUTPUT"):
        summary.append(Path(output), f"url={summary.live_address(found)}")


async def _origin(root: Path, repository: Repository) -> summary.Origin:
    """The commit that is delivered, and the pull request that brought it in, as far as GitHub can be asked."""
    commit = os.environ.get("GITHUB_SHA") or Checkout(root).state.removesuffix("+changes")
    client, found, unasked = release_status.github(), None, ""
    if client is not None and commit:
        async with client:
            try:
                found = await pull_request.of_commit(client, f"{repository.owner}/{repository.name}", commit)
            except (NotFound, Refused):
                pass  # GitHub does not have the commit: it was never pushed.
            except VendorError as error:
                unasked = str(error)  # The delivery is done, so its summary must be written.
    return summary.Origin(commit, found, summary.run_address(), unasked)


async def _refuse_to_undo(repository: Repository, stack: str) -> None:
    client = release_status.github()
    if client is None:
        return
    async with client:
        try:
            waiting = await pull_request.applied_and_open(client, repository, stack)
        except VendorError as error:
            raise ParityError(
                f"Whether a rollback of {stack} waits to be merged could not be asked: {error}",
                where=f"{repository.owner}/{repository.name}",
                remedy="The token needs `Pull requests: read`; try again.",
            ) from error
    if waiting:
        raise RefusedError(
            f"This would undo a rollback that was applied to {stack} and is not merged yet: "
            + ", ".join(f"#{each.number} {each.title}" for each in waiting),
            where=", ".join(each.url for each in waiting),
            remedy="Merge it, and deliver then; or close it, if the rollback is over.",
        )


def _refuse_if_behind(root: Path, newest: str, *folders: str) -> None:
    if changed := Checkout(root).differing(newest, [*PROGRAM, *folders]):
        raise RefusedError(
            f"{newest} has moved on: {some(changed, 3)} differ there. Delivering this would go back.",
            where=str(root),
            remedy=f"The run of {newest} delivers it; approve that one.",
        )
