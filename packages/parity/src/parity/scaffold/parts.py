"""Which files make the template: those of the repository's root that a team owns, and the overlay's over them.

The build of the wheel loads this module by its path, so it imports the standard library alone.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PARTS = (
    "copier.yml",
    ".gitignore",
    "Makefile",
    "Pulumi.yaml",
    "components/*.py",
    "infra/*.py",
    "plugin/*",
    "scripts/*",
    ".github/CODEOWNERS",
    ".github/pull_request_template.md",
    ".github/renovate.json",
    ".github/zizmor.yml",
    ".github/actions/parity/action.yml",
    ".github/workflows/ci.yml",
    ".github/workflows/deliver.yml",
    ".github/workflows/drift.yml",
    ".github/workflows/preview.yml",
    ".github/workflows/promote.yml",
    ".github/workflows/rollback.yml",
    ".github/workflows/stacks.yml",
    "docs/stack.schema.json",
    "tests/test_program.py",
    "tests/components/conftest.py",
    "tests/components/test_database.py",
    "tests/components/test_delivery.py",
    "tests/components/test_web_app.py",
)
"""Patterns, relative to the repository's root. What is not here is the example's or the tool's own."""

HERE = Path(__file__).resolve().parent
OVERLAY = HERE / "overlay"
"""Templates of the files that name the team; each takes the place of the root's file of that name."""
PACKAGED = HERE / "root"
"""The root's files in an installed package; not there in a checkout."""
VERSION = "VERSION"
"""The template's version, a file of its own in the assembled template."""


def from_root(root: Path) -> Iterator[Path]:
    """The root's files of the template, relative to it; raises FileNotFoundError where a pattern finds none."""
    for pattern in PARTS:
        found = sorted(path for path in root.glob(pattern) if path.is_file())
        if not found:
            raise FileNotFoundError(f"{root} has no {pattern}")
        yield from (path.relative_to(root) for path in found)


def assemble(target: Path, version: str) -> None:
    """Put the template of this installation together in the empty folder `target`."""
    if PACKAGED.is_dir():
        unpack(HERE, target, version)
        return
    checkout = HERE.parents[4]
    for path in from_root(checkout):
        copy(checkout / path, target / path)
    _lay(OVERLAY, target, version)


def unpack(scaffold: Path, target: Path, version: str) -> None:
    """Put the template of an installed `parity/scaffold` folder, of this version or another, together in `target`."""
    _copy_all(scaffold / PACKAGED.name, target)
    _lay(scaffold / OVERLAY.name, target, version)


def _lay(overlay: Path, target: Path, version: str) -> None:
    _copy_all(overlay, target)
    (target / VERSION).write_text(f"{version}\n", encoding="utf-8")


def _copy_all(source: Path, target: Path) -> None:
    for path in sorted(each for each in source.rglob("*") if each.is_file() and each.suffix != ".pyc"):
        copy(path, target / path.relative_to(source))


def copy(source: Path, target: Path) -> None:
    """Copy a file with its mode, or a link, into a folder that is made where it is missing."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target, follow_symlinks=False)
