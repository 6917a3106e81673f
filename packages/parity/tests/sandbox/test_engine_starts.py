"""How often each command starts the engine: what stands in files, in a folder or a bucket, is read without it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from support.program import tools

if TYPE_CHECKING:
    from pathlib import Path

    from support.program import Instance

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

STARTS = {
    "check": [],
    "status": [],
    "log staging": [],
    "drift staging": [],
    "secret fingerprint staging": [],
    "preview staging": ["preview"],
    "up staging --yes": ["preview"],
}
"""The example's commands, with nothing to change, and what each has the engine do."""


def started(instance: Instance, file: Path, command: str) -> list[str]:
    """The engine's commands that one of Parity's starts."""
    file.write_text("")
    path = os.pathsep.join([str(file.parent), instance.environment()["PATH"]])
    instance.run("parity", *command.split(), extra={"PATH": path}).ok()
    words = [line.split() for line in file.read_text().splitlines()]
    return [" ".join(each[:2]) if each[0] in {"stack", "config"} else each[0] for each in words if each != ["version"]]


def test_each_command_starts_the_engine_for_what_only_it_can_do(small_instance: Instance, tmp_path: Path):
    file, program = tmp_path / "asked", tmp_path / "pulumi"
    program.write_text(f'#!/bin/sh\necho "$*" >> {file}\nexec {tools().cli.path} "$@"\n')
    program.chmod(0o755)
    assert {command: started(small_instance, file, command) for command in STARTS} == STARTS
