"""Reads again what an update wrote, by the independent inventory, and compares it with what was declared.

A vendor may accept a write and keep something else: GitHub drops a reviewer who has no access to the repository,
PostgreSQL revokes nothing from an object of another role's. The engine records what it sent. So what the update
created, updated or replaced is read through the vendors' own interfaces, never through the providers, and compared as
an audit for drift compares it. What nothing was written to is not read.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from parity import inventory
from parity.drift import compare, marks, privileges, remediation, unmanaged
from parity.errors import ParityError, VerifyError
from parity.inventory.keys import MARKER, opened
from parity.resources import kinds
from parity.resources.kind import vendor

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from parity.config.settings import Settings
    from parity.drift.model import Finding
    from parity.drift.remediation import Step
    from parity.engine.events import Operation
    from parity.engine.state import State
    from parity.evaluate.graph import Graph
    from parity.evaluate.stack import Stack
    from parity.inventory.model import LiveState

_WRITES = frozenset({"create", "update", "replace", "create-replacement", "import", "import-replacement"})
"""The engine's operations after which something must be as declared; a replacement also comes as its parts."""


@dataclass(frozen=True)
class Verified:
    """What was read again after an update, and what was kept otherwise."""

    read: int = 0
    """Resources that were compared."""
    steps: tuple[Step, ...] = ()
    """What a vendor kept otherwise, each finding with its remedy."""
    unread: tuple[str, ...] = ()
    """What could not be read again, and why; nothing is known of it."""
    calls: int = 0
    """Requests to vendors, statements and logins."""
    seconds: float = 0.0
    images: Mapping[str, str] = field(default_factory=dict[str, str])
    """The digests of the images that were built, by application and release; empty where one is not known."""

    def document(self) -> dict[str, Any]:
        """For `--json` and the ledger."""
        return {
            "read": self.read,
            "findings": [{**each.finding.document(), "remedy": each.document()} for each in self.steps],
            "unread": list(self.unread),
            "calls": self.calls,
            "seconds": round(self.seconds, 3),
            **({"images": dict(self.images)} if self.images else {}),
        }

    @property
    def text(self) -> str:
        """What came out, in a few words."""
        parts = [f"{self.read} resources read again, {self.calls} calls"]
        parts += [f"{len(self.steps)} kept otherwise"] if self.steps else []
        parts += [f"{len(self.unread)} could not be read"] if self.unread else []
        return ", ".join(parts)

    def require(self, stack: str) -> None:
        """Raise VerifyError where a vendor kept something otherwise."""
        if self.steps:
            raise VerifyError(
                f"The update is done, and {len(self.steps)} of what it wrote was accepted and is not as declared:\n"
                + "\n".join(_said(each) for each in self.steps),
                where=stack,
                remedy=f"what stands below each; `parity drift {stack}` then says whether it is right",
            )


def _said(step: Step) -> str:
    finding = step.finding
    if finding.kind == "missing":
        what = f"{finding.resource} is not there"
    else:
        what = f"{finding.what}: declared {finding.declared or 'nothing'}, kept {finding.live or 'nothing'}"
    return f"  {finding.vendor}: {what}\n    {step.command or 'no command'}\n    ({step.why})"


def written(operations: Iterable[Operation], graph: Graph) -> frozenset[str]:
    """The URNs of what an update wrote and the inventory reads; what it tried in vain is the next recovery's."""
    return frozenset(
        each.urn
        for each in operations
        if each.done
        and each.operation in _WRITES
        and each.urn in graph.resources
        and graph.resources[each.urn].type in kinds.MANAGED
    )


