"""`python -m plugin ENGINE`: what the executable beside it runs."""

import sys

import lean

lean.leave_out()

from plugin.server import main  # noqa: E402 - after the modules that are left out

main(sys.argv[1:])
