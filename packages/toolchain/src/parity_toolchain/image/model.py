"""What an image is made of: the inputs, each with its digest, and the parts that become its layers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from parity_toolchain.image.interpreter import Interpreter


@dataclass(frozen=True)
class Input:
    """One package that an image is made from."""

    kind: str
    """The type of a package URL: `deb`, `pypi`, `golang` or `generic`."""
    name: str
    version: str
    digest: str
    """`sha256:` and 64 hex digits; of a Go module its `h1:` sum, as go.sum has it."""

    @property
    def purl(self) -> str:
        """Its package URL (github.com/package-url/purl-spec)."""
        name = f"debian/{self.name}" if self.kind == "deb" else self.name
        return f"pkg:{self.kind}/{name}@{self.version.replace('+', '%2B')}"


@dataclass(frozen=True)
class Part:
    """What one layer is made from, before it is made."""

    name: str
    inputs: Sequence[Input]
    fill: Callable[[Path], Interpreter]
    """Puts the layer's files into an empty folder; gives the interpreter that packs them."""
    texts: Mapping[str, str] = field(default_factory=dict[str, str])
    """Files with their text that are the layer's own: what says something of the image itself."""
    made_with: str = ""
    """The digest of the layer whose interpreter packs this one."""


@dataclass(frozen=True)
class Layer:
    """One layer as it lies in the cache."""

    name: str
    blob: Path
    """The compressed archive."""
    digest: str
    """`sha256:` and 64 hex digits, of the compressed archive."""
    size: int
    """Bytes, compressed."""
    diff_id: str
    """`sha256:` and 64 hex digits, of the archive before it was compressed."""
    inputs: Sequence[Input]
