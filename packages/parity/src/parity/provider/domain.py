"""The ProjectDomain resource: a domain that a project serves, and that moves to another project in one call.

Vercel's own provider replaces it for that. Creating first is refused while the other project has the domain, and
deleting first leaves it without an answer until it is created again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parity.provider.errors import BadInput, NotFound, VercelError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parity.documents import Document
    from parity.provider.vercel import Vercel

REPLACES = ("team", "domain")
"""Another name is another domain."""

_SETTINGS = ("gitBranch", "redirect", "redirectStatusCode")
WATCHED = ("projectId", *_SETTINGS)
REQUIRED = ("team", "projectId", "domain")
_ALREADY_THERE = (400, 409)


def id_of(inputs: Mapping[str, Any]) -> str:
    """The domain's name, which stays when it moves."""
    return str(inputs["domain"])


async def create(vercel: Vercel, inputs: Document) -> Document:
    """Give the domain to the project; one that a crash left there is taken over."""
    team, project, name = _place(inputs)
    try:
        await vercel.add_domain(team, project, {"name": name, **_settings(inputs)})
    except VercelError as error:
        if error.status not in _ALREADY_THERE:
            raise
        await _set(vercel, inputs, refused=error)
    return dict(inputs)


async def update(vercel: Vercel, olds: Mapping[str, Any], inputs: Document) -> Document:
    """Move the domain where another project is declared, with what redirects to it; then set what it is to be.

    Each call may be repeated: a domain that is there already, moved by an attempt that did not end or together with the
    domain that it redirects to, stays.
    """
    team, project, name = _place(inputs)
    before = str(olds.get("projectId", project))
    if before != project:
        try:
            await vercel.move_domain(team, before, name, project)
        except NotFound:
            return await create(vercel, inputs)
    await _set(vercel, inputs)
    return dict(inputs)


async def read(vercel: Vercel, resource_id: str, state: Document, inputs: Document) -> tuple[str, Document, Document]:
    """The domain as its project has it; an empty id where that project does not have it.

    `state` and `inputs` are empty on import, whose id is `<team>/<project id>/<domain>`.
    """
    del state
    if not inputs:
        team, _, rest = resource_id.partition("/")
        project, _, name = rest.partition("/")
        if not name:
            raise BadInput(f"{resource_id!r} is no id of a ProjectDomain: give `<team>/<project id>/<domain>`.")
        inputs = {"team": team, "projectId": project, "domain": name}
    try:
        found = await vercel.domain(*_place(inputs))
    except NotFound:
        return "", {}, {}
    now = {**{name: inputs[name] for name in REQUIRED}, **_settings(found)}
    return id_of(now), now, now


async def delete(vercel: Vercel, state: Document) -> None:
    """Take the domain from the project; one that is gone already is no fault."""
    try:
        await vercel.remove_domain(*_place(state))
    except NotFound:
        return


async def _set(vercel: Vercel, inputs: Document, refused: VercelError | None = None) -> None:
    """Set redirect and branch of a domain that is there.

    Raises:
        VercelError: `refused` where the project does not have it.
    """
    try:
        found = await vercel.domain(*_place(inputs))
    except NotFound as error:
        raise refused or error from error
    if _settings(found) != _settings(inputs):
        await vercel.change_domain(*_place(inputs), {name: inputs.get(name) for name in _SETTINGS})


def _place(properties: Mapping[str, Any]) -> tuple[str, str, str]:
    team, project, name = (str(properties[name]) for name in REQUIRED)
    return team, project, name


def _settings(properties: Mapping[str, Any]) -> Document:
    """Those of its settings that are set."""
    return {name: properties[name] for name in _SETTINGS if properties.get(name) is not None}
