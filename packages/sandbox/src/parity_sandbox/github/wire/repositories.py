"""Documents of repositories."""

from __future__ import annotations

from parity_sandbox.github.calls import API, HTML
from parity_sandbox.github.ids import node_id
from parity_sandbox.github.wire.accounts import account
from parity_sandbox.narrowing import picked
from parity_sandbox.store import Document

_LINKS = {
    "forks_url": "/forks",
    "keys_url": "/keys{/key_id}",
    "collaborators_url": "/collaborators{/collaborator}",
    "teams_url": "/teams",
    "hooks_url": "/hooks",
    "issue_events_url": "/issues/events{/number}",
    "events_url": "/events",
    "assignees_url": "/assignees{/user}",
    "branches_url": "/branches{/branch}",
    "tags_url": "/tags",
    "blobs_url": "/git/blobs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "trees_url": "/git/trees{/sha}",
    "statuses_url": "/statuses/{sha}",
    "languages_url": "/languages",
    "stargazers_url": "/stargazers",
    "contributors_url": "/contributors",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "commits_url": "/commits{/sha}",
    "git_commits_url": "/git/commits{/sha}",
    "comments_url": "/comments{/number}",
    "issue_comment_url": "/issues/comments{/number}",
    "contents_url": "/contents/{+path}",
    "compare_url": "/compare/{base}...{head}",
    "merges_url": "/merges",
    "archive_url": "/{archive_format}{/ref}",
    "downloads_url": "/downloads",
    "issues_url": "/issues{/number}",
    "pulls_url": "/pulls{/number}",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "labels_url": "/labels{/name}",
    "releases_url": "/releases{/id}",
    "deployments_url": "/deployments",
}

_SHOWN = (
    "created_at",
    "updated_at",
    "pushed_at",
    "homepage",
    "has_issues",
    "has_projects",
    "has_downloads",
    "has_wiki",
    "has_discussions",
    "archived",
    "allow_forking",
    "is_template",
    "web_commit_signoff_required",
    "topics",
    "visibility",
    "default_branch",
)

_MERGING = (
    "allow_squash_merge",
    "allow_merge_commit",
    "allow_rebase_merge",
    "allow_auto_merge",
    "delete_branch_on_merge",
    "allow_update_branch",
    "squash_merge_commit_title",
    "squash_merge_commit_message",
    "merge_commit_title",
    "merge_commit_message",
    "security_and_analysis",
)

_COUNTS = (
    *("size", "stargazers_count", "watchers_count", "forks_count", "open_issues_count", "forks", "watchers"),
    "open_issues",
)


def url(found: Document) -> str:
    """The repository's address in the API."""
    return f"{API}/repos/{found['owner']}/{found['name']}"


def page(found: Document) -> str:
    """The repository's page for people."""
    return f"{HTML}/{found['owner']}/{found['name']}"


def minimal(found: Document, owner: Document, allowed: dict[str, bool] | None = None) -> Document:
    """A repository as lists give it."""
    full_name, address = f"{found['owner']}/{found['name']}", url(found)
    return {
        **picked(found, "id", "name", "private", "description", *_SHOWN),
        "node_id": node_id("R", found["id"]),
        "full_name": full_name,
        "owner": account(owner),
        "html_url": page(found),
        **dict.fromkeys(("fork", "has_pages", "disabled"), False),
        "url": address,
        **{name: address + rest for name, rest in _LINKS.items()},
        "git_url": f"git://github.com/{full_name}.git",
        "ssh_url": f"git@github.com:{full_name}.git",
        "clone_url": f"{page(found)}.git",
        "svn_url": page(found),
        **dict.fromkeys(_COUNTS, 0),
        **dict.fromkeys(("language", "mirror_url", "license")),
        "permissions": allowed or permissions("admin"),
    }


def full(found: Document, owner: Document) -> Document:
    """A repository as it is read and written alone by one who administers it."""
    extra: Document = {"organization": account(owner)} if owner["type"] == "Organization" else {}
    fixed: Document = {
        "use_squash_pr_title_as_default": False, "temp_clone_token": "", "custom_properties": {}, "network_count": 0,
        "subscribers_count": 0,
    }  # fmt: skip
    return minimal(found, owner) | picked(found, *_MERGING) | fixed | extra


def with_team_permission(found: Document, owner: Document, permission: str) -> Document:
    """A repository as a team sees it, with what the team may do."""
    return minimal(found, owner, permissions(permission)) | {"role_name": role(permission)}


def permissions(highest: str) -> dict[str, bool]:
    """What an account with that permission may do."""
    order = ("pull", "triage", "push", "maintain", "admin")
    return {name: order.index(name) <= order.index(highest) for name in order}


def role(permission: str) -> str:
    """The role's name for a permission."""
    return {"pull": "read", "push": "write"}.get(permission, permission)
