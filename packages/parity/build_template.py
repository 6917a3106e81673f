"""Hatchling's build hook: carries the root's files of the template into the sdist and the wheel."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Template(BuildHookInterface):  # pyright: ignore[reportMissingTypeArgument, reportUntypedBaseClass]
    """In a checkout the files come from the repository's root, in an unpacked sdist from where this put them."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the files; an editable installation reads them from the checkout."""
        if version == "editable":
            return
        here = Path(self.root)
        packed = here / "template"
        root = packed if packed.is_dir() else here.parents[1]
        target = "template" if self.target_name == "sdist" else "parity/scaffold/root"
        parts = runpy.run_path(str(here / "src" / "parity" / "scaffold" / "parts.py"))
        for path in parts["from_root"](root):
            build_data["force_include"][str(root / path)] = f"{target}/{path.as_posix()}"
