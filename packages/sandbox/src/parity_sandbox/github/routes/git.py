"""Routes of branches, refs, commits and contents."""

from __future__ import annotations

import base64

from parity_sandbox.github.calls import Answer, Call
from parity_sandbox.github.errors import Conflict, InvalidRequest, NotFound, ValidationFailed
from parity_sandbox.github.routes.table import Result, inside
from parity_sandbox.github.state import accounts, git, repositories
from parity_sandbox.github.state.collections import remove
from parity_sandbox.github.wire import git as wire
from parity_sandbox.store import Document


def _branches(call: Call, repository: Document) -> Result:
    return [wire.branch(repository, each) for each in git.branches(call.context, repository["id"])]


def _found_branch(call: Call, repository: Document) -> Document:
    found = git.branch(call.context, repository["id"], call.path("branch"))
    if found is None:
        raise NotFound("Branch not found")
    return found


def _branch(call: Call, repository: Document) -> Document:
    return _full_branch(call, repository, _found_branch(call, repository))


def _full_branch(call: Call, repository: Document, found: Document) -> Document:
    head = git.resolve(call.context, repository["id"], found["sha"])
    return wire.full_branch(repository, found, head, accounts.viewer(call.context))


def _rename_branch(call: Call, repository: Document) -> Document:
    found = _found_branch(call, repository)
    made = git.create_ref(call.context, repository["id"], f"heads/{call.body.get('new_name')}", found["sha"])
    remove(call.context, "refs", found)
    if repository["default_branch"] == call.path("branch"):
        repositories.update(call.context, repository, default_branch=str(call.body.get("new_name")))
    return _full_branch(call, repository, made)


def _get_ref(call: Call, repository: Document) -> Document:
    found = git.ref(call.context, repository["id"], call.path("ref"))
    if found is None:
        raise NotFound
    return wire.ref(repository, found)


def _matching_refs(call: Call, repository: Document) -> Answer:
    found = git.matching(call.context, repository["id"], call.path("ref"))
    return Answer(200, [wire.ref(repository, each) for each in found])


def _create_ref(call: Call, repository: Document) -> Document:
    name, sha = str(call.body.get("ref") or ""), str(call.body.get("sha") or "")
    if not name.startswith("refs/") or name.count("/") <= 1:
        raise InvalidRequest([f'"{name}" is no reference: it must start with refs/ and hold at least two slashes.'])
    return wire.ref(repository, git.create_ref(call.context, repository["id"], name.removeprefix("refs/"), sha))


def _written_ref(call: Call, repository: Document) -> Document:
    found = git.ref(call.context, repository["id"], call.path("ref"))
    if found is None:
        raise ValidationFailed(message="Reference does not exist")
    return found


def _move_ref(call: Call, repository: Document) -> Document:
    found, force = _written_ref(call, repository), bool(call.body.get("force"))
    return wire.ref(repository, git.move_ref(call.context, found, str(call.body.get("sha") or ""), force=force))


def _delete_ref(call: Call, repository: Document) -> None:
    remove(call.context, "refs", _written_ref(call, repository))


def _resolved(call: Call, repository: Document, name: str) -> Document:
    if not git.branches(call.context, repository["id"]):
        raise Conflict("Git Repository is empty.")
    return git.resolve(call.context, repository["id"], name)


def _commits(call: Call, repository: Document) -> Result:
    start = _resolved(call, repository, call.query("sha") or repository["default_branch"])
    author = accounts.viewer(call.context)
    found = git.history(call.context, repository["id"], start["sha"])
    return [wire.commit(repository, each, author) for each in found]


def _commit(call: Call, repository: Document) -> Document:
    found = _resolved(call, repository, call.path("ref"))
    parent = git.commit(call.context, repository["id"], found["parents"][0]) if found["parents"] else None
    before: dict[str, str] = {} if parent is None else parent["tree"]
    return wire.full_commit(repository, found, accounts.viewer(call.context), before)


