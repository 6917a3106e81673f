"""`POST /graphql`: the request is held against the schema, then answered from the same state as the REST routes."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import graphql
from graphql import GraphQLError, OverlappingFieldsCanBeMergedRule, build_schema, parse, specified_rules, validate

from parity_sandbox.github.calls import Answer, Call, endpoint
from parity_sandbox.github.errors import BadRequest, GitHubError, NotFound
from parity_sandbox.github.graphql.mutations import Mutations
from parity_sandbox.github.graphql.objects import Root, Unserved
from parity_sandbox.narrowing import as_object
from parity_sandbox.routing import Route

if TYPE_CHECKING:
    from graphql import DocumentNode, GraphQLSchema

    from parity_sandbox.store import Document

_RULES = [each for each in specified_rules if each is not OverlappingFieldsCanBeMergedRule]
"""GitHub answers its own command line, which asks an issue and a pull request for `state` under one name."""
_PACKAGE = "parity_sandbox.github.graphql"


@cache
def _schema() -> GraphQLSchema:
    return build_schema(files(_PACKAGE).joinpath("schema.graphql").read_text(encoding="utf-8"))


def _answer(call: Call) -> Answer:
    text = call.body.get("query")
    if not isinstance(text, str):
        raise BadRequest("A query attribute must be specified and must be a string.")
    try:
        query = parse(text, max_tokens=5000)
    except GraphQLError as error:
        return Answer(200, {"errors": [{"message": error.message, "locations": _locations(error)}]})
    faults = validate(_schema(), query, _RULES)
    if faults:
        names = ", ".join(_names(query))
        raise Unserved(
            f"The sandbox's GraphQL does not answer {names}: {faults[0].message} Nothing happened. "
            f"Add it to github/graphql/schema.graphql, or do not ask for it."
        )
    variables, operation = as_object(call.body.get("variables")), call.body.get("operationName")
    writes = {name: _echoed(act) for name, act in vars_of(Mutations(call)).items()}
    root = {**vars_of(Root(call)), **writes}
    done = graphql.execute_sync(  # pyright: ignore[reportUnknownMemberType] - its executor is generic
        _schema(), query, root, variable_values=variables, operation_name=operation or None
    )
    document: Document = {"data": done.data}
    if done.errors:
        document["errors"] = [_fault(each) for each in done.errors]
    return Answer(200, document)


def vars_of(served: Any) -> dict[str, Any]:
    """The public methods of an object by name, as graphql-core's default resolver takes them."""
    return {name: getattr(served, name) for name in dir(served) if not name.startswith("_")}


def _echoed(act: Callable[[Document], Document]) -> Callable[..., Document]:
    """A mutation, which gives the client's own id back."""

    def field(_info: Any, input: Document) -> Document:  # noqa: A002 - GitHub's name
        return {**act(input), "clientMutationId": input.get("clientMutationId")}

    return field


def _names(query: DocumentNode) -> list[str]:
    """The operations of a request: `query PullRequestList`."""
    found = [each for each in query.definitions if each.kind == "operation_definition"]
    return [f"{each.operation.value} {each.name.value if each.name else '(no name)'}" for each in found] or ["it"]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]


def _fault(error: GraphQLError) -> Document:
    """A fault as GitHub gives it; what is a fault of the sandbox's own is raised."""
    cause = error.original_error
    document: Document = {"message": error.message, "locations": _locations(error), "path": error.path}
    if error.path is None:  # A variable that the schema has no place for.
        raise Unserved(f"The sandbox's GraphQL does not take it: {error.message} Nothing happened.")
    if isinstance(cause, Unserved) or (cause is not None and not isinstance(cause, GitHubError)):
        raise cause
    if cause is None:
        return document
    return {"type": "NOT_FOUND" if isinstance(cause, NotFound) else "UNPROCESSABLE", **document}


def _locations(error: GraphQLError) -> list[dict[str, int]]:
    return [{"line": each.line, "column": each.column} for each in error.locations or []]


ROUTE = Route(
    "POST", "/graphql", endpoint(_answer), "cli/cli, api/queries_*.go",
    ("Only what `gh` sends for issues, pull requests, labels, rulesets and the repository; the rest is a 501.",),
)  # fmt: skip
