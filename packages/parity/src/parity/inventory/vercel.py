"""Reads each Vercel project with its variables, domains, deployments and live release, and the team's telemetry."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from parity.inventory import builds, vercel_images, vercel_others, vercel_project, vercel_telemetry
from parity.inventory.documents import part, texts
from parity.inventory.model import LiveObject, VendorState, milliseconds, written
from parity.inventory.reading import OfProject, Reading
from parity.resources import kinds
from parity.vendors.http import Client, Unreadable, VendorError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parity.documents import Document
    from parity.inventory.vercel_images import Tagged

_PAGE = 100
_DAYS = {1: "1d", 7: "1w", 30: "1m", 60: "2m", 90: "3m", 180: "6m", 365: "1y", 36500: "unlimited"}
_RETENTION = {
    "expirationPreview": "expirationDays",
    "expirationProduction": "expirationDaysProduction",
    "expirationCanceled": "expirationDaysCanceled",
    "expirationErrored": "expirationDaysErrored",
}
_PROJECT_TYPES = kinds.inside(kinds.PROJECT) | {kinds.PROJECT}
_TEAM_TYPES = frozenset({kinds.DRAIN, kinds.TRACE_DRAIN, kinds.ALERT})
_META = ("release", "commit", "config")
"""What Parity notes in each deployment."""
_BYPASS_SCOPE = "automation-bypass"
_OF_DOMAIN = ("redirect", "redirectStatusCode", "gitBranch", "customEnvironmentId")


@dataclass(frozen=True)
class Scope:
    """What to read at Vercel."""

    team: str
    """Id or slug."""
    projects: tuple[str, ...]
    """Names."""
    imported: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, "Mapping[str, str]"])
    """What is declared of deployments that were there before Parity and carry no release: their `meta`, by id."""
    ids: Mapping[str, str] = field(default_factory=dict[str, str])
    """The recorded ids of the projects, by name: one that is to get this name, and has another one yet."""
    tagged: Mapping[str, Sequence[Tagged]] = field(default_factory=dict[str, "Sequence[Tagged]"])
    """The releases that are declared to have an image, by project."""
    asked: frozenset[str] = frozenset()
    """The types that are read only where the program declares one: not every plan of Vercel has them."""


async def read(client: Client, scope: Scope) -> VendorState:
    """Read everything in the scope; a read that fails is recorded and the others go on."""
    reading = Reading("Vercel", client, limit=_PAGE)
    path = f"/v2/teams/{quote(scope.team, safe='')}"
    document = await reading.get(path, f"the Vercel team {scope.team}", _PROJECT_TYPES | _TEAM_TYPES)
    if document is None:
        return reading.seen()
    team, slug = str(document["id"]), str(document.get("slug") or scope.team)
    projects = (_project(reading, team, slug, scope, name) for name in scope.projects)
    shared, *parts = await asyncio.gather(vercel_telemetry.of_team(reading, team, scope.asked), *projects)
    members = await vercel_others.members(reading, team) if any(each.by for part in parts for each in part) else {}
    every = [replace(each, by=members.get(each.by, each.by)) for part in (*parts, shared) for each in part]
    domains = {each.key[1] for each in every if each.type == kinds.DOMAIN}
    # An alias of another project's domain is none of its own: the domain serves something else, which is a finding
    # of the domain's project.
    found = tuple(each for each in every if each.type != kinds.ALIAS or each.key[1] not in domains)
    return reading.seen(found, {"team": team})


async def _project(reading: Reading, team: str, slug: str, scope: Scope, name: str) -> list[LiveObject]:
    """One project and everything in it; nothing if no project has that name or its recorded id."""
    document = await _document(reading, name) or await _recorded(reading, name, scope.ids.get(name))
    if document is None:
        return []
    project = OfProject(reading, team, document)
    variables, domains, deployments, aliases, *others = await asyncio.gather(
        _variables(project),
        _domains(project),
        _deployments(project, scope.imported),
        vercel_others.aliases(project),
        vercel_others.custom_environments(project),
        vercel_others.rolling_release(project),
        vercel_others.webhooks(project),
        vercel_telemetry.tracing(project, scope.asked),
    )
    named = {each.key[1] for each in domains}
    serving = {each.key[1]: str(each.properties["deploymentId"]) for each in aliases if each.key[1] in named}
    moved = await vercel_others.elsewhere(project, domains, serving) if vercel_others.target(document) else {}
    live = vercel_others.live(project, deployments, {**serving, **moved}, await vercel_others.roll(project))
    images = await vercel_images.read(project, slug, scope.tagged.get(name, ()), deployments)
    own = [_settings(project), _retention(project), *_bypasses(project), *images, *live]
    rest = (each for part in (variables, domains, deployments, *others) for each in part)
    return [*own, *rest, *(each for each in aliases if each.key[1] not in named)]


async def _recorded(reading: Reading, name: str, identity: str | None) -> Document | None:
    """The project that is recorded for a name and has another one."""
    if identity is None or any(each.covers(kinds.PROJECT, (name,)) for each in reading.failures):
        return None
    path = f"/v9/projects/{quote(identity, safe='')}"
    return await reading.get(path, f"the project {name}", _PROJECT_TYPES, (name,), may_lack=True)


async def _document(reading: Reading, name: str) -> Document | None:
    """A project; one that the list has after a 404 is new, or a right is missing, or the vendor is at fault."""
    path, what = f"/v9/projects/{quote(name, safe='')}", f"the project {name}"
    try:
        document = await reading.client.get_or_none(path)
        if document is None and await _is_listed(reading, name):
            document = await reading.client.get(path)
        if document is not None and (document.get("name") != name or "id" not in document):
            raise Unreadable("Vercel", "GET", path, None, f"the answer is of {document.get('name')!r}")
    except VendorError as error:
        reading.failed(error, what, _PROJECT_TYPES, (name,))
        return None
    return document


async def _is_listed(reading: Reading, name: str) -> bool:
    """Whether the team's list has the project; a list that cannot be read is recorded as a read failure."""
    what, query = "the list of projects", {"search": name}
    listed = await reading.rows("/v9/projects", "projects", what, _PROJECT_TYPES, (name,), query=query)
    return any(each.get("name") == name for each in listed or [])


