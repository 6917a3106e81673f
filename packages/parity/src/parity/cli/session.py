"""What a command works with: the project's stack, and the engine in the shell's environment or in the sandbox's.

Where the shell names no backend and no account, and the checkout's sandbox runs, the command is led into the sandbox
as `parity sandbox exec` would lead it, and its first line says so. Wherever anything of an account is configured, the
shell's environment is taken as it is.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import typer

from parity import printed
from parity.errors import ApiError, UsageError
from parity.local.environment import accounts, backends

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from parity.config.project import Project
    from parity.engine.pulumi import Pulumi
    from parity.evaluate.stack import Stack
    from parity.vendors.http import Client

Answer = TypeVar("Answer")


def stack_of(project: Project, name: str) -> Stack:
    """A stack with its engine; raises as `engine_of`."""
    from parity.evaluate.stack import Stack  # noqa: PLC0415 - the engine's resolver, after the arguments

    return Stack(name, project, engine_of(project))


def file_alone(project: Project, name: str) -> Stack:
    """A stack for a command that reads its file and asks no engine: none is searched for or built."""
    from parity.engine.pulumi import Pulumi  # noqa: PLC0415 - as above
    from parity.evaluate.stack import Stack  # noqa: PLC0415 - as above

    return Stack(name, project, Pulumi(Path("pulumi"), project.root, os.environ))


def engine_of(project: Project) -> Pulumi:
    """The engine, in the environment that the command is to work in; raises as `settle`, and EngineError for none."""
    settle(project)
    from parity.evaluate.stack import ambient  # noqa: PLC0415

    return ambient(project)


def settle(project: Project) -> None:
    """Leave the environment as it is where it names a backend; else lead this process into the checkout's sandbox.

    Raises UsageError where the shell names no backend, and no sandbox runs here or the shell has an account's tokens.
    """
    if backends(os.environ, project.stack_document(project.root / "Pulumi.yaml")):
        return
    directory = project.sandbox_directory(None)
    foreign = accounts(os.environ)
    if foreign or not _runs(directory):
        raise _nowhere(directory, foreign)
    _enter(project, directory)


def _runs(directory: Path) -> bool:
    """Whether a sandbox runs there, asked of its lock alone; False where the sandbox's package is not installed."""
    try:
        from parity_sandbox.layout import Layout  # noqa: PLC0415 - an extra of the package
        from parity_sandbox.locks import is_held  # noqa: PLC0415
    except ModuleNotFoundError:
        return False
    layout = Layout(directory)
    return layout.server.exists() and is_held(layout.lock)


def _nowhere(directory: Path, foreign: list[str]) -> UsageError:
    ways = "log in to your backend: `pulumi login`, or export PULUMI_BACKEND_URL; or, with no account: "
    if not foreign:
        return UsageError(
            "no state backend is configured, and no sandbox runs here",
            where=f"environment, Pulumi.yaml, {directory}",
            remedy=f"{ways}`make demo` or `parity sandbox up`",
        )
    return UsageError(
        f"no state backend is configured; the sandbox is not used, because an account is: {', '.join(foreign)}",
        where="environment",
        remedy=f"{ways}unset {' '.join(foreign)}, or put `parity sandbox exec --` before the command",
    )


def _enter(project: Project, directory: Path) -> None:
    """Give this process the environment that `parity sandbox exec` gives to its program."""
    from parity.local.sandbox import Local  # noqa: PLC0415 - the engine's resolver and the sandbox's server

    near = directory.relative_to(project.root) if directory.is_relative_to(project.root) else directory
    typer.echo(
        f"Sandbox: {near}, because no backend is configured (other programs: parity sandbox exec -- PROGRAM)", err=True
    )
    environment = Local(project, directory).enter()
    for name in set(os.environ) - set(environment):
        del os.environ[name]
    os.environ.update(environment)
    os.environ[printed.PREFIX] = "parity sandbox exec --"


def ask_github(token: str, ask: Callable[[Client], Awaitable[Answer]], *, what: str, where: str, right: str) -> Answer:
    """Make requests to GitHub; raises ApiError, which says what failed and what right the token needs."""
    import asyncio  # noqa: PLC0415 - as the client, after the arguments

    from parity.vendors import services  # noqa: PLC0415
    from parity.vendors.http import Client, VendorError  # noqa: PLC0415

    async def answer() -> Answer:
        async with Client(services.github(token, os.environ.get("GITHUB_API_URL", ""))) as github:
            return await ask(github)

    try:
        return asyncio.run(answer())
    except VendorError as error:
        raise ApiError(f"{what}: {error}", where=where, remedy=f"see that GITHUB_TOKEN may {right}") from error
