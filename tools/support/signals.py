"""What a run of the engine needs of the signals that it inherits."""

from __future__ import annotations

import signal


def take_interrupts() -> None:
    """Have what this process starts end at an interrupt, also where it was itself started in the background.

    A shell without job control starts its background jobs with SIGINT ignored, and each process hands that on. The
    engine ends its language hosts by this signal: where they ignore it, it kills them after five seconds, in every run.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