def _settings(project: OfProject) -> LiveObject:
    return project.object(
        kinds.PROJECT,
        project.id,
        project.at,
        vercel_project.properties(project.document),
        beyond=vercel_project.beyond(project.document),
        written_at=milliseconds(project.document.get("updatedAt")),
    )


def _retention(project: OfProject) -> LiveObject:
    said: Document | None = project.document.get("deploymentExpiration")
    days = {name: 36500 if said is None else int(said.get(wire) or 0) for name, wire in _RETENTION.items()}
    properties = {name: _DAYS.get(each, f"{each} days") for name, each in days.items()} | {"projectId": project.id}
    return project.object(kinds.RETENTION, project.at, project.at, properties, vacuous=said is None)


def _bypasses(project: OfProject) -> list[LiveObject]:
    given: dict[str, Document] = part(project.document, "protectionBypass")
    return [
        project.object(
            kinds.BYPASS,
            project.at,
            "",
            {"team": project.team, "projectId": project.id, "secret": secret},
            beyond={name: about[name] for name in ("note",) if about.get(name)},
            written_at=milliseconds(about.get("createdAt")),
            by=str(about.get("createdBy") or ""),
        )
        for secret, about in sorted(given.items())
        if about.get("scope") == _BYPASS_SCOPE
    ]


# --- Variables --------------------------------------------------------------------------------------------------------


async def _variables(project: OfProject) -> list[LiveObject]:
    path = f"/v10/projects/{project.id}/env"
    listed = await project.rows(path, "envs", "the variables", kinds.VARIABLE, decrypt="true")
    found = await asyncio.gather(*(_variable(project, row) for row in listed))
    return [each for each in found if each is not None]


