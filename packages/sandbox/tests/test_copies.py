"""Copies of folders: the same content, modes and times, and no copy of what is there already."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from parity_sandbox.copies import copy_folder

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    (folder / "inner").mkdir(parents=True)
    for name in ("kept", "written", "inner/grown", "gone"):
        (folder / name).write_text("before")
    (folder / "link").symlink_to("kept")
    (folder / "kept").chmod(0o600)
    return folder


def content(folder: Path) -> dict[str, tuple[str, int]]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): (path.read_text(), path.lstat().st_mode) for path in files}


def test_a_copy_is_the_same_and_shares_no_file(source: Path, tmp_path: Path):
    copy_folder(source, tmp_path / "copy")
    assert content(tmp_path / "copy") == content(source)
    assert (tmp_path / "copy" / "link").readlink().name == "kept"
    assert not (tmp_path / "copy" / "kept").samefile(source / "kept")


def test_what_was_not_written_since_is_taken_from_the_folder_of_before(source: Path, tmp_path: Path):
    before, target = tmp_path / "before", tmp_path / "target"
    copy_folder(source, before)
    (before / "written").write_text("afters")
    (before / "inner" / "grown").write_text("before and after")
    (before / "gone").unlink()
    (before / "new").write_text("new")
    copy_folder(source, target, before)
    assert content(target) == content(source)
    assert (target / "kept").samefile(before / "kept")
    shutil.rmtree(before)
    assert content(target) == content(source)
