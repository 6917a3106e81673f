"""The ProtectionBypass resource: the secret with which automation may ask protected deployments.

Vercel's own provider has such a resource, but its id carries the secret, and ids stand in the clear in state and diffs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from parity.documents import mapping
from parity.provider.errors import NotFound, VercelError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parity.documents import Document
    from parity.provider.vercel import Vercel

REPLACES = REQUIRED = ("team", "projectId", "secret")
"""A bypass is its secret: another one is made before the old one goes."""

WATCHED: tuple[str, ...] = ()

_FORM = re.compile(r"[A-Za-z0-9]{32}")
_BAD_REQUEST = 400
_ALREADY_THERE = (_BAD_REQUEST, 409)
_AUTOMATION = "automation-bypass"


def faults_in(inputs: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with the form of the inputs, by name."""
    secret = inputs.get("secret")
    wrong = isinstance(secret, str) and not _FORM.fullmatch(secret)
    return {"secret": "must be 32 letters and digits"} if wrong else {}


def id_of(inputs: Mapping[str, Any]) -> str:
    """`<team>/<project id>`: never the secret."""
    return f"{inputs['team']}/{inputs['projectId']}"


async def create(vercel: Vercel, inputs: Document) -> Document:
    """Add the bypass; one that a crash left behind is taken over."""
    team, project, secret = (str(inputs[name]) for name in ("team", "projectId", "secret"))
    try:
        await vercel.change_bypass(team, project, {"generate": {"secret": secret}})
    except VercelError as error:
        if error.status not in _ALREADY_THERE or not await _exists(vercel, team, project, secret):
            raise
    return dict(inputs)


async def read(vercel: Vercel, resource_id: str, state: Document, inputs: Document) -> tuple[str, Document, Document]:
    """The resource as recorded while Vercel knows its secret; an empty id otherwise."""
    team, project, secret = (str(inputs.get(name, "")) for name in ("team", "projectId", "secret"))
    try:
        there = await _exists(vercel, team, project, secret)
    except NotFound:
        there = False
    return (resource_id, state, inputs) if there else ("", {}, {})


async def delete(vercel: Vercel, state: Document) -> None:
    """Revoke the secret; one that is gone already is no fault.

    Vercel does not revoke a project's default while there are others: the newest of these is made the default first.
    """
    team, project, secret = (str(state[name]) for name in ("team", "projectId", "secret"))
    revoke = {"revoke": {"secret": secret, "regenerate": False}}
    try:
        await vercel.change_bypass(team, project, revoke)
    except NotFound:
        return
    except VercelError as error:
        found = mapping((await vercel.project(team, project)).get("protectionBypass"))
        others = [name for name, each in found.items() if name != secret and mapping(each).get("scope") == _AUTOMATION]
        if error.status != _BAD_REQUEST or not others:
            raise
        newest = max(others, key=lambda name: int(mapping(found[name]).get("createdAt") or 0))
        await vercel.change_bypass(team, project, {"update": {"secret": newest, "isEnvVar": True}})
        await vercel.change_bypass(team, project, revoke)


async def _exists(vercel: Vercel, team: str, project: str, secret: str) -> bool:
    document = await vercel.project(team, project)
    return secret in mapping(document.get("protectionBypass"))
