"""Repositories: create, find by name in any case or by id, edit, rename, archive, delete with all they hold."""

from __future__ import annotations

import re
from typing import Any

from parity_sandbox.context import Context
from parity_sandbox.github import ids
from parity_sandbox.github.bodies import Field, check
from parity_sandbox.github.errors import ReadOnly, ValidationFailed, custom, missing_field
from parity_sandbox.github.state import git
from parity_sandbox.github.state.collections import add, change, collection, one, remove, remove_of
from parity_sandbox.narrowing import part
from parity_sandbox.store import Document

_DEFAULTS: Document = {
    "description": None,
    "homepage": None,
    "private": False,
    "visibility": "public",
    "has_issues": True,
    "has_projects": True,
    "has_wiki": True,
    "has_downloads": True,
    "has_discussions": False,
    "is_template": False,
    "archived": False,
    "allow_squash_merge": True,
    "allow_merge_commit": True,
    "allow_rebase_merge": True,
    "allow_auto_merge": False,
    "delete_branch_on_merge": False,
    "allow_update_branch": False,
    "allow_forking": True,
    "web_commit_signoff_required": False,
    "squash_merge_commit_title": "COMMIT_OR_PR_TITLE",
    "squash_merge_commit_message": "COMMIT_MESSAGES",
    "merge_commit_title": "MERGE_MESSAGE",
    "merge_commit_message": "PR_TITLE",
}
"""What a repository is until someone says otherwise; also the list of what can be edited."""

_FIELDS = {
    **{name: Field(bool if isinstance(value, bool) else str, nullable=True) for name, value in _DEFAULTS.items()},
    "default_branch": Field(str, nullable=True),
    "security_and_analysis": Field(dict, nullable=True),
}

_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")


def find(context: Context, owner: str, name: str) -> Document | None:
    """The repository of that owner and name, in any case, or None."""
    wanted = (owner.lower(), name.lower())
    rows = collection(context, "repositories").all()
    return next((each for each in rows if (each["owner"].lower(), each["name"].lower()) == wanted), None)


def by_id(context: Context, number: int | None) -> Document:
    """The repository with that id. Raises NotFound."""
    return one(context, "repositories", number)


def renamed(context: Context, owner: str, name: str) -> int | None:
    """The id of the repository that had that name before, or None."""
    found = collection(context, "renames").get(f"{owner.lower()}/{name.lower()}")
    return None if found is None else int(found["repository_id"])


def owned_by(context: Context, login: str) -> list[Document]:
    """The repositories of that organisation or user, oldest first."""
    return [each for each in collection(context, "repositories").all() if each["owner"].lower() == login.lower()]


def writable(repository: Document) -> Document:
    """The repository, where it may be written to. Raises ReadOnly where it is archived."""
    if repository["archived"]:
        raise ReadOnly
    return repository


def create(context: Context, owner: str, body: Document) -> Document:
    """A new repository, with a first commit where `auto_init` asks for one.

    Raises:
        ValidationFailed: no name, one with characters GitHub does not take, or one that is taken.
    """
    name = _checked_name(context, owner, body.get("name"))
    made: Document = _DEFAULTS | {
        "owner": owner,
        "name": name,
        "default_branch": body.get("default_branch") or "main",
        "topics": [],
        "vulnerability_alerts": False,
        "security_and_analysis": _security({}, {}),
        "pushed_at": ids.now(context),
    }
    made = add(context, "repositories", _edited(made, body | {"archived": False}))
    collection(context, "renames").delete(f"{owner.lower()}/{name.lower()}")
    if body.get("auto_init") or body.get("license_template") or body.get("gitignore_template"):
        git.first_commit(context, made)
    return made


def edit(context: Context, repository: Document, body: Document) -> Document:
    """The repository with what `body` changes; a new name leaves a redirect at the old one.

    Raises:
        ReadOnly: it is archived, and the edit does not unarchive it.
        ValidationFailed: a name that is taken, or a default branch that does not exist.
    """
    if repository["archived"] and body.get("archived") is not False:
        raise ReadOnly
    changed = _edited(dict(repository), body)
    name = body.get("name")
    if name and name != repository["name"]:
        if not isinstance(name, str) or name.lower() != repository["name"].lower():
            _checked_name(context, repository["owner"], name)
            _leave_redirect(context, repository)
        changed["name"] = name
    branch = body.get("default_branch")
    if branch and branch != repository["default_branch"]:
        if git.branch(context, repository["id"], branch) is None:
            raise ValidationFailed(custom("Repository", "default_branch", f"The branch {branch} was not found."))
        changed["default_branch"] = branch
    return update(context, repository, **changed)


def update(context: Context, repository: Document, **fields: Any) -> Document:
    """The repository with other fields; where they are what it has, nothing happens."""
    return repository if repository | fields == repository else change(context, "repositories", repository, fields)


def delete(context: Context, repository: Document) -> None:
    """Delete the repository and everything in it."""
    remove_of(context, repository_id=repository["id"])
    remove(context, "repositories", repository)


def _checked_name(context: Context, owner: str, name: Any) -> str:
    if not name:
        fault = missing_field("Repository", "name")
    elif not isinstance(name, str) or not _NAME.fullmatch(name):
        said = "name can only contain ASCII letters, digits, and the characters ., -, and _"
        fault = custom("Repository", "name", said)
    elif find(context, owner, name) is not None:
        fault = custom("Repository", "name", "name already exists on this account")
    else:
        return name
    raise ValidationFailed(fault, message="Repository creation failed.")


def _leave_redirect(context: Context, repository: Document) -> None:
    key = f"{repository['owner'].lower()}/{repository['name'].lower()}"
    collection(context, "renames").insert(key, {"key": key, "repository_id": repository["id"]})


def _edited(repository: Document, body: Document) -> Document:
    check(body, _FIELDS)
    for name in _DEFAULTS:
        if body.get(name) is not None:
            repository[name] = body[name]
    for name in ("description", "homepage"):
        if name in body:
            repository[name] = body[name] or None
    if body.get("visibility") is not None:
        repository["private"] = body["visibility"] != "public"
    elif body.get("private") is not None:
        repository["visibility"] = "private" if body["private"] else "public"
    if isinstance(body.get("security_and_analysis"), dict):
        repository["security_and_analysis"] = _security(
            repository["security_and_analysis"], body["security_and_analysis"]
        )
    return repository


def _security(present: Document, asked: Document) -> Document:
    names = ("secret_scanning", "secret_scanning_push_protection", "dependabot_security_updates")
    found: Document = {name: {"status": "disabled"} for name in names} | present
    return found | {
        name: {"status": str(part(asked, name)["status"])} for name in asked if "status" in part(asked, name)
    }
