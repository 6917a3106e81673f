"""Who has which access to a repository: teams and collaborators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity_sandbox.github.errors import ValidationFailed, custom
from parity_sandbox.github.state.accounts import PERMISSIONS, user
from parity_sandbox.github.state.collections import collection, one, put

if TYPE_CHECKING:
    from parity_sandbox.context import Context
    from parity_sandbox.store import Document


_TEAMS = "team_repositories"
_USERS = "collaborators"


def grant_team(context: Context, team_id: int, repository_id: int, permission: object) -> None:
    """Give the team access; `push` where nothing is asked for. Raises ValidationFailed for an unknown permission."""
    key = f"{team_id}/{repository_id}"
    put(context, _TEAMS, key, {"team_id": team_id, "repository_id": repository_id, "permission": _checked(permission)})


def revoke_team(context: Context, team_id: int, repository_id: int) -> None:
    """Take the team's access away, where it has any."""
    collection(context, _TEAMS).delete(f"{team_id}/{repository_id}")


def team_permission(context: Context, team_id: int, repository_id: int) -> str:
    """The team's permission. Raises NotFound where it has none."""
    return str(one(context, _TEAMS, f"{team_id}/{repository_id}")["permission"])


def team_can_read(context: Context, team_id: int, repository_id: int) -> bool:
    """Whether the team has access of any kind."""
    return collection(context, _TEAMS).get(f"{team_id}/{repository_id}") is not None


def grant_user(context: Context, repository_id: int, login: str, permission: object) -> None:
    """Make the user a collaborator. Raises NotFound where there is no such user."""
    account = user(context, login)
    document = {"repository_id": repository_id, "user_id": account["id"], "permission": _checked(permission)}
    put(context, _USERS, f"{repository_id}/{account['id']}", document)


def revoke_user(context: Context, repository_id: int, login: str) -> None:
    """Take the user's access away, where there is any. Raises NotFound where there is no such user."""
    collection(context, _USERS).delete(f"{repository_id}/{user(context, login)['id']}")


def collaborators(context: Context, repository_id: int) -> list[tuple[Document, str]]:
    """The repository's collaborators, each with the permission."""
    users = collection(context, "users")
    rows = collection(context, _USERS).find(repository_id=repository_id)
    found = [(users.get(str(row["user_id"])), str(row["permission"])) for row in rows]
    return [(account, permission) for account, permission in found if account is not None]


def _checked(permission: object) -> str:
    if not isinstance(permission, str | None):
        raise ValidationFailed(custom("Repository", "permission", "permission is not a string"))
    chosen = {"read": "pull", "write": "push"}.get(permission or "push", permission or "push")
    if chosen not in PERMISSIONS:
        raise ValidationFailed(custom("Repository", "permission", f"{chosen} is not a valid permission"))
    return chosen
