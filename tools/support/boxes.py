"""Sandboxes to start from: an empty one, and one in which both stacks are up; each made once a run and then copied.

A test takes `empty_box` or `finished_box`: a running sandbox of its own with a copy of the program, which it may change
and break as it likes.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from filelock import FileLock

from parity.config.project import Project
from parity.engine import toolchain
from parity.local.sandbox import Local
from parity_sandbox import lifecycle
from parity_sandbox.server import ServeOptions
from support import pg_catalog
from support.program import Box, copy_program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STACKS = ("staging", "prod")
FAST = ServeOptions(build_seconds=0.2, promote_seconds=0.1)
_PROGRAM, _SANDBOX, _RECORD = "program", "box", "record.json"


def _started(folder: Path) -> Box:
    project = Project(folder / _PROGRAM)
    local = Local(project, folder / _SANDBOX)
    lifecycle.up(local.directory, FAST)
    local.seed()
    return Box(project, local)


def _make_empty(folder: Path) -> None:
    copy_program(folder / _PROGRAM)
    box = _started(folder)
    try:
        box.local.equip(toolchain.resolve())
    finally:
        lifecycle.down(box.local.directory)


def _make_finished(folder: Path, empty: Path) -> None:
    _copy(empty, folder)
    box = _started(folder)
    try:
        _finish(box, folder)
    finally:
        lifecycle.down(box.local.directory)


def _finish(box: Box, folder: Path) -> None:
    record: dict[str, Any] = {"state": box.state(), "catalog": pg_catalog.dump(box.environment()), "up": {}}
    for stack in STACKS:
        since = box.last_request()
        run = box.up(stack)
        record["up"][stack] = {
            "code": run.code,
            "stdout": run.stdout,
            "stderr": run.stderr,
            "requests": box.requests(since),
        }
        run.ok()
    (folder / _RECORD).write_text(json.dumps(record))


def _copy(source: Path, target: Path) -> None:
    """Copy a stopped sandbox and its program, but for its ports; the plugins, which nobody writes to, as links.

    Copies that prefer the same ports take them from one another while one restarts its PostgreSQL.
    """
    plugins = Path(_SANDBOX, "pulumi", "plugins")
    target.mkdir(parents=True)
    # `cp -a` keeps owners: PostgreSQL's data belongs to another user where tests run as root.
    subprocess.run(["cp", "-a", str(source / _PROGRAM), str(target)], check=True)
    (target / _SANDBOX).mkdir(mode=0o700)
    for path in (source / _SANDBOX).iterdir():
        if path.name not in {"pulumi", "ports.json"}:
            subprocess.run(["cp", "-a", str(path), str(target / _SANDBOX)], check=True)
    shutil.copytree(
        source / _SANDBOX / "pulumi",
        target / _SANDBOX / "pulumi",
        ignore=shutil.ignore_patterns("plugins"),
        symlinks=True,
    )
    shutil.copytree(source / plugins, target / plugins, copy_function=os.link)


def once(folder: Path, make: Callable[[Path], None]) -> Path:
    """Make `folder` whole, once for all of pytest's processes; one that was interrupted is made again."""
    with FileLock(f"{folder}.lock", timeout=900):
        done = Path(f"{folder}.done")
        if not done.exists():
            if folder.exists():
                lifecycle.down(folder / _SANDBOX)
                shutil.rmtree(folder)
            make(folder)
            done.touch()
    return folder


@contextmanager
def own(template: Path, folder: Path) -> Iterator[Box]:
    """A running copy of a template in `folder`, which must not exist yet; deleted afterwards."""
    _copy(template, folder)
    box = _started(folder)
    try:
        yield box
    finally:
        lifecycle.down(box.local.directory, wipe=True)


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """One folder for all of pytest's processes."""
    own = tmp_path_factory.getbasetemp()
    return own if worker_id == "master" else own.parent


@pytest.fixture(scope="session")
def empty_template(shared_folder: Path) -> Path:
    """A stopped sandbox with the seed and the plugins."""
    return once(shared_folder / "empty", _make_empty)


@pytest.fixture(scope="session")
def finished_template(shared_folder: Path, empty_template: Path) -> Path:
    """A stopped sandbox in which both stacks are up."""
    return once(shared_folder / "finished", lambda folder: _make_finished(folder, empty_template))


@pytest.fixture(scope="session")
def record(finished_template: Path) -> dict[str, Any]:
    """What was seen when both stacks came up from nothing: output, requests, and what there was before."""
    return json.loads((finished_template / _RECORD).read_text())


@pytest.fixture
def empty_box(empty_template: Path, tmp_path: Path) -> Iterator[Box]:
    """A running sandbox of the test's own in which nothing is declared yet."""
    with own(empty_template, tmp_path / "own") as box:
        yield box


@pytest.fixture
def finished_box(finished_template: Path, tmp_path: Path) -> Iterator[Box]:
    """A running sandbox of the test's own in which both stacks are up."""
    with own(finished_template, tmp_path / "own") as box:
        yield box
