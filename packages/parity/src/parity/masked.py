"""What stands in a secret's place: in whatever is shown or kept, and in the engine's own documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

MASK = "[secret]"
"""Shown and kept instead of a secret's value; the engine writes the same."""

SIGNATURE, SECRET = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"
"""The key that marks a special value in the engine's documents, and what it says of a secret
(pulumi/pulumi, sdk/go/common/resource/sig)."""


def is_sealed(document: Mapping[str, Any]) -> bool:
    """Whether an object of the engine's documents stands for a secret, or another special value that is never shown."""
    return SIGNATURE in document or "ciphertext" in document
