"""Sandboxes to start from: an empty one, and one in which both stacks are up; each made once a run and then copied.

A test takes `empty_instance` or `finished_instance`: a running sandbox with a copy of the program, which it may change
and break as it likes. `finished_instance` is one sandbox a worker, put back before each test, and `module_instance`
before each module; what kills processes takes `own_instance`. The program of those with `small` in their
names is the example with the shop alone, for which everything takes two thirds of the time.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from filelock import FileLock

from parity.config.project import Project
from parity.engine import toolchain
from parity.local.sandbox import Local
from parity_sandbox import lifecycle, standin
from parity_sandbox.options import ServeOptions
from support import pg_catalog
from support.paths import ROOT
from support.program import Instance, copy_program, with_shop_alone
from support.warm import Warm
from support.warm_server import spawn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from parity_sandbox.layout import Layout

STACKS = ("staging", "prod")
FAST = ServeOptions(build_seconds=0.05, promote_seconds=0.1)
SANDBOX = "instance"
_PROGRAM, _RECORD = "program", "record.json"
START = "start"


@dataclass(frozen=True)
class Template:
    """A stopped sandbox with its program, and what runs the Python of its copies."""

    folder: Path
    warm: Warm


def _started(folder: Path, warm: Warm) -> Instance:
    project = Project(folder / _PROGRAM)
    local = Local(project, folder / SANDBOX)
    lifecycle.up(local.directory, FAST)
    local.seed()
    if (local.layout.pulumi / "plugins").exists():
        standin.install(local.layout.pulumi, warm.programs / "python")
    return Instance(project, local, warm=warm)


def make_empty(folder: Path, warm: Warm) -> None:
    """Make a stopped sandbox with the engine's plugins, in which nothing is declared."""
    copy_program(folder / _PROGRAM)
    instance = _started(folder, warm)
    try:
        instance.local.equip(toolchain.resolve())
    finally:
        lifecycle.down(instance.local.directory)
    quicken(instance.local.layout)


def quicken(layout: Layout) -> None:
    """Take from a sandbox what each run pays for and no answer depends on.

    To load the system's roots takes each process that has a vendor's client longer than to ask the vendor. The engine
    writes a log of all its messages, compressed and encrypted, unless it cannot.
    """
    layout.bundle.write_bytes((layout.authority / "ca.pem").read_bytes())
    shutil.rmtree(layout.pulumi / "logs", ignore_errors=True)
    (layout.pulumi / "logs").touch()


def make_finished(folder: Path, empty: Template) -> None:
    """Make one in which both stacks are up."""
    with _made(folder, empty) as instance:
        _finish(instance, folder)


def make_small(folder: Path, empty: Template) -> None:
    """Make one in which both stacks of the smaller program are up."""
    with _made(folder, empty) as instance:
        with_shop_alone(instance.project.root)
        for stack in STACKS:
            instance.up(stack).ok()


@contextmanager
def _made(folder: Path, empty: Template) -> Iterator[Instance]:
    """A running copy of the empty one, stopped at the end."""
    copy_template(empty.folder, folder)
    instance = _started(folder, empty.warm)
    try:
        yield instance
    finally:
        lifecycle.down(instance.local.directory)


def _finish(instance: Instance, folder: Path) -> None:
    record: dict[str, Any] = {"state": instance.state(), "catalog": pg_catalog.dump(instance.environment()), "up": {}}
    for stack in STACKS:
        since = instance.last_request()
        run = instance.up(stack)
        record["up"][stack] = {
            "code": run.code,
            "stdout": run.stdout,
            "stderr": run.stderr,
            "requests": instance.requests(since),
        }
        run.ok()
    (folder / _RECORD).write_text(json.dumps(record))


def copy_template(source: Path, target: Path) -> None:
    """Copy a stopped sandbox and its program, but for its ports; the plugins, which are never written to, as links.

    Copies that prefer the same ports take them from one another while one restarts its PostgreSQL.
    """
    plugins = Path(SANDBOX, "pulumi", "plugins")
    target.mkdir(parents=True)
    # `cp -a` keeps owners: PostgreSQL's data belongs to another user where tests run as root.
    subprocess.run(["cp", "-a", str(source / _PROGRAM), str(target)], check=True)
    (target / SANDBOX).mkdir(mode=0o700)
    for path in (source / SANDBOX).iterdir():
        if path.name not in {"pulumi", "ports.json"}:
            subprocess.run(["cp", "-a", str(path), str(target / SANDBOX)], check=True)
    shutil.copytree(
        source / SANDBOX / "pulumi",
        target / SANDBOX / "pulumi",
        ignore=shutil.ignore_patterns("plugins"),
        symlinks=True,
    )
    shutil.copytree(source / plugins, target / plugins, copy_function=os.link)


def once(folder: Path, make: Callable[[Path], None]) -> Path:
    """Make `folder` completely, once for all of pytest's processes; one that was interrupted is made again."""
    with FileLock(f"{folder}.lock", timeout=900):
        done = Path(f"{folder}.done")
        if not done.exists():
            if folder.exists():
                lifecycle.down(folder / SANDBOX)
                shutil.rmtree(folder)
            make(folder)
            done.touch()
    return folder


