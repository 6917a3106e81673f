"""Starts the servers of sandboxes sooner: forks of the warm process, which has loaded what they load."""

from __future__ import annotations

import os
import select
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from support.paths import ROOT
from support.warm_client import ask, line

if TYPE_CHECKING:
    import _socket

    from support.warm import Warm


class Forked:
    """A run of the warm process, as much of a `Popen` as who starts a sandbox takes; its end is this object's too."""

    def __init__(self, channel: _socket.socket) -> None:
        self._channel = channel
        self.pid = int(line(channel))
        self.returncode: int | None = None

    def wait(self) -> int:
        self.returncode = os.waitstatus_to_exitcode(int(line(self._channel)))
        return self.returncode

    def poll(self) -> int | None:
        if self.returncode is None and select.select([self._channel], [], [], 0)[0]:
            self.wait()
        return self.returncode

    def terminate(self) -> None:
        os.kill(self.pid, signal.SIGTERM)


_running: list[Forked] = []


def spawn(warm: Warm, words: list[str], environment: dict[str, str], output: int) -> Forked:
    """What stands for `lifecycle.spawn`."""
    found = fork(warm, ["-P", *words], ROOT, environment, (output, output))
    _running[:] = [*(each for each in _running if each.poll() is None), found]
    return found


def fork(
    warm: Warm, words: list[str], folder: Path, environment: dict[str, str], streams: tuple[int, int] = (1, 2)
) -> Forked:
    """Have the words run in a folder, with nothing to read and these descriptors to write to."""
    variables = {os.fsencode(name): os.fsencode(value) for name, value in environment.items()}
    with Path(os.devnull).open("rb") as nothing:
        return Forked(ask(str(warm.socket), words, os.fsencode(folder), variables, (nothing.fileno(), *streams)))
