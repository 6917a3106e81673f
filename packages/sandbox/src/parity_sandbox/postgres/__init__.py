"""The sandbox's own PostgreSQL: which binaries, as which user, and one cluster's life."""

ADMINISTRATOR = "parity_admin"
"""The role that the program's provider logs in with: it may make databases and roles, and is no superuser."""