def _content(call: Call, repository: Document) -> Answer:
    return _read(call, repository, call.path("path").strip("/"))


def _readme(call: Call, repository: Document) -> Answer:
    return _read(call, repository, "README.md")


def _read(call: Call, repository: Document, path: str) -> Answer:
    ref = call.query("ref") or repository["default_branch"]
    try:
        commit = git.resolve(call.context, repository["id"], ref)
    except InvalidRequest as error:
        raise NotFound(f"No commit found for the ref {ref}") from error
    tree: dict[str, str] = commit["tree"]
    if path in tree:
        raw = git.blob(call.context, repository["id"], tree[path])
        return Answer(200, wire.content(repository, path, tree[path], ref, raw))
    within = [each for each in sorted(tree) if each.startswith(f"{path}/") and "/" not in each[len(path) + 1 :]]
    if not within:
        raise NotFound
    return Answer(200, [wire.content(repository, each, tree[each], ref, None) for each in within])


def _put_content(call: Call, repository: Document) -> Answer:
    path = call.path("path").strip("/")
    missing = [name for name in ("message", "content") if name not in call.body]
    if missing:
        raise InvalidRequest([f'"{name}" wasn\'t supplied.' for name in missing])
    try:
        raw = base64.b64decode(str(call.body["content"]).replace("\n", ""), validate=True)
    except ValueError as error:
        raise ValidationFailed(message="content is not valid Base64") from error
    commit, sha, new = git.write_file(call.context, repository, path, content=raw, body=call.body)
    ref = str(call.body.get("branch") or repository["default_branch"])
    content = wire.content(repository, path, str(sha), ref, raw)
    shown = {name: value for name, value in content.items() if name not in {"content", "encoding"}}
    return Answer(201 if new else 200, {"content": shown, "commit": _made(call, repository, commit)})


def _delete_content(call: Call, repository: Document) -> Document:
    path = call.path("path").strip("/")
    commit, _, _ = git.write_file(call.context, repository, path, content=None, body=call.body)
    return {"content": None, "commit": _made(call, repository, commit)}


def _made(call: Call, repository: Document, commit: Document) -> Document:
    return wire.git_commit(repository, commit, accounts.viewer(call.context))


_BRANCH, _REFS, _CONTENT = "/branches/{branch}", "/git/refs/{ref:path}", "/contents/{path:path}"
_AUTHOR = "The account of every commit is the token's; its author and committer are those that were sent."

ROUTES = (
    inside("GET", "/branches", _branches, "repos/list-branches", "No branch is protected."),
    inside("GET", _BRANCH, _branch, "repos/get-branch", "No branch is protected."),
    inside("POST", f"{_BRANCH}/rename", _rename_branch, "repos/rename-branch"),
    inside("GET", "/git/ref/{ref:path}", _get_ref, "git/get-ref"),
    inside("GET", "/git/matching-refs/{ref:path}", _matching_refs, "git/list-matching-refs"),
    inside("POST", "/git/refs", _create_ref, "git/create-ref"),
    inside("PATCH", _REFS, _move_ref, "git/update-ref"),
    inside("DELETE", _REFS, _delete_ref, "git/delete-ref"),
    inside("GET", "/commits", _commits, "repos/list-commits", _AUTHOR, "No filters but `sha`."),
    inside(
        "GET", "/commits/{ref}", _commit, "repos/get-commit", _AUTHOR,
        "Counts of lines are not computed: each file counts as one.",
    ),
    inside("GET", _CONTENT, _content, "repos/get-content", "JSON only."),
    inside("GET", "/readme", _readme, "repos/get-readme", "`README.md` alone."),
    inside("PUT", _CONTENT, _put_content, "repos/create-or-update-file-contents", _AUTHOR),
    inside("DELETE", _CONTENT, _delete_content, "repos/delete-file", _AUTHOR),
)  # fmt: skip
