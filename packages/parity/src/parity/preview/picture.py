"""A Mermaid picture of what changes: the changed resources in their components, and what waits for what."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parity.resources.urn import Urn, short_urn

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from parity.preview.plan import Operation, Plan
    from parity.preview.report import Entry

ONE_BY_ONE = 24
"""How many changes are drawn each for itself; more are drawn in groups."""

MOST = 48
"""How many nodes a picture may have at all."""

_STYLES = """\
  classDef create fill:#dafbe1,stroke:#1a7f37,color:#1f2328
  classDef update fill:#ddf4ff,stroke:#0969da,color:#1f2328
  classDef replace fill:#fff8c5,stroke:#9a6700,color:#1f2328
  classDef delete fill:#ffebe9,stroke:#cf222e,color:#1f2328
  classDef import fill:#dafbe1,stroke:#1a7f37,color:#1f2328
  classDef forget fill:#f6f8fa,stroke:#59636e,color:#1f2328
  classDef option fill:#f6f8fa,stroke:#59636e,color:#1f2328
  classDef risk stroke-width:3px"""


@dataclass(frozen=True)
class _Node:
    component: str
    operation: Operation
    lines: tuple[str, ...]
    urns: frozenset[str]
    risky: bool


def mermaid(entries: Sequence[Entry], plan: Plan) -> str:
    """The picture's Mermaid source; empty if nothing changes or it would be too large to read."""
    if sum(bool(each.dangers) for each in entries) > MOST:
        return ""
    nodes = _nodes(entries, plan)
    if not nodes or len(nodes) > MOST:
        return ""
    names = {node: f"n{number}" for number, node in enumerate(nodes)}
    lines = ["flowchart LR"]
    components = list(dict.fromkeys(node.component for node in nodes))
    for number, component in enumerate(components):
        lines.append(f'  subgraph c{number}["{_label(component)}"]')
        for node in nodes:
            if node.component == component:
                text = "<br/>".join(_label(line) for line in node.lines)
                lines.append(f'    {names[node]}["{text}"]:::{node.operation}')
        lines.append("  end")
    lines += [f"  {names[one]} --> {names[other]}" for one, other in _edges(nodes, plan)]
    lines.append(_STYLES)
    lines += [f"  style c{number} fill:transparent,stroke:#818b98" for number in range(len(components))]
    if risky := ",".join(names[node] for node in nodes if node.risky):
        lines.append(f"  class {risky} risk")
    return "\n".join(lines)


def _nodes(entries: Sequence[Entry], plan: Plan) -> list[_Node]:
    groups: dict[tuple[object, ...], list[Entry]] = defaultdict(list)
    for each in entries:
        change, alone = each.change, len(entries) <= ONE_BY_ONE or bool(each.dangers)
        own, shared = (change.urn, change.leftover), (_component(change.urn, plan), change.operation, change.kind)
        groups[own if alone else shared].append(each)
    return [_node(members, plan) for members in groups.values()]


def _node(members: Sequence[Entry], plan: Plan) -> _Node:
    change = members[0].change
    sign, many = change.sign, len(members) > 1
    return _Node(
        _component(change.urn, plan),
        change.operation,
        (f"{sign} {len(members)} × {change.kind}",) if many else (f"{sign} {change.kind}", change.name),  # noqa: RUF001 - a multiplication sign
        frozenset(each.change.urn for each in members),
        any(each.risky for each in members),
    )


def _component(urn: str, plan: Plan) -> str:
    """The component that a resource belongs to, `WebApp shop`; the stack where it belongs to none."""
    found = plan.resources.get(urn)
    parent = found.parent if found else ""
    return short_urn(parent) if parent and not Urn.parse(parent).is_stack else plan.stack


def _edges(nodes: Sequence[_Node], plan: Plan) -> list[tuple[_Node, _Node]]:
    """The order between nodes, without the edges that follow from others."""
    owner = {urn: node for node in nodes for urn in node.urns}
    before: dict[_Node, dict[_Node, None]] = {node: {} for node in nodes}
    for urn, node in owner.items():
        resource = plan.resources.get(urn)
        if resource is None:
            continue
        for needed in sorted(resource.depends_after or resource.depends_before):
            other = owner.get(needed)
            if other is not None and other is not node:
                before[node][other] = None
    return [(other, node) for node in nodes for other in before[node] if not _follows(node, other, before)]


def _follows(node: _Node, other: _Node, before: Mapping[_Node, Iterable[_Node]]) -> bool:
    """Whether `node` comes after `other` by way of a third one too."""
    seen: set[_Node] = set()
    waiting = [each for each in before[node] if each is not other]
    while waiting:
        each = waiting.pop()
        if each is other:
            return True
        if each not in seen and each is not node:
            seen.add(each)
            waiting += before[each]
    return False


def _label(text: str) -> str:
    """Text inside a node's quotes; Mermaid's own entities stand for what would end or change it."""
    for char, name in (("#", "#35;"), ("&", "#amp;"), ('"', "#quot;"), ("<", "#lt;"), (">", "#gt;"), ("`", "#96;")):
        text = text.replace(char, name)
    return text
