"""Organisations, users and teams: who owns repositories, who may approve, and who has access."""

from __future__ import annotations

import re
from contextvars import ContextVar

from parity_sandbox.context import Context
from parity_sandbox.github.bodies import Field, check
from parity_sandbox.github.errors import NotFound, ValidationFailed, custom, missing_field
from parity_sandbox.github.state.collections import add, change, collection, one, put, remove, remove_of
from parity_sandbox.store import Document

_TEAM = {
    "name": Field(str),
    "description": Field(str, nullable=True),
    "privacy": Field(str, nullable=True),
    "notification_setting": Field(str, nullable=True),
    "parent_team_id": Field(int, nullable=True),
}

VIEWER, BOT = "parity-sandbox", "github-actions[bot]"
"""Logins of the accounts that the sandbox's token and the tokens of workflows belong to."""

acting: ContextVar[str] = ContextVar("acting", default=VIEWER)
"""Whose token the request carries."""

ROLES = ("member", "maintainer")
PERMISSIONS = ("pull", "triage", "push", "maintain", "admin")


def organization(context: Context, login: str) -> Document:
    """The organisation of that login, in any case. Raises NotFound."""
    found = _by_login(context, "organizations", login)
    if found is None:
        raise NotFound
    return found


def add_organization(context: Context, login: str) -> Document:
    """The organisation of that login, made where it is missing. The token's account is its owner."""
    found = _by_login(context, "organizations", login)
    return found or add(context, "organizations", {"login": login, "name": login})


def user(context: Context, login: str) -> Document:
    """The user of that login, in any case. Raises NotFound."""
    found = _by_login(context, "users", login)
    if found is None:
        if login.lower() == VIEWER:
            return viewer(context)
        raise NotFound
    return found


def viewer(context: Context) -> Document:
    """The account that the request's token belongs to."""
    return add_user(context, acting.get())


def add_user(context: Context, login: str) -> Document:
    """The user of that login, made where missing; every user of the sandbox is a member of its organisation."""
    return _by_login(context, "users", login) or add(context, "users", {"login": login})


def owner(context: Context, login: str) -> Document | None:
    """The organisation or user of that login, with `type`, or None."""
    for kind, name in (("organizations", "Organization"), ("users", "User")):
        found = _by_login(context, kind, login)
        if found is not None:
            return found | {"type": name}
    return None


def user_by_id(context: Context, number: int) -> Document:
    """The user with that id, who is there: users are never deleted."""
    found = collection(context, "users").get(str(number))
    if found is None:
        raise LookupError(f"no user with the id {number}")
    return found


def owner_of(context: Context, repository: Document) -> Document:
    """The account that owns the repository, with `type`."""
    account = owner(context, repository["owner"])
    if account is None:
        raise LookupError(f"no account {repository['owner']}, which owns the repository {repository['name']}")
    return account


def _by_login(context: Context, kind: str, login: str) -> Document | None:
    wanted = login.lower()
    return next((each for each in collection(context, kind).all() if each["login"].lower() == wanted), None)


def slug_of(name: str) -> str:
    """A team's slug: lower case, runs of anything but letters, digits, `-` and `_` become one hyphen."""
    return re.sub(r"[^a-z0-9_-]+", "-", name.lower()).strip("-")


def team_by_slug(context: Context, organization_id: int, slug: str) -> Document:
    """The team of that slug. Raises NotFound."""
    found = collection(context, "teams").first(organization_id=organization_id, slug=slug.lower())
    if found is None:
        raise NotFound
    return found


def create_team(context: Context, organization_id: int, body: Document) -> Document:
    """A new team; the token's account becomes its maintainer.

    Raises:
        ValidationFailed: no name, a name whose slug is taken, or a parent that does not exist.
    """
    check(body, _TEAM)
    name = body.get("name")
    if not name:
        raise ValidationFailed(missing_field("Team", "name"))
    _slug_is_free(context, organization_id, slug_of(name))
    made = {
        "organization_id": organization_id,
        "name": name,
        "slug": slug_of(name),
        "description": body.get("description") or None,
        "privacy": body.get("privacy") or "secret",
        "notification_setting": body.get("notification_setting") or "notifications_enabled",
        "parent_id": _parent(context, organization_id, body.get("parent_team_id")),
        "members": {str(viewer(context)["id"]): "maintainer"},
    }
    return add(context, "teams", made)


def edit_team(context: Context, team: Document, body: Document) -> Document:
    """The team with what `body` changes. Raises ValidationFailed as `create_team` does."""
    check(body, _TEAM)
    changed = {name: body[name] for name in ("privacy", "notification_setting") if body.get(name)}
    if body.get("name"):
        slug = slug_of(body["name"])
        if slug != team["slug"]:
            _slug_is_free(context, team["organization_id"], slug)
        changed |= {"name": body["name"], "slug": slug}
    if "description" in body:
        changed["description"] = body["description"] or None
    if "parent_team_id" in body:
        changed["parent_id"] = _parent(context, team["organization_id"], body["parent_team_id"])
    return change(context, "teams", team, changed)


def rename_slug(context: Context, team: Document, slug: str) -> None:
    """Give the team the slug that a seed asks for, where its name would make another."""
    if team["slug"] != slug:
        collection(context, "teams").put(team["key"], team | {"slug": slug})


def delete_team(context: Context, team: Document) -> None:
    """Delete the team, the teams under it, and their access."""
    for child in collection(context, "teams").find(parent_id=team["id"]):
        delete_team(context, child)
    remove_of(context, team_id=team["id"])
    remove(context, "teams", team)


def members(context: Context, team: Document, role: str = "all") -> list[Document]:
    """The team's members of that role: `member`, `maintainer` or `all`. Raises ValidationFailed for another."""
    if role not in {"all", *ROLES}:
        raise ValidationFailed(custom("Team", "role", f"{role} is not a role"))
    found = (collection(context, "users").get(key) for key, its in team["members"].items() if role in {"all", its})
    return [each for each in found if each is not None]


def remove_member(context: Context, team: Document, login: str) -> None:
    """Take the user out of the team. Raises NotFound where there is no such user."""
    _set_role(context, team, login, None)


def add_member(context: Context, team: Document, login: str, body: Document) -> str:
    """Put the user into the team, or change the role; gives the role.

    Raises:
        NotFound: no such user.
        InvalidRequest: a role that is neither `member` nor `maintainer`.
    """
    check(body, {"role": Field(str, choices=ROLES)})
    role = str(body.get("role") or "member")
    _set_role(context, team, login, role)
    return role


def _set_role(context: Context, team: Document, login: str, role: str | None) -> None:
    number = str(user(context, login)["id"])
    others = {key: its for key, its in team["members"].items() if key != number}
    collection(context, "teams").put(team["key"], team | {"members": others | ({number: role} if role else {})})


def _slug_is_free(context: Context, organization_id: int, slug: str) -> None:
    if collection(context, "teams").first(organization_id=organization_id, slug=slug) is not None:
        raise ValidationFailed(custom("Team", "name", "Name must be unique for this org"))


def _parent(context: Context, organization_id: int, number: int | None) -> int | None:
    if number is None:
        return None
    try:
        return int(one(context, "teams", number, organization_id=organization_id)["id"])
    except NotFound as error:
        raise ValidationFailed(custom("Team", "parent_team_id", "Parent team not found")) from error


# --- Who has which access to a repository: teams and collaborators ---

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
