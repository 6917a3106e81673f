"""Reads each Vercel project with its variables, domains, deployments and live release, and the team's telemetry."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from parity.inventory import builds, vercel_live, vercel_project
from parity.inventory.documents import part, texts
from parity.inventory.model import LiveObject, VendorState, live_object, milliseconds, written
from parity.inventory.reading import Reading
from parity.inventory.vercel_images import Account, Images
from parity.inventory.vercel_others import Others
from parity.inventory.vercel_telemetry import Telemetry
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
    team = await reading.get(path, f"the Vercel team {scope.team}", _PROJECT_TYPES | _TEAM_TYPES)
    if team is None:
        return reading.seen()
    reader = _Reader(Account(reading, str(team["id"]), str(team.get("slug") or scope.team)), scope)
    shared, *parts = await asyncio.gather(reader.telemetry.of_team(), *(map(reader.project, scope.projects)))
    members = await reader.others.members() if any(each.by for part in parts for each in part) else {}
    every = [replace(each, by=members.get(each.by, each.by)) for part in (*parts, shared) for each in part]
    domains = {each.key[1] for each in every if each.type == kinds.DOMAIN}
    # An alias of another project's domain is none of its own: the domain serves something else, which is a finding
    # of the domain's project.
    found = tuple(each for each in every if each.type != kinds.ALIAS or each.key[1] not in domains)
    return reading.seen(found, {"team": reader.team})


class _Reader:
    """Reads one team's projects."""

    def __init__(self, account: Account, scope: Scope) -> None:
        self.account, self.scope = account, scope
        self.reading, self.team = account.reading, account.team
        self.others = Others(self.reading, self.team)
        self.telemetry = Telemetry(self.reading, self.team, scope.asked)

    async def project(self, name: str) -> list[LiveObject]:
        """One project and everything in it; nothing if no project has that name or its recorded id."""
        document = await self._document(name) or await self._recorded(name)
        if document is None:
            return []
        parts = await asyncio.gather(
            self._variables(document),
            self._domains(document),
            self._deployments(document),
            self.others.custom_environments(document),
            self.others.rolling_release(document),
            self.others.webhooks(document),
            self.others.aliases(document),
            self.telemetry.tracing(document),
        )
        own = [self._project(document), self._retention(document), *self._bypasses(document)]
        domains = {each.key[1] for each in parts[1]}
        aliases = [each for each in parts[6] if each.key[1] not in domains]
        serving = {each.key[1]: str(each.properties["deploymentId"]) for each in parts[6] if each.key[1] in domains}
        moved = await self.others.elsewhere(document, parts[1], serving) if vercel_live.target(document) else {}
        roll = await self.others.roll(document)
        live = vercel_live.live(document, self.team, parts[2], {**serving, **moved}, roll)
        own += await Images(self.account, document).read(self.scope.tagged.get(name, ()), parts[2])
        return [*own, *live, *(each for part in (*parts[:6], parts[7]) for each in part), *aliases]

    async def _recorded(self, name: str) -> Document | None:
        """The project that is recorded for a name and has another one."""
        identity = self.scope.ids.get(name)
        if identity is None or any(each.covers(kinds.PROJECT, (name,)) for each in self.reading.failures):
            return None
        path = f"/v9/projects/{quote(identity, safe='')}"
        return await self.reading.get(path, f"the project {name}", _PROJECT_TYPES, (name,), may_lack=True)

    async def _document(self, name: str) -> Document | None:
        """A project; one that the list has after a 404 is new, or a right is missing, or the vendor is at fault."""
        path, what = f"/v9/projects/{quote(name, safe='')}", f"the project {name}"
        try:
            document = await self.reading.client.get_or_none(path)
            if document is None and await self._is_listed(name):
                document = await self.reading.client.get(path)
        except VendorError as error:
            self.reading.failed(error, what, _PROJECT_TYPES, (name,))
            return None
        if document is not None and (document.get("name") != name or "id" not in document):
            cut = Unreadable("Vercel", "GET", path, None, f"the answer is of {document.get('name')!r}")
            self.reading.failed(cut, what, _PROJECT_TYPES, (name,))
            return None
        return document

    async def _is_listed(self, name: str) -> bool:
        """Whether the team's list has the project; a list that cannot be read is recorded as a read failure."""
        what = "the list of projects"
        listed = await self.reading.rows(
            "/v9/projects", "projects", what, _PROJECT_TYPES, (name,), query={"search": name}
        )
        return any(each.get("name") == name for each in listed or [])

    def _project(self, document: Document) -> LiveObject:
        return live_object(
            kinds.PROJECT,
            document["id"],
            f"{self.team}/{document['id']}",
            vercel_project.properties(document),
            beyond=vercel_project.beyond(document),
            written_at=milliseconds(document.get("updatedAt")),
        )

    def _retention(self, document: Document) -> LiveObject:
        said: Document | None = document.get("deploymentExpiration")
        days = {name: 36500 if said is None else int(said.get(wire) or 0) for name, wire in _RETENTION.items()}
        identity = f"{self.team}/{document['id']}"
        properties = {name: _DAYS.get(each, f"{each} days") for name, each in days.items()}
        properties["projectId"] = document["id"]
        return live_object(
            kinds.RETENTION, identity, identity, properties, project=document["name"], vacuous=said is None
        )

    def _bypasses(self, document: Document) -> list[LiveObject]:
        given: dict[str, Document] = part(document, "protectionBypass")
        return [
            live_object(
                kinds.BYPASS,
                f"{self.team}/{document['id']}",
                "",
                {"team": self.team, "projectId": document["id"], "secret": secret},
                project=document["name"],
                beyond={name: about[name] for name in ("note",) if about.get(name)},
                written_at=milliseconds(about.get("createdAt")),
                by=str(about.get("createdBy") or ""),
            )
            for secret, about in sorted(given.items())
            if about.get("scope") == _BYPASS_SCOPE
        ]

    # --- Variables ----------------------------------------------------------------------------------------------------

    async def _variables(self, document: Document) -> list[LiveObject]:
        name = document["name"]
        path, what = f"/v10/projects/{document['id']}/env", f"the variables of {name}"
        listed = await self.reading.rows(path, "envs", what, (kinds.VARIABLE,), (name,), query={"decrypt": "true"})
        found = await asyncio.gather(*(self._variable(document, row) for row in listed or []))
        return [each for each in found if each is not None]

    async def _variable(self, project: Document, row: Document) -> LiveObject | None:
        sensitive = row.get("type") == "sensitive"
        if not sensitive and not row.get("decrypted", row.get("type") == "plain"):
            path = f"/v1/projects/{project['id']}/env/{row['id']}"
            what = f"the variable {row['key']} of {project['name']}"
            key = kinds.key_of(kinds.VARIABLE, row, project["name"])
            found = await self.reading.get(path, what, (kinds.VARIABLE,), key)
            if found is None:
                return None
            row = found
        properties: Document = {
            "projectId": project["id"],
            "key": row["key"],
            "sensitive": sensitive,
            "targets": texts(row.get("target")),
            "customEnvironmentIds": texts(row.get("customEnvironmentIds")),
            "gitBranch": row.get("gitBranch"),
            "comment": row.get("comment") or "",
        }
        return live_object(
            kinds.VARIABLE,
            row["id"],
            f"{self.team}/{project['id']}/{row['id']}",
            properties if sensitive else {**properties, "value": row.get("value", "")},
            project=project["name"],
            beyond={} if sensitive or row.get("type") in {"encrypted", "plain"} else {"type": row.get("type")},
            written_at=written(row),
            by=str(row.get("updatedBy") or row.get("createdBy") or ""),
        )

    # --- Domains, deployments, and what is live -----------------------------------------------------------------------

    async def _domains(self, document: Document) -> list[LiveObject]:
        name = document["name"]
        path, what = f"/v9/projects/{document['id']}/domains", f"the domains of {name}"
        listed = await self.reading.rows(path, "domains", what, (kinds.DOMAIN,), (name,))
        return [self._domain(document, row) for row in listed or []]

    def _domain(self, project: Document, row: Document) -> LiveObject:
        own = {"team": self.team, "projectId": project["id"], "domain": row["name"]}
        return live_object(
            kinds.DOMAIN,
            str(row["name"]),
            f"{self.team}/{project['id']}/{row['name']}",
            own | {field: row.get(field) for field in _OF_DOMAIN},
            project=project["name"],
            beyond={} if row.get("verified", True) else {"verified": False},
            written_at=written(row),
        )

    async def _deployments(self, document: Document) -> list[LiveObject]:
        """The production deployments that carry a release; each is read singly for what the list leaves out."""
        name = document["name"]
        types, what = (kinds.DEPLOYMENT, kinds.LIVE), f"the deployments of {name}"
        query = {"projectId": document["id"], "target": "production"}
        listed = await self.reading.rows("/v6/deployments", "deployments", what, types, (name,), query=query)
        known = self.scope.imported
        ours = [str(row["uid"]) for row in listed or [] if row["uid"] in known or part(row, "meta").get("release")]
        found = await asyncio.gather(*(self._deployment(document, each) for each in ours))
        return [each for each in found if each is not None]

    async def _deployment(self, project: Document, identity: str) -> LiveObject | None:
        # One that was deleted after it was listed is none.
        path, what = f"/v13/deployments/{identity}", f"the deployment {identity}"
        row = await self.reading.get(path, what, (kinds.DEPLOYMENT,), (project["name"],), may_lack=True)
        if row is None:
            return None
        meta = {name: str(value) for name, value in part(row, "meta").items()}
        source = part(row, "gitSource")
        ref, noted = source.get("ref") or source.get("sha"), _META
        if identity in self.scope.imported:
            # It was built from a branch: the stack's file notes the release and the commit.
            ref, meta = source.get("sha") or meta.get("githubCommitSha"), dict(self.scope.imported[identity])
            noted = tuple(meta)
        environment = part(row, "customEnvironment")
        creator = part(row, "creator")
        return live_object(
            kinds.DEPLOYMENT,
            identity,
            "",
            {
                "projectId": row.get("projectId", project["id"]),
                "production": row.get("target") == "production",
                "ref": ref,
                "meta": {name: meta.get(name) for name in noted},
                "environment": texts(row.get("env")),
                "customEnvironmentId": environment.get("id"),
                "url": row.get("url", ""),
            },
            project=project["name"],
            beyond=builds.beyond(row),
            written_at=milliseconds(row.get("createdAt")),
            by=str(creator.get("username") or creator.get("uid") or ""),
        )
