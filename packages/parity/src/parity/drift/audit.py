"""One audit of one stack: reads what is declared, recorded and live, and gives the report."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from parity import inventory, redact
from parity.backend.stack_backend import open_backend
from parity.drift import built_otherwise, compare, cross_stack, exceptions, privileges, unmanaged
from parity.drift.model import KINDS, Finding, Report
from parity.drift.remediation import Context
from parity.errors import ParityError
from parity.evaluate.stack import Stack
from parity.resources import kinds

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from parity.backend.ledger import Ledger
    from parity.config.settings import Settings
    from parity.evaluate.graph import Graph
    from parity.inventory.model import LiveState
    from parity.redact import Redactor
    from parity.vendors.http import Limits


_READ = re.compile(r"\b(?:secrets|vars)\.([A-Za-z_]\w*)")


@dataclass(frozen=True)
class Audit:
    """One audit: its report, and what follow-ups need."""

    stack: Stack
    report: Report
    sides: compare.Sides
    context: Context


def audit(stack: Stack, *, waiting: Callable[[str], None] = lambda _: None, limits: Limits | None = None) -> Audit:
    """Look at one stack, changing nothing.

    Args:
        stack: the stack; its engine gives the config and the record, and runs no update.
        waiting: is told what is waited for.
        limits: when to give up on a vendor.

    Raises:
        ParityError: the stack's own files, config or record cannot be read, or a token is not set.
    """
    waiting("config and program")
    with ThreadPoolExecutor(max_workers=4) as pool:
        state = pool.submit(stack.recorded, show_secrets=True)
        last = pool.submit(_last_update, stack)
        kept = pool.submit(_ledger, stack)
        names = [name for name in stack.project.stack_files() if name != stack.name]
        siblings = [Stack(name, stack.project, stack.pulumi) for name in names]
        opening = [pool.submit(_settings_of, each) for each in siblings]
        settings = stack.settings()
        graph = stack.declared(settings)
        waiting("Vercel, GitHub and PostgreSQL")
        seen = pool.submit(inventory.collect_live_state, graph, environment=stack.pulumi.environment, limits=limits)
        others: list[cross_stack.Other] = []
        notes: list[str] = []
        for sibling, each in zip(siblings, opening, strict=True):
            # The program is evaluated in one thread: the SDK has one runtime for the whole process.
            other, note = _other(sibling, each.result())
            others += [other] if other else []
            notes += [note] if note else []
        live_state = seen.result()
        recorded = state.result()
    redactor = redact.of(_with_real_secrets(graph), stack.pulumi.environment)
    sides = compare.Sides(graph, recorded, live_state, frozenset(names), read_by_workflows(stack.project.root))
    found = [*find(sides, others), *built_otherwise.compare(sides, kept.result())]
    findings = exceptions.apply(found, settings.exceptions, datetime.now(UTC).date())
    report = _report(stack, sides, [_clean(each, redactor) for each in findings], notes, last.result())
    return Audit(stack, report, sides, _context(stack, settings, live_state))


def _context(stack: Stack, settings: Settings, live_state: LiveState) -> Context:
    found = [each for under in live_state.under.values() for each in under if each.type == kinds.PROJECT]
    repository = settings.catalog.repository
    return Context(
        stack=stack.name,
        team=live_state.account.get("team", settings.catalog.vercel_team),
        repository=f"{repository.owner}/{repository.name}",
        projects={each.key[0]: each.id for each in found},
    )


def find(sides: compare.Sides, others: list[cross_stack.Other]) -> list[Finding]:
    """Every finding, in the order of reports; what is crossed is not told a second time as changed."""
    found = [*compare.compare(sides), *unmanaged.compare(sides), *privileges.compare(sides)]
    found = cross_stack.cross(found, others) + cross_stack.find(sides, others)
    told = {(each.urn, each.path) for each in found if each.kind == "cross-stack" and each.urn and each.cause}
    held = {each.id_ for each in found if each.kind == "cross-stack" and each.id_ and not each.urn}
    kept = [
        each
        for each in found
        if not (each.kind == "changed" and (each.urn, each.path) in told)
        and not (each.kind == "unmanaged" and each.id_ in held)
    ]
    return sorted(kept, key=lambda each: (KINDS.index(each.kind), each.vendor, each.type, each.name, each.path))


def _report(stack: Stack, sides: compare.Sides, findings: list[Finding], notes: list[str], last: str) -> Report:
    live_state: LiveState = sides.live_state
    types = {urn: sides.graph.resources[urn].type for urn in live_state.keys}
    return Report(
        stack=stack.name,
        findings=tuple(findings),
        read_failures=live_state.read_failures,
        notes=tuple(notes),
        looked_at=sum(live_state.looked(urn, type_) for urn, type_ in types.items()),
        declared=len(types),
        calls=live_state.calls,
        time=datetime.now(UTC).replace(microsecond=0),
        last_update=last,
    )


def _clean(finding: Finding, redactor: Redactor) -> Finding:
    """The finding with every secret of the stack taken out of its texts, wherever a vendor put it."""
    texts = {name: redactor.text(getattr(finding, name)) for name in ("name", "declared", "live", "detail", "by")}
    return replace(finding, **texts)


def _with_real_secrets(graph: Graph) -> Graph:
    """The graph without what the SDK marks as secret and is none: plain variables, and a deployment's release names."""
    chosen = {
        urn: each
        for urn, each in graph.resources.items()
        if each.type != kinds.DEPLOYMENT and not (each.type == kinds.VARIABLE and each.inputs.get("sensitive") is False)
    }
    return replace(graph, resources=chosen)


def read_by_workflows(root: Path) -> frozenset[str]:
    """The names of secrets and variables that the project's workflows read, in capitals."""
    texts = (path.read_text() for path in sorted((root / ".github" / "workflows").glob("*.y*ml")))
    return frozenset(name.upper() for text in texts for name in _READ.findall(text))


def _settings_of(stack: Stack) -> Settings | None:
    """Another stack's settings with its secrets open, or None where this caller cannot open them."""
    try:
        return stack.settings()
    except ParityError:
        return None


def _other(stack: Stack, settings: Settings | None) -> tuple[cross_stack.Other | None, str]:
    """Another stack to compare with, and what is not compared."""
    opened = settings is not None
    note = "" if opened else f"the secrets of {stack.name} could not be opened: only its names were compared with"
    try:
        chosen = settings or stack.sealed_settings()
        graph: Graph = stack.declared(chosen)
    except ParityError as error:
        return None, f"nothing was compared with {stack.name}: its config has faults ({str(error).splitlines()[0]})"
    return cross_stack.Other(stack.name, graph, opened), note


def _ledger(stack: Stack) -> Ledger | None:
    """The stack's ledger; None where there is none, or it cannot be opened, which `_last_update` says."""
    try:
        return open_backend(stack).ledger
    except ParityError:
        return None


def _last_update(stack: Stack) -> str:
    """How the last update in the ledger ended; empty where there is none, or none can be read."""
    try:
        ledger = open_backend(stack).ledger
        records = ledger.records(last=1) if ledger else []
    except ParityError as error:
        return f"not known: {error.what}"
    return f"{records[0].result}, begun {records[0].started:%Y-%m-%d %H:%M:%S} UTC" if records else ""
