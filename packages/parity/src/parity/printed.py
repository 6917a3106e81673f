"""Printed commands of other programs, as they must be typed where the shell does not reach what this command did."""

from __future__ import annotations

import re
import shlex

_before: list[str] = []
"""What is put before them; nothing where the shell reaches it too."""
_COMMAND = r"""(?:[A-Z]+=\S+ )*(?:pulumi|psql|curl|gh|echo)(?! login) (?:'[^']*'|"[^"]*"|[^'"\n`])*"""
_PRINTED = re.compile(rf"(?<=`){_COMMAND}(?=`)|(?:^ {{4,}}|(?<=  to do: )){_COMMAND}", re.MULTILINE)
_SHELLS = re.compile(r"[$|&]|^[A-Z]+=")
"""What the shell that it is typed into would expand or take apart."""


def through(before: str) -> None:
    """From now on print them with this before them: the command of a program that runs its arguments."""
    _before[:] = [before]


def text(given: str) -> str:
    """A text with its commands as they must be typed; JSON, which programs read, as it is."""
    return _PRINTED.sub(_typed, given) if _before and not given.startswith(("{", "[")) else given


def _typed(found: re.Match[str]) -> str:
    command = found[0].lstrip()
    indent = found[0].removesuffix(command)
    if _SHELLS.search(re.sub("'[^']*'", "", command)):
        command = f"sh -c {shlex.quote(command)}"
    return f"{indent}{_before[0]} {command}"
