"""The team's program, loaded by the names that `[tool.parity]` in its pyproject.toml gives.

```toml
[tool.parity]
catalog = "infra.catalog:CATALOG"   # what all stacks share
program = "infra.build:build"       # settings -> outputs; declares every resource
template = "0.2"                    # the template that the project was made from, or upgraded to
```
"""

from __future__ import annotations

import importlib
import re
import sys
import threading
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parity.documents import is_mapping, mapping
from parity.errors import ProjectError

if TYPE_CHECKING:
    from collections.abc import Callable

    from parity.config.parameters import Catalog
    from parity.config.settings_model import Settings

FILE = "pyproject.toml"
_TABLE = "[tool.parity]"
_DEFAULTS = {"catalog": "infra.catalog:CATALOG", "program": "infra.build:build"}
_LOADING = threading.Lock()
"""Stacks are opened by several threads at once, and what another project left is dropped while one of them loads."""


@dataclass(frozen=True)
class Program:
    """A team's program: where it is, and the names under which its two entry points are found."""

    root: Path
    catalog_name: str
    """`module:attribute` of the catalog."""
    build_name: str
    """`module:attribute` of the function that declares a stack from its settings."""

    @property
    def catalog_file(self) -> str:
        """The file that declares the catalog, relative to the project's folder."""
        return self.catalog_name.partition(":")[0].replace(".", "/") + ".py"

    def catalog(self) -> Catalog:
        """What all stacks share.

        Raises:
            ProjectError: the module or the attribute does not exist.
            pydantic.ValidationError: the catalog's own models refuse it.
        """
        catalog: Catalog = self._load(self.catalog_name, "catalog")
        return catalog

    def build(self) -> Callable[[Settings], dict[str, Any]]:
        """The function that declares a stack; raises ProjectError where there is none."""
        build: Callable[[Settings], dict[str, Any]] = self._load(self.build_name, "program")
        return build

    def _load(self, name: str, key: str) -> Any:
        module_name, _, attribute = name.partition(":")
        try:
            with _LOADING:
                self._prefer_own(module_name)
                module = importlib.import_module(module_name)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
                raise
            raise self._missing(key, name, f"there is no module {error.name}") from error
        if not hasattr(module, attribute):
            raise self._missing(key, name, f"{module_name} has no {attribute}")
        return getattr(module, attribute)

    def _prefer_own(self, module_name: str) -> None:
        """Put this project first on the module path, and drop what was loaded of the same name from another project."""
        root = str(self.root)
        if sys.path[:1] != [root]:
            sys.path.insert(0, root)
        top = module_name.partition(".")[0]
        loaded = getattr(sys.modules.get(top), "__file__", None)
        own = (self.root / top).is_dir() or (self.root / f"{top}.py").is_file()
        if own and loaded is not None and not Path(loaded).is_relative_to(self.root):
            for known in [name for name in list(sys.modules) if _is_of_another(name, top, self.root)]:
                del sys.modules[known]
            importlib.invalidate_caches()

    def _missing(self, key: str, name: str, why: str) -> ProjectError:
        return ProjectError(
            f"the project's {key} {name} cannot be loaded: {why}",
            where=str(self.root / FILE),
            remedy=f'name it in {_TABLE}, for example `{key} = "{_DEFAULTS[key]}"`',
        )


FOLDERS = ("infra", "components", "plugin")
"""Where a project keeps its program, next to Pulumi.yaml, the stacks' files and pyproject.toml."""


def _is_of_another(module: str, top: str, root: Path) -> bool:
    """Whether a loaded module belongs to a program that lies elsewhere than in `root`."""
    if module.partition(".")[0] not in {*FOLDERS, top}:
        return False
    file = getattr(sys.modules.get(module), "__file__", None)
    return file is None or not Path(file).is_relative_to(root)


TEMPLATE = "0.2"
"""The template that this version of the tool serves, `major.minor`: raised where a project's own files must follow."""


def _require_template(given: object, path: Path) -> None:
    """Raise ProjectError where the project's files are of a template that this version cannot serve."""
    text = str(given)
    found = re.fullmatch(r"(\d+)\.(\d+)(\.\d+)?", text)
    served = tuple(int(part) for part in TEMPLATE.split("."))
    asked = (int(found[1]), int(found[2])) if found else None
    if asked == served:
        return
    what = f"the project is of template {text}, and this version serves {TEMPLATE}"
    if asked is None:
        what, remedy = f"{_TABLE} has the template {text!r}, which is no version", f'write template = "{TEMPLATE}"'
    elif asked < served:
        remedy = f"parity upgrade, or install pulumi-parity=={asked[0]}.{asked[1]}.*"
    else:
        remedy = f"pip install 'pulumi-parity=={asked[0]}.{asked[1]}.*'"
    raise ProjectError(what, where=f"{path}: {_TABLE} template", remedy=remedy)


@lru_cache(maxsize=4)
def _document(text: str) -> dict[str, Any]:
    """Kept, since the program is loaded for each evaluation."""
    return tomllib.loads(text)


def load(root: Path) -> Program:
    """The program of the project in `root`.

    Raises:
        ProjectError: pyproject.toml is missing, cannot be read, has no `[tool.parity]`, or is of another template.
    """
    root = root.absolute()
    path = root / FILE
    try:
        document = _document(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ProjectError(
            f"{FILE} cannot be read: {error}", where=str(path), remedy=f"add one with {_TABLE}; `parity init` writes it"
        ) from error
    table = mapping(document.get("tool")).get("parity")
    if not is_mapping(table):
        raise ProjectError(
            f"{FILE} has no {_TABLE}, so this is no project of Parity's",
            where=str(path),
            remedy=f"add {_TABLE} with catalog and program; `parity init` writes a complete project",
        )
    _require_template(table.get("template", TEMPLATE), path)
    return Program(root, *(str(table.get(key, default)) for key, default in _DEFAULTS.items()))
