"""The sandbox: local Vercel and GitHub APIs, a real PostgreSQL and an edge, behind a proxy on loopback."""

OBJECTS = 100_000
"""For `gc.set_threshold`: modules make many objects and no garbage, and Python would search them at each 700."""
