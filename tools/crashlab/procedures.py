"""The recovery procedures: this project's, and those of the vendors' documents."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from crashlab import oracle, promises, terraform
from crashlab.stack_file import STACK

if TYPE_CHECKING:
    from collections.abc import Callable

    from crashlab.lab import Lab
    from crashlab.operations import Operation
    from support.program import Run

_NOT_INTERACTIVE = "--non-interactive"


@dataclass
class Verdict:
    """What a recovery procedure led to."""

    procedure: str
    faults: list[str] = field(default_factory=list[str])
    """What does not hold, in words; empty: all of it holds."""
    same_from: int | None = None
    """The command, from 0, before which another crash's procedure had come to the same, so it ends; None: none."""
    passed: list[str] = field(default_factory=list[str])
    """The keys under which this procedure's outcome is known from now on."""
    seconds: float = 0.0
    said: str = ""
    """All that its commands printed, for the search for secrets; not kept."""


@dataclass(frozen=True)
class Procedure:
    """One recovery procedure: commands in their order; one that fails ends it."""

    name: str
    title: str
    commands: Callable[[Lab, Operation], list[list[str]]]
    again: list[str] | None = None
    """The command that must find nothing to do at the end."""
    tool: str = "pulumi"
    rest_of: str = ""
    """The procedure from which this one differs in its first command alone: what the rest leads to is shared."""
    watched: bool = False
    """Whether its first command is recover, run with all its promises checked."""


def _watched(lab: Lab, operation: Operation) -> list[list[str]]:
    return [["parity", "recover", STACK, "--settle", str(lab.settle)], _on(lab, operation)]


def _recover(lab: Lab, operation: Operation) -> list[list[str]]:
    recover, *rest = _watched(lab, operation)
    return [[*recover, "--skip-preview"], *rest]


def _on(lab: Lab, operation: Operation) -> list[str]:
    """What a person does next: the command again; where a rollback had changed the file already, the update."""
    written = operation.command == "rollback" and "      live: r1\n" in lab.stack_file.read_text()
    return ["parity", "up", STACK, "--yes"] if written else lab.command(operation)


def _alone(lab: Lab, operation: Operation) -> list[list[str]]:
    """One command, which recovers first; there is none for a destroy."""
    return _recover(lab, operation) if operation.command == "destroy" else [["parity", "up", STACK, "--yes"]]


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
        Procedure(
            "recover-watched",
            "the same, with all that recover promises checked",
            _watched,
            ["parity", "recover", STACK, "--plan"],
            rest_of="recover",
            watched=True,
        ),
        Procedure("up-alone", "parity up, which recovers first", _alone, ["parity", "recover", STACK, "--plan"]),
        Procedure("stock-up", "stock Pulumi: the update again", _again),
        Procedure("stock-steps", "stock Pulumi: cancel, refresh, the update again", _documented),
        # A local state's lock is the process's own and goes with it, so there is none to take away by force-unlock.
        Procedure("terraform-apply", "Terraform: apply again", _again, tool="terraform"),
    )
}


class Known(Protocol):
    """Faults that the rest of a procedure led to, by where it went on: a dictionary, or one shared by processes."""

    def get(self, key: str, /) -> list[str] | None: ...
    def __setitem__(self, key: str, faults: list[str], /) -> None: ...


