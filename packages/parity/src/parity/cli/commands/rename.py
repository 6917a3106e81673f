"""`parity rename`: another name in the catalog and in every stack's file, and none for what exists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from parity.cli.commands.options import Json, put
from parity.cli.lazy_group import plain

if TYPE_CHECKING:
    from pathlib import Path

app = plain("Rename an application or a database; what exists stays.")

Old = Annotated[str, typer.Argument(metavar="OLD", help="The name that it has.")]
New = Annotated[str, typer.Argument(metavar="NEW", help="The name that it gets.")]


@app.command("application")
def application(old: Old, new: New, as_json: Json = False) -> None:
    """Rename an application in the catalog and in every stack's file.

    The catalog notes the name that it was first declared under, `formerly`: project, database roles, deployments and
    the engine's records go on under it, so that the next preview has nothing to change. No vendor and no backend is
    asked. Run it again where it was interrupted. Exits 2 where the name is taken or not there.
    """
    _rename("Application", old, new, as_json=as_json)


@app.command("database")
def database(old: Old, new: New, as_json: Json = False) -> None:
    """Rename a database in the catalog and in every stack's file.

    As for an application: the database and its roles keep what they are called on the server, and the data stays.
    """
    _rename("Database", old, new, as_json=as_json)


def _rename(model: str, old: str, new: str, *, as_json: bool) -> None:
    from parity.config.project import find_project
    from parity.config.rename import Rename
    from parity.releases import stack_file

    project, rename = find_project(), Rename(model, old, new)
    rename.require_free(project.program.catalog())
    catalog = project.root / project.program.catalog_file
    texts = {each: stack_file.read_text(each) for each in (*project.stack_files().values(), catalog)}
    made = {each: rename.in_stack_file(each.name, text) for each, text in texts.items() if each != catalog}
    made[catalog] = rename.in_catalog(project.program.catalog_file, texts[catalog])  # last: until then it is run again
    changed: list[Path] = [each for each in made if made[each] != texts[each]]
    for each in changed:
        stack_file.replace_text(each, texts[each], made[each])
    names = [str(each.relative_to(project.root)) for each in changed]
    lines = [
        f"Changed: {', '.join(names) or 'nothing'}.",
        f"The {rename.what} {new} goes on under the names that were made for {old}. To see it for each stack:",
        *(f"  parity preview {stack}" for stack in project.stack_files()),
    ]
    put({"changed": names}, lines, as_json=as_json)
