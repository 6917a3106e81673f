"""Puts what a seed names into the storage: organisation, users, teams, repositories with their commits and runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from parity_sandbox import tokens
from parity_sandbox.context import Context
from parity_sandbox.errors import BadDocument
from parity_sandbox.forms import Form
from parity_sandbox.github.errors import GitHubError
from parity_sandbox.github.scopes import Installation
from parity_sandbox.github.state import accounts, git, repositories, runs
from parity_sandbox.github.state.collections import SERVICE, collection
from parity_sandbox.github.state.runs import Run
from parity_sandbox.store import Document

Name = Annotated[str, Field(min_length=1, max_length=255)]


class User(Form):
    """A user."""

    login: Name


class Repository(Form):
    """A repository, its branches, its commits (oldest first, the full hash of each) and its workflow runs."""

    owner: Name
    name: Name
    default_branch: Name | None = None
    private: bool | None = None
    branches: Sequence[Name] = ()
    commits: Sequence[Name] = ()
    runs: Sequence[Run] = ()


class Team(Form):
    """A team and the names of the repositories it may push to; every repository of the seed where none are named."""

    slug: Name | None = None
    name: Name | None = None
    repositories: Sequence[Name] | None = None


class Seed(Form):
    """What exists at GitHub before any deployment."""

    organization: Name | None = None
    users: Sequence[User] = ()
    repositories: Sequence[Repository] = ()
    teams: Sequence[Team] = ()
    tokens: Sequence[Installation] = ()


def seed(context: Context, document: Document) -> None:
    """Make what is missing of `document`, which has the form `Seed`; the same one again changes nothing.

    Raises:
        BadDocument: a document of another form, or an object that GitHub would refuse.
    """
    asked = Seed.read(document, "seed for GitHub")
    try:
        with context.store.transaction():
            _make(context, asked)
    except GitHubError as error:
        reasons = f" {error.errors}" if error.errors else ""
        raise BadDocument(f"GitHub refuses an object of the seed: {error.message}.{reasons}") from error


def _make(context: Context, asked: Seed) -> None:
    accounts.viewer(context)
    if asked.organization:
        accounts.add_organization(context, asked.organization)
    for each in asked.users:
        accounts.add_user(context, each.login)
    found = [_repository(context, each) for each in asked.repositories]
    for each in asked.tokens:
        tokens.put(context, SERVICE, each)
    for each in asked.teams:
        _team(context, accounts.organization(context, asked.organization or ""), each, found)


def _repository(context: Context, asked: Repository) -> Document:
    if accounts.owner(context, asked.owner) is None:
        accounts.add_organization(context, asked.owner)
    found = repositories.find(context, asked.owner, asked.name)
    if found is None:
        fields = asked.model_dump(include={"name", "default_branch", "private"}, exclude_none=True)
        found = repositories.create(context, asked.owner, fields)
    _commits(context, found, asked.commits)
    for name in [found["default_branch"], *asked.branches]:
        _branch(context, found, str(name))
    for each in asked.runs:
        runs.put(context, found, each)
    return found


def _commits(context: Context, repository: Document, shas: Sequence[str]) -> None:
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


def _team(context: Context, organization: Document, asked: Team, seeded: list[Document]) -> None:
    slug = asked.slug or accounts.slug_of(asked.name or "")
    if not slug:
        raise BadDocument("The seed for GitHub has faults. A team needs a slug, or a name that gives one.")
    if collection(context, "teams").first(organization_id=organization["id"], slug=slug) is not None:
        return
    made = accounts.create_team(context, organization["id"], {"name": asked.name or slug, "privacy": "closed"})
    accounts.rename_slug(context, made, slug)
    for each in seeded:
        if asked.repositories is None or each["name"] in asked.repositories:
            accounts.grant_team(context, made["id"], each["id"], "push")
