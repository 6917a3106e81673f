"""Values that a new stack is still to be given: what stands in their place, and the faults that name each."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin

from pydantic import AfterValidator

from parity.config import forms
from parity.config.fields import locate
from parity.config.parameters import PerStackVariable
from parity.config.stack_checks import APPLICATIONS, secret_paths
from parity.config.variable_values import set_plain, set_secret
from parity.documents import is_list, is_mapping

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parity.config.parameters import Catalog
    from parity.config.source import Source
    from parity.problems import ConfigProblem, Path

MARK = "FILL-IN"
"""How each of them begins: no domain, host name or URL does, and a variable that does is refused."""

_PLACES = (forms.domain, forms.hostname, forms.https_url)
"""The forms of values that say where something is, so that no two stacks may have the same."""


def instead_of(value: str) -> str:
    """The placeholder for what another stack has as `value`."""
    return f"{MARK} instead of {value}"


def own(found: Source, catalog: Catalog) -> Iterator[tuple[Path, str]]:
    """Each plain value that no other stack may have.

    Those are domains, hosts and URLs by the models and the catalog, and variables that name the stack.
    """
    types: dict[Path, str] = {
        (APPLICATIONS, application.name, "variables", variable.name): variable.type
        for application in catalog.applications
        for variable in application.variables
        if isinstance(variable, PerStackVariable)
    }
    named = re.compile(rf"(?<![A-Za-z0-9]){re.escape(found.stack)}(?![A-Za-z0-9])")
    for path, value in _leaves(found.values, ()):
        if path in types:
            if types[path] in {"url", "hostname"} or (isinstance(value, str) and named.search(value)):
                yield path, value
        elif isinstance(value, str) and _is_place(path):
            yield path, value


def faults(found: Source, catalog: Catalog) -> list[ConfigProblem]:
    """A fault for each placeholder that is left, with the command that sets its value."""
    secrets = set(secret_paths(catalog))
    return [
        found.fault(path, f"is not filled in: {value}.", (set_secret if path in secrets else set_plain)(found, path))
        for path, value in _leaves(found.values, ())
        if isinstance(value, str) and value.startswith(MARK)
    ]


def _is_place(path: Path) -> bool:
    annotation, field = locate(path)
    # Of a field that may be left out, pydantic keeps what `Annotated` says inside the union.
    inside = [part for each in get_args(annotation) if get_origin(each) is Annotated for part in get_args(each)]
    given = [*(field.metadata if field is not None else ()), *inside]
    return any(isinstance(each, AfterValidator) and each.func in _PLACES for each in given)


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if is_mapping(value):
        for name, each in value.items():
            yield from _leaves(each, (*path, name))
    elif is_list(value):
        for index, each in enumerate(value):
            yield from _leaves(each, (*path, index))
    else:
        yield path, value
