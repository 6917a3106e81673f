"""Printed commands, as they must be typed where the shell does not reach what this command did."""

from __future__ import annotations

import os
import re
import shlex

PREFIX = "PARITY_COMMAND_PREFIX"
"""The variable that says what is put before those of other programs; not set where the shell reaches it too."""
OWN = "PARITY_OWN_COMMAND_PREFIX"
"""The same of Parity's own, which reach a sandbox by themselves where the shell names no backend and no account."""
CODE = re.compile(r"`([^`]+)`")
"""A command, or another name, where a sentence quotes it."""
_COMMAND = r"""(?:[A-Z]+=\S+ )*(?:pulumi|psql|curl|gh|echo|parity)(?! login| sandbox) (?:'[^']*'|"[^"]*"|[^'"\n`])*"""
_PRINTED = re.compile(rf"(?<=`){_COMMAND}(?=`)|(?:^ {{4,}}|(?<=  to do: )){_COMMAND}", re.MULTILINE)
_SHELLS = re.compile(r"[$|&]|^[A-Z]+=")
"""What the shell that it is typed into would expand or take apart."""


def text(given: str) -> str:
    """A text with its commands as they must be typed; JSON, which programs read, as it is."""
    return _PRINTED.sub(_typed, given) if os.environ.get(PREFIX) and not given.startswith(("{", "[")) else given


def _typed(found: re.Match[str]) -> str:
    command = found[0].lstrip()
    indent = found[0].removesuffix(command)
    before = os.environ.get(OWN if command.startswith("parity ") else PREFIX)
    if not before:
        return found[0]
    if _SHELLS.search(re.sub("'[^']*'", "", command)):
        command = f"sh -c {shlex.quote(command)}"
    return f"{indent}{before} {command}"
