"""Checks that everything is there that the sandbox and the engine need, and says what to do where it is not."""

from __future__ import annotations

import os
import socket
import sys
from typing import TYPE_CHECKING

from parity import extras
from parity.config.hardening import HARDENING
from parity.engine import toolchain
from parity.errors import ProjectError
from parity.local import accounts
from parity.local.finding import Check
from parity.local.translate import translated
from parity_toolchain.errors import EngineError
from parity_toolchain.resolver import MAKE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from parity.config.project import Project
    from parity.config.settings_model import Settings
    from parity.local.sandbox import Local

_OLDEST_PYTHON = (3, 11)
_CONNECT_SECONDS = 2.0


def local_sandbox(project: Project, directory: Path | None) -> Local | None:
    """The project's sandbox in `directory`, or in its usual folder; None where the extra is not installed."""
    if not extras.installed("parity_sandbox"):
        return None
    from parity.local.sandbox import Local  # noqa: PLC0415 - needs the extra

    return Local(project, project.sandbox_directory(directory))


def examine(project: Project, sandbox: Local | None, *, own_accounts: bool = False) -> list[Check]:
    """Every check, in the order in which things depend on each other; an error of one does not hide the others.

    With `own_accounts` it tries the tokens, the database and the backend that the environment leads to.
    """
    checks: list[Check] = []
    parts: list[tuple[str, Callable[[], Iterator[Check]]]] = [
        ("Python", python),
        ("engine", engine),
        ("stack files", lambda: stack_files(project)),
    ]
    if sandbox is None:
        parts.append(("sandbox", not_installed))
    else:
        parts += [("PostgreSQL", postgres), ("sandbox", lambda: running(sandbox))]
    if own_accounts:
        parts += [
            ("accounts", lambda: accounts.vendors(project.program.catalog())),
            ("backend", lambda: backend(project)),
            ("environments", lambda: accounts.environments(project)),
            ("workflows", lambda: accounts.workflows(project)),
        ]
    for name, part in parts:
        checks += _guarded(name, part)
    return checks


def _guarded(name: str, part: Callable[[], Iterator[Check]]) -> list[Check]:
    found: list[Check] = []
    try:
        found.extend(part())
    except Exception as error:
        known = translated(error)
        if known is None:
            raise
        found.append(Check(name, "fault", known.what, remedy=known.remedy))
    return found


def python() -> Iterator[Check]:
    """The Python that runs the program, and pip, which the language host asks for the installed packages."""
    version = sys.version.split()[0]
    if sys.version_info[:2] >= _OLDEST_PYTHON:
        yield Check("Python", "ok", f"{version}, {sys.executable}", source="environment")
    else:
        remedy = "install Python 3.11 or later; make setup"
        yield Check("Python", "fault", f"{version}, {sys.executable}", source="environment", remedy=remedy)


def engine() -> Iterator[Check]:
    """The engine, its language host and the plugins; nothing is built or fetched for this."""
    for tool in toolchain.inspect():
        state, detail = ("fault", tool.fault) if tool.fault else ("ok", f"{tool.version}, {tool.path}")
        yield Check(tool.name, state, detail, tool.source, tool.remedy)


def stack_files(project: Project) -> Iterator[Check]:
    """The stacks' files: there, and without a fault that can be seen without the secrets' values."""
    from parity.config import settings  # noqa: PLC0415 - imports the engine's SDK, which takes a second

    files = project.stack_files()
    if not files:
        yield Check(
            "stack files", "fault", f"{project.root} holds no Pulumi.<stack>.yaml", remedy="add one for each stack"
        )
    for stack, path in files.items():
        try:
            found = settings.load(stack, project.root, None)
        except ProjectError as error:
            yield Check(f"stack {stack}", "fault", str(error), remedy=f"correct {path.name}")
        else:
            yield Check(f"stack {stack}", "ok", path.name)
            yield from not_taken(found)


def not_taken(settings: Settings) -> Iterator[Check]:
    """What the stack puts off or leaves as it is, each with what it would break."""
    name = f"stack {settings.stack}"
    for step in HARDENING:
        if step.name in settings.postponed:
            how = f"remove `{step.name}` from parity:postponed; `parity preview {settings.stack}` shows what it changes"
            yield Check(name, "note", f"does not take `{step.name}`, which {step.does}. {step.breaks}", remedy=how)
    for each in settings.exceptions:
        if each.accepts == "drift" and each.property != "*":
            how = f"remove the exception; `parity preview {settings.stack}` shows what it changes"
            left = f"leaves {each.resource} {each.property.removesuffix('*')} as it is: {each.reason}"
            yield Check(name, "note", left, remedy=how)


def backend(project: Project) -> Iterator[Check]:
    """The state backend that the environment leads to, and the stacks' secrets there."""
    try:
        toolchain.resolve(at_hand=True)
    except EngineError:
        yield Check("backend", "note", "not checked: the engine is not there", remedy=MAKE)
        return
    yield from accounts.backend(project)


def not_installed() -> Iterator[Check]:
    """The sandbox, where its package is not installed: real accounts do not need it."""
    yield Check("sandbox", "note", "not installed", remedy=extras.remedy("sandbox"))


def postgres() -> Iterator[Check]:
    """The PostgreSQL that the sandbox would run."""
    from parity_sandbox.postgres.binaries import find_binaries  # noqa: PLC0415 - needs the extra

    binaries = find_binaries()
    yield Check("PostgreSQL", "ok", f"{binaries.version}, {binaries.folder}", source=binaries.origin)


def running(sandbox: Local) -> Iterator[Check]:
    """The sandbox, where it runs: every part that its health names, its certificate authority and state backend."""
    status = sandbox.status()
    if not status["running"]:
        yield Check("sandbox", "note", f"not running, folder {sandbox.directory}", remedy="parity sandbox up")
        return
    health = status["health"]
    well = health["status"] == "ok"
    detail = f"{health['status']}, {status['url']}, folder {sandbox.directory}"
    yield Check("sandbox", "ok" if well else "fault", detail, remedy="parity sandbox down; parity sandbox up")
    for name, port in status["ports"].items():
        yield _port(name, port)
    yield _file("certificates", sandbox.layout.bundle)
    yield _folder("sandbox backend", sandbox.layout.backend)


def _port(name: str, port: int) -> Check:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=_CONNECT_SECONDS).close()
    except OSError as error:
        remedy = "parity sandbox down; parity sandbox up"
        return Check(f"{name} port", "fault", f"{port} does not answer: {error}", remedy=remedy)
    return Check(f"{name} port", "ok", f"127.0.0.1:{port}")


def _file(name: str, path: Path) -> Check:
    if path.is_file() and path.stat().st_size:
        return Check(name, "ok", str(path))
    return Check(name, "fault", f"{path} is missing", remedy="parity sandbox down --wipe; parity sandbox up")


def _folder(name: str, path: Path) -> Check:
    if path.is_dir() and os.access(path, os.W_OK):
        return Check(name, "ok", path.as_uri())
    remedy = "correct its rights, or name another with --dir"
    return Check(name, "fault", f"{path} is no folder that can be written", remedy=remedy)
