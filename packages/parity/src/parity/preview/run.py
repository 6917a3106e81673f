"""Runs `pulumi preview` with the policy pack and reads what it says."""

from __future__ import annotations

import json
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from parity.documents import mapping
from parity.engine.program_server import policy_pack
from parity.engine.pulumi import explained
from parity.errors import ProjectError
from parity.preview.parse import parse
from parity.preview.plan import Plan
from parity.resources.urn import Urn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from parity.engine.events import Progress
    from parity.evaluate.stack import Stack

POLICY = "policy"
"""The folder of a policy pack of the project's own."""


def policy_packs(root: Path) -> list[Path]:
    """The policy packs that a preview runs: Parity's own where it is installed, and the project's where it has one."""
    own = root / POLICY
    return [each for each in (policy_pack(), own) if each is not None and each.is_dir()]


def preview(
    stack: Stack,
    report: Callable[[str], None] = lambda _: None,
    *,
    refresh: bool = False,
    save: Path | None = None,
    options: Sequence[str] = (),
) -> Plan:
    """Preview an update of the stack; a preview that fails gives a plan with errors, not an exception.

    Args:
        stack: the stack.
        report: called with what the engine waits for.
        refresh: whether to ask the providers first what is really there.
        save: where the engine is to save its own plan; None saves none.
        options: more options of the engine's command.

    Raises:
        ProjectError: the backend does not know the stack.
    """
    words = ["--stack", stack.name, "--json", "--show-sames", *options]
    if save is not None:
        words += ["--save-plan", str(save)]
    for pack in policy_packs(stack.project.root):
        words += ["--policy-pack", str(pack)]
    if refresh:
        words.append("--refresh")

    def show(progress: Progress) -> None:
        report(progress.waits_for() or "the program")

    done = stack.pulumi.follow("preview", *words, on_progress=show)
    if "no stack named" in done.error:
        raise ProjectError(
            f"the backend does not know the stack {stack.name}",
            where=str(stack.project.root),
            remedy=f"`pulumi stack init {stack.name}`",
        )
    digest = _digest(done.out)
    if done.code and not digest and not done.events:
        words, remedy = explained(done.error.strip())
        why = words.removeprefix("error: ") or f"pulumi ended with {done.code}"
        if locked := stack.locked(why):
            why, remedy = f"{locked.what}.", locked.remedy
        why += f" To do: {remedy}" if remedy else ""
        return Plan(stack.name, (), {}, 0, errors=(why,))
    plan = parse(stack.name, digest, done.events, failed=bool(done.code))
    if not plan.changes:
        return plan
    from parity.preview import held, migrated  # noqa: PLC0415 - PostgreSQL's client: a tenth of a second

    environment = stack.pulumi.environment
    plan = held.with_violations(held.with_users(plan, environment), environment)
    return migrated.judged(plan, environment, stack.project.root, cache(partial(large_bytes, stack)))


def large_bytes(stack: Stack, urn: str) -> int:
    """The size in bytes from which a table is large to a migration, as the catalog says of its database."""
    name = Urn.parse(urn).name.rpartition("-migration-")[0]
    every = stack.sealed_settings().catalog.databases
    found = next(each.migrations for each in every if each.first_name == name and each.migrations)
    return found.large_table_megabytes * 1_000_000


def _digest(text: str) -> dict[str, Any]:
    """The JSON document on standard output; nothing where the command failed before it wrote one."""
    start = text.find("{")
    if start < 0:
        return {}
    try:
        found: object = json.JSONDecoder().raw_decode(text[start:])[0]
    except json.JSONDecodeError:
        return {}
    return mapping(found)
