"""Names the database server of each finding, where it has a name, so that a remedy is run at the right one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from parity.inventory.keys import databases_on, server_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from parity.drift.compare import Sides
    from parity.drift.model import Finding

FACT = "server"
"""Names the server among a finding's facts."""


def mark(findings: Iterable[Finding], sides: Sides) -> list[Finding]:
    """The findings; those about a server with a name have it among their facts."""
    on = databases_on(sides.graph)
    roles = {each.key: each.server for each in sides.live_state.unmanaged if each.server}
    marked: list[Finding] = []
    for each in findings:
        server = _server(each, sides, on, roles) if each.vendor == "PostgreSQL" else ""
        marked.append(replace(each, facts={**each.facts, FACT: server}) if server else each)
    return marked


def _server(finding: Finding, sides: Sides, on: dict[str, str], roles: dict[tuple[str, ...], str]) -> str:
    resource = sides.graph.resources.get(finding.urn or str(finding.facts.get("urn")))
    if resource is not None:
        return server_of(resource)
    database = str(finding.facts.get("database") or finding.key[0])
    return str(finding.facts.get(FACT) or on.get(database) or roles.get(finding.key, ""))
