"""What stands for `python3` and `parity` in an instance: has it run by the warm process, or becomes the real
interpreter.

Run by an interpreter that loads no more than this, so that it starts at once.
"""

from __future__ import annotations

import array
import json
import os
import socket
import sys

_PROGRAM = "pulumi-language-python-exec"
_SERVED = ["-P", "-m", "parity.evaluate"]
_PLUGINS = (["-P", "-m", "parity.provider"], ["-P", "-m", "parity_sandbox.standin"], ["-u", "-m", "pulumi.policy"])


def stand_in(address: str, python: str, packages: str, mark: str) -> None:
    """Do what the command line asks for.

    Args:
        address: the warm process's socket.
        python: the real interpreter.
        packages: a file with what `pip list -v --format json` says; the language host asks for it at each start of the
            engine, half a second each.
        mark: the variable that is set where plugins are to be run so too.
    """
    words = sys.argv[1:]
    if words[:3] == ["-m", "pip", "list"]:
        with open(packages, encoding="utf-8") as stream:  # noqa: PTH123 - pathlib takes as long as all of this
            sys.stdout.write(stream.read())
        return
    if words == ["--version"]:  # the language host asks that too
        print("Python", sys.version.split()[0])  # noqa: T201 - the answer
        return
    plugin = words[:3] in _PLUGINS and mark in os.environ
    program = words[:3] == _SERVED or (words and os.path.basename(words[0]) == _PROGRAM)  # noqa: PTH119 - as above
    if not plugin and not program:
        os.execv(python, [python, *words])  # noqa: S606 - becoming the program is the purpose
    _end_as(_run(address, words))


def command(address: str, program: str) -> None:
    """Have a Python script run with this command line: the one at the path `program`."""
    _end_as(_run(address, [program, *sys.argv[1:]]))


def _end_as(status: int) -> None:
    """End as the run did."""
    if os.WIFSIGNALED(status):
        os.kill(os.getpid(), os.WTERMSIG(status))
    sys.exit(os.waitstatus_to_exitcode(status))


def _run(address: str, words: list[str]) -> int:
    """Have it run; gives how it ended, as `wait` would."""
    wanted = {"words": words, "folder": os.getcwd(), "environment": dict(os.environ)}  # noqa: PTH109 - as above
    body = json.dumps(wanted).encode()
    with socket.socket(socket.AF_UNIX) as channel:
        channel.connect(address)
        streams = array.array("i", [0, 1, 2])
        channel.sendmsg([f"{len(body)}\n".encode()], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, streams)])
        channel.sendall(body)
        answer = channel.makefile().readline()
    if not answer:
        raise ConnectionError("the warm process is gone")
    return int(answer)
