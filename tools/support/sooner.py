"""Runs a command of `parity` to which a minute of a watch is a second: `python -m support.sooner COMMAND...`."""

from __future__ import annotations

import sys
from datetime import timedelta

from parity.cli.main import main
from parity.releases import watch

if __name__ == "__main__":
    watch.timedelta = lambda minutes: timedelta(seconds=minutes)  # type: ignore[assignment, misc]
    sys.argv[0] = "parity"
    main()
