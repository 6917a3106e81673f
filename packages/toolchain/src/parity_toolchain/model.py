"""What the resolver is asked for and what it gives: versions, attempts, programs, plugins, the engine."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

Source = Literal["setting", "PATH", "plugin cache", "download", "build", "stand-in"]
"""Where a part came from: an environment variable that names it, PATH, the user's plugin cache, a download (now or
before), a build (now or before), or nowhere: the sandbox's stand-in takes its place."""

Outcome = Literal["used", "passed over", "failed", "skipped"]


@dataclass(frozen=True)
class PluginVersion:
    """A provider's plugin as its Python SDK asks for it."""

    name: str
    version: str
    server: str | None = None
    """Where `pulumi plugin install` finds it; None is Pulumi's own place."""

    @property
    def program(self) -> str:
        """The file name of its executable."""
        return f"pulumi-resource-{self.name}"

    @property
    def folder(self) -> str:
        """The name of its folder in a plugin cache."""
        return f"resource-{self.name}-v{self.version}"


@dataclass(frozen=True)
class Versions:
    """What the program needs: the SDK's own version of the engine, and the plugins of the installed SDKs."""

    engine: str
    plugins: tuple[PluginVersion, ...]


@dataclass(frozen=True)
class Attempt:
    """One source that was tried for one part, and what came of it."""

    source: Source
    part: str
    outcome: Outcome
    seconds: float
    detail: str

    def __str__(self) -> str:
        return f"{self.part}: {self.source}: {self.outcome} ({self.seconds:.1f} s): {self.detail}"


@dataclass(frozen=True)
class Program:
    """The engine's command line."""

    version: str
    source: Source
    path: Path
    """The executable; its language host is in the same folder or on PATH."""


@dataclass(frozen=True)
class Plugin:
    """A provider's plugin and where it was found."""

    name: str
    version: str
    source: Source
    path: Path | None
    """The executable, or None for the stand-in, which the sandbox brings."""


@dataclass(frozen=True)
class Engine:
    """Everything that runs a program, and how each part was come by."""

    cli: Program
    plugins: tuple[Plugin, ...]
    attempts: tuple[Attempt, ...]

    @property
    def folder(self) -> Path:
        """The folder that goes on PATH."""
        return self.cli.path.parent

    def document(self) -> dict[str, Any]:
        """All of it as JSON can hold it."""
        return asdict(self, dict_factory=_plain)


def _plain(items: list[tuple[str, Any]]) -> dict[str, Any]:
    return {key: str(value) if isinstance(value, Path) else value for key, value in items}
