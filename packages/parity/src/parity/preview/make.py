"""Makes the report of one stack: settings, engine, gate, origins, parity, in that order, and what fails is in it."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parity import documents
from parity.backend import blame
from parity.backend.stack_backend import open_backend
from parity.backend.this_host import run_of
from parity.check import proof
from parity.check.report import faults, headline
from parity.config import settings
from parity.engine import engine_files
from parity.errors import ParityError, ProjectError
from parity.git import Repository
from parity.preview import gate, origin, run
from parity.preview.plan import Plan
from parity.preview.report import Proof, Report, Run, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from parity.config.project import Project
    from parity.config.promotion import Pair
    from parity.config.settings import Settings
    from parity.evaluate.stack import Stack
    from parity.git import Commit
    from parity.preview.report import State


def report(
    stack: Stack,
    *,
    base: str | None = None,
    refresh: bool = False,
    options: Sequence[str] = (),
    acknowledged: Sequence[str] = (),
    plan: Plan | None = None,
    proved: Callable[[], Proof] | None = None,
    notify: Callable[[str], None] = lambda _: None,
) -> Report:
    """Preview a stack and put together what a reviewer needs.

    Args:
        stack: the stack.
        base: the commit to count changes from; by default that of the stack's last update, else the merge base.
        refresh: whether to ask the providers first what is really there.
        options: more options of the engine's preview.
        acknowledged: URNs whose dangerous change is let through, besides those in the stack's file.
        plan: one that was made already; None makes it.
        proved: gives the stacks' comparison, where it is being made already.
        notify: called with what is waited for.

    Raises:
        UsageError: `base` is no commit.
    """
    started = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    repository = Repository(stack.project.root)
    try:
        acknowledged = (*stack.sealed_settings().acknowledged, *acknowledged)
    except ProjectError as error:
        # The program would say the same, after the engine's start: the report says it at once.
        plan = Plan(stack.name, (), {}, 0, errors=(str(error),))
    made, applied = _at_once(stack, plan, lambda: _planned(stack, notify, options, refresh=refresh), last=not base)
    notify("the comparison of the stacks")
    compared = proved() if proved is not None else prove(stack.project)
    if made.errors or made.warnings or made.violations:
        stack.learn_secrets()  # a provider's error may repeat what it was given
    notify("where the changes come from")
    since = repository.base(base, applied)
    traced = origin.origins(stack.project, stack.name, since, made)
    return Report(
        stack=stack.name,
        started=started,
        head=_head(repository, os.environ),
        plan=made,
        gate=gate.judge(made, acknowledged),
        origins=traced,
        serving=serving(made),
        proof=compared,
        run=workflow_run(os.environ),
        recorded=_recorded(stack, made),
    )


def _recorded(stack: Stack, plan: Plan) -> dict[tuple[str, str], str]:
    """What the record says of each property that would change; of what is created it knows nothing."""
    changed = (each for each in plan.changes if each.operation in {"update", "replace"})
    places = {(change.urn, each.path) for change in changed for each in change.properties}
    try:
        ledger = open_backend(stack).ledger if places else None
        return {place: line.sentence for place, line in blame.latest(ledger, places).items()} if ledger else {}
    except ParityError:
        return {}  # the preview itself has said what is wrong with the backend


def _at_once(stack: Stack, plan: Plan | None, planned: Callable[[], Plan], *, last: bool) -> tuple[Plan, str | None]:
    """The plan, made where there is none yet, and the commit of the last update if asked for."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        applied = pool.submit(_applied, stack) if last else None
        if plan is None:
            stack.pulumi.start_program()
        return plan or planned(), applied.result() if applied else None


def _planned(stack: Stack, notify: Callable[[str], None], options: Sequence[str], *, refresh: bool) -> Plan:
    try:
        return run.preview(stack, notify, refresh=refresh, options=options)
    except ProjectError as error:
        return Plan(stack.name, (), {}, 0, errors=(f"{error.what}: {error.remedy}",))


def _head(repository: Repository, environ: Mapping[str, str]) -> Commit | None:
    """The commit that is previewed: on a pull request its own last one, not the merge that GitHub checks out."""
    pushed = event(environ).get("pull_request", {}).get("head", {}).get("sha")
    return (repository.commit(str(pushed)) if pushed else None) or repository.head()


def event(environ: Mapping[str, str]) -> dict[str, Any]:
    """The event that started the workflow's run, or nothing outside one.

    Raises:
        ProjectError: it is named and cannot be read.
    """
    path = environ.get("GITHUB_EVENT_PATH", "")
    if not path:
        return {}
    try:
        return documents.parse(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ProjectError(
            f"the event cannot be read: {error}", where=path, remedy="unset GITHUB_EVENT_PATH"
        ) from error


_LAST = 20
"""How many of the last updates are searched for one that succeeded."""


def _applied(stack: Stack) -> str | None:
    """The commit that the stack's last successful update was made from, as the engine recorded it."""
    try:
        store = open_backend(stack).store
        found = engine_files.history(store, stack.project.name, stack.name) if store else _history(stack)
        for row in islice(found, _LAST):
            if row.get("kind") == "update" and row.get("result") == "succeeded":
                return str(documents.mapping(row.get("environment")).get("git.head") or "") or None
    except ParityError:
        pass  # the preview itself has said what is wrong with the backend
    return None


def _history(stack: Stack) -> list[documents.Document]:
    """The history that Pulumi Cloud keeps, newest first."""
    said = stack.pulumi.run("stack", "history", "--json", "--stack", stack.name, "--page-size", str(_LAST))
    return documents.rows(json.loads(said.stdout or "[]"))


def workflow_run(environ: Mapping[str, str]) -> Run | None:
    """The GitHub Actions run that this process is part of, or None outside one."""
    number, found = environ.get("GITHUB_RUN_NUMBER", ""), run_of(environ)
    if not number.isdigit() or found is None:
        return None
    return Run(int(number), found.attempt, f"{found.url}/attempts/{found.attempt}", found.repository_url)


def prove(project: Project) -> Proof:
    """Compare offline what the stacks declare; a check that cannot run gives `unknown` and raises nothing."""
    order = project.promotion
    pairs = order.pairs()
    if not pairs:
        return Proof("unknown", f"not checked: there is no second stack, only {', '.join(order.stacks) or 'none'}")
    known: dict[str, Settings] = {}

    def load(stack: str) -> Settings:
        return known[stack] if stack in known else known.setdefault(stack, settings.load(stack, project.root, None))

    found = {pair: _checked(project, pair, load) for pair in pairs}
    made = [each for each in found.values() if isinstance(each, proof.Checked)]
    together = iter(proof.together(made, pairs, [known[name] for name in order.stacks if name in known]))
    proofs = [_proof(next(together)) if isinstance(each, proof.Checked) else each for each in found.values()]
    states: list[State] = [each.state for each in proofs if each.state != "same"]
    summary = "; ".join(each.summary for each in proofs)
    return Proof(states[0] if states else "same", summary, tuple(line for each in proofs for line in each.unexplained))


def _checked(project: Project, pair: Pair, load: Callable[[str], Settings]) -> proof.Checked | Proof:
    try:
        return proof.check(project, *pair, load)
    except ParityError as error:
        return Proof("unknown", f"not checked: {str(error).splitlines()[0]}")


def _proof(checked: proof.Checked) -> Proof:
    unexplained = tuple(faults(checked))
    return Proof("same" if checked.clean else "different", headline(checked), unexplained)
