"""Brings a live object under management: what to declare, and the import into recorded state."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parity.errors import UsageError
from parity.inventory.keys import application_of
from parity.resources import kinds
from parity.resources.kind import package
from parity.resources.urn import Urn, provider_urn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parity.drift.model import Finding, Report
    from parity.engine.state import State
    from parity.evaluate.graph import Graph
    from parity.evaluate.stack import Stack


@dataclass(frozen=True)
class Adoption:
    """How one object comes under management."""

    finding: Finding
    declare: str = ""
    """What the program must declare first; empty if it declares the object already."""
    resource: dict[str, Any] | None = None
    """The object as `pulumi import --file` takes it; None if it cannot be imported, or not yet."""
    obstacle: str = ""
    """Why it cannot be imported; empty if it can."""

    def document(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "finding": self.finding.id,
            "what": self.finding.resource,
            "declare": self.declare or None,
            "import": self.resource,
            "obstacle": self.obstacle or None,
        }


def choose(report: Report, identity: str | None) -> list[Finding]:
    """Choose the findings to adopt: one by its id, or all unmanaged objects.

    Raises:
        UsageError: there is no such finding, or its object is managed.
    """
    loose = [each for each in report.findings if each.kind == "unmanaged"]
    if identity is None:
        return loose
    chosen = [each for each in loose if each.id == identity]
    if not chosen:
        known = ", ".join(each.id for each in loose) or "none"
        raise UsageError(f"{identity} is no unmanaged object", where=report.stack, remedy=f"unmanaged now: {known}")
    return chosen


def prepare(finding: Finding, graph: Graph, state: State) -> Adoption:
    """Say what adopting one object takes."""
    kind = kinds.of(finding.type)
    if finding.cause != "not recorded" and kind.declare:
        application = application_of(finding.key[0], graph)
        return Adoption(finding, kind.declare(finding.target(application=application, stack=graph.stack)))
    if finding.cause != "not recorded":
        why = f"the program's components make no {kind.name}: remove it, or suppress the finding"
        return Adoption(finding, obstacle=why)
    if not finding.import_id:
        why = f"the provider cannot import a {kind.name}: remove it, and an update creates it"
        return Adoption(finding, obstacle=why)
    resource = graph.resources[finding.urn]
    parent, provider = state.of(resource.parent), _provider(graph, state, finding.urn)
    if parent is None or not provider:
        what = "its component" if parent is None else "its provider"
        why = f"{what} is not recorded yet: `parity recover {graph.stack}` records both"
        return Adoption(finding, obstacle=why)
    named = {"type": finding.type, "name": resource.name, "id": finding.import_id}
    return Adoption(finding, resource={**named, "parent": parent.urn, "provider": provider})


def _provider(graph: Graph, state: State, urn: str) -> str:
    """The recorded URN of the explicit provider that the resource is declared with; empty if none is recorded."""
    declared = provider_urn(graph.resources[urn].provider)
    known = [each for each in state.resources if each.type == f"pulumi:providers:{package(graph.resources[urn].type)}"]
    exact = next((each for each in known if each.urn == declared), None)
    return exact.urn if exact else (known[0].urn if known else "")


def document(adoptions: Sequence[Adoption]) -> dict[str, Any]:
    """The file that `pulumi import --file` takes."""
    names: dict[str, str] = {}
    resources: list[dict[str, Any]] = []
    for adoption in adoptions:
        if adoption.resource is None:
            continue
        row = dict(adoption.resource)
        for role in ("parent", "provider"):
            short = f"{role}-{Urn.parse(row[role]).name}"
            names[short] = row[role]
            row[role] = short
        resources.append(row)
    return {"nameTable": names, "resources": resources}


def options(stack: str, file: str) -> tuple[str, ...]:
    """The engine's arguments."""
    return ("import", "--file", file, "--stack", stack, "--yes", "--generate-code=false", "--protect=false")


def write(stack: Stack, adoptions: Sequence[Adoption]) -> int:
    """Import the objects that can be imported and return their number; raises UpdateError where the engine refused."""
    rows = document(adoptions)
    if not rows["resources"]:
        return 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "import.json"
        path.write_text(json.dumps(rows))
        stack.pulumi.run(*options(stack.name, str(path)))
    return len(rows["resources"])
