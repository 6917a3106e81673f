"""Keeps secret values out of error texts: Vercel may quote what it refuses."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from parity_sandbox.narrowing import is_list, is_object
from parity_sandbox.standin.errors import StandInError
from parity_sandbox.standin.values import plain

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from pulumi.provider.experimental.property_value import PropertyValue

    from parity_sandbox.standin.schema import Field

_SHORTEST = 4
"""Shorter values are left: they would blot out half the text, and stand in it by chance."""


@contextmanager
def without_secrets(fields: Mapping[str, Field], properties: Mapping[str, PropertyValue]) -> Generator[None]:
    """Raise what is raised inside with every secret value of `properties` as `[secret]`."""
    try:
        yield
    except StandInError as error:
        found = [text for name, each in properties.items() if name in fields for text in _secrets(fields[name], each)]
        words = str(error)
        for text in sorted(found, key=len, reverse=True):
            words = words.replace(text, "[secret]")
        if words == str(error):
            raise
        raise StandInError(words) from None


def _secrets(kind: Field, value: PropertyValue) -> list[str]:
    if kind.secret or value.is_secret:
        return [text for text in _texts(plain(value)) if len(text) >= _SHORTEST]
    if kind.kind == "object" and hasattr(value.value, "items"):
        inner = cast("Mapping[str, PropertyValue]", value.value)
        return [
            text for name, each in inner.items() if name in kind.fields for text in _secrets(kind.fields[name], each)
        ]
    if kind.element is not None and isinstance(value.value, tuple):
        return [text for each in value.value for text in _secrets(kind.element, each)]
    return []


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if is_object(value):
        return [text for each in value.values() for text in _texts(each)]
    if is_list(value):
        return [text for each in value for text in _texts(each)]
    return []
