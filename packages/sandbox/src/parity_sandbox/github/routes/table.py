"""How a route is written: what its handler gives back, and what it is given below a repository."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from parity_sandbox.context import Context
from parity_sandbox.github.calls import NO_CONTENT, Answer, Call, endpoint, paged
from parity_sandbox.github.routes import named
from parity_sandbox.github.state.collections import held, one, remove
from parity_sandbox.narrowing import is_list
from parity_sandbox.routing import Route
from parity_sandbox.store import Document

Result = Any
"""None: 204; a list: the page of it that is asked for; a document: 201 to a POST, else 200; an `Answer` as it is."""

Handler = Callable[[Call, Document], Result]
"""Of a call that is about a repository."""

REPOSITORY = "/repos/{owner}/{repo}"


def route(method: str, path: str, handler: Callable[[Call], Result], source: str, *differences: str) -> Route:
    """A route whose handler gives a `Result`; `source` is the operation of GitHub's description."""

    @wraps(handler)
    def answered(call: Call) -> Answer:
        result = handler(call)
        if result is None or isinstance(result, Answer):
            return result or NO_CONTENT
        if is_list(result):
            return paged(call, result)
        return Answer(201 if method == "POST" else 200, result)

    return Route(method, path, endpoint(answered), source, differences)


def inside(method: str, path: str, handler: Handler, source: str, *differences: str) -> Route:
    """A route below `REPOSITORY`, whose handler is given the repository: one that may be written to, but for a GET."""

    @wraps(handler)
    def given(call: Call) -> Result:
        return handler(call, named.repository(call, write=method != "GET"))

    return route(method, REPOSITORY + path, given, source, *differences)


@dataclass(frozen=True)
class Kind:
    """The handlers for a kind of document that a repository holds."""

    name: str
    """Where they are kept."""
    find: Handler
    """The document that the path names; raises NotFound."""
    shown: Callable[[Call, Document, Document], Document]
    """A document of a repository as the API gives it."""

    @staticmethod
    def by_id(name: str, parameter: str, shown: Callable[[Call, Document, Document], Document]) -> Kind:
        """A kind whose documents the path names by an id."""

        def find(call: Call, repository: Document) -> Document:
            return one(call.context, name, call.number(parameter), repository_id=repository["id"])

        return Kind(name, find, shown)

    def every(self, call: Call, repository: Document) -> Result:
        """All that the repository holds."""
        return [self.shown(call, repository, each) for each in held(call.context, self.name, repository["id"])]

    def get(self, call: Call, repository: Document) -> Document:
        """One of them."""
        return self.shown(call, repository, self.find(call, repository))

    def delete(self, call: Call, repository: Document) -> None:
        """Delete one."""
        remove(call.context, self.name, self.find(call, repository))

    def made(self, create: Callable[[Context, Document, Document], Document], of: Handler | None = None) -> Handler:
        """Make one of the body, in the repository or in what `of` gives."""

        def handler(call: Call, repository: Document) -> Document:
            owner = of(call, repository) if of else repository
            return self.shown(call, repository, create(call.context, owner, call.body))

        return handler

    def changed(self, change: Callable[[Context, Document, Document], Document]) -> Handler:
        """Change one as the body says."""

        def handler(call: Call, repository: Document) -> Document:
            return self.shown(call, repository, change(call.context, self.find(call, repository), call.body))

        return handler