async def _variable(project: OfProject, row: Document) -> LiveObject | None:
    sensitive = row.get("type") == "sensitive"
    if not sensitive and not row.get("decrypted", row.get("type") == "plain"):
        path, what = f"/v1/projects/{project.id}/env/{row['id']}", f"the variable {row['key']} of {project.name}"
        key = kinds.key_of(kinds.VARIABLE, row, project.name)
        found = await project.reading.get(path, what, (kinds.VARIABLE,), key)
        if found is None:
            return None
        row = found
    properties: Document = {
        "projectId": project.id,
        "key": row["key"],
        "sensitive": sensitive,
        "targets": texts(row.get("target")),
        "customEnvironmentIds": texts(row.get("customEnvironmentIds")),
        "gitBranch": row.get("gitBranch"),
        "comment": row.get("comment") or "",
    }
    return project.object(
        kinds.VARIABLE,
        row["id"],
        f"{project.at}/{row['id']}",
        properties if sensitive else {**properties, "value": row.get("value", "")},
        beyond={} if sensitive or row.get("type") in {"encrypted", "plain"} else {"type": row.get("type")},
        written_at=written(row),
        by=str(row.get("updatedBy") or row.get("createdBy") or ""),
    )


# --- Domains and deployments ------------------------------------------------------------------------------------------


async def _domains(project: OfProject) -> list[LiveObject]:
    listed = await project.rows(f"/v9/projects/{project.id}/domains", "domains", "the domains", kinds.DOMAIN)
    own = {"team": project.team, "projectId": project.id}
    return [
        project.object(
            kinds.DOMAIN,
            str(row["name"]),
            f"{project.at}/{row['name']}",
            {**own, "domain": row["name"], **{name: row.get(name) for name in _OF_DOMAIN}},
            beyond={} if row.get("verified", True) else {"verified": False},
            written_at=written(row),
        )
        for row in listed
    ]


async def _deployments(project: OfProject, imported: Mapping[str, Mapping[str, str]]) -> list[LiveObject]:
    """The production deployments that carry a release; each is read singly for what the list leaves out."""
    types, what = (kinds.DEPLOYMENT, kinds.LIVE), "the deployments"
    listed = await project.rows(
        "/v6/deployments", "deployments", what, *types, projectId=project.id, target="production"
    )
    ours = [str(row["uid"]) for row in listed if row["uid"] in imported or part(row, "meta").get("release")]
    found = await asyncio.gather(*(_deployment(project, each, imported.get(each)) for each in ours))
    return [each for each in found if each is not None]


async def _deployment(project: OfProject, identity: str, declared: Mapping[str, str] | None) -> LiveObject | None:
    # One that was deleted after it was listed is none.
    path, what = f"/v13/deployments/{identity}", f"the deployment {identity}"
    row = await project.reading.get(path, what, (kinds.DEPLOYMENT,), (project.name,), may_lack=True)
    if row is None:
        return None
    meta = {name: str(value) for name, value in part(row, "meta").items()}
    source, creator = part(row, "gitSource"), part(row, "creator")
    ref, noted = source.get("ref") or source.get("sha"), _META
    if declared is not None:
        # It was built from a branch: the stack's file notes the release and the commit.
        ref, meta = source.get("sha") or meta.get("githubCommitSha"), dict(declared)
        noted = tuple(meta)
    return project.object(
        kinds.DEPLOYMENT,
        identity,
        "",
        {
            "projectId": row.get("projectId", project.id),
            "production": row.get("target") == "production",
            "ref": ref,
            "meta": {name: meta.get(name) for name in noted},
            "environment": texts(row.get("env")),
            "customEnvironmentId": part(row, "customEnvironment").get("id"),
            "url": row.get("url", ""),
        },
        beyond=builds.beyond(row),
        written_at=milliseconds(row.get("createdAt")),
        by=str(creator.get("username") or creator.get("uid") or ""),
    )