@contextmanager
def own(template: Template, folder: Path) -> Iterator[Instance]:
    """A running copy of a template in `folder`, which must not exist yet; deleted afterwards."""
    copy_template(template.folder, folder)
    instance = _started(folder, template.warm)
    try:
        yield instance
    finally:
        lifecycle.down(instance.local.directory, wipe=True)


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """One folder for all of pytest's processes."""
    own = tmp_path_factory.getbasetemp()
    return own if worker_id == "master" else own.parent


@pytest.fixture(scope="session")
def warm(shared_folder: Path) -> Iterator[Warm]:
    """What runs the Python of the sandboxes and, from here on, their servers."""
    with (
        closing(Warm.shared(shared_folder / "warm", ROOT, dict(os.environ))) as found,
        pytest.MonkeyPatch.context() as m,
    ):
        m.setattr(lifecycle, "spawn", partial(spawn, found))
        yield found


@pytest.fixture(scope="session")
def empty_template(shared_folder: Path, warm: Warm) -> Template:
    """A stopped sandbox with the seed and the plugins."""
    return Template(once(shared_folder / "empty", lambda folder: make_empty(folder, warm)), warm)


@pytest.fixture(scope="session")
def finished_template(shared_folder: Path, empty_template: Template) -> Template:
    """A stopped sandbox in which both stacks are up."""
    made = once(shared_folder / "finished", lambda folder: make_finished(folder, empty_template))
    return Template(made, empty_template.warm)


@pytest.fixture(scope="session")
def small_template(shared_folder: Path, empty_template: Template) -> Template:
    """A stopped sandbox in which both stacks of the smaller program are up."""
    made = once(shared_folder / "small", lambda folder: make_small(folder, empty_template))
    return Template(made, empty_template.warm)


@pytest.fixture(scope="session")
def record(finished_template: Template) -> dict[str, Any]:
    """What was seen when both stacks came up from nothing: output, requests, and what there was before."""
    return json.loads((finished_template.folder / _RECORD).read_text())


@pytest.fixture
def empty_instance(empty_template: Template, tmp_path: Path) -> Iterator[Instance]:
    """A running sandbox of the test's own in which nothing is declared yet."""
    with own(empty_template, tmp_path / "own") as instance:
        yield instance


@pytest.fixture
def own_instance(finished_template: Template, tmp_path: Path) -> Iterator[Instance]:
    """A running sandbox of the test's own in which both stacks are up."""
    with own(finished_template, tmp_path / "own") as instance:
        yield instance


@pytest.fixture
def own_small_instance(small_template: Template, tmp_path: Path) -> Iterator[Instance]:
    """The same with the smaller program."""
    with own(small_template, tmp_path / "own") as instance:
        yield instance


@pytest.fixture(scope="session")
def worker_instance(finished_template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """The sandbox that this worker's tests share; each puts it back to its start."""
    with _shared(finished_template, tmp_path_factory.mktemp("worker")) as instance:
        yield instance


@pytest.fixture(scope="session")
def small_worker_instance(small_template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """The same with the smaller program."""
    with _shared(small_template, tmp_path_factory.mktemp("small")) as instance:
        yield instance


@contextmanager
def _shared(template: Template, folder: Path) -> Iterator[Instance]:
    with own(template, folder / "own") as instance:
        instance.local.client().save_snapshot(START)
        yield instance


def put_back(instance: Instance, template: Template) -> Instance:
    """Make a shared sandbox and its program what they were at the start; gives the instance without a test's
    variables.
    """
    client = instance.local.client()
    client.clear_faults()
    client.clear_build_rules()
    client.load_snapshot(START)
    shutil.rmtree(instance.project.root)
    subprocess.run(["cp", "-a", str(template.folder / _PROGRAM), str(instance.project.root)], check=True)
    return Instance(Project(instance.project.root), instance.local, warm=template.warm)


@pytest.fixture(scope="module")
def module_instance(worker_instance: Instance, finished_template: Template) -> Iterator[Instance]:
    """The same for all tests of a module, which go back to a snapshot where they must; this process's variables lead
    there too.
    """
    with _led_to(put_back(worker_instance, finished_template)) as instance:
        yield instance


@pytest.fixture(scope="module")
def small_module_instance(small_worker_instance: Instance, small_template: Template) -> Iterator[Instance]:
    """The same with the smaller program."""
    with _led_to(put_back(small_worker_instance, small_template)) as instance:
        yield instance


@contextmanager
def _led_to(instance: Instance) -> Iterator[Instance]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in instance.environment().items():
            patch.setenv(name, value)
        yield instance


@pytest.fixture
def finished_instance(worker_instance: Instance, finished_template: Template) -> Instance:
    """A running sandbox in which both stacks are up, as if it were the test's own."""
    return put_back(worker_instance, finished_template)


@pytest.fixture
def small_instance(small_worker_instance: Instance, small_template: Template) -> Instance:
    """The same with the smaller program."""
    return put_back(small_worker_instance, small_template)
