"""What a path names: the repository, the environment, the organisation, the team of a call."""

from __future__ import annotations

from urllib.parse import quote

from parity_sandbox.github.calls import API, Call
from parity_sandbox.github.errors import Moved, NotFound
from parity_sandbox.github.state import accounts, environments, repositories
from parity_sandbox.github.state.collections import one
from parity_sandbox.store import Document

_BEFORE_THE_REST = 4
"""How many parts of `/repos/{owner}/{repo}/...` stand before the rest, the empty one included."""


def repository(call: Call, *, write: bool = False) -> Document:
    """The repository of the path, by owner and name or by id.

    Raises:
        NotFound: there is none.
        Moved: it has another name now.
        ReadOnly: it is archived and `write` is asked for.
    """
    found = _repository(call)
    return repositories.writable(found) if write else found


def _repository(call: Call) -> Document:
    if "repository_id" in call.request.path_params:
        return repositories.by_id(call.context, call.number("repository_id"))
    owner, name = call.path("owner"), call.path("repo")
    found = repositories.find(call.context, owner, name)
    if found is not None:
        return found
    number = repositories.renamed(call.context, owner, name)
    if number is None:
        raise NotFound
    rest = _raw_path(call).split("/", _BEFORE_THE_REST)[_BEFORE_THE_REST:]
    query = call.request.url.query
    location = "/".join([f"{API}/repositories/{number}", *rest]) + (f"?{query}" if query else "")
    raise Moved(location, keeps_method=call.request.method not in {"GET", "HEAD"})


def _raw_path(call: Call) -> str:
    raw = call.request.scope.get("raw_path")
    return raw.decode("latin-1").partition("?")[0] if raw else quote(call.request.scope["path"])


def environment(call: Call, found: Document) -> Document:
    """The environment of the path. Raises NotFound."""
    return environments.environment(call.context, found["id"], call.path("environment_name"))


def organization(call: Call) -> Document:
    """The organisation of the path, by login or by id. Raises NotFound."""
    if "organization_id" in call.request.path_params:
        return one(call.context, "organizations", call.number("organization_id"))
    return accounts.organization(call.context, call.path("org"))


def team(call: Call, found: Document) -> Document:
    """The team of the path, by slug or by id. Raises NotFound."""
    if "team_id" in call.request.path_params:
        return one(call.context, "teams", call.number("team_id"), organization_id=found["id"])
    return accounts.team_by_slug(call.context, found["id"], call.path("team_slug"))
