"""A repository's Git data: refs, commits with the tree each has, and file contents."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from parity_sandbox.context import Context
from parity_sandbox.github import ids
from parity_sandbox.github.bodies import Field, check
from parity_sandbox.github.errors import Conflict, InvalidRequest, NotFound, ValidationFailed
from parity_sandbox.github.state.collections import collection, one, put
from parity_sandbox.store import Document

_FILE = {
    "message": Field(str),
    "sha": Field(str, nullable=True),
    "branch": Field(str, nullable=True),
    "author": Field(dict, nullable=True),
    "committer": Field(dict, nullable=True),
}
_PERSON = {"name": Field(str, required=True), "email": Field(str, required=True), "date": Field(str, nullable=True)}

_SHORTEST_SHA = 4


def branches(context: Context, repository_id: int) -> list[Document]:
    """The refs under `heads/`, oldest first."""
    return matching(context, repository_id, "heads/")


def matching(context: Context, repository_id: int, prefix: str) -> list[Document]:
    """The refs whose names (without `refs/`) begin with `prefix`."""
    rows = collection(context, "refs").find(repository_id=repository_id)
    return [each for each in rows if each["name"].startswith(prefix)]


def branch(context: Context, repository_id: int, name: str) -> Document | None:
    """The branch's ref, or None."""
    return ref(context, repository_id, f"heads/{name}")


def ref(context: Context, repository_id: int, name: str) -> Document | None:
    """The ref named without `refs/`, or None."""
    return collection(context, "refs").get(f"{repository_id}/{name}")


def create_ref(context: Context, repository_id: int, name: str, sha: str) -> Document:
    """A new ref, named without `refs/`. Raises ValidationFailed: it exists, or the commit does not."""
    if ref(context, repository_id, name) is not None:
        raise ValidationFailed(message="Reference already exists")
    if commit(context, repository_id, sha) is None:
        raise ValidationFailed(message="Object does not exist")
    key = f"{repository_id}/{name}"
    made = {"key": key, "repository_id": repository_id, "name": name, "sha": sha}
    return collection(context, "refs").insert(key, made)


def move_ref(context: Context, found: Document, sha: str, *, force: bool) -> Document:
    """The ref at another commit. Raises ValidationFailed: no such commit, or no descendant without `force`."""
    repository_id = int(found["repository_id"])
    if commit(context, repository_id, sha) is None:
        raise ValidationFailed(message="Object does not exist")
    if not force and found["sha"] not in {each["sha"] for each in history(context, repository_id, sha)}:
        raise ValidationFailed(message="Update is not a fast forward")
    return collection(context, "refs").put(found["key"], found | {"sha": sha})


def commit(context: Context, repository_id: int, sha: str) -> Document | None:
    """The commit of that full name, or None."""
    return collection(context, "commits").get(f"{repository_id}/{sha}")


def resolve(context: Context, repository_id: int, name: str) -> Document:
    """The commit that a branch, tag, ref, or a commit's name (all of it or its first digits) means.

    Raises:
        InvalidRequest: nothing is named so.
    """
    bare = name.removeprefix("refs/")
    for each in (bare, f"heads/{bare}", f"tags/{bare}"):
        found = ref(context, repository_id, each)
        if found is not None:
            name = str(found["sha"])
            break
    exact = commit(context, repository_id, name)
    if exact is not None:
        return exact
    if len(name) >= _SHORTEST_SHA:
        rows = collection(context, "commits").find(repository_id=repository_id)
        near = [each for each in rows if each["sha"].startswith(name)]
        if len(near) == 1:
            return near[0]
    raise InvalidRequest([f"No commit found for SHA: {name}"])


def history(context: Context, repository_id: int, sha: str) -> list[Document]:
    """The commit and its ancestors, newest first."""
    found: list[Document] = []
    waiting, seen = [sha], {sha}
    while waiting:
        each = commit(context, repository_id, waiting.pop(0))
        if each is None:
            continue
        found.append(each)
        fresh = [parent for parent in each["parents"] if parent not in seen]
        seen.update(fresh)
        waiting += fresh
    return found


