"""The command line run in this process: for commands that end before they start an engine or a sandbox."""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass

import pytest

from parity.cli.main import main


@dataclass(frozen=True)
class Ended:
    """How a command ended, named as `subprocess.run` names it."""

    returncode: int
    stdout: str
    stderr: str


def parity(*arguments: str) -> Ended:
    """Run `parity` with these arguments in the current folder and environment, as a process of its own would.

    An error that the command line does not show as one is raised.
    """
    out, err = io.StringIO(), io.StringIO()
    code: object = 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["parity", *arguments])
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
    assert isinstance(code, int), code
    return Ended(code, out.getvalue(), err.getvalue())
