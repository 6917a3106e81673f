"""Pull requests: from a branch to a branch of the same repository."""

from __future__ import annotations

from parity_sandbox.context import Context
from parity_sandbox.github import ids
from parity_sandbox.github.errors import NotFound, ValidationFailed, custom, invalid, missing_field
from parity_sandbox.github.state import git, issues
from parity_sandbox.github.state.collections import collection
from parity_sandbox.store import Document


def pulls(context: Context, repository_id: int) -> list[Document]:
    """The repository's pull requests, newest first."""
    return [each for each in issues.issues(context, repository_id) if each["pull"] is not None]


def pull(context: Context, repository_id: int, number: int | None) -> Document:
    """The pull request of that number. Raises NotFound."""
    found = issues.issue(context, repository_id, number)
    if found["pull"] is None:
        raise NotFound
    return found


def create(context: Context, repository: Document, body: Document) -> Document:
    """A new pull request.

    Raises:
        ValidationFailed: a branch is missing or unknown, or there is an open pull request for the same two.
    """
    for name in ("head", "base"):
        if not body.get(name):
            raise ValidationFailed(missing_field("PullRequest", name))
    head, base = str(body["head"]).rpartition(":")[2], str(body["base"])
    refs = {name: git.branch(context, repository["id"], branch) for name, branch in (("head", head), ("base", base))}
    for name, ref in refs.items():
        if ref is None:
            raise ValidationFailed(invalid("PullRequest", name, f"The {name} branch does not exist"))
    for each in pulls(context, repository["id"]):
        if each["state"] == "open" and (each["pull"]["head"], each["pull"]["base"]) == (head, base):
            owner = repository["owner"]
            raise ValidationFailed(custom("PullRequest", "", f"A pull request already exists for {owner}:{head}."))
    fields = {
        "id": ids.fresh(context, "pulls"),
        "head": head,
        "head_sha": refs["head"]["sha"] if refs["head"] else "",
        "base": base,
        "base_sha": refs["base"]["sha"] if refs["base"] else "",
        "draft": bool(body.get("draft")),
        "merged_at": None,
        "merge_commit_sha": None,
    }
    return issues.create(context, repository, body, pull=fields)


def merge(context: Context, repository: Document, found: Document) -> str:
    """Merge with a merge commit; gives its name. Raises NotFound where a branch has gone."""
    fields = found["pull"]
    base = git.branch(context, repository["id"], fields["base"])
    head = git.commit(context, repository["id"], head_sha(context, found))
    if base is None or head is None:
        raise NotFound
    parents = [str(base["sha"]), str(head["sha"])]
    message = f"Merge pull request #{found['number']} from {repository['owner']}/{fields['head']}\n\n{found['title']}"
    made = git.add_commit(context, repository["id"], message, parents=parents, tree=head["tree"])
    git.move_ref(context, base, made["sha"], force=True)
    merged = fields | {"merged_at": ids.now(context), "merge_commit_sha": made["sha"], "head_sha": head["sha"]}
    closed = issues.edit(context, found, {"state": "closed"})
    collection(context, "issues").put(found["key"], closed | {"pull": merged, "state_reason": None})
    return str(made["sha"])


def head_sha(context: Context, found: Document) -> str:
    """The commit that would be merged: the branch's newest while the pull request is open."""
    ref = git.branch(context, found["repository_id"], found["pull"]["head"])
    if found["state"] == "open" and ref is not None:
        return str(ref["sha"])
    return str(found["pull"]["head_sha"])


def with_commit(context: Context, repository_id: int, sha: str) -> list[Document]:
    """The pull requests that brought the commit in, or would."""
    return [each for each in pulls(context, repository_id) if _holds(context, each, sha)]


def _holds(context: Context, found: Document, sha: str) -> bool:
    return sha in {found["pull"]["merge_commit_sha"], *(each["sha"] for each in commits(context, found))}


def commits(context: Context, found: Document) -> list[Document]:
    """The commits that the pull request brings, newest first."""
    number = found["repository_id"]
    base = {each["sha"] for each in git.history(context, number, found["pull"]["base_sha"])}
    return [each for each in git.history(context, number, head_sha(context, found)) if each["sha"] not in base]
