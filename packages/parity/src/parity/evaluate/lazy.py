"""Imports of the vendors' SDKs only the modules that the program uses, which halves the start of a check.

A generated SDK imports all of its hundred resources at once. After `install()`, importing such a package runs none of
its own code: a name is resolved in the module that the generator writes it to (`RepositoryRuleset` in
`repository_ruleset`, arguments in `_inputs`, functions in the module called like them). A name that is not there
makes the full package be imported as usual, so only the time changes. A test holds that the graph is the same.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import re
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import ModuleType

SDKS = ("pulumi_github", "pulumi_postgresql", "pulumiverse_vercel")
"""Packages that the SDK generator wrote."""

UNUSED = ("pulumi.automation",)
"""Modules that the core SDK imports and an evaluation never uses: they run when an attribute of theirs is asked for."""


def install() -> None:
    """Defer the imports that can be deferred; modules that are imported already stay as they are."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the deferred modules where they always are, and gives them another way to load."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        del target
        if fullname not in SDKS and fullname not in UNUSED:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path)
        if spec is None or spec.loader is None:
            return None
        spec.loader = _Package(spec.loader) if fullname in SDKS else importlib.util.LazyLoader(spec.loader)
        return spec


class _Package(importlib.abc.Loader):
    """Loads a package name by name."""

    def __init__(self, loader: importlib.abc.Loader) -> None:
        self._loader = loader

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

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
            self._loader.exec_module(module)
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
