"""How a route is written: what its handler gives back, and what it is given below a repository."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from parity_sandbox.github.calls import NO_CONTENT, Answer, Call, endpoint, paged
from parity_sandbox.github.routes import named
from parity_sandbox.narrowing import is_list
from parity_sandbox.routing import Route

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from parity_sandbox.store import Document

Result = Any
"""None: 204; a list: the page of it that is asked for; a document: 201 to a POST, else 200; an `Answer` as it is."""

REPOSITORY = "/repos/{owner}/{repo}"


def route(method: str, path: str, handler: Callable[[Call], Result], source: str, *differences: str) -> Route:
    """A route whose handler gives a `Result`; `source` is the operation of GitHub's description."""

    @wraps(handler)
    def answered(call: Call) -> Answer:
        result = handler(call)
        if result is None or isinstance(result, Answer):
            return result or NO_CONTENT
        if is_list(result):
            page = paged(call, result)
            return Answer(200, page.items, page.headers)
        return Answer(201 if method == "POST" else 200, result)

    return Route(method, path, endpoint(answered), source, differences)


def inside(
    method: str, path: str, handler: Callable[[Call, Document], Result], source: str, *differences: str
) -> Route:
    """A route below `REPOSITORY`, whose handler is given the repository: one that may be written to, but for a GET."""

    @wraps(handler)
    def given(call: Call) -> Result:
        return handler(call, named.repository(call, write=method != "GET"))

    return route(method, REPOSITORY + path, given, source, *differences)


def counted(call: Call, name: str, rows: Sequence[Document], **sizes: int) -> Answer:
    """The page of a list that GitHub gives under a name, with `total_count`; `sizes` are those of `paged`."""
    page = paged(call, rows, **sizes)
    return Answer(200, {"total_count": page.total, name: page.items}, page.headers)
