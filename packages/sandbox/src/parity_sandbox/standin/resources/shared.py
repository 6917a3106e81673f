"""What a resource is, and what several share: fields, the project lookup, the words of a failure, import ids."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

from parity_sandbox.standin.client import Client
from parity_sandbox.standin.errors import ResourceError, StandInError, explained, not_found
from parity_sandbox.standin.schema import Call, Document, Failure, Field


@dataclass(frozen=True)
class Resource:
    """One resource of the provider: its fields, and the code that the table cannot say."""

    token: str
    fields: Mapping[str, Field]
    create: Callable[[Client, Document], Awaitable[Document]]
    """Takes the plan; what is unknown in it is left to Vercel."""
    read: Callable[[Client, Document], Awaitable[Document | None]]
    """Takes the state; None, or an ApiError with status 404, where the object is gone."""
    delete: Callable[[Client, Document], Awaitable[None]]
    """Takes the state; an ApiError with status 404 means that the object is gone already."""
    update: Callable[[Client, Document, Document], Awaitable[Document]] | None = None
    """Takes the state and the plan; None where every change replaces."""
    find: Callable[[Client, str], Awaitable[Document | None]] | None = None
    """Takes an import id; None where the real provider cannot import the resource."""
    validate: Callable[[Client, Document], Awaitable[list[Failure]]] | None = None
    """Checks across fields, and those that ask a service."""
    review: Callable[[Client, Document], Awaitable[None]] | None = None
    """Reads each plan and raises where Vercel's team forbids it."""
    named: bool = False
    """Whether `name` is made up from the resource's name where the program is silent."""


TEAM_ID = Field("string", optional=True, computed=True, replace="if configured", keep=True)
ID = Field("string", computed=True, keep=True)
PROJECT_ID = Field("string", required=True, replace="always")
GET_PROJECT = Call("GET", "/v10/projects/{projectId}")
NO_PROJECT = (
    "Could not find project, please make sure both the project_id and team_id match the project and team you wish to "
    "deploy to."
)


def failing(doing: str, noun: str, tried: str, *, gone: bool = False) -> AbstractContextManager[None]:
    """Raise what fails inside in the provider's words: `Error DOING NOUN: Could not TRIED, unexpected error: why`."""
    return explained(f"Error {doing} {noun}", f"Could not {tried}, unexpected error", gone=gone)


async def require_project(
    client: Client, plan: Document, summary: str, trouble: str = "Error reading project information, unexpected error"
) -> Document:
    """The project that a planned resource belongs to; raises ResourceError, of `trouble` but where there is none."""
    try:
        return await client.send(GET_PROJECT, plan)
    except StandInError as error:
        if not_found(error):
            raise ResourceError(summary, NO_PROJECT) from error
        raise ResourceError(summary, f"{trouble}: {error}") from error


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
