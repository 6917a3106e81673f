"""`parity migration render`: SQL of a team's revisions in Python."""

from __future__ import annotations

from typing import Annotated

import typer

from parity.cli.lazy_group import plain

app = plain("Render the revisions of Alembic or Django to SQL.")


@app.callback()
def group() -> None:
    """Keeps `render` a word of its own: typer leaves out the name of a group's only command."""


@app.command("render")
def render(
    database: Annotated[str, typer.Argument(metavar="DATABASE", help="The database, as the catalog names it.")],
    by_hand: Annotated[
        list[str] | None,
        typer.Option(
            "--by-hand",
            metavar="REVISION",
            help="A revision of which the tool renders a part only; the rest is written by hand. May be repeated.",
        ),
    ] = None,
) -> None:
    """Write the SQL of each new or changed revision.

    The tool renders them (`alembic upgrade heads --sql`, `manage.py sqlmigrate`), by the command in the catalog;
    Django's opens its database for that. The files are committed. What is there keeps its name; one that was written by
    hand keeps its statements. Exits 2 where the tool fails, or a revision runs Python on rows.
    """
    from parity.config.project import find_project
    from parity.errors import UsageError
    from parity.releases import render as rendering

    project = find_project()
    databases = {each.name: each for each in project.program.catalog().databases}
    if database not in databases:
        raise UsageError(f"There is no database {database}.", remedy=f"There are: {', '.join(databases) or 'none'}.")
    written = rendering.render(project.root, databases[database], by_hand or ())
    typer.echo("\n".join(f"wrote {each}" for each in written) or "Every revision is rendered.")
