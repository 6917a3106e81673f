"""`parity image`: the container image that a job runs in, built from lock files alone."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from parity.cli.commands.options import Json, put
from parity.cli.lazy_group import plain

app = plain("Build a job's container image, and compare two.")

_Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder that `parity image build` wrote.")]


@app.command()
def build(
    out: Annotated[
        Path, typer.Option("--out", metavar="FOLDER", help="Where to; an earlier image there is replaced.")
    ] = Path("image"),
    wheels: Annotated[
        Path,
        typer.Option("--wheels", metavar="FOLDER", help="The wheels of packages that uv.lock names as folders."),
    ] = Path("dist"),
    as_json: Json = False,
) -> None:
    """Build a job's image, without a daemon.

    From uv.lock, the engine's pinned Go modules and Debian's pinned packages: an OCI layout, its bill of materials and
    its provenance. The same inputs give the same digest on any machine. Prints the digest.
    """
    import os

    from parity.config.project import find_project
    from parity.console import Screen
    from parity_toolchain.image import assemble

    with Screen().step("Image") as step:
        image = assemble.build(find_project().root, out.absolute(), wheels.absolute(), os.environ, step.waiting)
        step.done(f"{image.size / 1e6:.0f} MB in {image.folder}")
    put(image.document(), [image.digest], as_json=as_json)


@app.command()
def diff(first: _Folder, second: _Folder, as_json: Json = False) -> None:
    """Explain why two images differ, file by file.

    Exits 1 where they do.
    """
    from parity_toolchain.image.compare import differences

    found = differences(first, second)
    put([asdict(each) for each in found], map(str, found), as_json=as_json)
    if found:
        raise typer.Exit(1)
