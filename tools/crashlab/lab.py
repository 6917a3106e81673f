"""Instances for the crash tests: one template with a snapshot for each start, copied for each worker."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import subprocess
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from filelock import FileLock

from crashlab import terraform
from crashlab.operations import EMPTY, ONE_RELEASE, OPERATIONS, TERRAFORM_ONE, TERRAFORM_TWO, TWO_RELEASES, Operation
from crashlab.small_catalog import CATALOG
from crashlab.stack_file import COMMITS, FIRST, SECOND, STACK, UNKNOWN_DIGEST, Config
from parity.config import settings
from parity.config.digest import config_digest
from parity.config.project import Project
from parity.engine import passphrase, toolchain
from parity.local import seeds
from parity.local.sandbox import Local
from parity_sandbox import lifecycle, standin
from parity_sandbox.options import ServeOptions
from support.instances import SANDBOX, copy_template, once, quicken
from support.program import Instance, copy_program
from support.warm import Warm

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parity.config.parameters import Catalog
    from parity.config.settings import Settings

SERVED = ServeOptions(build_seconds=0.05, promote_seconds=0.05)
TERRAFORM_STARTS = {TERRAFORM_ONE: terraform.ONE, TERRAFORM_TWO: terraform.TWO}
_PARITY = {"up": ("up", STACK, "--yes"), "rollback": ("rollback", STACK, "shop", "--to", "r1", "--up")}
_PROGRAM, _FILES, _WARM = "program", "stack-files", "warm"
_CATALOG = Path("infra", "catalog.py")
WARM = "PARITY_CRASH_WARM"
"""A variable with the folder of a warm process that is there already; without it each instance has its own."""


@dataclass
class Lab:
    """One running instance and the stack files of every operation."""

    folder: Path
    instance: Instance
    settle: int = 1
    """Recover's `--settle`, seconds: nothing is under way any more where it is asked."""
    warm: dict[str, str] = field(default_factory=dict[str, str])
    """Variables of a recovery procedure's commands, on top of the instance's: they start sooner."""

    @property
    def stack_file(self) -> Path:
        """The stack's file in the program."""
        return self.instance.project.root / f"Pulumi.{STACK}.yaml"

    @property
    def backend(self) -> Path:
        """Where the engine keeps state and locks."""
        return self.instance.local.layout.backend

    @property
    def store(self) -> Path:
        """The sandbox's storage."""
        return self.instance.local.layout.store

    def begin(self, operation: Operation) -> None:
        """Go to where an operation starts, with the stack's file as it is to become."""
        if operation.start in TERRAFORM_STARTS:
            self._make_start(operation.start)
        self.instance.local.client().load_snapshot(operation.start)
        self.prepare(operation)

    def prepare(self, operation: Operation) -> None:
        """Let the next command do what an operation declares."""
        if operation.tool == "terraform":
            terraform.declare(self, terraform.RELEASES[operation.name])
        else:
            self.declare(operation.name)

    def command(self, operation: Operation, *, parallel: int | None = None) -> list[str]:
        """The operation's command line, without questions; `parallel` None: as the tool does by itself."""
        if operation.tool == "terraform":
            return terraform.command(self, operation.command, parallel=parallel or 10)
        if operation.tool == "parity":
            return [*self._with_parallel(parallel), "parity", *_PARITY[operation.command]]
        words = ["pulumi", operation.command, "--yes", "--skip-preview", "--stack", STACK, "--non-interactive"]
        return words if parallel is None else [*words, "--parallel", str(parallel)]

    def _with_parallel(self, parallel: int | None) -> list[str]:
        """Lets the project's command find an engine that is given `--parallel`; the command has no such option.

        The engine would take it as PULUMI_OPTION_PARALLEL too, but 3.259.0 then ends in every command with
        "unexpected CLI type: int32".
        """
        if parallel is None:
            return []
        folder = self.folder / f"parallel-{parallel}"
        program = folder / "pulumi"
        if not program.exists():
            engine = shlex.quote(str(toolchain.resolve().cli.path))
            folder.mkdir(exist_ok=True)
            program.write_text(
                f'#!/bin/sh\ncase "$1" in up) exec {engine} "$@" --parallel {parallel} ;; esac\nexec {engine} "$@"\n'
            )
            program.chmod(0o755)
        return ["env", f"PATH={folder}{os.pathsep}{self.instance.environment()['PATH']}"]

    def _make_start(self, name: str) -> None:
        """Make a start of Terraform's where this instance has none yet."""
        client = self.instance.local.client()
        if name in {each["name"] for each in client.snapshots()}:
            return
        client.load_snapshot(EMPTY)
        terraform.declare(self, TERRAFORM_STARTS[name])
        self.instance.run(*terraform.command(self, "apply")).ok()
        client.save_snapshot(name)

    def declare(self, name: str) -> None:
        """Put a stack file of the template in place, and the catalog."""
        shutil.copyfile(self.folder / _FILES / f"{name}.yaml", self.stack_file)
        shutil.copyfile(self.folder / _FILES / f"{name}.py", self.instance.project.root / _CATALOG)


