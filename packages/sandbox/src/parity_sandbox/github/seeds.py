"""Puts what a seed names into the storage: organisation, users, teams, repositories with their commits and runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parity_sandbox.github.bodies import items
from parity_sandbox.github.state import access, accounts, git, repositories, runs

if TYPE_CHECKING:
    from parity_sandbox.context import Context

Document = dict[str, Any]


def seed(context: Context, document: Document) -> None:
    """Make what is missing of `document`; the same one again changes nothing.

    Args:
        context: The running sandbox.
        document: `organization` (login), `users` (`login`), `repositories` (`owner`, `name`, `default_branch`,
            `private`, `branches`, `commits` oldest first, `runs`), `teams` (`slug`, `name`, `repositories` it may
            push to; every seeded repository where nothing is said).
    """
    with context.store.transaction():
        accounts.viewer(context)
        login = document.get("organization")
        if login:
            accounts.add_organization(context, str(login))
        for each in items(document, "users"):
            accounts.add_user(context, each["login"])
        found = [_repository(context, each) for each in items(document, "repositories")]
        for each in items(document, "teams"):
            _team(context, accounts.organization(context, str(login)), each, found)


def _repository(context: Context, asked: Document) -> Document:
    if accounts.owner(context, asked["owner"]) is None:
        accounts.add_organization(context, asked["owner"])
    found = repositories.find(context, asked["owner"], asked["name"])
    if found is None:
        fields = {name: asked[name] for name in ("name", "default_branch", "private") if name in asked}
        found = repositories.create(context, asked["owner"], fields)
    _commits(context, found, [str(each) for each in items(asked, "commits")])
    for name in [found["default_branch"], *items(asked, "branches")]:
        _branch(context, found, str(name))
    for each in items(asked, "runs"):
        runs.put(context, found, each)
    return found


def _commits(context: Context, repository: Document, shas: list[str]) -> None:
    """Add the commits to the default branch, one after the other."""
    number, name = repository["id"], f"heads/{repository['default_branch']}"
    for sha in shas:
        if git.commit(context, number, sha) is not None:
            continue
        ref = git.ref(context, number, name)
        parent = None if ref is None else git.commit(context, number, ref["sha"])
        tree = {} if parent is None else dict(parent["tree"])
        parents = [] if parent is None else [str(parent["sha"])]
        git.add_commit(context, number, f"Commit {sha[:7]}", parents=parents, tree=tree, sha=sha)
        if ref is None:
            git.create_ref(context, number, name, sha)
        else:
            git.move_ref(context, ref, sha, force=True)


def _branch(context: Context, repository: Document, name: str) -> None:
    if git.branch(context, repository["id"], name) is not None:
        return
    default = git.branch(context, repository["id"], repository["default_branch"])
    sha = git.first_commit(context, repository)["sha"] if default is None else str(default["sha"])
    if git.branch(context, repository["id"], name) is None:
        git.create_ref(context, repository["id"], f"heads/{name}", sha)


def _team(context: Context, organization: Document, asked: Document, seeded: list[Document]) -> None:
    slug = asked.get("slug") or accounts.slug_of(asked["name"])
    known = {each["slug"]: each for each in accounts.teams(context, organization["id"])}
    if slug in known:
        return
    made = accounts.create_team(context, organization["id"], {"name": asked.get("name") or slug, "privacy": "closed"})
    accounts.rename_slug(context, made, slug)
    wanted = asked.get("repositories")
    for each in seeded:
        if wanted is None or each["name"] in wanted:
            access.grant_team(context, made["id"], each["id"], "push")


def settle(_context: Context) -> None:
    """Apply what the clock has made due: nothing of GitHub's waits for it."""
