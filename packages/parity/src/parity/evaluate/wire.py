"""Converts values between plain JSON and the SDK's messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct

from parity.documents import is_list, is_mapping
from parity.evaluate.resource import SecretInput
from parity.masked import SECRET, SIGNATURE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.protobuf.struct_pb2 import Value

_NOT_OPTIONS = frozenset(
    {"type", "name", "parent", "custom", "object", "dependencies", "propertyDependencies", "provider", "providers"}
    # How this SDK speaks to the engine, not what the program says.
    | {"acceptSecrets", "acceptResources", "supportsPartialValues", "supportsResultReporting", "sourcePosition"}
    | {"aliasSpecs", "packageRef", "stackTrace", "parentStackTraceHandle", "remote"}
)


def from_struct(message: Struct) -> dict[str, Any]:
    """A wire mapping as plain JSON, secrets wrapped."""
    return {key: _from_value(each) for key, each in sorted(message.fields.items())}


def _from_value(value: Value) -> Any:
    match value.WhichOneof("kind"):
        case "string_value":
            return value.string_value
        case "number_value":
            return _number(value.number_value)
        case "bool_value":
            return value.bool_value
        case "struct_value":
            fields = value.struct_value.fields
            if SIGNATURE in fields and fields[SIGNATURE].string_value == SECRET:
                return SecretInput(_from_value(fields["value"]))
            return from_struct(value.struct_value)
        case "list_value":
            return [_from_value(each) for each in value.list_value.values]
        case _:
            return None


def _number(value: float) -> float:
    """Make integral floats integers, because the wire has only floats."""
    return int(value) if value.is_integer() else value


def from_wire(value: Any) -> Any:
    """What the SDK serialises to, before it is put into a message, as plain JSON with secrets wrapped."""
    if is_mapping(value):
        if value.get(SIGNATURE) == SECRET:
            return SecretInput(from_wire(value.get("value")))
        return {key: from_wire(each) for key, each in sorted(value.items())}
    if is_list(value):
        return [from_wire(each) for each in value]
    return _number(value) if isinstance(value, float) else value


def to_struct(values: Mapping[str, Any]) -> Struct:
    """Plain JSON as a wire mapping."""
    struct = Struct()
    struct.update(_to_wire(dict(values)))
    return struct


def _to_wire(value: Any) -> Any:
    if isinstance(value, SecretInput):
        return {SIGNATURE: SECRET, "value": _to_wire(value.value)}
    if is_mapping(value):
        return {key: _to_wire(each) for key, each in value.items()}
    if is_list(value):
        return [_to_wire(each) for each in value]
    return value


def options_of(request: Any) -> dict[str, Any]:
    """Every field of a registration that is set and is an option, by its name on the wire."""
    found = {
        descriptor.json_name: _option(descriptor, value)
        for descriptor, value in request.ListFields()
        if descriptor.json_name not in _NOT_OPTIONS
    }
    # A callback has a random name: how many there are can be compared, what they do cannot.
    if "transforms" in found:
        found["transforms"] = len(found["transforms"])
    # The SDK sends a binding of hooks that holds none.
    return {name: value for name, value in sorted(found.items()) if value != {}}


def _option(descriptor: Any, value: Any) -> Any:
    many = descriptor.label == descriptor.LABEL_REPEATED
    if descriptor.message_type is None:
        return list(value) if many else value
    if descriptor.message_type.full_name == "google.protobuf.Value":
        return _from_value(value)
    if descriptor.message_type.GetOptions().map_entry:
        return dict(value)
    return [json_format.MessageToDict(each) for each in value] if many else json_format.MessageToDict(value)
