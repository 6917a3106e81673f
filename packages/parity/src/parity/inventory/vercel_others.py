"""Reads what a Vercel project serves, and what programs seldom declare: environments, stages, webhooks, aliases."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import quote

from parity.documents import Document, mapping
from parity.inventory.documents import part, rows, texts
from parity.inventory.model import milliseconds, written
from parity.resources import kinds
from parity.vendors.http import VendorError
from parity.vendors.rolling import configured, path, roll_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from parity.inventory.model import LiveObject
    from parity.inventory.reading import OfProject, Reading
    from parity.vendors.rolling import Roll


_CONFIGURED = ("advancementType", "enabled", "stages", "target")
"""What the provider declares of a rolling release, and what is always the same; the rest is by another hand."""


async def custom_environments(project: OfProject) -> list[LiveObject]:
    """The project's custom environments."""
    at, what = f"/v9/projects/{project.id}/custom-environments", f"the custom environments of {project.name}"
    answer = await project.reading.get(at, what, (kinds.CUSTOM_ENVIRONMENT,), (project.name,))
    return [
        project.object(
            kinds.CUSTOM_ENVIRONMENT,
            str(row["id"]),
            f"{project.at}/{row['slug']}",
            {"projectId": project.id, "name": row["slug"]},
            written_at=written(row),
        )
        for row in rows(answer, "environments")
    ]


async def rolling_release(project: OfProject) -> list[LiveObject]:
    """The project's rolling release, if one is configured."""
    answer = await project.get(f"{path(project.id)}/config", "the rolling release", kinds.ROLLING_RELEASE)
    if not configured(answer):
        return []
    found = part(answer, "rollingRelease")
    stages = rows(found, "stages")
    # As the provider: Vercel need not say how it advances, and stages that last advance by themselves.
    lasts = any(each.get("duration") for each in stages)
    properties = {
        "projectId": project.id,
        "advancementType": found.get("advancementType") or ("automatic" if lasts else "manual-approval"),
        "stages": [{field: each.get(field) for field in ("targetPercentage", "duration")} for each in stages],
    }
    beyond = {field: each for field, each in found.items() if field not in _CONFIGURED and each}
    return [project.object(kinds.ROLLING_RELEASE, project.id, project.at, properties, beyond=beyond)]


async def roll(project: OfProject) -> Roll | None:
    """The project's rolling release under way; not asked for where none is configured."""
    if not configured(project.document):
        return None
    what, query = f"what of {project.name} rolls", {"state": "ACTIVE"}
    answer = await project.reading.get(path(project.id), what, (kinds.LIVE,), (project.name,), query=query)
    return roll_of(answer) if answer else None


async def webhooks(project: OfProject) -> list[LiveObject]:
    """The webhooks that are about the project."""
    listed = await project.rows("/v1/webhooks", "", "the webhooks", kinds.WEBHOOK, paged=False, projectId=project.id)
    return [
        project.object(
            kinds.WEBHOOK,
            str(row["id"]),
            "",
            {"id": row["id"], "endpoint": row.get("url"), "events": texts(row.get("events"))},
            written_at=written(row),
        )
        for row in listed
        if project.id in texts(row.get("projectIds"))
    ]


async def aliases(project: OfProject) -> list[LiveObject]:
    """The aliases that a person set: neither a deployment's own hosts nor the project's domains."""
    listed = await project.rows("/v4/aliases", "aliases", "the aliases", kinds.ALIAS, projectId=project.id)
    return [
        project.object(
            kinds.ALIAS,
            str(row.get("uid", "")),
            f"{project.team}/{row.get('uid', '')}",
            {"alias": row["alias"], "deploymentId": row.get("deploymentId")},
            written_at=written(row),
        )
        for row in listed
        if not str(row["alias"]).endswith(".vercel.app")
    ]


async def elsewhere(project: OfProject, domains: Iterable[LiveObject], serving: Mapping[str, str]) -> dict[str, str]:
    """What the project's domains serve that none of its own aliases is for, by domain."""
    given = [each.properties for each in domains]
    names = [
        str(each["domain"])
        for each in given
        if not (each["redirect"] or each["gitBranch"] or each["customEnvironmentId"])
    ]
    lost = [name for name in names if name not in serving]
    found = await asyncio.gather(*(_alias(project, name) for name in lost))
    return {name: text for name, text in zip(lost, found, strict=True) if text}


async def _alias(project: OfProject, name: str) -> str:
    """The deployment and project that an alias leads to; empty where that is not known or is the project's own."""
    at, what = f"/v4/aliases/{quote(name, safe='')}", f"the alias {name}"
    row = await project.reading.get(at, what, (kinds.LIVE,), (project.name,), may_lack=True)
    if row is None or row.get("projectId") == project.id:
        return ""  # Vercel makes a domain's alias when it is first served.
    owner = row.get("projectId")
    try:
        other = await project.reading.client.get(f"/v9/projects/{quote(str(owner), safe='')}")
    except VendorError:
        return f"{row.get('deploymentId')} of the project {owner}"
    return f"{row.get('deploymentId')} of the project {other.get('name')}"


async def members(reading: Reading, team: str) -> dict[str, str]:
    """The names of the team's members by their ids; empty where the token may not see them: then ids are shown."""
    found: dict[str, str] = {}
    try:
        async for page in reading.client.pages(f"/v3/teams/{team}/members", limit=100):
            found |= {str(row["uid"]): str(row.get("username") or row["uid"]) for row in rows(page, "members")}
    except VendorError:
        return {}
    return found


def target(project: Document) -> Document:
    """The deployment that Vercel names as a project's production."""
    return part(part(project, "targets"), "production")


def live(
    project: OfProject, deployments: Sequence[LiveObject], serving: Mapping[str, str], roll: Roll | None = None
) -> list[LiveObject]:
    """The deployment that the project's domains serve; `serving` gives it by domain, from the aliases.

    While a release rolls it is that one: a declared one is under way as declared, whoever has which meanwhile.
    """
    named = target(project.document)
    if named.get("id") and roll and roll.canary != named["id"]:
        hosts = [str(each.properties.get("url") or "") for each in deployments if each.id == roll.canary]
        named = {"id": roll.canary, "url": "".join(hosts)}
        serving = dict[str, str]()
    if not named.get("id"):
        return []
    request = part(project.document, "lastAliasRequest")
    deployment = next((each for each in deployments if each.id == named["id"]), None)
    meta = mapping(deployment.properties["meta"]) if deployment else part(named, "meta")
    beyond: Document = {f"serves.{name}": each for name, each in sorted(serving.items()) if each != named["id"]}
    status = str(request.get("jobStatus") or "")
    if status not in {"", "succeeded"}:
        beyond["lastAliasRequest.jobStatus"] = status
    return [
        project.object(
            kinds.LIVE,
            project.at,
            project.at,
            {
                "team": project.team,
                "projectId": project.id,
                "project": project.name,
                "deploymentId": named["id"],
                "deploymentUrl": str(named.get("url", "")),
                "release": meta.get("release") or "unknown",
                "commit": meta.get("commit") or meta.get("githubCommitSha") or "unknown",
            },
            beyond=beyond,
            written_at=milliseconds(request.get("requestedAt")),
        )
    ]
