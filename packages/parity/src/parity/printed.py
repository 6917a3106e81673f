"""Printed commands of other programs, as they must be typed where the shell does not reach what this command did."""

from __future__ import annotations

import os
import re
import shlex

PREFIX = "PARITY_COMMAND_PREFIX"
"""The variable that says what is put before them; not set where the shell reaches it too."""
_COMMAND = r"""(?:[A-Z]+=\S+ )*(?:pulumi|psql|curl|gh|echo)(?! login) (?:'[^']*'|"[^"]*"|[^'"\n`])*"""
_PRINTED = re.compile(rf"(?<=`){_COMMAND}(?=`)|(?:^ {{4,}}|(?<=  to do: )){_COMMAND}", re.MULTILINE)
_SHELLS = re.compile(r"[$|&]|^[A-Z]+=")
"""What the shell that it is typed into would expand or take apart."""


def text(given: str) -> str:
    """A text with its commands as they must be typed; JSON, which programs read, as it is."""
    return _PRINTED.sub(_typed, given) if os.environ.get(PREFIX) and not given.startswith(("{", "[")) else given


def _typed(found: re.Match[str]) -> str:
    command = found[0].lstrip()
    indent = found[0].removesuffix(command)
    if _SHELLS.search(re.sub("'[^']*'", "", command)):
        command = f"sh -c {shlex.quote(command)}"
    return f"{indent}{os.environ[PREFIX]} {command}"
