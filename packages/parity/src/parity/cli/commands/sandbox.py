"""`parity sandbox`: the local Vercel and GitHub APIs, PostgreSQL and edge, and programs run against them."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from parity.cli.commands.options import Directory, Json
from parity.config.project import find_project
from parity.console import Screen
from parity.engine import toolchain
from parity.errors import SandboxDownError, SandboxError, UsageError

if TYPE_CHECKING:
    from parity.local import sandbox

app = typer.Typer(no_args_is_help=True, help="Run the local sandbox, and programs against it.")
snapshot = typer.Typer(no_args_is_help=True, help="Save and load the sandbox's whole state.")
fault = typer.Typer(no_args_is_help=True, help="Make the sandbox's services fail on purpose.")
app.add_typer(snapshot, name="snapshot")
app.add_typer(fault, name="fault")


def _sandbox(directory: Path | None) -> sandbox.Local:
    from parity.local import sandbox  # noqa: PLC0415 - needs the extra `sandbox`; the help does not

    project = find_project()
    return sandbox.Local(project, project.sandbox_directory(directory))


@app.command()
def up(directory: Directory = None) -> None:
    """Start the sandbox and install the engine's plugins into it; does nothing where it runs already."""
    screen, sandbox = Screen(), _sandbox(directory)
    with screen.step("Engine") as step:
        tools = toolchain.resolve(step.waiting)
        step.done(toolchain.summary(tools))
    with screen.step("Sandbox") as step:
        running = sandbox.up(step.waiting)
        step.waiting("the plugins")
        sandbox.equip(tools)
        step.done(f"folder {sandbox.directory}")
    screen.out.print(f"Status page: {running.control_url}", soft_wrap=True)


@app.command()
def down(
    directory: Directory = None,
    wipe: Annotated[bool, typer.Option("--wipe", help="Delete the sandbox's folder too, with all its state.")] = False,
) -> None:
    """Stop the sandbox. What it holds stays for the next `up` unless it is wiped."""
    screen, sandbox = Screen(), _sandbox(directory)
    screen.out.print(escape(sandbox.down(wipe=wipe)), soft_wrap=True)


@app.command()
def status(directory: Directory = None, as_json: Json = False) -> None:
    """Say whether the sandbox runs, and where; exits 3 where it does not run, 4 where a part does not answer."""
    document = _sandbox(directory).status()
    if as_json:
        typer.echo(json.dumps(document, indent=2))
    else:
        _show_status(Screen(), document)
    if not document["running"]:
        raise typer.Exit(SandboxDownError.exit_code)
    if document["health"]["status"] != "ok":
        raise typer.Exit(SandboxError.exit_code)


def _show_status(screen: Screen, document: dict[str, Any]) -> None:
    if not document["running"]:
        screen.out.print(
            f"not running, folder {escape(document['directory'])}; start it: parity sandbox up", soft_wrap=True
        )
        return
    ports = ", ".join(f"{name} {port}" for name, port in document["ports"].items())
    postgres = document["health"]["postgres"]
    screen.out.print(
        f"running, {document['health']['status']}, process {document['pid']}\n"
        f"folder      {escape(document['directory'])}\n"
        f"status page {document['url']}\n"
        f"ports       {ports}\n"
        f"PostgreSQL  {postgres['version']} ({postgres['origin']})",
        soft_wrap=True,
    )


@app.command()
def env(directory: Directory = None) -> None:
    """Print the environment that leads into the sandbox, as `export` lines for a shell's `eval`. Holds secrets."""
    sandbox = _sandbox(directory)
    sandbox.running()
    found = sandbox.environment(toolchain.resolve())
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
    """Run a program that meets the sandbox where it would meet Vercel, GitHub and PostgreSQL.

    The program takes this process's place: its exit code and signals are its own.
    """
    sandbox = _sandbox(directory)
    sandbox.running()
    tools = toolchain.resolve()
    sandbox.equip(tools)
    sandbox.seed(strict=False)
    environment = sandbox.environment(tools)
    try:
        os.execvpe(command[0], command, environment)  # noqa: S606 - no shell is wanted
    except OSError as error:
        raise UsageError(f"{command[0]} cannot be run: {error.strerror}", remedy="check its name and PATH") from error


@app.command(name="logs")
def show_logs(
    directory: Directory = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the sandbox stops.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", help="How many of the last lines.", min=0)] = 50,
) -> None:
    """Print the end of the server's log, a JSON object a line."""
    for line in _sandbox(directory).logs(lines, follow=follow):
        typer.echo(line)


@app.command()
def reset(directory: Directory = None) -> None:
    """Forget everything that Vercel, GitHub and PostgreSQL hold, and Pulumi's state; the sandbox goes on running."""
    sandbox = _sandbox(directory)
    sandbox.reset()
    Screen().out.print("The sandbox is as new.")


@snapshot.command(name="save")
def snapshot_save(
    name: Annotated[str, typer.Argument(help="Letters, digits, dots and hyphens.")], directory: Directory = None
) -> None:
    """Keep a copy of the vendors' objects, PostgreSQL and Pulumi's state under a name."""
    _sandbox(directory).client().save_snapshot(name)
    Screen().out.print(f"Saved as {escape(name)}.")


@snapshot.command(name="load")
def snapshot_load(
    name: Annotated[str, typer.Argument(help="A name from `list`.")], directory: Directory = None
) -> None:
    """Put everything back as it was when the snapshot was saved."""
    _sandbox(directory).client().load_snapshot(name)
    Screen().out.print(f"Loaded {escape(name)}.")


@snapshot.command(name="list")
def snapshot_list(directory: Directory = None, as_json: Json = False) -> None:
    """List the snapshots, oldest first."""
    rows = _sandbox(directory).client().snapshots()
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        typer.echo(row["name"])


@fault.command(name="add")
def fault_add(
    service: Annotated[str, typer.Option(help="vercel, github or edge.")],
    action: Annotated[str, typer.Option(help="status, delay, drop, hang or truncate.")],
    method: Annotated[str | None, typer.Option(help="Only requests with this method.")] = None,
    path: Annotated[str | None, typer.Option(help="Only requests whose path this regular expression finds.")] = None,
    nth: Annotated[int, typer.Option(help="The first matching request that fails, from 1.", min=1)] = 1,
    times: Annotated[int, typer.Option(help="How many fail from there on.", min=1)] = 1,
    when: Annotated[str, typer.Option(help="before or after the request takes effect.")] = "before",
    status_code: Annotated[int | None, typer.Option("--status", help="The status that is answered.")] = None,
    retry_after: Annotated[int | None, typer.Option(help="Seconds in the Retry-After header.")] = None,
    delay_seconds: Annotated[float | None, typer.Option(help="How long a delay takes.")] = None,
    directory: Directory = None,
) -> None:
    """Add a fault; prints its id."""
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
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        typer.echo(json.dumps(row))


@fault.command(name="clear")
def fault_clear(directory: Directory = None) -> None:
    """Remove every fault."""
    _sandbox(directory).client().clear_faults()
    Screen().out.print("No faults are left.")
