"""The sandbox's own PostgreSQL: which binaries, as which user, and one cluster's life."""

from parity_sandbox.postgres.binaries import Binaries, find_binaries
from parity_sandbox.postgres.cluster import ADMINISTRATOR, Cluster

__all__ = ["ADMINISTRATOR", "Binaries", "Cluster", "find_binaries"]
