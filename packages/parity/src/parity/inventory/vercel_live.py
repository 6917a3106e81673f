"""The deployment that a Vercel project serves, as its document and its aliases have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity.documents import Document, mapping
from parity.inventory.documents import part
from parity.inventory.model import LiveObject, live_object, milliseconds
from parity.resources import kinds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parity.vendors.rolling import Roll


def target(project: Document) -> Document:
    """The deployment that Vercel names as a project's production."""
    return part(part(project, "targets"), "production")


def live(
    project: Document,
    team: str,
    deployments: Sequence[LiveObject],
    serving: Mapping[str, str],
    roll: Roll | None = None,
) -> list[LiveObject]:
    """The deployment that the project's domains serve; `serving` gives it by domain, from the aliases.

    While a release rolls it is that one: a declared one is under way as declared, whoever has which meanwhile.
    """
    named = target(project)
    if named.get("id") and roll and roll.canary != named["id"]:
        hosts = [str(each.properties.get("url") or "") for each in deployments if each.id == roll.canary]
        named = {"id": roll.canary, "url": "".join(hosts)}
        serving = dict[str, str]()
    if not named.get("id"):
        return []
    request = part(project, "lastAliasRequest")
    deployment = next((each for each in deployments if each.id == named["id"]), None)
    meta = mapping(deployment.properties["meta"]) if deployment else part(named, "meta")
    identity = f"{team}/{project['id']}"
    beyond: Document = {f"serves.{name}": each for name, each in sorted(serving.items()) if each != named["id"]}
    status = str(request.get("jobStatus") or "")
    if status not in {"", "succeeded"}:
        beyond["lastAliasRequest.jobStatus"] = status
    return [
        live_object(
            kinds.LIVE,
            identity,
            identity,
            {
                "team": team,
                "projectId": project["id"],
                "project": project["name"],
                "deploymentId": named["id"],
                "deploymentUrl": str(named.get("url", "")),
                "release": meta.get("release") or "unknown",
                "commit": meta.get("commit") or meta.get("githubCommitSha") or "unknown",
            },
            project=project["name"],
            beyond=beyond,
            written_at=milliseconds(request.get("requestedAt")),
        )
    ]
