"""The ways back from a crash: this project's, and what the vendors' documents tell a person to do."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.crash import oracle, terraform
from tests.crash.stack_file import STACK

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.crash.lab import Lab
    from tests.crash.operations import Operation
    from tests.support.program import Run

_NOT_INTERACTIVE = "--non-interactive"


@dataclass
class Verdict:
    """What a way back led to."""

    procedure: str
    faults: list[str] = field(default_factory=list[str])
    """What does not hold, in words; empty: all of it holds."""
    seconds: float = 0.0
    said: str = ""
    """All that its commands printed, for the search for secrets; not kept."""

    @property
    def whole(self) -> bool:
        """Whether everything is as an undisturbed run leaves it."""
        return not self.faults


@dataclass(frozen=True)
class Procedure:
    """One way back: commands in their order; one that fails ends the way."""

    name: str
    title: str
    commands: Callable[[Lab, Operation], list[list[str]]]
    again: list[str] | None = None
    """The command that must find nothing to do at the end."""
    tool: str = "pulumi"


def _recover(lab: Lab, operation: Operation) -> list[list[str]]:
    return [["parity", "recover", STACK, "--settle", "1", "--skip-preview"], lab.command(operation)]


def _again(lab: Lab, operation: Operation) -> list[list[str]]:
    return [lab.command(operation)]


def _documented(lab: Lab, operation: Operation) -> list[list[str]]:
    """https://www.pulumi.com/docs/iac/operations/troubleshooting/: cancel, refresh, and the update again."""
    cancel = ["pulumi", "cancel", "--yes", STACK, _NOT_INTERACTIVE]
    refresh = ["pulumi", "refresh", "--yes", "--skip-preview", "--stack", STACK, _NOT_INTERACTIVE]
    return [cancel, refresh, lab.command(operation)]


PROCEDURES = {
    each.name: each
    for each in (
        Procedure("recover", "parity recover, then the update again", _recover, ["parity", "recover", STACK, "--plan"]),
        Procedure("stock-up", "stock Pulumi: the update again", _again),
        Procedure("stock-steps", "stock Pulumi: cancel, refresh, the update again", _documented),
        # A local state's lock is the process's own and goes with it, so there is none to take away by force-unlock.
        Procedure("terraform-apply", "Terraform: apply again", _again, tool="terraform"),
    )
}


def follow(lab: Lab, operation: Operation, procedure: Procedure, undisturbed: oracle.Reality) -> Verdict:
    """Follow a way back and judge what it led to, by what an undisturbed run of the operation leaves."""
    began = time.monotonic()
    verdict = Verdict(procedure.name)
    for command in procedure.commands(lab, operation):
        run = lab.box.run(*command)
        verdict.said += run.said
        if run.code != 0:
            verdict.faults.append(f"`{' '.join(command[:2])}` ended with {run.code}: {_reason(run)}")
            break
    verdict.faults += _judge(lab, operation, procedure, undisturbed, verdict)
    verdict.seconds = round(time.monotonic() - began, 2)
    return verdict


def _judge(
    lab: Lab, operation: Operation, procedure: Procedure, undisturbed: oracle.Reality, verdict: Verdict
) -> list[str]:
    found = oracle.read(lab)
    faults = [f"reality: {each}" for each in found.differences(undisturbed)]
    if verdict.faults or faults:
        return faults
    if operation.command != "destroy":
        preview = lab.box.run(*_preview(lab, operation))
        verdict.said += preview.said
        if preview.code != 0:
            faults.append(f"the preview is not clean: {_reason(preview)}")
    record = oracle.record(lab, {})
    if record.pending or record.locks:
        faults.append(f"the record holds {record.pending} operations without an end and {record.locks} locks")
    return faults + (_nothing_left(lab, procedure.again, verdict) if procedure.again else [])


def _preview(lab: Lab, operation: Operation) -> list[str]:
    """Fails where what exists is not what is declared."""
    if operation.tool == "terraform":
        return terraform.plan(lab)
    return ["pulumi", "preview", "--stack", STACK, "--refresh", "--expect-no-changes", _NOT_INTERACTIVE]


def _nothing_left(lab: Lab, command: list[str], verdict: Verdict) -> list[str]:
    """Whether the last command finds nothing to do: it succeeds, and record and reality stay as they are."""
    sealed = oracle.ciphertexts(lab)
    before = oracle.record(lab, sealed).text, oracle.read(lab).objects
    run = lab.box.run(*command)
    verdict.said += run.said
    if run.code != 0:
        return [f"`{' '.join(command[:2])}` again ended with {run.code}: {_reason(run)}"]
    if (oracle.record(lab, sealed).text, oracle.read(lab).objects) != before:
        return [f"`{' '.join(command[:2])}` again found something to do"]
    return []


def _reason(run: Run) -> str:
    """The line that says why; the engine's and the tool's own errors name it so."""
    lines = [line.strip() for line in run.said.splitlines() if line.strip()]
    named = [line for line in lines if "error:" in line.lower() or line.startswith("Error")]
    return " / ".join((named or lines)[-2:])[:400]
