"""`python -m plugin ENGINE`: what the executable beside it runs."""

import sys

from plugin.server import main

main(sys.argv[1:])
