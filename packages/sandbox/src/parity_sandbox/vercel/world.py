"""The collections of Vercel's objects, and the scope (a team or the token's own account) of one request."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from parity_sandbox.context import Context
from parity_sandbox.store import Collection, Document
from parity_sandbox.vercel.errors import Forbidden, NotFound

SERVICE = "vercel"

USER: Document = {
    "id": "NtCvWYmPcbNfWvYHoCkMv4pX",
    "email": "sandbox@parity.example",
    "name": "Sandbox",
    "username": "sandbox",
    "avatar": None,
    "limited": True,
}
"""The account that the sandbox's token belongs to."""


class _Documents:
    """A collection of a world, by its kind."""

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def __get__(self, world: World, _owner: object = None) -> Collection:
        return world.collection(self._kind)


@dataclass(frozen=True)
class World:
    """Vercel's objects as one request may see them."""

    context: Context
    team: Document | None = None
    """The team that the request names; None is the token's own account."""

    @property
    def owner(self) -> str:
        """Id of the team or user that owns what the request makes (`accountId`, `ownerId`)."""
        return USER["id"] if self.team is None else self.team["id"]

    @property
    def slug(self) -> str:
        """The scope's name in URLs."""
        return USER["username"] if self.team is None else self.team["slug"]

    @property
    def now(self) -> int:
        """Milliseconds since 1970."""
        return self.context.now_ms()

    def collection(self, kind: str) -> Collection:
        """The documents of one kind, of every scope."""
        return self.context.store.collection(SERVICE, kind)

    projects = _Documents("projects")
    """Projects by id."""
    env = _Documents("env")
    """Environment variables by id."""
    domains = _Documents("domains")
    """Project domains by name; one that is not verified yet by `<project id>/<name>`."""
    deployments = _Documents("deployments")
    """Deployments by id."""
    aliases = _Documents("aliases")
    """Aliases that were assigned one by one, by name."""
    hosts = _Documents("hosts")
    """Which deployment a deployment's own host means, by host."""
    pending = _Documents("pending")
    """What the clock will do: ends of builds and promotions, by id."""

    def project(self, id_or_name: str) -> Document:
        """The project of this scope; raises NotFound."""
        found = self.projects.get(id_or_name)
        if found is None:
            found = self.projects.first(name=id_or_name, accountId=self.owner)
        if found is None or found["accountId"] != self.owner:
            raise NotFound("Project not found.")
        return found

    def owned(self, kind: str, key: str, missing: str) -> Document:
        """The scope's document of a kind whose documents name their `ownerId`; raises NotFound with `missing`."""
        found = self.collection(kind).get(key)
        if found is None or found["ownerId"] != self.owner:
            raise NotFound(missing)
        return found

    def save(self, project: Document) -> Document:
        """Keep a changed project; its `updatedAt` moves."""
        project["updatedAt"] = self.now
        return self.projects.put(project["id"], project)


def find_team(context: Context, id_or_slug: str) -> Document | None:
    """The team with that id or slug."""
    teams = context.store.collection(SERVICE, "teams")
    return teams.get(id_or_slug) or teams.first(slug=id_or_slug)


def default_team(context: Context) -> Document | None:
    """The team that a request without a scope means: the first one seeded; None, the account itself, without any."""
    return next(iter(context.store.collection(SERVICE, "teams").all()), None)


def enter(context: Context, team_id: str | None, slug: str | None) -> World:
    """The world of a request's `teamId` or `slug`, of the account's default team where it names none.

    Raises Forbidden where the token has no such team.
    """
    wanted = team_id or slug
    if not wanted:
        return World(context, default_team(context))
    if wanted == USER["id"]:
        return World(context)
    team = find_team(context, wanted)
    if team is None:
        raise Forbidden(
            f'Not authorized: Trying to access resource under scope "{wanted}". You must re-authenticate to this '
            "scope or use a token with access to this scope.",
            scope=wanted,
        )
    return World(context, team)


def stable_id(prefix: str, *parts: object, length: int = 24) -> str:
    """An id that the same parts always give, for objects that a seed makes."""
    digest = hashlib.sha256("\0".join(str(part) for part in parts).encode()).hexdigest()
    return prefix + digest[:length]
