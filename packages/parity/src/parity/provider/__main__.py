"""`python -m parity.provider ENGINE`: what plugin/pulumi-resource-parity of a project runs."""

import sys

from parity.provider import lean

lean.leave_out()

from parity.provider.server import main  # noqa: E402 - after the modules that are left out

main(sys.argv[1:])
