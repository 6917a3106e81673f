"""Converts between the engine's property values and Python's; secrets stay marked, unknown values stay unknown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pulumi.provider.experimental.property_value import Computed, PropertyValue

from parity.documents import is_list, is_mapping

Properties = dict[str, PropertyValue]


def plain(value: PropertyValue) -> Any:
    """The Python value; None if it is not known yet."""
    inner = value.value
    if isinstance(inner, Computed):
        return None
    if isinstance(inner, str | bool | float) or inner is None:
        return inner
    if isinstance(inner, Mapping):
        return {key: plain(each) for key, each in inner.items()}
    if isinstance(inner, Sequence):
        return [plain(each) for each in inner]
    return None


def plain_map(properties: Mapping[str, PropertyValue]) -> dict[str, Any]:
    """Each property as plain Python."""
    return {name: plain(value) for name, value in properties.items()}


def is_known(value: PropertyValue) -> bool:
    """Whether the value, and everything in it, is known."""
    inner = value.value
    if isinstance(inner, Computed):
        return False
    if isinstance(inner, Mapping):
        return all(is_known(each) for each in inner.values())
    if isinstance(inner, Sequence) and not isinstance(inner, str):
        return all(is_known(each) for each in inner)
    return True


def wire(value: Any) -> PropertyValue:
    """A plain Python value for the engine."""
    if is_mapping(value):
        return PropertyValue({key: wire(each) for key, each in value.items()})
    if is_list(value):
        return PropertyValue([wire(each) for each in value])
    if isinstance(value, int) and not isinstance(value, bool):
        return PropertyValue(float(value))
    return PropertyValue(value)


def wire_map(document: Mapping[str, Any], secrets: Sequence[str]) -> Properties:
    """A document for the engine, with the named properties marked as secret."""
    return {
        name: PropertyValue(wire(value).value, is_secret=True) if name in secrets else wire(value)
        for name, value in document.items()
    }
