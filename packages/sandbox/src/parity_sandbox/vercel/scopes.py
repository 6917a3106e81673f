"""What a token of Vercel may call that is not the sandbox's own: a Viewer reads, a project's token has that project.

A token of a project is refused for another project, and for what belongs to the team or the account
(https://vercel.com/docs/accounts/access-tokens).
"""

from __future__ import annotations

import re
from typing import Literal

from parity_sandbox.context import Context
from parity_sandbox.store import Document
from parity_sandbox.tokens import Token
from parity_sandbox.vercel.errors import Forbidden


class Scoped(Token):
    """A token of a member, or of one project of theirs by its id or name."""

    role: Literal["OWNER", "MEMBER", "VIEWER"] = "MEMBER"
    project: str | None = None


_PROJECT = re.compile(r"/v\d+/projects/([^/]+)(?:/.*)?")
_BY_QUERY = re.compile(r"/v\d+/(?:vcr/.*|drains/tracing/config)")
_DEPLOYMENT = re.compile(r"/v\d+/(?:now/)?deployments/([^/]+)(?:/.*)?")


def require(context: Context, found: Document, method: str, path: str, project: str = "") -> None:
    """Refuse what the token may not do; raises Forbidden.

    `project` is the one that the query names, which counts for the container registry and a project's tracing.
    """
    if found["role"] == "VIEWER" and method != "GET":
        raise Forbidden("You don't have permission to do this.")
    if found["project"] is not None and found["project"] not in _names(context, path, project):
        raise Forbidden("Not authorized: this token is limited to one project.")


def _names(context: Context, path: str, project_id: str) -> tuple[str, ...]:
    """The id and the name of the project that a request is about; none where it is about none."""
    projects = context.store.collection("vercel", "projects")
    wanted = ""
    if deployment := _DEPLOYMENT.fullmatch(path):
        found = context.store.collection("vercel", "deployments").get(deployment[1])
        wanted = str(found["projectId"]) if found else ""
    elif inside := _PROJECT.fullmatch(path):
        wanted = inside[1]
    elif _BY_QUERY.fullmatch(path):
        wanted = project_id
    project = projects.get(wanted) or projects.first(name=wanted)
    return (project["id"], project["name"]) if project else ()