def add_commit(
    context: Context,
    repository_id: int,
    message: str,
    *,
    parents: list[str],
    tree: dict[str, str],
    sha: str | None = None,
    signatures: Document | None = None,
) -> Document:
    """A new commit; `tree` gives the blob of each file, `signatures` its `author` and `committer` where given."""
    name = sha or ids.sha()
    key = f"{repository_id}/{name}"
    made = {
        "key": key,
        "repository_id": repository_id,
        "sha": name,
        "tree_sha": hashlib.sha1(repr(sorted(tree.items())).encode(), usedforsecurity=False).hexdigest(),
        "tree": tree,
        "message": message,
        "parents": parents,
        "created_at": ids.now(context),
        "signatures": signatures or {},
    }
    return collection(context, "commits").insert(key, made)


def first_commit(context: Context, repository: Document) -> Document:
    """What `auto_init` does: a README on the default branch."""
    number = int(repository["id"])
    blob = add_blob(context, number, f"# {repository['name']}".encode())
    made = add_commit(context, number, "Initial commit", parents=[], tree={"README.md": blob})
    create_ref(context, number, f"heads/{repository['default_branch']}", made["sha"])
    return made


def add_blob(context: Context, repository_id: int, content: bytes) -> str:
    """Keep a file's content; gives its name as Git would."""
    name = hashlib.sha1(b"blob %d\x00" % len(content) + content, usedforsecurity=False).hexdigest()
    encoded = base64.b64encode(content).decode()
    put(context, "blobs", f"{repository_id}/{name}", {"repository_id": repository_id, "sha": name, "content": encoded})
    return name


def blob(context: Context, repository_id: int, sha: str) -> bytes:
    """The content of that name. Raises NotFound."""
    return base64.b64decode(one(context, "blobs", f"{repository_id}/{sha}")["content"])


def write_file(
    context: Context, repository: Document, path: str, *, content: bytes | None, body: Document
) -> tuple[Document, str | None, bool]:
    """Commit a file's new content, or its deletion where `content` is None, to a branch.

    Gives the commit, the blob's name, and whether the file is new.

    Raises:
        NotFound: no such branch, or no such file to delete.
        Conflict: `sha` in the body is not what the branch has.
        InvalidRequest: the file exists and the body has no `sha`.
    """
    check(body, _FILE)
    number = int(repository["id"])
    name = str(body.get("branch") or repository["default_branch"])
    head = branch(context, number, name)
    parent = None if head is None else commit(context, number, head["sha"])
    if head is None and branches(context, number):
        raise NotFound(f"Branch {name} not found")
    tree: dict[str, str] = dict(parent["tree"]) if parent else {}
    present = tree.get(path)
    _check_blob(path, present, body.get("sha"), deletes=content is None)
    if content is None:
        del tree[path]
        sha = None
    else:
        sha = tree[path] = add_blob(context, number, content)
    parents = [str(parent["sha"])] if parent else []
    message = str(body.get("message") or "")
    made = add_commit(context, number, message, parents=parents, tree=tree, signatures=_signatures(context, body))
    if head is None:
        create_ref(context, number, f"heads/{name}", made["sha"])
    else:
        move_ref(context, head, made["sha"], force=True)
    return made, sha, present is None


def _signatures(context: Context, body: Document) -> Document:
    """Author and committer as the body names them; the committer is the author where no author is named.

    The committer stays the token's account where only an author is named, as at GitHub.
    """
    found: Document = {}
    for name in ("author", "committer"):
        person = body.get(name) or (body.get("committer") if name == "author" else None)
        if not person:
            continue
        check(person, _PERSON)
        found[name] = {
            "name": person["name"],
            "email": person["email"],
            "date": person.get("date") or ids.now(context),
        }
    return found


def _check_blob(path: str, present: str | None, given: Any, *, deletes: bool) -> None:
    if present is None:
        if deletes:
            raise NotFound
        return
    if not given:
        raise InvalidRequest(['"sha" wasn\'t supplied.'])
    if given != present:
        raise Conflict(f"{path} does not match {given}")
