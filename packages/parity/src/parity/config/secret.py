"""A value that may be used but never shown."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any

from pydantic_core import CoreSchema, core_schema

from parity.errors import SealedSecret
from parity.masked import MASK

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler


class Secret:
    """A secret value of a stack's config, or the knowledge that one is there.

    Text, `repr`, logging, pickling and formatting show `[secret]` and never the value; `reveal()` is the one way to it.
    A secret is *sealed* where the stack's file is read without the passphrase (`parity check` on a pull request): that
    there is a value is known, the value is not.
    """

    __slots__ = ("_value", "ciphertext", "key")

    def __init__(self, value: str | None, key: str = "", ciphertext: str = "") -> None:
        """Take the value, or None for a sealed secret, the config key it comes from, and what the file has for it."""
        self._value = value
        self.key = key
        self.ciphertext = ciphertext

    @property
    def sealed(self) -> bool:
        """Whether the value is not at hand."""
        return self._value is None

    def reveal(self) -> str:
        """Give the value in the clear, for the place that uses it; raises SealedSecret where it is not at hand."""
        if self._value is None:
            raise SealedSecret(self.key)
        return self._value

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __format__(self, format_spec: str) -> str:
        return format(MASK, format_spec)

    def __eq__(self, other: object) -> bool:
        """Whether both hold the same value; a sealed secret equals nothing but itself."""
        if self is other:
            return True
        if not isinstance(other, Secret) or self._value is None or other._value is None:
            return False
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash(Secret)

    def __reduce__(self) -> tuple[Any, ...]:
        """Refuse to be written anywhere: a pickle would hold the value in the clear."""
        raise TypeError("A secret is not serialised; reveal it where it is used.")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Only a Secret is valid: plain text means that it stands in the clear."""
        return core_schema.is_instance_schema(cls)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Describe the encrypted form that the engine writes into a stack's file."""
        return {
            "type": "object",
            "description": "Encrypted: `parity secret set <stack> <key>` writes it.",
            "properties": {"secure": {"type": "string", "minLength": 1}},
            "required": ["secure"],
            "additionalProperties": False,
        }
