"""What stands for `python3` and `parity` in an instance: has it run by the warm process, or becomes the real
interpreter.

Run by an interpreter that loads no more than this, so that it starts at once.
"""

from __future__ import annotations

import _socket
import os
import sys

_PROGRAM = "pulumi-language-python-exec"
_SERVED = (["-P", "-m", "parity.evaluate"], ["-P", "-m", "support.dying"], ["-P", "-m", "support.sooner"])
_PLUGINS = (["-P", "-m", "parity.provider"], ["-P", "-m", "parity_sandbox.standin"], ["-u", "-m", "pulumi.policy"])


def stand_in(address: str, python: str, mark: str) -> None:
    """Do what the command line asks for.

    Args:
        address: the warm process's socket.
        python: the real interpreter.
        mark: the variable that is set where plugins are to be run so too.
    """
    words = sys.argv[1:]
    plugin = words[:3] in _PLUGINS and mark in os.environ
    program = words[:3] in _SERVED or (words and os.path.basename(words[0]) == _PROGRAM)  # noqa: PTH119 - pathlib takes as long as all of this
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
    channel = ask(address, words, os.getcwdb(), dict(os.environb), (0, 1, 2))  # noqa: PTH109 - as above
    line(channel)
    return int(line(channel))


def ask(
    address: str, words: list[str], folder: bytes, environment: dict[bytes, bytes], streams: tuple[int, int, int]
) -> _socket.socket:
    """Have it run in a folder, with variables and three descriptors; gives the channel.

    Sent are the number of words, the words, the folder and the variables, each ended by a zero byte. What comes is the
    run's process, a line, and once it has ended how, as `wait` gives it. A run whose channel is closed is killed.
    """
    variables = [name + b"=" + value for name, value in environment.items()]
    sent = [str(len(words)).encode(), *map(os.fsencode, words), folder, *variables]
    body = b"".join(each + b"\0" for each in sent)
    channel = _socket.socket(_socket.AF_UNIX)
    channel.connect(address)
    passed = b"".join(number.to_bytes(4, sys.byteorder) for number in streams)
    channel.sendmsg([b"%d\n" % len(body)], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, passed)])
    channel.sendall(body)
    return channel


def line(channel: _socket.socket) -> bytes:
    """The next line that it says."""
    answer = b""
    while not answer.endswith(b"\n"):
        more = channel.recv(1)
        if not more:
            raise ConnectionError("the warm process is gone")
        answer += more
    return answer
