"""`parity doctor --accounts`: whether the accounts that this shell leads to are ready for the program."""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from typing import TYPE_CHECKING

from parity.backend.stack_backend import open_backend
from parity.engine.store import LEDGER_VARIABLE
from parity.errors import ParityError, ProjectError, UpdateError
from parity.evaluate.stack import Stack, ambient
from parity.inventory import github
from parity.local import jobs
from parity.local.finding import Check
from parity.resources import kinds
from parity.vendors import preflight, readiness, services
from parity.vendors.http import Client

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from parity.config.parameters import Catalog
    from parity.config.project import Project
    from parity.config.settings import Settings
    from parity.inventory.model import VendorState
    from parity.local.finding import State


def vendors(catalog: Catalog) -> Iterator[Check]:
    """Vercel's team, GitHub's repository and PostgreSQL's server, each opened with the environment's own variables."""
    for each in preflight.ask(catalog, os.environ):
        if each.fault is None:
            yield Check(each.name, "ok", each.where, source="account")
        else:
            detail = f"{each.fault.key} {each.fault.what}"
            yield Check(each.name, "fault", detail, source="account", remedy=each.fault.remedy)


_EITHER = frozenset({"PARITY_APP_KEY", "PARITY_GITHUB_TOKEN"})
"""One of the two is enough: an App's key, or a person's token."""
_SECRETS = frozenset({kinds.SECRET, kinds.REPOSITORY_SECRET, kinds.ORGANIZATION_SECRET})
_SET_UP = 'Parity\'s documentation, delivery.md, "Set an account up", has the commands'


def environments(project: Project) -> Iterator[Check]:
    """Whether GitHub has each environment that a job of the workflows runs in, with the secrets that jobs ask for.

    One that has none of them is not set up yet, which updates from a shell do not need.
    """
    asked: dict[str, set[str]] = defaultdict(set)
    for job in jobs.of(project.root / ".github" / "workflows"):
        for stack in project.stack_files() if "<stack>" in job.environment else ():
            asked[job.environment.replace("<stack>", stack)] |= job.secrets
    token, repository = os.environ.get(services.GITHUB_TOKEN, ""), project.program.catalog().repository
    if not token:
        return
    seen = asyncio.run(_seen(token, github.Scope(repository.owner, repository.name, tuple(asked), (), settings=True)))
    if unread := [each for each in seen.read_failures if each.types & {*_SECRETS, kinds.ENVIRONMENT}]:
        yield Check("environments", "note", str(unread[0]), source="account", remedy=_SET_UP)
        return
    there = {each.key[1]: each.properties for each in seen.found if each.type == kinds.ENVIRONMENT}
    given: dict[str, set[str]] = defaultdict(set)
    for each in seen.found:
        if each.type in _SECRETS:
            given[str(each.properties.get("environment") or "")].add(str(each.properties["secretName"]))
    for name, names in sorted(asked.items()):
        state, detail = _judged(name, there.get(name), names - given[""], given[name])
        yield Check(f"environment {name}", state, detail, source="account", remedy=_SET_UP)


async def _seen(token: str, scope: github.Scope) -> VendorState:
    async with Client(services.github(token)) as client:
        return await github.read(client, scope)


def _judged(name: str, found: Mapping[str, object] | None, asked: set[str], own: set[str]) -> tuple[State, str]:
    if found is None:
        return "note", "is not there, and jobs run in it"
    lacks = asked - own
    lacks -= _EITHER if _EITHER - lacks else set()
    if lacks:
        return "fault" if own & asked else "note", f"lacks {', '.join(sorted(lacks))}"
    if name.endswith("-preview") and not found["deploymentBranchPolicy"]:
        return "fault", "admits every branch to its secrets"
    return "ok", "has its jobs' secrets"


def workflows(project: Project) -> Iterator[Check]:
    """What each job of the project's workflows can do with the credentials that it is given."""
    for job in jobs.of(project.root / ".github" / "workflows"):
        may = [f"{each.name}: {job.may(each)}, ends {each.ends}" for each in job.credentials]
        may.append(f"its own token: {job.permissions or 'nothing'}, ends with the job")
        where = f"in {job.environment}: " if job.environment else ""
        vendors = ", ".join(dict.fromkeys(each.name.partition(" ")[0] for each in job.credentials))
        brief = f"{'reads' if job.reads else 'changes'} {vendors}" if vendors else "has its own token alone"
        yield Check(f"{job.workflow} {job.name}", "ok", where + "; ".join(may), source="workflow", brief=brief)


def backend(project: Project) -> Iterator[Check]:
    """Where state is kept, and whether each stack there can be opened: its secrets decrypted, its config read."""
    pulumi = ambient(project)
    try:
        who = pulumi.whoami()
    except UpdateError as error:
        yield Check("backend", "fault", str(error), source="account", remedy="pulumi login")
        return
    yield Check("backend", "ok", f"{who.get('url', '')} as {who.get('user', '')}", source="account")
    for stack in project.stack_files():
        yield from _opened(Stack(stack, project, pulumi))


def _opened(stack: Stack) -> Iterator[Check]:
    name = f"secrets {stack.name}"
    try:
        settings, state = stack.read()
    except ProjectError as error:
        yield Check(name, "note", error.what, source="account", remedy=error.remedy)
        return
    except ParityError as error:
        yield Check(name, "fault", error.what, source="account", remedy=error.remedy or "")
        return
    yield Check(name, "ok", "decrypted, every value as it must be", source="account")
    yield from _allowed(stack, settings, frozenset(state.projects().values()))
    yield _ledger(stack)


def _allowed(stack: Stack, settings: Settings, projects: frozenset[str]) -> Iterator[Check]:
    """What the vendors would refuse or drop during an update of this stack."""
    name = f"update of {stack.name}"
    found = readiness.faults(settings, stack.pulumi.environment, projects)
    for each in found:
        yield Check(name, "fault", f"{each.key} {each.what}", source="account", remedy=each.remedy)
    if not found:
        yield Check(name, "ok", "no vendor stands against it", source="account")


def _ledger(stack: Stack) -> Check:
    """The ledger's own way to its place: it is not the engine's."""
    name = f"ledger {stack.name}"
    try:
        kept = open_backend(stack).ledger
        if kept is None:
            return Check(name, "note", "none is kept", source="account", remedy=f"export {LEDGER_VARIABLE}")
        kept.records(last=1)
    except ParityError as error:
        return Check(name, "fault", error.what, source="account", remedy=error.remedy)
    return Check(name, "ok", kept.place, source="account")
