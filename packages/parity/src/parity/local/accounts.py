"""`parity doctor --accounts`: whether the accounts that this shell leads to are ready for the program."""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from typing import TYPE_CHECKING

from parity.backend.stack_backend import open_backend
from parity.documents import mapping, rows
from parity.engine.store import LEDGER_VARIABLE
from parity.errors import ParityError, ProjectError, UpdateError
from parity.evaluate.stack import Stack, ambient
from parity.local import jobs
from parity.local.finding import Check
from parity.vendors import preflight, readiness, services
from parity.vendors.http import Client, VendorError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parity.config.parameters import Catalog
    from parity.config.project import Project
    from parity.config.settings import Settings


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
    if asked and token:
        yield from asyncio.run(_environments(token, f"/repos/{repository.owner}/{repository.name}", asked))


async def _environments(token: str, repository: str, asked: dict[str, set[str]]) -> list[Check]:
    async with Client(services.github(token)) as client:
        try:
            shared = await _secrets(client, f"{repository}/actions/secrets")
            shared |= await _secrets(client, f"{repository}/actions/organization-secrets")
        except VendorError as error:
            return [Check("environments", "note", f"not asked: {error}", source="account", remedy=_SET_UP)]
        return [await _environment(client, repository, *each, shared) for each in sorted(asked.items())]


async def _secrets(client: Client, path: str) -> set[str]:
    found = mapping(await client.get_or_none(path, per_page=100))
    return {str(row["name"]) for row in rows(found.get("secrets"))}


async def _environment(client: Client, repository: str, name: str, asked: set[str], shared: set[str]) -> Check:
    at, check = f"{repository}/environments/{name}", f"environment {name}"
    try:
        found, own = await client.get_or_none(at), await _secrets(client, f"{at}/secrets")
    except VendorError as error:
        return Check(check, "note", f"not asked: {error}", source="account", remedy=_SET_UP)
    if found is None:
        return Check(check, "note", "is not there, and jobs run in it", source="account", remedy=_SET_UP)
    lacks = asked - own - shared
    lacks -= _EITHER if _EITHER - lacks else set()
    if lacks:
        said = f"lacks {', '.join(sorted(lacks))}"
        return Check(check, "fault" if own & asked else "note", said, source="account", remedy=_SET_UP)
    if name.endswith("-preview") and not found.get("deployment_branch_policy"):
        return Check(check, "fault", "admits every branch to its secrets", source="account", remedy=_SET_UP)
    return Check(check, "ok", "has every secret that its jobs ask for", source="account")


def workflows(project: Project) -> Iterator[Check]:
    """What each job of the project's workflows can do with the credentials that it is given."""
    for job in jobs.of(project.root / ".github" / "workflows"):
        may = [f"{each.name}: {job.may(each)}, ends {each.ends}" for each in job.credentials]
        may.append(f"its own token: {job.permissions or 'nothing'}, ends with the job")
        where = f"in {job.environment}: " if job.environment else ""
        yield Check(f"{job.workflow} {job.name}", "ok", where + "; ".join(may), source="workflow")


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
    yield Check(name, "ok", f"of {_file(stack)} decrypted, every value as it must be", source="account")
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


def _file(stack: Stack) -> str:
    return stack.project.stack_files()[stack.name].name
