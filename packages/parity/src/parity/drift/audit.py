"""Audits one stack: reads desired, recorded and live state and gives the report."""

from __future__ import annotations

import itertools
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from parity import inventory
from parity.backend import blame, built
from parity.backend.ledger import ASIDE, NEWEST
from parity.backend.stack_backend import open_backend
from parity.drift import (
    compare,
    cross_stack,
    database_objects,
    marks,
    privileges,
    suppressions,
    unmanaged,
)
from parity.drift.model import Finding, Report, order
from parity.drift.remediation import Context
from parity.errors import ParityError
from parity.resources import kinds

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from parity.backend.ledger import Ledger
    from parity.backend.stack_backend import Backend
    from parity.config.settings import Settings
    from parity.evaluate.graph import Graph
    from parity.evaluate.stack import Stack
    from parity.inventory.model import LiveState
    from parity.vendors.http import Limits


_READ = re.compile(r"\b(?:secrets|vars)\.([A-Za-z_]\w*)")


@dataclass(frozen=True)
class Audit:
    """One audit: its report, and what suppressing, adopting and remediation need."""

    stack: Stack
    report: Report
    sides: compare.Sides
    context: Context
    place: Backend | None
    """The stack's backend, as the audit read it; None where that failed."""


def audit(stack: Stack, *, waiting: Callable[[str], None] = lambda _: None, limits: Limits | None = None) -> Audit:
    """Compare one stack's desired, recorded and live state without changing anything.

    Raises:
        ParityError: the stack's own files, config or record cannot be read, or a token is not set.
    """
    waiting("config and program")
    with ThreadPoolExecutor(max_workers=4) as pool:
        state = pool.submit(stack.recorded, show_secrets=True)
        kept = pool.submit(_backend, stack)
        names = [name for name in stack.project.stack_files() if name != stack.name]
        siblings = [stack.sibling(name) for name in names]
        opening = [pool.submit(_settings_of, each) for each in siblings]
        settings = stack.settings()
        graph = stack.declared(settings)
        waiting("Vercel, GitHub and PostgreSQL")
        seen = pool.submit(inventory.collect_live_state, graph, environment=stack.pulumi.environment, limits=limits)
        others: list[cross_stack.Other] = []
        notes: list[str] = []
        for sibling, each in zip(siblings, opening, strict=True):
            # The program is evaluated in one thread: the SDK has one runtime for the process.
            other, note = _other(sibling, each.result())
            others += [other] if other else []
            notes += [note] if note else []
        live_state = seen.result()
        recorded = state.result()
    place, last = kept.result()
    ledger = place.ledger if place else None
    modes = frozenset(each.sslmode for each in settings.databases.values())
    elsewhere = frozenset(names).union(*(compare.environments(other.graph) for other in others))
    sides = compare.Sides(graph, recorded, live_state, elsewhere, read_by_workflows(stack.project.root), modes)
    found = [*find(sides, others), *built_otherwise(sides, ledger)]
    recorded, more = _recorded(found, ledger)
    findings = suppressions.apply(recorded, settings.exceptions, datetime.now(UTC).date())
    notes += more
    report = _report(stack, sides, findings, notes, last)
    return Audit(stack, report, sides, Context.of(settings, live_state), place)


def find(sides: compare.Sides, others: list[cross_stack.Other]) -> list[Finding]:
    """All findings, in the order of reports; a cross-stack finding is not repeated as changed or unmanaged."""
    found = [
        *compare.compare(sides),
        *unmanaged.compare(sides),
        *database_objects.compare(sides),
        *privileges.compare(sides),
    ]
    found = cross_stack.cross(found, others) + cross_stack.find(sides, others)
    crossing = {(each.urn, each.path) for each in found if each.kind == "cross-stack" and each.urn and each.cause}
    held = {each.id_ for each in found if each.kind == "cross-stack" and each.id_ and not each.urn}
    kept = [
        each
        for each in found
        if not (each.kind == "changed" and (each.urn, each.path) in crossing)
        and not (each.kind == "unmanaged" and each.id_ in held)
    ]
    return sorted(marks.on_server(marks.renamed(kept, sides), sides), key=order)


