"""`parity secret set`, `parity secret fingerprint`, `parity config set`: one line of a stack's file."""

from __future__ import annotations

import getpass
import secrets
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from parity.cli.arguments import of_stack
from parity.cli.commands.options import Json, put
from parity.cli.commands.options import Stack as StackName
from parity.cli.lazy_group import plain
from parity.errors import UsageError

if TYPE_CHECKING:
    from parity.releases.stack_values import Edit

secret = plain("Set a secret of a stack's file, and its fingerprint.")
config = plain("Set a plain value of a stack's file.")

_GENERATED_BYTES = 32


@config.callback()
def _group() -> None:
    """Set a plain value of a stack's file."""


Key = Annotated[
    str,
    typer.Argument(metavar="KEY", help="The full key, for example `parity:applications.shop.variables.NAME`."),
]


@secret.command("set")
def set_secret(
    stack: StackName,
    key: Key,
    generate: Annotated[
        bool, typer.Option("--generate", help="Make the value: 43 random characters. It is not shown.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Encrypt a secret into a stack's file.

    The value comes from standard input (one line break at its end is left out), from a prompt in a terminal, or from
    --generate; never from the arguments, which other processes can read. The secret's line changes, and the line of its
    fingerprint, which stands for the value in a release's digest; every other byte stays. Exits 2 where the catalog has
    no such secret, and 6 where the stack's secrets provider does not open.
    """
    project = of_stack(stack)
    from parity.cli.session import stack_of
    from parity.releases import stack_values

    value = secrets.token_urlsafe(_GENERATED_BYTES) if generate else read(key)
    _keep(stack_values.set_secret(stack_of(project, stack), key, value), as_json=as_json)


@secret.command("fingerprint")
def fingerprint(stack: StackName, as_json: Json = False) -> None:
    """Write the fingerprints of secrets that were set another way.

    Decrypts the stack's secrets; `pulumi config set --secret` leaves the fingerprints as they were. Those of secrets
    that the catalog no longer has are removed.
    """
    project = of_stack(stack)
    from parity.cli.session import stack_of
    from parity.releases import stack_values

    _keep(stack_values.fingerprint(stack_of(project, stack)), as_json=as_json)


@config.command("set")
def set_plain(
    stack: StackName,
    key: Key,
    value: Annotated[str, typer.Argument(metavar="VALUE", help="The value; what is secret is refused.")],
    as_json: Json = False,
) -> None:
    """Write a plain value into a stack's file.

    One line changes, every other byte stays; needs no key of the stack and no backend. Exits 2 where the catalog has no
    such key, or the value is not what the key takes.
    """
    project = of_stack(stack)
    from parity.cli.session import file_alone
    from parity.releases import stack_values

    _keep(stack_values.set_plain(file_alone(project, stack), key, value), as_json=as_json)


def read(key: str) -> str:
    """The secret: from a prompt in a terminal, else standard input without one line break at its end."""
    if not sys.stdin.isatty():
        value = sys.stdin.read().removesuffix("\n").removesuffix("\r")
    else:
        value = getpass.getpass(f"{key}: ")
        if getpass.getpass("again: ") != value:
            raise UsageError("the two values differ", where="prompt", remedy="run it again")
    if not value:
        raise UsageError("the value is empty", where="standard input", remedy="give it there, or say --generate")
    return value


def _keep(edit: Edit, *, as_json: bool) -> None:
    """Write the file, and say what was changed."""
    if edit.changed:
        edit.write()
    lines = [
        f"{edit.path.name} {'is changed' if edit.changed else 'stays as it is'}.",
        *(f"  {note}" for note in edit.notes),
    ]
    put({"file": edit.path.name, "changed": edit.changed, "notes": list(edit.notes)}, lines, as_json=as_json)
