"""`python3 -m parity.evaluate`: serves the program to a run of the engine."""

import gc

from parity.evaluate import lazy

gc.set_threshold(lazy.OBJECTS)
lazy.install()

from parity.evaluate.language import main  # noqa: E402 - after the imports that are deferred

main()
