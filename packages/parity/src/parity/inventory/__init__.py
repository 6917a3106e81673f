"""What really exists: read through the vendors' own interfaces and SQL, by natural key, never through Pulumi.

`reality(graph)` gives for every resource that the program declares what is there under its natural key, what is there
beside it in a project, environment, repository or database that the stack owns, and what could not be looked at. It
writes nothing and needs credentials that can read.
"""

from parity.inventory import model
from parity.inventory.collect import reality
from parity.inventory.model import Found, Reality, Unseen

__all__ = ["Found", "Reality", "Unseen", "model", "reality"]
