"""Runs `pulumi preview` with the policy pack and reads what it says."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from parity.engine.pulumi import following
from parity.errors import ProjectError
from parity.preview.parse import parse
from parity.preview.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from parity.engine.pulumi import Progress, Pulumi
    from parity.evaluate.stack import Stack

POLICY = "policy"
"""The folder of a policy pack of the project's own."""
_PACK = "parity_policy"
"""The package that is Parity's own pack, where it is installed; the engine runs it, nothing here imports it."""


def policy_packs(root: Path) -> list[Path]:
    """The policy packs that a preview runs: Parity's own where it is installed, and the project's where it has one."""
    spec = importlib.util.find_spec(_PACK)
    installed = [Path(spec.origin).parent] if spec is not None and spec.origin else []
    own = root / POLICY
    return installed + ([own] if own.is_dir() else [])


def preview(
    stack: Stack,
    report: Callable[[str], None] = lambda _: None,
    *,
    refresh: bool = False,
    save: Path | None = None,
    options: Sequence[str] = (),
) -> Plan:
    """What an update of the stack would do; a preview that fails is a plan with errors, not an exception.

    Args:
        stack: the stack.
        report: is told what the engine waits for.
        refresh: whether to ask the providers first what is really there.
        save: where the engine is to save its own plan; None saves none.
        options: more options of the engine's command.

    Raises:
        ProjectError: the backend does not know the stack.
    """
    with tempfile.TemporaryDirectory() as folder:
        events = Path(folder) / "events.jsonl"
        words = ["--json", "--show-sames", "--event-log", str(events), *options]
        if save is not None:
            words += ["--save-plan", str(save)]
        for pack in policy_packs(stack.project.root):
            words += ["--policy-pack", str(pack)]
        if refresh:
            words.append("--refresh")
        done = _run(stack.pulumi, ["preview", "--stack", stack.name, *words], events, report)
        seen = [json.loads(line) for line in _lines(events)]
    if "no stack named" in done.stderr:
        raise ProjectError(
            f"the backend does not know the stack {stack.name}",
            where=str(stack.project.root),
            remedy=f"pulumi stack init {stack.name}",
        )
    digest = _digest(done.stdout)
    plan = parse(stack.name, digest, seen, failed=bool(done.returncode))
    if done.returncode and not digest and not seen:
        return Plan(
            stack.name,
            (),
            {},
            0,
            errors=(done.stderr.strip().removeprefix("error: ") or f"pulumi ended with {done.returncode}",),
        )
    return plan


def _run(
    pulumi: Pulumi, arguments: list[str], events: Path, report: Callable[[str], None]
) -> subprocess.CompletedProcess[str]:
    def tell(progress: Progress) -> None:
        report(progress.waits_for() or "the program")

    with following(events, tell):
        return subprocess.run(
            [str(pulumi.executable), *arguments, "--non-interactive"],
            cwd=pulumi.cwd,
            # The flag for the event log is only there with the engine's debug commands.
            env={**pulumi.environment, "PULUMI_DEBUG_COMMANDS": "true"},
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )


def _lines(events: Path) -> list[str]:
    text = events.read_text(encoding="utf-8") if events.exists() else ""
    return [line for line in text.splitlines() if line.strip()]


def _digest(text: str) -> dict[str, Any]:
    """The JSON document on standard output; nothing where the command failed before it wrote one."""
    start = text.find("{")
    if start < 0:
        return {}
    try:
        found: object = json.JSONDecoder().raw_decode(text[start:])[0]
    except json.JSONDecodeError:
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}
