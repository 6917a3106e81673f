"""The operations that are crashed: where each starts, what it changes in the stack's file, how it is finished."""

from __future__ import annotations

from dataclasses import dataclass, replace

from crashlab.stack_file import COMMITS, FIRST, R1, R2, ROTATED, SECOND, Config, Kept

EMPTY, ONE_RELEASE, TWO_RELEASES = "empty", "one-release", "two-releases"
"""Snapshots that operations start from."""


@dataclass(frozen=True)
class Operation:
    """One operation."""

    name: str
    start: str
    """The snapshot it starts from."""
    before: Config | None
    """The stack's file at that time; None: nothing was ever declared."""
    after: Config
    command: str = "up"
    """`up` or `destroy`; Terraform's `apply` or `destroy`; the project's own `up` or `rollback`."""
    tool: str = "pulumi"
    """`pulumi`, `terraform` or `parity`."""


OPERATIONS = {
    each.name: each
    for each in (
        Operation("first-up", EMPTY, None, FIRST),
        Operation("new-release", ONE_RELEASE, FIRST, Config("r2", {"r1": R1, "r2": R2})),
        Operation("changed-variable", ONE_RELEASE, FIRST, Config("r2", {"r1": R1, "r2": R1}, limit=21)),
        Operation("rotated-credentials", ONE_RELEASE, FIRST, SECOND),
        # A kept release with another commit replaces its deployment; another migrator's password replaces the secret.
        Operation("replace", ONE_RELEASE, FIRST, Config("r1", {"r1": Kept(COMMITS[2])}, migrator=2)),
        Operation("rollback", TWO_RELEASES, SECOND, replace(SECOND, live="r1")),
        Operation("prune", TWO_RELEASES, SECOND, Config("r2", {"r2": ROTATED})),
        Operation("destroy", TWO_RELEASES, SECOND, SECOND, command="destroy"),
        # The project's own commands: with the ledger's records, and a switch before the update that records it.
        Operation("parity-up", ONE_RELEASE, FIRST, Config("r2", {"r1": R1, "r2": R2}), tool="parity"),
        # A variable that is not declared any more: deleted at Vercel before the engine starts, so that no build has it.
        Operation("parity-removal", ONE_RELEASE, FIRST, Config("r2", {"r1": R1, "r2": R2}, limit=None), tool="parity"),
        Operation("parity-rollback", TWO_RELEASES, SECOND, SECOND, command="rollback", tool="parity"),
    )
}

TERRAFORM_ONE, TERRAFORM_TWO = "terraform-one-release", "terraform-two-releases"

TERRAFORM = {
    each.name: each
    for each in (
        Operation("terraform-first-up", EMPTY, None, FIRST, "apply", "terraform"),
        Operation("terraform-rotated-credentials", TERRAFORM_ONE, FIRST, SECOND, "apply", "terraform"),
        Operation("terraform-destroy", TERRAFORM_TWO, SECOND, SECOND, "destroy", "terraform"),
    )
}
"""The same with Terraform: what it has an equivalent for."""

ALL = OPERATIONS | TERRAFORM
