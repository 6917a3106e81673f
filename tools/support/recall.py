"""Makes a batch of differences and says which of them an audit, and the engine's refresh, reported."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parity.drift.audit import audit
from parity.evaluate.stack import Stack, ambient
from support.mutations import STACK, World

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parity.drift.audit import Audit
    from parity.drift.model import Finding
    from support.mutations import Mutation
    from support.program import Instance


@dataclass(frozen=True)
class Outcome:
    """What was reported of one batch."""

    batch: str
    reported: tuple[Mutation, ...]
    missed: tuple[Mutation, ...]
    unexplained: tuple[Finding, ...]
    """Findings that no difference of the batch accounts for."""
    audit: Audit


def audited(instance: Instance, name: str = STACK) -> Audit:
    """An audit in this process; its environment is the instance's."""
    stack = Stack(name, instance.project, ambient(instance.project))
    return audit(
        Stack(
            name,
            instance.project,
            type(stack.pulumi)(stack.pulumi.executable, instance.project.root, instance.environment()),
        )
    )


def reports(finding: Finding | Named, mutation: Mutation) -> bool:
    """Whether a finding reports a difference."""
    return (
        finding.kind in {mutation.kind, *mutation.also}
        and finding.type == mutation.type
        and mutation.name in finding.name
        and finding.path.startswith(mutation.path)
        and (bool(mutation.path) or not finding.path)
    )


def run(instance: Instance, batch: str, mutations: Sequence[Mutation]) -> Outcome:
    """Make all of them at once, then audit once."""
    world = World(instance)
    for mutation in mutations:
        mutation.make(world)
    found = audited(instance)
    findings = [each for each in found.report.findings if each.kind != "unknowable"]
    reported = tuple(each for each in mutations if any(reports(finding, each) for finding in findings))
    missed = tuple(each for each in mutations if each not in reported)
    loose = tuple(each for each in findings if not any(reports(each, mutation) for mutation in mutations))
    return Outcome(batch, reported, missed, loose, found)


@dataclass(frozen=True)
class Named:
    """A finding as `parity drift --json` has it."""

    kind: str
    type: str
    name: str
    path: str


def reported(instance: Instance, mutations: Sequence[Mutation]) -> tuple[list[Mutation], list[Named]]:
    """Make all of them at once, then audit in a process of its own, which reads a program that was changed.

    Gives which were not reported, and the findings that none of them accounts for.
    """
    world = World(instance)
    for mutation in mutations:
        mutation.make(world)
    said = instance.run("parity", "drift", STACK, "--json").stdout
    assert "canary" not in said
    document = json.loads(said)
    assert document["read_failures"] == []
    findings = [
        Named(each["kind"], each["type"], each["name"], each["property"])
        for each in document["findings"]
        if each["kind"] != "unknowable"
    ]
    missed = [each for each in mutations if not any(reports(finding, each) for finding in findings)]
    return missed, [each for each in findings if not any(reports(each, mutation) for mutation in mutations)]


def refresh(instance: Instance, stack: str = STACK) -> dict[str, set[str]]:
    """What `pulumi refresh --preview-only --expect-no-changes` sees: by URN the properties, `*` for all of them."""
    with tempfile.TemporaryDirectory() as folder:
        events = Path(folder) / "events.jsonl"
        instance.pulumi(
            "refresh", "--preview-only", "--expect-no-changes", "--stack", stack, "--event-log", str(events),
            extra={"PULUMI_DEBUG_COMMANDS": "true"},
        )  # fmt: skip
        return _seen(events.read_text().splitlines())


def _seen(lines: list[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for line in lines:
        event: dict[str, Any] = json.loads(line)
        part = event.get("resOutputsEvent") or event.get("resourcePreEvent") or {}
        metadata: dict[str, Any] = part.get("metadata") or {}
        if metadata.get("op") in {None, "same", "read"} or not metadata.get("urn"):
            continue
        old, new = metadata.get("old") or {}, metadata.get("new")
        if metadata["op"] == "delete" or (metadata["op"] == "refresh" and not new):
            found.setdefault(metadata["urn"], set()).add("*")
        names = set(metadata.get("diffs") or ()) | {
            path.split(".")[0].split("[")[0] for path in metadata.get("detailedDiff") or {}
        }
        if metadata["op"] == "refresh" and new:
            before, after = old.get("outputs") or {}, new.get("outputs") or {}
            names |= {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
        if names or metadata["op"] == "update":
            found.setdefault(metadata["urn"], set()).update(names)
    return found