def template(folder: Path) -> Path:
    """Make the template once, for all processes; one that was interrupted is made again."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    return once(folder, _make)


@contextmanager
def lab(source: Path, folder: Path) -> Iterator[Lab]:
    """A running copy of the template, stopped and deleted at the end.

    A worker of a run that was killed may still play its case in this folder: it ends after that, and is waited for.
    """
    with FileLock(f"{folder}.lock", timeout=600):
        if folder.exists():
            _end_what_works_in(folder)
            lifecycle.down(folder / SANDBOX)
            shutil.rmtree(folder)
        copy_template(source, folder)
        subprocess.run(["cp", "-a", str(source / _FILES), str(folder)], check=True)
        try:
            with _started(folder) as found:
                yield found
        finally:
            shutil.rmtree(folder)


def _end_what_works_in(folder: Path) -> None:
    """End engines and plugins of a run that was killed: they would go on in the new instance."""
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if Path(process.cwd()).is_relative_to(folder):
                process.kill()
                found.append(process)
    psutil.wait_procs(found, timeout=10)


@contextmanager
def _started(folder: Path) -> Iterator[Lab]:
    project = Project(folder / _PROGRAM)
    local = Local(project, folder / SANDBOX)
    lifecycle.up(local.directory, SERVED)
    try:
        instance = Instance(project, local, {"PYTHONDONTWRITEBYTECODE": ""})
        with _warm(folder / _WARM, instance) as warm:
            instance.extra |= warm.environment(instance.environment())
            if (local.layout.pulumi / "plugins").exists():
                # The stand-in too is started by the instance's own Python then, as the project's plugin is.
                standin.install(local.layout.pulumi, warm.programs / "python")
            yield Lab(folder, instance, warm=warm.commands(instance.environment()))
    finally:
        lifecycle.down(local.directory)


@contextmanager
def _warm(folder: Path, instance: Instance) -> Iterator[Warm]:
    if WARM in os.environ:
        yield Warm.there(Path(os.environ[WARM]))
        return
    with closing(Warm(folder, instance.project.root, instance.environment())) as found:
        yield found


def _make(folder: Path) -> None:
    project = copy_program(folder / _PROGRAM)
    for path in project.root.glob("Pulumi.*.yaml"):
        path.unlink()
    (project.root / _CATALOG).write_text(FIRST.program())
    (folder / _FILES).mkdir()
    with _started(folder) as found:
        _fill(found)
    shutil.rmtree(folder / _WARM, ignore_errors=True)


def _fill(found: Lab) -> None:
    """Make the snapshots and the stack files."""
    instance, client = found.instance, found.instance.local.client()
    instance.local.equip(toolchain.resolve())
    quicken(instance.local.layout)
    client.seed(_seed())
    found.stack_file.write_text(FIRST.text())
    instance.init(STACK)
    for name, config in _configs(found).items():
        (found.folder / _FILES / f"{name}.yaml").write_text(config.text())
        (found.folder / _FILES / f"{name}.py").write_text(config.program())
    client.save_snapshot(EMPTY)
    for snapshot in (ONE_RELEASE, TWO_RELEASES):
        found.declare(snapshot)
        instance.up(STACK).ok()
        client.save_snapshot(snapshot)


def _seed() -> dict[str, object]:
    config = {"parity:releases": {"shop": {"kept": {f"r{n}": {"commit": each} for n, each in enumerate(COMMITS, 1)}}}}
    return seeds.seed_document(CATALOG, [{"config": config}])


def _configs(found: Lab) -> dict[str, Config]:
    """The stack's file of each snapshot and each operation, its releases with the digests that they are built with.

    The newest release is built with the file's own values; an older one with the first file's.
    """
    first = _digested(found, FIRST)
    oldest = first.kept["r1"].digest
    wanted = {ONE_RELEASE: FIRST, TWO_RELEASES: SECOND, **{name: each.after for name, each in OPERATIONS.items()}}
    configs: dict[str, Config] = {}
    for name, config in wanted.items():
        newest = _digested(found, config)
        kept_first = "r1" in newest.kept and newest.kept["r1"].digest == UNKNOWN_DIGEST
        configs[name] = newest.with_digest("r1", oldest) if kept_first else newest
    return configs


def _digested(found: Lab, config: Config) -> Config:
    """With the digest of its newest release, as `parity release` records it."""
    found.stack_file.write_text(config.text())
    newest = list(config.kept)[-1]
    loaded = opened(found.instance, config.catalog)
    return config.with_digest(newest, config_digest(loaded, "shop", config.kept[newest].credentials))


def opened(instance: Instance, catalog: Catalog) -> Settings:
    """What the stack's file says with this catalog, every secret open."""
    project = instance.project
    salt = project.stack_document(project.stack_files()[STACK])["encryptionsalt"]
    open_ = passphrase.opener(salt, instance.environment(), project.root)
    return settings.load(STACK, project.root, None, open_=open_, catalog=catalog)
