"""The commit that the plugin is started in, sent with each deployment as the real provider does."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from parity_sandbox.standin.golang import without_empty
from parity_sandbox.standin.schema import Document

_TIMEOUT_SECONDS = 2.0
_MARKS = (".vercel/repo.json", ".now/repo.json", ".git")


async def git_metadata(link: Any) -> Document | None:
    """The metadata of the repository around the working directory; None outside of one, or without a commit.

    Args:
        link: The project's Git link, as Vercel gives it; a remote that contains its repository is preferred.
    """
    root = _root(Path.cwd())
    if root is None:
        return None
    remote = await _remote(root, _linked(link))
    commit = [
        await _git(root, *arguments)
        for arguments in (
            ("log", "-1", "--pretty=%an"),
            ("log", "-1", "--pretty=%ae"),
            ("log", "-1", "--pretty=%s"),
            ("rev-parse", "--abbrev-ref", "HEAD"),
            ("rev-parse", "HEAD"),
        )
    ]
    dirty = await _git(root, "--no-optional-locks", "status", "-s")
    if any(each is None for each in commit):
        return None
    names = ("commitAuthorName", "commitAuthorEmail", "commitMessage", "commitRef", "commitSha")
    return without_empty({**dict(zip(names, commit, strict=True)), "dirty": bool(dirty), "remoteUrl": remote})


def _root(start: Path) -> Path | None:
    for folder in (start, *start.parents):
        if folder == folder.parent:
            return None
        if any((folder / mark).exists() for mark in _MARKS):
            return folder
    return None


def _linked(link: Any) -> str:
    kind = link.get("type") if link else None
    if kind == "github":
        return f"{link.get('org', '')}/{link.get('repo', '')}"
    if kind == "gitlab":
        return str(link.get("projectNamespace", ""))
    if kind == "bitbucket":
        return f"{link.get('owner', '')}/{link.get('slug', '')}"
    return ""


async def _remote(root: Path, linked: str) -> str:
    remotes: dict[str, str] = {}
    for line in (await _git(root, "remote", "-v") or "").splitlines():
        name, _, rest = line.partition("\t")
        remotes.setdefault(name, rest.split(" ")[0])
    for url in remotes.values():
        if linked and linked in url:
            return url
    if "origin" in remotes:
        return remotes["origin"]
    return remotes[min(remotes)] if remotes else ""


async def _git(root: Path, *arguments: str) -> str | None:
    """What git prints, without white space around it; None where it fails or takes too long."""
    try:
        process = await asyncio.create_subprocess_exec(
            "git",
            *arguments,
            cwd=root,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except FileNotFoundError:
        return None
    try:
        output, _ = await asyncio.wait_for(process.communicate(), _TIMEOUT_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
        return None
    return output.decode(errors="replace").strip() if process.returncode == 0 else None
