"""`parity stack list` and `parity stack new`: the stacks in the order of promotion."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from parity.cli.arguments import Arguments
from parity.cli.commands.options import Json, complete_stacks, put
from parity.cli.lazy_group import plain
from parity.problems import spell

stack = plain("List the stacks in their order, and make a new one.")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


@stack.command("list")
def list_(as_json: Json = False) -> None:
    """List the stacks in the order of promotion.

    Each with the stack that it promotes from and its live releases, from the files alone: no engine, no network. Exits
    2 where the files' order has a fault.
    """
    from parity.config.project import find_project
    from parity.releases import stack_list

    found = stack_list.read(find_project())
    put([each.document() for each in found], stack_list.text(found), as_json=as_json)


@stack.command("new")
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The new stack's name, for example qa.")],
    like: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="STACK",
            help="The stack that it is made from, and takes its releases from.",
            autocompletion=complete_stacks,
        ),
    ],
    as_json: Json = False,
) -> None:
    """Make a stack from another one.

    Writes its file in the form of the other one's: secrets of its own where any random text serves, no releases, no
    names of what is there already. What only a person knows (domains, hosts, URLs, secrets of vendors) is to be filled
    in: each command is printed, and until then `parity check` and the engine refuse the stack. Makes the stack at the
    backend, with a secrets provider of the same kind. Ends with all of it or none; where it was killed, run it again.
    Exits 2 where the stack exists or its names would not do, and 6 where the engine fails.
    """
    asked = Arguments()
    asked.stack(like, "--from")
    if not _NAME.fullmatch(name):
        asked.add("NAME", f"{name} is no name of a stack", "letters, digits, '-' and '_', for example qa")
    asked.require()
    from parity.releases import new_stack

    new_stack.require_free(asked.project, name)
    made = new_stack.draft(asked.project, name, like)
    from parity.cli.session import stack_of

    new_stack.make(stack_of(asked.project, name), made)
    catalog = asked.project.program.catalog()
    left = made.left(catalog)
    keys = [spell(each) for each in made.generated]
    document = {"stack": name, "promotes_from": like, "file": made.file, "generated": keys}
    lines = [
        f"{made.file} is written, and the stack {name} is at the backend; it promotes from {like}.",
        f"  Secrets of its own: {', '.join(keys)}",
        *(["To be filled in:"] if left else []),
        *(f"  {each.key}: {each.what}\n    {each.remedy}" for each in left),
        "Then:",
        f"  parity check --to {name}",
        f"  parity up {name}",
        *(f"  parity promote {each.name} --to {name} --up" for each in catalog.applications),
    ]
    put({**document, "to_fill_in": new_stack.commands(left)}, lines, as_json=as_json)
