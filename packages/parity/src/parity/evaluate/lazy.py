"""Imports of Pulumi's SDKs only what a program or a plugin uses, which halves the start of a check.

A generated SDK imports all of its hundred resources at once. After `install()`, importing such a package runs none of
its own code: a name is resolved in the module that the generator writes it to (`RepositoryRuleset` in
`repository_ruleset`, arguments in `_inputs`, functions in the module called like them). A name that is not there
makes the full package be imported as usual, so only the time changes. A test holds that the graph is the same.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import os
import re
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

OBJECTS = 100_000
"""For `gc.set_threshold`: modules make many objects and no garbage, and Python would search them at each 700."""

SDKS = ("pulumi_github", "pulumi_postgresql", "pulumiverse_vercel")
"""Packages that the SDK generator wrote."""

UNUSED = ("pulumi.automation", "pulumi.dynamic")
"""Modules that the core SDK imports and seldom uses: they run when an attribute of theirs is asked for."""

_TRACING = "pulumi.runtime._instrumentation"
"""The core SDK's tracing, which loads OpenTelemetry: as much as all else of it."""
TRACES_WANTED = "PULUMI_OTEL_EXPORTER_OTLP_ENDPOINT"
"""Its variable for where spans go."""


def install() -> None:
    """Defer the imports that can be deferred; modules that are imported already stay as they are."""
    if any(isinstance(finder, _Finder) for finder in sys.meta_path):
        return
    sys.meta_path.insert(0, _Finder())
    if not os.environ.get(TRACES_WANTED):
        untraced: Any = ModuleType(_TRACING, "Without traces nothing is to be passed to other threads.")
        untraced.wrap_with_context = _as_it_is
        sys.modules.setdefault(_TRACING, untraced)


def _as_it_is(function: Any) -> Any:
    return function


class _Finder:
    """Finds the deferred modules where they always are, and gives them another way to load."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        del target
        if fullname not in SDKS and fullname not in UNUSED:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path)
        if spec is None or not isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            return None
        lazy = importlib.util.LazyLoader(spec.loader)
        spec.loader = _Package(spec.loader.name, spec.loader.path) if fullname in SDKS else lazy
        return spec


class _Package(importlib.machinery.SourceFileLoader):
    """Loads a package name by name."""

    def exec_module(self, module: ModuleType) -> None:
        def find(name: str) -> Any:
            for candidate in modules_of(name):
                found = _import(f"{module.__name__}.{candidate}")
                if found is not None:
                    value = found if candidate == name else getattr(found, name, None)
                    if value is not None:
                        module.__dict__[name] = value
                        return value
            if name.startswith("__"):
                raise AttributeError(name)
            # The package itself, as if nothing were deferred; what it does not have either is an error.
            del module.__dict__["__getattr__"]
            super(_Package, self).exec_module(module)
            return getattr(module, name)

        module.__dict__["__getattr__"] = find


def modules_of(name: str) -> Iterator[str]:
    """The modules of a generated package that may have a name, the likeliest first."""
    if not name.startswith("__"):
        yield name
        snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
        if snake != name:
            yield snake
        if name.endswith(("Args", "ArgsDict")):
            yield "_inputs"
        if name.endswith("_output"):
            yield name.removesuffix("_output")


def _import(name: str) -> ModuleType | None:
    """Import a module; None if there is none of that name; an error inside it is raised."""
    if name in sys.modules:
        return sys.modules[name]
    if importlib.util.find_spec(name) is None:
        return None
    return importlib.import_module(name)