def verify(stack: Stack, settings: Settings, graph: Graph, urns: frozenset[str]) -> Verified:
    """Read again what an update wrote.

    Where something is not as declared, all of it is read a second time, and what is right then is no finding: a
    vendor's list may lag behind its own writes. What no interface shows is no finding either.

    `urns` are as `written` gives them; nothing is asked where there are none.
    """
    if not urns:
        return Verified()
    started = time.monotonic()
    part = concerned(graph, urns)

    def ask() -> LiveState:
        passwords = any(graph.resources[urn].type == kinds.ROLE for urn in urns)
        return inventory.collect_live_state(part, environment=stack.pulumi.environment, passwords=passwords)

    try:
        with ThreadPoolExecutor(max_workers=1) as pool:
            recorded = pool.submit(stack.recorded)
            live_state = ask()
            state = recorded.result()
        calls = sum(live_state.calls.values())
        findings = find(part, state, live_state, urns)
        if findings:
            live_state = ask()
            calls += sum(live_state.calls.values())
            again = {each.id for each in find(part, state, live_state, urns)}
            findings = [each for each in findings if each.id in again]
    except ParityError as error:
        # The update is done and has to be recorded as such: what is not known of it is a part of the record.
        return Verified(unread=(f"{len(urns)} resources: {error.what}",), seconds=time.monotonic() - started)
    unread = _unread(live_state, part, urns)
    steps = remediation.plan(tuple(findings), remediation.Context.of(settings, live_state))
    return Verified(
        sum(live_state.was_read(urn, part.resources[urn].type) for urn in urns),
        tuple(steps),
        tuple(unread),
        calls,
        time.monotonic() - started,
        _images(graph, state, urns),
    )


def _images(graph: Graph, state: State, urns: frozenset[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for urn in sorted(urns):
        resource, recorded = graph.resources[urn], state.of(urn)
        if resource.type == kinds.IMAGE and recorded is not None:
            release = str(resource.inputs["release"])
            application = graph.called(resource.name.removesuffix(f"-image-{release}"))
            found[f"{application} {release}"] = str(recorded.outputs.get("digest") or "")
    return found


def _unread(live_state: LiveState, graph: Graph, urns: frozenset[str]) -> list[str]:
    """The read failures that leave something unknown of what was written."""
    return [
        str(failure)
        for failure in live_state.read_failures
        if any(failure.covers(graph.resources[urn].type, live_state.keys[urn]) for urn in urns)
    ]


def find(graph: Graph, state: State, live_state: LiveState, urns: frozenset[str]) -> list[Finding]:
    """What is not as declared of these resources, each property once; nothing of what the program does not declare."""
    sides = compare.Sides(graph, state, live_state)
    # What is missing inside of something missing goes without saying in an audit; here only where both were written.
    narrow = replace(sides, live_state=replace(live_state, keys={urn: live_state.keys[urn] for urn in urns}))
    found = [
        *compare.compare(narrow),
        *(each for each in unmanaged.compare(sides) if each.path == "password"),
        *privileges.compare(sides),
    ]
    written = [each for each in found if each.urn in urns and not each.undeclared and not _left(graph, each)]
    return marks.on_server((each for each in written if each.kind in {"missing", "changed"}), sides)


def _left(graph: Graph, finding: Finding) -> bool:
    """Whether the update left the property as it is, because an exception of the stack's file accepts it."""
    return finding.top in (graph.resources[finding.urn].options.get("ignoreChanges") or ())


def concerned(graph: Graph, urns: frozenset[str]) -> Graph:
    """The part of a graph that the inventory needs for these resources.

    Of Vercel it is they and what their inputs refer to, since each project costs requests of its own; of the other
    vendors, which answer for all at once, everything.
    """
    needed: set[str] = set()
    rest = list(urns)
    while rest:
        urn = rest.pop()
        if urn not in needed and urn in graph.resources:
            needed.add(urn)
            rest += [match[1] for match in MARKER.finditer(str(opened(dict(graph.resources[urn].inputs))))]
    vendors = {vendor(graph.resources[urn].type) for urn in needed}
    chosen = {
        urn: each
        for urn, each in graph.resources.items()
        if urn in needed
        or each.type.startswith("pulumi:providers:")
        or (vendor(each.type) in vendors and vendor(each.type) != _VERCEL)
    }
    return replace(graph, resources=chosen)


_VERCEL = "Vercel"
