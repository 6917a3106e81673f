"""Checks one variable's value in a stack against what the catalog says it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic_core import PydanticCustomError

from parity.config import forms
from parity.config.parameters import PerStackVariable, SensitiveVariable
from parity.config.secret import Secret
from parity.problems import spell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from parity.config.source import Source
    from parity.problems import ConfigProblem, Path

_FORMS: dict[str, tuple[type, str, str, Callable[[str], object]]] = {
    "string": (str, "text", "Write text; a number or a boolean that is meant as text goes in quotes.", forms.clean),
    "url": (str, "a URL", "Write a complete URL, such as https://shop.example.com.", forms.url),
    "hostname": (str, "a host name", "Write a host name, such as shop.example.com.", forms.hostname),
    "integer": (int, "an integer", "Write a whole number without quotes.", str),
    "boolean": (bool, "a boolean", "Write true or false without quotes.", str),
}
"""By a variable's type: what YAML makes of it, its name, what to write, and a check of the value."""
_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "a boolean"),
    (int, "a number"),
    (float, "a number"),
    (str, "text"),
    (dict, "a mapping"),
    (list, "a list"),
)


def value_faults(
    source: Source, path: Path, variable: PerStackVariable | SensitiveVariable, value: Any
) -> Iterator[ConfigProblem]:
    """What is wrong with the value at `path`; never shows a value that should have been secret."""
    if isinstance(variable, SensitiveVariable):
        yield from _sensitive(source, path, value)
    elif isinstance(value, Secret):
        what = "is encrypted, but the catalog says that it is no secret."
        yield source.fault(path, what, "Write it in the clear, or make it a SensitiveVariable in infra/catalog.py.")
    else:
        yield from _plain(source, path, variable, value)


def _sensitive(source: Source, path: Path, value: Any) -> Iterator[ConfigProblem]:
    if not isinstance(value, Secret):
        what = "is a secret and stands in the clear."
        yield source.fault(
            path, what, set_secret(source, path) + " The value that was written here is no secret any more."
        )
        return
    try:
        if not value.sealed:
            forms.clean(value.reveal())
    except PydanticCustomError as error:
        yield source.fault(path, f"{error.message()}.", set_secret(source, path))


def _plain(source: Source, path: Path, variable: PerStackVariable, value: Any) -> Iterator[ConfigProblem]:
    kind, name, remedy, check = _FORMS[variable.type]
    if type(value) is not kind:
        yield source.fault(path, f"is {_named(value)}, not {name}.", remedy)
        return
    try:
        check(value)
    except PydanticCustomError as error:
        yield source.fault(path, f"{error.message()}.", remedy)


def set_secret(source: Source, path: Path) -> str:
    """The command that writes a secret at a path."""
    return f"Set it: `parity secret set {source.stack} '{spell(path)}'`."


def set_plain(source: Source, path: Path) -> str:
    """The command that writes a plain value at a path."""
    return f"Set it: `parity config set {source.stack} '{spell(path)}' VALUE`."


def _named(value: Any) -> str:
    """What YAML took a value for."""
    if value is None or value == "":
        return "empty"
    return next((name for kind, name in _KINDS if isinstance(value, kind)), "something else")
