"""Documents of refs, branches, commits and contents."""

from __future__ import annotations

import base64
from urllib.parse import quote

from parity_sandbox.github.ids import node_id
from parity_sandbox.github.wire import repositories
from parity_sandbox.github.wire.accounts import account
from parity_sandbox.store import Document

_UNSIGNED = {"verified": False, "reason": "unsigned", "signature": None, "payload": None, "verified_at": None}


def ref(repository: Document, found: Document) -> Document:
    """A Git reference."""
    address = repositories.url(repository)
    return {
        "ref": f"refs/{found['name']}",
        "node_id": node_id("REF", repository["id"], f"refs/{found['name']}"),
        "url": f"{address}/git/refs/{found['name']}",
        "object": {"sha": found["sha"], "type": "commit", "url": f"{address}/git/commits/{found['sha']}"},
    }


def branch(repository: Document, found: Document) -> Document:
    """A branch in short form."""
    name = found["name"].removeprefix("heads/")
    return {
        "name": name,
        "commit": {"sha": found["sha"], "url": f"{repositories.url(repository)}/commits/{found['sha']}"},
        "protected": False,
    }


def full_branch(repository: Document, found: Document, head: Document, author: Document) -> Document:
    """A branch with its newest commit."""
    short = branch(repository, found)
    address = f"{repositories.url(repository)}/branches/{quote(short['name'], safe='')}"
    checks: Document = {"enforcement_level": "off", "contexts": [], "checks": []}
    return short | {
        "commit": commit(repository, head, author),
        "_links": {"self": address, "html": f"{repositories.page(repository)}/tree/{short['name']}"},
        "protection": {"enabled": False, "required_status_checks": checks},
        "protection_url": f"{address}/protection",
    }


def _signature(found: Document, author: Document, role: str) -> Document:
    """Who made a commit: as the request named the `author` or `committer`, otherwise the account."""
    named = found.get("signatures", {}).get(role)
    return named or {
        "name": author["login"],
        "email": f"{author['id']}+{author['login']}@users.noreply.github.com",
        "date": found["created_at"],
    }


def git_commit(repository: Document, found: Document, author: Document) -> Document:
    """A commit as Git has it, as the contents operations give it."""
    address = repositories.url(repository)
    return {
        "sha": found["sha"],
        "node_id": node_id("C", repository["id"], found["sha"]),
        "url": f"{address}/git/commits/{found['sha']}",
        "html_url": f"{repositories.page(repository)}/commit/{found['sha']}",
        "author": _signature(found, author, "author"),
        "committer": _signature(found, author, "committer"),
        "tree": {"sha": found["tree_sha"], "url": f"{address}/git/trees/{found['tree_sha']}"},
        "message": found["message"],
        "parents": _parents(repository, found, "git/commits"),
        "verification": _UNSIGNED,
    }


def _parents(repository: Document, found: Document, kind: str) -> list[Document]:
    address, page = repositories.url(repository), repositories.page(repository)
    return [
        {"sha": sha, "url": f"{address}/{kind}/{sha}", "html_url": f"{page}/commit/{sha}"} for sha in found["parents"]
    ]


def commit(repository: Document, found: Document, author: Document) -> Document:
    """A commit as the commits operations give it in lists."""
    address = f"{repositories.url(repository)}/commits/{found['sha']}"
    plain = git_commit(repository, found, author)
    inner = {name: plain[name] for name in ("author", "committer", "message", "tree", "url", "verification")}
    return {
        "sha": found["sha"],
        "node_id": plain["node_id"],
        "commit": inner | {"comment_count": 0},
        "url": address,
        "html_url": plain["html_url"],
        "comments_url": f"{address}/comments",
        "author": account(author),
        "committer": account(author),
        "parents": _parents(repository, found, "commits"),
    }


def full_commit(repository: Document, found: Document, author: Document, before: dict[str, str]) -> Document:
    """A commit with the files it changes, against the tree `before` it."""
    tree: dict[str, str] = found["tree"]
    paths = sorted(path for path in tree.keys() | before.keys() if tree.get(path) != before.get(path))
    files = [_file(repository, found["sha"], path, tree.get(path), before.get(path)) for path in paths]
    stats = {"total": len(files), "additions": len(files), "deletions": 0}
    return commit(repository, found, author) | {"stats": stats, "files": files}


def _file(repository: Document, sha: str, path: str, blob: str | None, before: str | None) -> Document:
    quoted = quote(path)
    return {
        "sha": blob,
        "filename": path,
        "status": "removed" if blob is None else "added" if before is None else "modified",
        "additions": 0 if blob is None else 1,
        "deletions": 0,
        "changes": 1,
        "blob_url": f"{repositories.page(repository)}/blob/{sha}/{quoted}",
        "raw_url": f"{repositories.page(repository)}/raw/{sha}/{quoted}",
        "contents_url": f"{repositories.url(repository)}/contents/{quoted}?ref={sha}",
    }


def content(repository: Document, path: str, sha: str, ref_name: str, raw: bytes | None) -> Document:
    """A file; with its content where `raw` gives it."""
    address = repositories.url(repository)
    url = f"{address}/contents/{quote(path)}?ref={quote(ref_name, safe='')}"
    blob = f"{address}/git/blobs/{sha}"
    page = f"{repositories.page(repository)}/blob/{ref_name}/{quote(path)}"
    found: Document = {
        "name": path.rpartition("/")[2],
        "path": path,
        "sha": sha,
        "size": 0 if raw is None else len(raw),
        "url": url,
        "html_url": page,
        "git_url": blob,
        "download_url": f"https://raw.githubusercontent.com/{repository['owner']}/{repository['name']}/{ref_name}/{path}",
        "type": "file",
        "_links": {"self": url, "git": blob, "html": page},
    }
    if raw is None:
        return found
    return found | {"content": base64.encodebytes(raw).decode(), "encoding": "base64"}
