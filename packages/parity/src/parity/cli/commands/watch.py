"""`parity watch`: what a command that died, or a job that was cancelled, has left unwatched."""

from __future__ import annotations

from parity.cli import arguments
from parity.cli.commands.options import Json, Stack, put


def watch(stack: Stack, as_json: Json = False) -> None:
    """Watch a release to the end of its time; a bad one goes back.

    The commands that make a release live watch it themselves, where the catalog declares `watch`. This goes on where
    one of them died or was interrupted; the time begins again. Exits 17 where the release is bad: it went back and is
    held, or, where it cannot go back, it is held alone. Exits 21 where the counts of its errors cannot be read.
    """
    project = arguments.of_stack(stack)
    from parity.cli.session import stack_of
    from parity.console import Screen
    from parity.releases import watch as watching

    ended = watching.watch(stack_of(project, stack), Screen())
    lines = map(str, ended or [f"No release of {stack} is left to be watched."])
    put({"stack": stack, "watches": [each.document() for each in ended]}, lines, as_json=as_json)
    watching.require(stack, ended)
