"""What several resources share: the team field, the project lookup, import ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity_sandbox.narrowing import as_object
from parity_sandbox.standin.calls import Call
from parity_sandbox.standin.errors import ResourceError, StandInError, not_found
from parity_sandbox.standin.golang import text
from parity_sandbox.standin.schema import Field

if TYPE_CHECKING:
    from parity_sandbox.standin.client import Client
    from parity_sandbox.standin.schema import Document

TEAM_ID = Field("string", optional=True, computed=True, replace="if configured", keep=True)
ID = Field("string", computed=True, keep=True)
PROJECT_ID = Field("string", required=True, replace="always")
GET_PROJECT = Call("GET", "/v10/projects/{project}")
NO_PROJECT = (
    "Could not find project, please make sure both the project_id and team_id match the project and team you wish to "
    "deploy to."
)


def team_or_null(client: Client, own: str) -> str | None:
    """The team that a call was made for, null where there is none."""
    return client.team_id(own) or None


async def require_project(
    client: Client, plan: Document, summary: str, trouble: str = "Error reading project information, unexpected error"
) -> Document:
    """The project that a planned resource belongs to; raises ResourceError, of `trouble` but where there is none."""
    try:
        return await get_project(client, text(plan["projectId"]), text(plan["teamId"]))
    except StandInError as error:
        if not_found(error):
            raise ResourceError(summary, NO_PROJECT) from error
        raise ResourceError(summary, f"{trouble}: {error}") from error


async def get_project(client: Client, project: str, team: str) -> Document:
    """The project as Vercel gives it."""
    return await client.send(GET_PROJECT, owner=team, project=project)


def part(document: object, name: str) -> Document:
    """An object inside a wire document, empty where it, or the document, is missing or null."""
    return as_object(as_object(document).get(name))


def split(identifier: str, parts: int, summary: str, form: str) -> list[str]:
    """An import id's parts, with the team in front, empty where the id has none.

    Args:
        identifier: What the user gave: `parts` parts with slashes between, or one more, the team, in front.
        parts: How many parts there are without the team.
        summary: Begins the error.
        form: The last parts' names, for the error.

    Raises:
        ResourceError: the id has another number of parts.
    """
    found = identifier.split("/")
    if len(found) == parts:
        return ["", *found]
    if len(found) == parts + 1:
        return found
    raise ResourceError(
        summary, f'Invalid id \'{identifier}\' specified. should be in format "team_id/{form}" or "{form}"'
    )
