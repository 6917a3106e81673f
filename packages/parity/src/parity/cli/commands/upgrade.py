"""`parity upgrade`: the template's changes, merged into the project."""

from __future__ import annotations

import typer

from parity.errors import UnsureError


def upgrade() -> None:
    """Merge the template's changes into the project.

    They are those since the project's version; exits 10 where a person has to resolve conflicts. The project's files
    alone are changed, and nothing is committed: `git diff` shows it, `git restore .` undoes it.
    """
    from parity.config.project import find_project
    from parity.console import Screen
    from parity.scaffold import upgrade as upgrading

    project = find_project()
    with Screen().step("Upgrade") as step:
        done = upgrading.upgrade(project.root, step.waiting)
        step.done("nothing to do" if done is None else f"{done.old} to {done.new}")
    if done is None:
        return
    marks = dict.fromkeys(done.merged.conflicts, "conflict")
    for name in sorted({*done.merged.written, *done.merged.removed, *done.merged.conflicts}):
        typer.echo(f"  {marks.get(name, 'removed' if name in done.merged.removed else 'changed'):<8} {name}")
    if done.merged.conflicts:
        raise UnsureError(
            f"{len(done.merged.conflicts)} of the files were changed by the team and by the template in one place",
            where=", ".join(done.merged.conflicts),
            remedy="resolve what stands between <<<<<<< and >>>>>>>; then make lock setup check, and commit",
        )
    typer.echo("To go on: make lock setup check; then commit.")
