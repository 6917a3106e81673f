"""What the ledger keeps of an update besides its course: who approved it, its pull request, and what caused it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from parity.backend import this_host
from parity.git import Repository
from parity.preview import origin
from parity.preview.make import event
from parity.preview.plan import Change, Plan
from parity.resources import kinds
from parity.resources.urn import Urn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from parity.backend.ledger import Ledger
    from parity.config.parameters import Catalog
    from parity.config.project import Project
    from parity.config.settings import Settings
    from parity.engine.state import State

_MERGED = re.compile(r"^Merge pull request #(\d+) |\(#(\d+)\)$")
"""How GitHub ends the subject of a squashed or rebased pull request's commit, or begins that of a merge."""
_NEWEST = 5
"""Of the ledger's records, how many are read for the last update that succeeded: each is two requests to a bucket."""
_MOST = 200
"""Changed properties whose origin is recorded; a plan with more of them has few causes, which these have too."""


def of_run(root: Path, environment: Mapping[str, str]) -> dict[str, Any]:
    """Who approves, and the pull request that brought the program's commit in, known before anything is done.

    Args:
        root: the project's folder.
        environment: of the process; GitHub Actions names its event and actor there.

    Raises:
        ProjectError: the workflow's event cannot be read.
    """
    return {"approver": this_host.actor(environment), "pull_request": pull_request(root, environment)}


def pull_request(root: Path, environment: Mapping[str, str]) -> int | None:
    """The number of the pull request: of the workflow's event, else as the checked out commit's subject names it."""
    number = event(environment).get("pull_request", {}).get("number")
    if isinstance(number, int):
        return number
    head = Repository(root).head()
    found = _MERGED.search(head.subject) if head else None
    return int(found[1] or found[2]) if found else None


def changes_of(rows: Iterable[list[str]]) -> tuple[Change, ...]:
    """The changes of a saved plan, which names operations and URNs and no properties: each stands for its resource."""
    # Every part of the file that the resource follows may be why it changes: so is a replacement traced.
    return tuple(Change(urn, Urn.parse(urn).type, "replace") for _, urn in rows)


def causes(project: Project, stack: str, ledger: Ledger | None, changes: tuple[Change, ...]) -> list[dict[str, Any]]:
    """The keys and commits that each change follows, counted from the last update that succeeded; plain JSON.

    Nothing where there is no such update: everything is made for the first time, and all of the file is why. Where that
    one applied files that were not committed, what follows no key since its commit may follow those. It takes some
    tenths of a second, so it is called once the update is over.
    """
    applied, _, uncommitted = (_last_commit(ledger) or "").partition("+")
    if not changes or not applied:
        return []
    base = Repository(project.root).base(None, applied)
    traced = origin.origins(project, stack, base, Plan(stack, changes, {}, 0))
    found: list[dict[str, Any]] = []
    for change, path in _parts(changes):
        origins = [each.document() for each in traced.of(change) if not (uncommitted and each.kind == "world")]
        if origins:
            found.append({"urn": change.urn, "property": path, "origins": origins})
    return found[:_MOST]


def _parts(changes: tuple[Change, ...]) -> Iterator[tuple[Change, str | None]]:
    """Each changed property of an update alone; of any other change the resource."""
    for change in changes:
        if change.operation == "update":
            for each in change.properties:
                yield replace(change, properties=(each,)), each.path
        else:
            yield change, None


def _last_commit(ledger: Ledger | None) -> str | None:
    """The program's commit at the last update that succeeded, with `+changes` where files differed from it."""
    for record in reversed(ledger.records(last=_NEWEST) if ledger else []):
        if record.result == "succeeded" and "intent" in record.begin:
            return str(record.begin.get("commit") or "") or None
    return None


def recorded_live(state: State, catalog: Catalog) -> dict[str, Any]:
    """By application, the release that the state has as live."""
    renamed = catalog.renamed
    return {
        renamed.get(first := each.name.removesuffix("-live"), first): {
            "live": each.outputs.get("release"),
            "commit": each.outputs.get("commit"),
            "deployment": each.outputs.get("deploymentId"),
        }
        for each in state.resources
        if each.type == kinds.LIVE and not each.delete
    }


def intent(settings: Settings) -> dict[str, Any]:
    """By application, the release that is to be live with its commit, and the kept ones."""
    found: dict[str, Any] = {}
    for name, releases in settings.releases.items():
        commit = releases.kept[releases.live].commit if releases.live else None
        found[name] = {"live": releases.live, "commit": commit, "kept": [each for each, _ in releases.in_order]}
    return found
