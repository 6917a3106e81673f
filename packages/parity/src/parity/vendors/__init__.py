"""The vendors' own interfaces: one HTTP client, how each vendor is reached, and whether a deployment is healthy."""

import sys

# httpx does without its own command line, which takes longer to load than all else of it.
sys.modules.setdefault("httpx._main", None)  # pyright: ignore[reportArgumentType] - Python's own way to say: not here
