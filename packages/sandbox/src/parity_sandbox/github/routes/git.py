"""Routes of branches, refs, commits and contents."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from parity_sandbox.github.calls import NO_CONTENT, Answer, Call, endpoint, paged
from parity_sandbox.github.errors import Conflict, InvalidRequest, NotFound, ValidationFailed
from parity_sandbox.github.routes import named
from parity_sandbox.github.state import accounts, git, repositories
from parity_sandbox.github.wire import git as wire
from parity_sandbox.routing import Route

if TYPE_CHECKING:
    from parity_sandbox.store import Document


def _branches(call: Call) -> Answer:
    repository = named.repository(call)
    found = git.branches(call.context, repository["id"])
    page = paged(call, [wire.branch(repository, each, protected=False) for each in found])
    return Answer(200, page.items, page.headers)


def _branch(call: Call) -> Answer:
    repository = named.repository(call)
    found = git.branch(call.context, repository["id"], call.path("branch"))
    if found is None:
        raise NotFound("Branch not found")
    return Answer(200, _full_branch(call, repository, found))


def _full_branch(call: Call, repository: Document, found: Document) -> Document:
    head = git.resolve(call.context, repository["id"], found["sha"])
    return wire.full_branch(repository, found, head, accounts.viewer(call.context), protected=False)


def _rename_branch(call: Call) -> Answer:
    repository = named.repository(call, write=True)
    found = git.branch(call.context, repository["id"], call.path("branch"))
    if found is None:
        raise NotFound("Branch not found")
    made = git.create_ref(call.context, repository["id"], f"heads/{call.body.get('new_name')}", found["sha"])
    git.delete_ref(call.context, found)
    if repository["default_branch"] == call.path("branch"):
        repositories.update(call.context, repository, default_branch=str(call.body.get("new_name")))
    return Answer(201, _full_branch(call, repository, made))


def _ref(call: Call, repository: Document) -> Document:
    found = git.ref(call.context, repository["id"], call.path("ref"))
    if found is None:
        raise NotFound
    return found


def _get_ref(call: Call) -> Answer:
    repository = named.repository(call)
    return Answer(200, wire.ref(repository, _ref(call, repository)))


def _matching_refs(call: Call) -> Answer:
    repository = named.repository(call)
    found = git.matching(call.context, repository["id"], call.path("ref"))
    return Answer(200, [wire.ref(repository, each) for each in found])


def _create_ref(call: Call) -> Answer:
    repository = named.repository(call, write=True)
    name, sha = str(call.body.get("ref") or ""), str(call.body.get("sha") or "")
    if not name.startswith("refs/") or name.count("/") <= 1:
        raise InvalidRequest([f'"{name}" is no reference: it must start with refs/ and hold at least two slashes.'])
    made = git.create_ref(call.context, repository["id"], name.removeprefix("refs/"), sha)
    return Answer(201, wire.ref(repository, made))


def _move_ref(call: Call) -> Answer:
    repository = named.repository(call, write=True)
    found = git.ref(call.context, repository["id"], call.path("ref"))
    if found is None:
        raise ValidationFailed(message="Reference does not exist")
    force = bool(call.body.get("force"))
    moved = git.move_ref(call.context, found, str(call.body.get("sha") or ""), force=force)
    return Answer(200, wire.ref(repository, moved))


def _delete_ref(call: Call) -> Answer:
    repository = named.repository(call, write=True)
    found = git.ref(call.context, repository["id"], call.path("ref"))
    if found is None:
        raise ValidationFailed(message="Reference does not exist")
    git.delete_ref(call.context, found)
    return NO_CONTENT


def _commits(call: Call) -> Answer:
    repository = named.repository(call)
    if not git.branches(call.context, repository["id"]):
        raise Conflict("Git Repository is empty.")
    start = git.resolve(call.context, repository["id"], call.query("sha") or repository["default_branch"])
    author = accounts.viewer(call.context)
    found = git.history(call.context, repository["id"], start["sha"])
    page = paged(call, [wire.commit(repository, each, author) for each in found])
    return Answer(200, page.items, page.headers)


def _commit(call: Call) -> Answer:
    repository = named.repository(call)
    if not git.branches(call.context, repository["id"]):
        raise Conflict("Git Repository is empty.")
    found = git.resolve(call.context, repository["id"], call.path("ref"))
    parent = git.commit(call.context, repository["id"], found["parents"][0]) if found["parents"] else None
    before: dict[str, str] = {} if parent is None else parent["tree"]
    return Answer(200, wire.full_commit(repository, found, accounts.viewer(call.context), before))


def _content(call: Call) -> Answer:
    return _read(call, call.path("path").strip("/"))


def _readme(call: Call) -> Answer:
    return _read(call, "README.md")


def _read(call: Call, path: str) -> Answer:
    repository = named.repository(call)
    ref = call.query("ref") or repository["default_branch"]
    try:
        commit = git.resolve(call.context, repository["id"], ref)
    except InvalidRequest as error:
        raise NotFound(f"No commit found for the ref {ref}") from error
    tree: dict[str, str] = commit["tree"]
    if path in tree:
        raw = git.blob(call.context, repository["id"], tree[path])
        return Answer(200, wire.content(repository, path, tree[path], ref, raw))
    inside = [each for each in sorted(tree) if each.startswith(f"{path}/") and "/" not in each[len(path) + 1 :]]
    if not inside:
        raise NotFound
    return Answer(200, [wire.content(repository, each, tree[each], ref, None) for each in inside])


def _put_content(call: Call) -> Answer:
    repository = named.repository(call, write=True)
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


def _delete_content(call: Call) -> Answer:
    repository = named.repository(call, write=True)
    path = call.path("path").strip("/")
    commit, _, _ = git.write_file(call.context, repository, path, content=None, body=call.body)
    return Answer(200, {"content": None, "commit": _made(call, repository, commit)})


def _made(call: Call, repository: Document, commit: Document) -> Document:
    return wire.git_commit(repository, commit, accounts.viewer(call.context))


_REPO = "/repos/{owner}/{repo}"
_AUTHOR = "The account of every commit is the token's; its author and committer are those that were sent."

ROUTES = (
    Route("GET", f"{_REPO}/branches", endpoint(_branches), "repos/list-branches", ("No branch is protected.",)),
    Route("GET", f"{_REPO}/branches/{{branch}}", endpoint(_branch), "repos/get-branch", ("No branch is protected.",)),
    Route("POST", f"{_REPO}/branches/{{branch}}/rename", endpoint(_rename_branch), "repos/rename-branch"),
    Route("GET", f"{_REPO}/git/ref/{{ref:path}}", endpoint(_get_ref), "git/get-ref"),
    Route("GET", f"{_REPO}/git/matching-refs/{{ref:path}}", endpoint(_matching_refs), "git/list-matching-refs"),
    Route("POST", f"{_REPO}/git/refs", endpoint(_create_ref), "git/create-ref"),
    Route("PATCH", f"{_REPO}/git/refs/{{ref:path}}", endpoint(_move_ref), "git/update-ref"),
    Route("DELETE", f"{_REPO}/git/refs/{{ref:path}}", endpoint(_delete_ref), "git/delete-ref"),
    Route("GET", f"{_REPO}/commits", endpoint(_commits), "repos/list-commits", (_AUTHOR, "No filters but `sha`.")),
    Route(
        "GET",
        f"{_REPO}/commits/{{ref}}",
        endpoint(_commit),
        "repos/get-commit",
        (_AUTHOR, "Counts of lines are not computed: each file counts as one."),
    ),
    Route("GET", f"{_REPO}/contents/{{path:path}}", endpoint(_content), "repos/get-content", ("JSON only.",)),
    Route("GET", f"{_REPO}/readme", endpoint(_readme), "repos/get-readme", ("`README.md` alone.",)),
    Route(
        "PUT",
        f"{_REPO}/contents/{{path:path}}",
        endpoint(_put_content),
        "repos/create-or-update-file-contents",
        (_AUTHOR,),
    ),
    Route("DELETE", f"{_REPO}/contents/{{path:path}}", endpoint(_delete_content), "repos/delete-file", (_AUTHOR,)),
)
