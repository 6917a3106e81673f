"""Between the engine's property values and the documents that the resources work on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from pulumi.provider.experimental.property_value import Computed, PropertyValue

from parity_sandbox.narrowing import as_object, is_list
from parity_sandbox.standin.errors import UnknownToStandInError
from parity_sandbox.standin.schema import UNKNOWN, Document, Failure, Field

if TYPE_CHECKING:
    from pulumi.provider.experimental.property_value import PythonValue

_UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""The engine's own mark of an unknown value; SDK 3.259 neither reads nor writes it (`PropertyValue.marshal`)."""
_STRING = Field("string")
_TYPES: dict[str, type] = {"string": str, "boolean": bool, "integer": float, "number": float}


class WrongTypeError(ValueError):
    """A value's type is not the field's."""


def document(fields: Mapping[str, Field], properties: Mapping[str, PropertyValue]) -> Document:
    """All fields, from properties that were checked before or come from state; raises UnknownToStandInError."""
    failures: list[Failure] = []
    result = read(fields, properties, failures)
    if failures:
        raise UnknownToStandInError(f"`{failures[0].property}` as it stands in the state: {failures[0].reason}")
    return result


def read(
    fields: Mapping[str, Field], properties: Mapping[str, PropertyValue], failures: list[Failure], where: str = ""
) -> Document:
    """All fields, null where not given; what cannot be read is added to `failures`."""
    result: Document = {}
    for name, each in fields.items():
        path = f"{where}{name}"
        try:
            result[name] = _value(each, properties.get(name, PropertyValue(None)), failures, path)
        except WrongTypeError as error:
            failures.append(Failure(path, str(error)))
            result[name] = None
    for name, value in properties.items():
        if name not in fields and not name.startswith("__") and value.value is not None:
            failures.append(Failure(f"{where}{name}", str(UnknownToStandInError(f"the property `{where}{name}`"))))
    return result


def properties(fields: Mapping[str, Field], values: Document) -> dict[str, PropertyValue]:
    """For the engine: null fields left out, secret fields marked."""
    return {name: _property(fields[name], value) for name, value in values.items() if value is not None}


def is_unknown(value: object) -> bool:
    """Whether a property value's content stands for one that is not known yet."""
    return isinstance(value, Computed) or value == _UNKNOWN_TEXT


def plain(value: PropertyValue) -> Any:
    """A value without its marks; unknown is `UNKNOWN`."""
    inner = value.value
    if is_unknown(inner):
        return UNKNOWN
    if isinstance(inner, Mapping):
        return {name: plain(each) for name, each in inner.items()}
    if isinstance(inner, Sequence) and not isinstance(inner, str):
        return [plain(each) for each in inner]
    return inner


def _value(kind: Field, given: PropertyValue, failures: list[Failure], path: str) -> Any:
    value = given.value
    if value is None:
        return None
    if is_unknown(value):
        return UNKNOWN
    if kind.kind in {"list", "set"}:
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise WrongTypeError(f"expected a list, got {_describe(value)}")
        element = kind.element or _STRING
        return [_value(element, each, failures, f"{path}[{index}]") for index, each in enumerate(value)]
    if kind.kind in {"object", "map"}:
        if not isinstance(value, Mapping):
            raise WrongTypeError(f"expected an object, got {_describe(value)}")
        if kind.kind == "object":
            return read(kind.fields, value, failures, f"{path}.")
        element = kind.element or _STRING
        return {name: _value(element, each, failures, f"{path}.{name}") for name, each in value.items()}
    return _scalar(kind, value)


def _scalar(kind: Field, value: PythonValue) -> Any:
    if not isinstance(value, _TYPES[kind.kind]):
        raise WrongTypeError(f"expected a {kind.kind}, got {_describe(value)}")
    if not isinstance(value, float):
        return value
    if value.is_integer():
        return int(value)  # Go writes an integer without a point.
    if kind.kind == "integer":
        raise WrongTypeError(f"expected an integer, got {value}")
    return value


def _describe(value: PythonValue) -> str:
    names: dict[type, str] = {bool: "a boolean", float: "a number", str: "a string", tuple: "a list"}
    return names.get(cast("type", type(value)), "an object")


def _property(kind: Field, value: Any) -> PropertyValue:
    if value is UNKNOWN:
        return PropertyValue(_UNKNOWN_TEXT)
    return PropertyValue(_inner(kind, value), is_secret=kind.secret and value is not None)


def _inner(kind: Field, value: Any) -> PythonValue:
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, (int, float)):
        return float(value)
    element = kind.element or _STRING
    if is_list(value):
        return [_property(element, each) for each in value]
    items = as_object(value)
    if kind.kind == "object":
        return {name: _property(kind.fields[name], each) for name, each in items.items() if each is not None}
    return {name: _property(element, each) for name, each in items.items()}
