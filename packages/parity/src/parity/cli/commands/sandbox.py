"""`parity sandbox`: the local Vercel and GitHub APIs, PostgreSQL and edge, and programs run against them."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from parity import printed
from parity.cli.commands.options import Directory, Json, put
from parity.cli.lazy_group import plain
from parity.errors import SandboxDownError, SandboxError, UsageError

if TYPE_CHECKING:
    from parity.local.sandbox import Local

app = plain("Run the local sandbox, and programs against it.")
snapshot = plain("Save and load the sandbox's complete state.")
fault = plain("Make the sandbox's services fail on purpose.")
app.add_typer(snapshot, name="snapshot")
app.add_typer(fault, name="fault")


def _sandbox(directory: Path | None) -> Local:
    from parity.config.project import find_project
    from parity.local.sandbox import Local

    project = find_project()
    return Local(project, project.sandbox_directory(directory))


@app.command()
def up(directory: Directory = None) -> None:
    """Start the sandbox.

    The engine's plugins are installed into it. Does nothing where it runs already.
    """
    from parity.console import Screen
    from parity.engine import toolchain

    screen, sandbox = Screen(), _sandbox(directory)
    with screen.step("Engine") as step:
        tools = toolchain.resolve(step.waiting)
        step.done(toolchain.summary(tools))
    with screen.step("Sandbox") as step:
        running = sandbox.up(step.waiting)
        step.waiting("the plugins")
        sandbox.equip(tools)
        step.done(f"folder {sandbox.directory}")
    screen.out.print(f"Control API: {running.control_url}", soft_wrap=True)


@app.command()
def down(
    directory: Directory = None,
    wipe: Annotated[bool, typer.Option("--wipe", help="Delete the sandbox's folder too, with all its state.")] = False,
) -> None:
    """Stop the sandbox.

    What it holds stays for the next `up` unless it is wiped.
    """
    typer.echo(_sandbox(directory).down(wipe=wipe))


@app.command()
def status(directory: Directory = None, as_json: Json = False) -> None:
    """Say whether the sandbox runs, and where.

    Exits 3 where it does not run, 4 where a part does not answer.
    """
    from parity_sandbox import lifecycle

    document = lifecycle.status(_sandbox(directory).directory)
    put(document, [_status(document)], as_json=as_json)
    if not document["running"]:
        raise typer.Exit(SandboxDownError.exit_code)
    if document["health"]["status"] != "ok":
        raise typer.Exit(SandboxError.exit_code)


def _status(document: dict[str, Any]) -> str:
    if not document["running"]:
        return f"not running, folder {document['directory']}; start it: parity sandbox up"
    ports = ", ".join(f"{name} {port}" for name, port in document["ports"].items())
    postgres = document["health"]["postgres"]
    return (
        f"running, {document['health']['status']}, process {document['pid']}\n"
        f"folder      {document['directory']}\n"
        f"control API {document['url']}\n"
        f"ports       {ports}\n"
        f"PostgreSQL  {postgres['version']} ({postgres['origin']})"
    )


@app.command()
def env(directory: Directory = None) -> None:
    """Print the environment that leads into the sandbox.

    As `export` lines for a shell's `eval`. It holds secrets.
    """
    from parity.engine import toolchain

    sandbox = _sandbox(directory)
    sandbox.running()
    found = sandbox.of_project(toolchain.resolve())
    for name, value in sorted(found.items()):
        if os.environ.get(name) != value:
            typer.echo(f"export {name}={shlex.quote(value)}")
    for name in sorted(set(os.environ) - set(found)):
        typer.echo(f"unset {name}")


@app.command(name="exec", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
def execute(
    command: Annotated[list[str], typer.Argument(metavar="-- COMMAND...", help="The program and its arguments.")],
    directory: Directory = None,
) -> None:
    """Run a program in the sandbox's environment.

    It meets the sandbox where it would meet Vercel, GitHub and PostgreSQL. The program takes this process's place: its
    exit code and signals are its own.
    """
    from parity.local.environment import accounts, backends

    sandbox = _sandbox(directory)
    environment = sandbox.enter()
    chosen = ["--dir", str(directory)] if directory else []
    environment[printed.PREFIX] = shlex.join(["parity", "sandbox", "exec", *chosen, "--"])
    project = sandbox.project
    if chosen or backends(os.environ, project.stack_document(project.root / "Pulumi.yaml")) or accounts(os.environ):
        environment[printed.OWN] = environment[printed.PREFIX]
    try:
        os.execvpe(command[0], command, environment)  # noqa: S606 - no shell is wanted
    except OSError as error:
        raise UsageError(f"{command[0]} cannot be run: {error.strerror}", remedy="check its name and PATH") from error


@app.command(name="logs")
def show_logs(
    directory: Directory = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the sandbox stops.")] = False,
    lines: Annotated[
        int, typer.Option("--lines", "-n", metavar="COUNT", help="How many of the last lines.", min=0)
    ] = 50,
) -> None:
    """Print the end of the server's log.

    A JSON object a line.
    """
    from parity_sandbox import lifecycle

    for line in lifecycle.logs(_sandbox(directory).directory, lines, follow=follow):
        typer.echo(line)


@app.command()
def reset(directory: Directory = None) -> None:
    """Empty the sandbox, which goes on running.

    What Vercel, GitHub and PostgreSQL hold is gone, and Pulumi's state.
    """
    _sandbox(directory).reset()
    typer.echo("The sandbox is as new.")


@snapshot.command(name="save")
def snapshot_save(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Letters, digits, dots and hyphens.")],
    directory: Directory = None,
) -> None:
    """Keep a copy of the sandbox under a name.

    The vendors' objects, PostgreSQL and Pulumi's state.
    """
    _sandbox(directory).client().save_snapshot(name)
    typer.echo(f"Saved as {name}.")


@snapshot.command(name="load")
def snapshot_load(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name from `list`.")], directory: Directory = None
) -> None:
    """Put everything back as it was when the snapshot was saved."""
    _sandbox(directory).client().load_snapshot(name)
    typer.echo(f"Loaded {name}.")


@snapshot.command(name="list")
def snapshot_list(directory: Directory = None, as_json: Json = False) -> None:
    """List the snapshots, oldest first."""
    rows = _sandbox(directory).client().snapshots()
    put(rows, (row["name"] for row in rows), as_json=as_json)


@fault.command(name="add")
def fault_add(
    service: Annotated[str, typer.Option(metavar="SERVICE", help="vercel, github or edge.")],
    action: Annotated[str, typer.Option(metavar="ACTION", help="status, delay, drop, hang or truncate.")],
    method: Annotated[str | None, typer.Option(metavar="METHOD", help="Only requests with this method.")] = None,
    path: Annotated[
        str | None,
        typer.Option(metavar="EXPRESSION", help="Only requests whose path this regular expression finds."),
    ] = None,
    nth: Annotated[
        int, typer.Option(metavar="NUMBER", help="The first matching request that fails, from 1.", min=1)
    ] = 1,
    times: Annotated[int, typer.Option(metavar="COUNT", help="How many fail from there on.", min=1)] = 1,
    when: Annotated[str, typer.Option(metavar="WHEN", help="before or after the request takes effect.")] = "before",
    status_code: Annotated[
        int | None, typer.Option("--status", metavar="CODE", help="The status that is answered.")
    ] = None,
    retry_after: Annotated[
        int | None, typer.Option(metavar="SECONDS", help="Seconds in the Retry-After header.")
    ] = None,
    delay_seconds: Annotated[float | None, typer.Option(metavar="SECONDS", help="How long a delay takes.")] = None,
    directory: Directory = None,
) -> None:
    """Add a fault, and print its id."""
    document = {
        "service": service,
        "action": action,
        "method": method,
        "path": path,
        "nth": nth,
        "times": times,
        "when": when,
        "status": status_code,
        "retry_after": retry_after,
        "delay_seconds": delay_seconds,
    }
    answer = _sandbox(directory).client().add_fault(**{k: v for k, v in document.items() if v is not None})
    typer.echo(answer["id"])


@fault.command(name="list")
def fault_list(directory: Directory = None, as_json: Json = False) -> None:
    """List the faults with how often each was met."""
    rows = _sandbox(directory).client().faults()
    put(rows, map(json.dumps, rows), as_json=as_json)


@fault.command(name="clear")
def fault_clear(directory: Directory = None) -> None:
    """Remove every fault."""
    _sandbox(directory).client().clear_faults()
    typer.echo("No faults are left.")
