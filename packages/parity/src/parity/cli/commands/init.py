"""`parity init`: a new project from the template."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Where to; made where it is missing, else it must be empty.")
    ] = Path(),
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="The project's name. [default: the folder's]")
    ] = None,
    team: Annotated[str | None, typer.Option(metavar="NAME", help="The Vercel team's slug.")] = None,
    owner: Annotated[str | None, typer.Option(metavar="NAME", help="The GitHub organization.")] = None,
    repository: Annotated[str | None, typer.Option(metavar="NAME", help="The repository's name.")] = None,
    reviewers: Annotated[
        str | None, typer.Option(metavar="NAME", help="The GitHub team that approves what goes to prod.")
    ] = None,
    application: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="An application; may be given again.")
    ] = None,
    database: Annotated[list[str] | None, typer.Option(metavar="NAME", help="A database; may be given again.")] = None,
    domain: Annotated[
        str | None, typer.Option(metavar="DOMAIN", help="The domain under which the applications are served.")
    ] = None,
    defaults: Annotated[
        bool, typer.Option("--defaults", help="Take the defaults for what is not given, instead of asking.")
    ] = False,
) -> None:
    """Make a project from the template.

    It holds a program for staging and prod, its workflows and its tests, ready for the sandbox. What is not given is
    asked for. Nothing outside the folder is touched, and nothing is installed.
    """
    from parity.scaffold.create import create

    given = {
        "name": name,
        "vercel_team": team,
        "github_owner": owner,
        "repository": repository,
        "reviewers": reviewers,
        "applications": ", ".join(application) if application else None,
        "databases": ", ".join(database) if database else None,
        "domain": domain,
    }
    create(folder, {key: value for key, value in given.items() if value is not None}, defaults=defaults)
    typer.echo(
        f"The project is in {folder.absolute()}. To go on:\n"
        f"  cd {folder.absolute()}\n"
        "  git init && git add --all && git commit --message 'Start from the template'\n"
        "  make demo    # staging and prod in the sandbox\n"
        "  make test"
    )
