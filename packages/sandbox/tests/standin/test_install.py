"""The stand-in is put where the engine finds it, and starts."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pulumiverse_vercel

from parity_sandbox import standin

if TYPE_CHECKING:
    from pathlib import Path

EXECUTABLE = "pulumi-resource-vercel"


def test_the_executable_lies_in_the_plugin_cache_under_the_sdks_version(tmp_path: Path):
    folder = standin.install(tmp_path)
    assert folder == tmp_path / "plugins" / f"resource-vercel-v{standin.VERSION}"
    assert os.access(folder / EXECUTABLE, os.X_OK)


def test_the_version_is_the_one_that_the_installed_sdk_asks_for():
    assert pulumiverse_vercel._utilities.get_version() == standin.VERSION


def test_installing_again_changes_nothing(tmp_path: Path):
    first = standin.install(tmp_path) / EXECUTABLE
    before = first.stat().st_ino
    standin.install(tmp_path)
    assert first.stat().st_ino == before


def test_another_interpreter_takes_the_place_of_the_first(tmp_path: Path):
    executable = standin.install(tmp_path) / EXECUTABLE
    standin.install(tmp_path, "/somewhere else/python")
    assert "exec '/somewhere else/python' " in executable.read_text()


def test_a_released_plugin_is_left_alone(tmp_path: Path):
    executable = standin.install(tmp_path) / EXECUTABLE
    executable.write_bytes(b"\x7fELF and so on")
    standin.install(tmp_path)
    assert executable.read_bytes() == b"\x7fELF and so on"
    assert not standin.is_stand_in(executable)


def test_a_broken_link_to_a_released_plugin_is_replaced(tmp_path: Path):
    folder = tmp_path / "plugins" / f"resource-vercel-v{standin.VERSION}"
    folder.mkdir(parents=True)
    (folder / EXECUTABLE).symlink_to(tmp_path / "gone")
    assert standin.is_stand_in(standin.install(tmp_path) / EXECUTABLE)


def test_the_executable_starts_and_prints_its_port(tmp_path: Path):
    executable = standin.install(tmp_path) / EXECUTABLE
    with subprocess.Popen(
        [executable, "127.0.0.1:1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path
    ) as process:
        try:
            assert process.stdout is not None
            assert 0 < int(process.stdout.readline()) < 65536
        finally:
            process.terminate()
