"""Which release a deployment is of, by the id that each of Vercel's log lines has, and which operation built it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from parity.backend import blame
from parity.documents import Document, mapping
from parity.errors import UsageError
from parity.resources import kinds
from parity.resources.urn import Urn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parity.backend.ledger import Ledger, Record
    from parity.engine.state import State

_BUILT = frozenset({"create", "replace", "import"})


@dataclass(frozen=True)
class Release:
    """A release, by one of its deployments."""

    deployment: str
    """Vercel's id, `dpl_...`."""
    stack: str
    name: str
    """The deployment's resource: `shop-deployment-r2`."""
    release: str
    commit: str

    def __str__(self) -> str:
        return f"{self.deployment} is {self.name} of {self.stack}: release {self.release}, commit {self.commit}"

    def document(self) -> Document:
        """As JSON."""
        return {"id": self.deployment, "stack": self.stack, "release": self.release, "commit": self.commit}


def find(recorded: Mapping[str, State], ledgers: Mapping[str, Ledger], identity: str) -> Release:
    """The release of a deployment: one that is kept, else one that was live at the begin of an operation.

    Args:
        recorded: the state of each stack, by its name.
        ledgers: the record of each stack.
        identity: Vercel's id, `dpl_...`.

    Raises:
        UsageError: neither knows it.
    """
    for stack, state in recorded.items():
        for each in state.resources:
            if each.type == kinds.DEPLOYMENT and each.id == identity:
                meta = mapping(each.outputs.get("meta"))
                name = Urn.parse(each.urn).name
                return Release(identity, stack, name, str(meta.get("release")), str(meta.get("commit")))
    for stack, ledger in ledgers.items():
        for record in ledger.newest():
            for application, was in mapping(record.begin.get("before")).items():
                if mapping(was).get("deployment") == identity:
                    release = str(was["live"])
                    name = kinds.deployment_name(application, release)
                    return Release(identity, stack, name, release, str(was.get("commit")))
    raise UsageError(
        f"no stack has a deployment {identity}",
        where="OP",
        remedy="it is a preview's, or its release was pruned and never live: Vercel's page of it names the commit; "
        "`parity log` shows the operations of that time",
    )


def built_by(ledger: Ledger, release: Release) -> Record:
    """The operation that built a release.

    Raises:
        UsageError: the release is older than the record.
    """
    wanted = blame.What({release.name: ""})
    for record in ledger.newest(wanted.touches):
        if any(_built(record, row) and wanted.touches(str(row["urn"])) for row in record.differences):
            return record
    raise UsageError(
        f"{release}, which is older than the record",
        where="OP",
        remedy=f"`parity log {release.stack}` shows what there is",
    )


def _built(record: Record, row: Document) -> bool:
    return row["operation"] in _BUILT and (record.done is None or row["urn"] in record.done)
