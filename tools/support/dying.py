"""Runs a command of `parity` that is killed, by SIGKILL, right before one of its writes next to the state.

`python -m support.dying PATTERN NUMBER COMMAND...`: the pattern is searched in the object's key, and the number says
which of the writes that match it is, from 1, never made.
"""

from __future__ import annotations

import os
import re
import signal
import sys

from parity.cli.main import main
from parity.engine.store import FolderStore

_create = FolderStore.create


def _until(pattern: str, number: int) -> None:
    left = [number]

    def create(store: FolderStore, key: str, data: bytes) -> bool:
        left[0] -= bool(re.search(pattern, key))
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        return _create(store, key, data)

    FolderStore.create = create


if __name__ == "__main__":
    _until(sys.argv[1], int(sys.argv[2]))
    sys.argv = ["parity", *sys.argv[3:]]
    main()
