"""The inventory: reads live state through the vendors' own APIs and SQL, by natural key, never through Pulumi.

`collect_live_state(graph)` gives the live objects under each declared resource's natural key, the unmanaged objects in
the projects, environments, repository and databases that the stack owns, and the reads that failed. It writes nothing
and needs credentials that can read.
"""

from parity.inventory.collect import collect_live_state
from parity.inventory.model import LiveObject, LiveState, ReadFailure

__all__ = ["LiveObject", "LiveState", "ReadFailure", "collect_live_state"]
