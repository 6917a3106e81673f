"""Documents of users, organisations and teams."""

from __future__ import annotations

from parity_sandbox.github.calls import API, HTML
from parity_sandbox.github.ids import node_id
from parity_sandbox.narrowing import picked
from parity_sandbox.store import Document

_USER_LINKS = {
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
    "organizations_url": "/orgs",
    "repos_url": "/repos",
    "events_url": "/events{/privacy}",
    "received_events_url": "/received_events",
}


def account(found: Document) -> Document:
    """A user, or an organisation where it stands for an owner (`type` says which), in short form."""
    login, kind = found["login"], found.get("type", "User")
    url = f"{API}/users/{login}"
    return {
        "login": login,
        "id": found["id"],
        "node_id": node_id("O" if kind == "Organization" else "U", found["id"]),
        "avatar_url": f"https://avatars.githubusercontent.com/u/{found['id']}?v=4",
        "gravatar_id": "",
        "url": url,
        "html_url": f"{HTML}/{login}",
        **{name: url + rest for name, rest in _USER_LINKS.items()},
        "type": kind,
        "user_view_type": "public",
        "site_admin": False,
    }


def full_user(found: Document) -> Document:
    """A user, as `GET /users/{username}` and `GET /user` give it."""
    empty = ("company", "location", "email", "hireable", "bio", "twitter_username")
    return account(found) | {
        "name": found["login"],
        "blog": "",
        **dict.fromkeys(empty),
        **dict.fromkeys(("public_repos", "public_gists", "followers", "following"), 0),
        "created_at": found["created_at"],
        "updated_at": found["created_at"],
    }


def organization(found: Document, repositories: int) -> Document:
    """An organisation in full."""
    url = f"{API}/orgs/{found['login']}"
    rest = ("repos", "events", "hooks", "issues")
    return {
        **picked(found, "login", "id", "name", "created_at"),
        "node_id": node_id("O", found["id"]),
        "url": url,
        **{f"{name}_url": f"{url}/{name}" for name in rest},
        **{f"{name}_url": f"{url}/{name}{{/member}}" for name in ("members", "public_members")},
        "avatar_url": f"https://avatars.githubusercontent.com/u/{found['id']}?v=4",
        "description": None,
        "blog": "",
        "is_verified": False,
        "has_organization_projects": True,
        "has_repository_projects": True,
        "public_repos": repositories,
        **dict.fromkeys(("public_gists", "followers", "following"), 0),
        "html_url": f"{HTML}/{found['login']}",
        "updated_at": found["created_at"],
        "archived_at": None,
        "type": "Organization",
        "default_repository_permission": "read",
        "members_can_create_repositories": True,
        "two_factor_requirement_enabled": False,
        "plan": {"name": "enterprise", "space": 976562499, "private_repos": 999999, "filled_seats": 1, "seats": 1},
    }


def team(found: Document, organization_of: Document, parent: Document | None) -> Document:
    """A team in short form."""
    url = f"{API}/organizations/{organization_of['id']}/team/{found['id']}"
    return picked(found, "name", "id", "slug", "description", "privacy", "notification_setting") | {
        "node_id": node_id("T", organization_of["id"], found["id"]),
        "url": url,
        "html_url": f"{HTML}/orgs/{organization_of['login']}/teams/{found['slug']}",
        "members_url": f"{url}/members{{/member}}",
        "repositories_url": f"{url}/repos",
        "permission": "pull",
        "type": "organization",
        "organization_id": organization_of["id"],
        "parent": None if parent is None else team(parent, organization_of, None),
    }


def full_team(found: Document, organization_of: Document, parent: Document | None, repositories: int) -> Document:
    """A team, as it is read and written alone."""
    return team(found, organization_of, parent) | {
        **picked(found, "created_at", "updated_at"),
        "members_count": len(found["members"]),
        "repos_count": repositories,
        "organization": organization(organization_of, 0),
    }
