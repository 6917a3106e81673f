"""A record written operation by operation, with rows as updates record them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from infra.catalog import CATALOG
from parity.backend.ledger import Ledger
from parity.bisect.timeline import timeline
from parity.documents import is_mapping
from parity.engine.store import FolderStore

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from parity.bisect.changes import Timeline

HEAD = "urn:pulumi:staging::storefront::parity:components:"
LIMIT_KEY = "parity:applications.shop.variables.SEARCH_RESULTS_LIMIT"
LIMIT, SECRET, COMMIT = "shop.SEARCH_RESULTS_LIMIT", "shop.PAYMENT_SECRET_KEY", "commit of shop"
A, B, C = "a1" * 20, "b2" * 20, "c3" * 20

Row = dict[str, Any]


def row(kind: str, resource: str, operation: str = "update", **properties: tuple[Any, Any]) -> Row:
    """A row of the record: each property with both values; what is no mapping is plain, and None is absent."""
    found: list[Row] = []
    for path, pair in properties.items():
        sides = zip(("before", "after"), pair, strict=True)
        values: Row = {side: each if is_mapping(each) else {"value": each} for side, each in sides if each is not None}
        found.append({"path": path, **values})
    return {"urn": f"{HEAD}WebApp${kind}::{resource}", "operation": operation, "properties": found}


def variable(name: str, before: Any, after: Any, operation: str = "update") -> Row:
    """A variable of the shop."""
    kind = "vercel:index/projectEnvironmentVariable:ProjectEnvironmentVariable"
    return row(kind, f"shop-variable-{name}", operation, value=(before, after))


def built(release: str, commit: str) -> Row:
    """A deployment of the shop."""
    return row("vercel:index/deployment:Deployment", f"shop-deployment-{release}", "create", ref=(None, commit))


def live(before: str | None, after: str) -> Row:
    """A switch of the shop."""
    return row("parity:index:LiveRelease", "shop-live", "update" if before else "create", release=(before, after))


def login(generation: int) -> Row:
    """A login of the shop."""
    return row("postgresql:index/role:Role", f"storefront-shop-g{generation}", "create", login=(None, True))


def migration(number: int) -> Row:
    """A migration of the database."""
    return row("parity:index:Migration", f"storefront-migration-{number:04}", "create", number=(None, number))


@dataclass
class Operations:
    """The record of a stack."""

    folder: Path
    ids: list[str] = field(default_factory=list[str])

    @property
    def ledger(self) -> Ledger:
        """Where it is kept."""
        return Ledger(FolderStore(self.folder), "storefront", "staging")

    def add(
        self,
        *rows: Row,
        result: str = "succeeded",
        before: tuple[str, str] | None = None,
        causes: Sequence[Row] = (),
    ) -> Operations:
        """Record an operation; `before` is the shop's live release with its commit."""
        at = {"shop": {"live": before[0], "commit": before[1]}} if before else {}
        identity = self.ledger.begin({"command": "up", "actor": "ada", "differences": list(rows), "before": at})
        self.ledger.end(identity, {"result": result, "causes": list(causes)})
        self.ids.append(identity)
        return self

    def first(self) -> Operations:
        """Record the operation that makes the shop, with r1 of commit A, a limit of 20 and a secret."""
        return self.add(
            variable("SEARCH_RESULTS_LIMIT", None, "20", "create"),
            variable("PAYMENT_SECRET_KEY", None, {"secret": "f1"}, "create"),
            login(1),
            built("r1", A),
            live(None, "r1"),
        )

    def between(self, good: int = 0, bad: int = -1) -> Timeline:
        """The changes between two of its operations, by their place in it."""
        return timeline(self.ledger.records(), self.ids[good], self.ids[bad], CATALOG)