def _report(stack: Stack, sides: compare.Sides, findings: list[Finding], notes: list[str], last: str) -> Report:
    live_state: LiveState = sides.live_state
    types = {urn: sides.graph.resources[urn].type for urn in live_state.keys}
    return Report(
        stack=stack.name,
        findings=tuple(findings),
        read_failures=live_state.read_failures,
        notes=tuple(notes),
        inventoried=sum(live_state.was_read(urn, type_) for urn, type_ in types.items()),
        declared=len(types),
        calls=live_state.calls,
        time=datetime.now(UTC).replace(microsecond=0),
        last_update=last,
    )


def read_by_workflows(root: Path) -> frozenset[str]:
    """The names, in capitals, of the secrets and variables that the project's workflows read."""
    texts = (path.read_text() for path in sorted((root / ".github" / "workflows").glob("*.y*ml")))
    return frozenset(name.upper() for text in texts for name in _READ.findall(text))


def _settings_of(stack: Stack) -> Settings | None:
    """Another stack's settings with its secrets open; None if this caller cannot open them."""
    try:
        return stack.settings()
    except ParityError:
        return None


def _other(stack: Stack, settings: Settings | None) -> tuple[cross_stack.Other | None, str]:
    """Another stack to compare with, and a note on what is not compared."""
    opened = settings is not None
    note = "" if opened else f"the secrets of {stack.name} could not be opened: only its names were compared with"
    try:
        chosen = settings or stack.sealed_settings()
        graph: Graph = stack.declared(chosen)
    except ParityError as error:
        return None, f"nothing was compared with {stack.name}: its config has faults ({str(error).splitlines()[0]})"
    return cross_stack.Other(stack.name, graph, opened), note


def _backend(stack: Stack) -> tuple[Backend | None, str]:
    """The stack's backend, and how the last update in its ledger ended; empty where there is none."""
    place = None
    try:
        place = open_backend(stack)
        newest = itertools.islice(place.ledger.newest(), NEWEST) if place.ledger else ()
        last = next((each for each in newest if each.begin.get("command") not in ASIDE), None)
    except ParityError as error:
        return place, f"not known: {error.what}"
    return place, f"{last.result}, begun {last.started:%Y-%m-%d %H:%M:%S} UTC" if last else ""


def _recorded(findings: list[Finding], ledger: Ledger | None) -> tuple[list[Finding], list[str]]:
    """The findings with the operation that declared each property last, and a note where the record cannot be read."""
    places = {(each.urn, each.path) for each in findings if each.urn and each.kind in {"changed", "missing"}}
    if ledger is None or not places:
        return findings, []
    try:
        lines = blame.latest(ledger, places)
    except ParityError as error:
        return findings, [f"which operation declared each property is not known: {error.what}"]
    said = {place: line.sentence for place, line in lines.items()}
    return [replace(each, recorded=said.get((each.urn, each.path), "")) for each in findings], []


DECLARED = "what was declared"


def built_otherwise(sides: compare.Sides, ledger: Ledger | None) -> list[Finding]:
    """A finding for each kept release of which the record says so, or says that it is not known."""
    findings: list[Finding] = []
    for urn, pair in compare.pairs(sides).items():
        if pair.resource.type != kinds.DEPLOYMENT or pair.recorded is None:
            continue
        known = built.read(ledger, pair.recorded.id)
        if known is None or known.verdict == "declared":
            continue
        otherwise = known.verdict == "otherwise"
        place = (kinds.DEPLOYMENT, pair.resource.name, "built", sides.live_state.keys[urn], urn)
        findings.append(
            Finding(
                "changed" if otherwise else "unknowable", *place, DECLARED, "; ".join(known.inputs),
                "a deployment keeps what it was built with, whatever its project has now",
                "outside" if otherwise else "", id_=known.deployment,
                facts={"commit": str(pair.resource.inputs.get("ref"))},
            )
        )  # fmt: skip
    return findings
