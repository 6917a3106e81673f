"""What an installation token of a GitHub App may call: each path asks for a permission.

GitHub's page "Permissions required for GitHub Apps" has them operation by operation.
"""

from __future__ import annotations

import re

from parity_sandbox.github.errors import NotAccessible, NotFound
from parity_sandbox.store import Document
from parity_sandbox.tokens import Token


class Installation(Token):
    """An installation token, or a workflow's own: for one repository, with permissions by name (`read`, `write`)."""

    repository: str
    """`owner/name`."""
    permissions: dict[str, str]


_LEVELS = {"read": 1, "write": 2, "admin": 2}
_PERMISSIONS = (
    (r"/environments/[^/]+/(secrets|variables)", "environments", "environments"),
    (r"/environments", "actions", "administration"),
    (r"/actions/secrets", "secrets", "secrets"),
    (r"/actions/variables", "variables", "variables"),
    (r"/actions/permissions", "administration", "administration"),
    (r"/actions/(runs|workflows)", "actions", "actions"),
    (r"/hooks", "repository_hooks", "repository_hooks"),
    (r"/(keys|teams)", "administration", "administration"),
    (r"/pulls/\d+/merge", "contents", "contents"),
    (r"/pulls", "pull_requests", "pull_requests"),
    (r"/issues/[^/]+", "issues pull_requests", "issues pull_requests"),
    (r"/(issues|labels)", "issues", "issues"),
    (r"/branches/[^/]+/protection", "administration", "administration"),
    (r"/(contents|git|commits|compare|branches)", "contents", "contents"),
    (r"", "metadata", "administration"),
)
"""By what follows the repository, in this order: what reading and writing ask for; one of several serves."""

_REPOSITORY = re.compile(r"/repos/([^/]+/[^/]+)(.*)")
_MEMBERS = re.compile(r"/orgs/[^/]+/(teams|members)(/|$)")
_OPEN = re.compile(r"/(orgs/[^/]+|users/[^/]+|meta|rate_limit)")


def require(found: Document, method: str, path: str) -> None:
    """Refuse what the token may not do.

    Raises:
        NotAccessible: it has not the permission.
        NotFound: another repository.
    """
    needed = "read" if method == "GET" else "write"
    inside = _REPOSITORY.fullmatch(path)
    if inside is not None:
        if inside[1].lower() != found["repository"].lower():
            raise NotFound
        rule = next(each for each in _PERMISSIONS if re.match(rf"{each[0]}(/|$)" if each[0] else "", inside[2]))
        names = (rule[1] if needed == "read" else rule[2]).split()
    elif _MEMBERS.match(path):
        names = ["members"]
    else:
        names = ["metadata"] if needed == "read" and _OPEN.fullmatch(path) else []
    granted = {"metadata": "read", **found["permissions"]}
    if not any(_LEVELS.get(granted.get(name, ""), 0) >= _LEVELS[needed] for name in names):
        raise NotAccessible
