"""What really exists: read through the vendors' own interfaces and SQL, by natural key, never through Pulumi.

`collect_live_state(graph)` gives for every declared resource what is there under its natural key, what is there
beside it in a project, environment, repository or database that the stack owns, and what could not be looked at. It
writes nothing and needs credentials that can read.
"""

from parity.inventory.collect import collect_live_state
from parity.inventory.model import LiveObject, LiveState, ReadFailure

__all__ = ["LiveObject", "LiveState", "ReadFailure", "collect_live_state"]