def follow(
    lab: Lab,
    operation: Operation,
    procedure: Procedure,
    undisturbed: oracle.Reality,
    known: Known | None = None,
    *,
    plugins: Callable[[], list[int]] = list,
    lands: bool = False,
) -> Verdict:
    """Follow a recovery procedure and judge what it led to, by what an undisturbed run of the operation leaves.

    Before each of its commands, and before the judgement, record and live state are looked up in `known`: where another
    crash's procedure came to the very same ones, the rest leads where that one's did. The key at the start also says
    whether `plugins` of the dead engine live on; none may at the end of a procedure that ends them. Where an effect of
    the crash `lands` meanwhile, it is in neither record nor live state yet: such a procedure is followed to its end,
    and its promises are not checked, since what recover changes cannot be distinguished from what lands.
    """
    known = None if lands else known
    began, outlived = time.monotonic(), bool(plugins())
    verdict = Verdict(procedure.name)
    steps: list[list[str] | None] = [*procedure.commands(lab, operation), None]
    for number, command in enumerate(steps):
        if known is not None and (number or not procedure.rest_of):
            key = f"{procedure.rest_of or procedure.name} {operation.name} {number} {oracle.fingerprint(lab)}"
            key += " outlived" if outlived and not number else ""
            faults = known.get(key)
            if faults is not None:
                verdict.faults, verdict.same_from = list(faults), number
                break
            verdict.passed.append(key)
        if command is None:
            verdict.faults = _judge(lab, operation, procedure, undisturbed, verdict)
            break
        if procedure.watched and not number and not lands:
            said, verdict.faults = promises.run(lab, command, plugins)
            verdict.said += said
            if verdict.faults:
                break
            continue
        run = lab.instance.run(*command, extra=lab.warm)
        verdict.said += run.said
        if run.code != 0:
            verdict.faults.append(f"`{' '.join(command[:2])}` ended with {run.code}: {_reason(run)}")
            verdict.faults += [f"reality: {each}" for each in oracle.read(lab).differences(undisturbed)]
            break
    if known is not None:
        for key in verdict.passed:
            known[key] = verdict.faults
    if procedure.again and verdict.same_from != 0 and (left := plugins()):
        # This crash's alone: what is known of the rest of its procedure stays as it is.
        verdict.faults = [*verdict.faults, f"{len(left)} plugins of the dead engine live on"]
    verdict.seconds = round(time.monotonic() - began, 2)
    return verdict


def _judge(
    lab: Lab, operation: Operation, procedure: Procedure, undisturbed: oracle.Reality, verdict: Verdict
) -> list[str]:
    faults = [f"reality: {each}" for each in oracle.read(lab).differences(undisturbed)]
    if faults:
        return faults
    if operation.command != "destroy":
        preview = lab.instance.run(*_preview(lab, operation), extra=lab.warm)
        verdict.said += preview.said
        if preview.code != 0:
            faults.append(f"the preview is not clean: {_reason(preview)}")
    record = oracle.record(lab)
    if record.pending or record.locks:
        faults.append(f"the record holds {record.pending} operations without an end and {record.locks} locks")
    if record.never_began:
        faults.append(f"the ledger holds {record.never_began} ends without a beginning")
    return faults + (_nothing_left(lab, procedure.again, verdict) if procedure.again else [])


def _preview(lab: Lab, operation: Operation) -> list[str]:
    """Fails where what exists is not what is declared."""
    if operation.tool == "terraform":
        return terraform.plan(lab)
    return ["pulumi", "preview", "--stack", STACK, "--refresh", "--expect-no-changes", _NOT_INTERACTIVE]


def _nothing_left(lab: Lab, command: list[str], verdict: Verdict) -> list[str]:
    """Whether the last command finds nothing to do: it succeeds, and record and live state stay as they are."""
    before = oracle.record(lab).text, oracle.read(lab).objects
    run = lab.instance.run(*command, extra=lab.warm)
    verdict.said += run.said
    if run.code != 0:
        return [f"`{' '.join(command[:2])}` again ended with {run.code}: {_reason(run)}"]
    if (oracle.record(lab).text, oracle.read(lab).objects) != before:
        return [f"`{' '.join(command[:2])}` again found something to do"]
    return []


def _reason(run: Run) -> str:
    """The line that says why; the engine's and the tool's own errors name it so."""
    lines = [line.strip() for line in run.said.splitlines() if line.strip()]
    named = [line for line in lines if "error:" in line.lower() or line.startswith("Error")]
    return " / ".join((named or lines)[-2:])[:400]
