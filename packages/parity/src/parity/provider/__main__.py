"""`python -m parity.provider ENGINE`: what plugin/pulumi-resource-parity of a project runs."""

import gc
import sys

from parity.evaluate import lazy

gc.set_threshold(lazy.OBJECTS)
lazy.install()

from parity.provider.server import main  # noqa: E402 - after the imports that are deferred

main(sys.argv[1:])
