"""Each workflow, run in a runner against the sandbox, along the paths that a run can take; and what each leaves.

A sample of the paths is run each time, every one with PARITY_EXAMPLES=all (docs/workflow-runs.md).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from support import job_roles
from support.amounts import everything
from support.left import STACKS, Jobs, Left, left
from support.runner import Actions
from support.tried import Tried

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.act import ActRun, Ended
    from support.program import Instance

pytestmark = [pytest.mark.engine, pytest.mark.sandbox, pytest.mark.timeout(600)]

OURS, STRANGER = "storefront-example/storefront", "stranger/storefront"


@dataclass(frozen=True)
class Way:
    """One path of a workflow."""

    take: Callable[[Actions], list[Ended]]
    leaves: Left
    sample: bool

    @property
    def name(self) -> str:
        return self.take.__name__


PATHS: list[Way] = []
Take = Callable[["Actions"], "list[Ended]"]


def leaves(*jobs: Jobs, sample: bool = False, **what: Any) -> Callable[[Take], Take]:
    """Enter a path into the table, with what it leaves."""

    def enter(take: Take) -> Take:
        PATHS.append(Way(take, Left(list(jobs), **what), sample))
        return take

    return enter


@pytest.fixture
def actions(small_instance: Instance, tmp_path: Path) -> Iterator[Actions]:
    with closing(Actions(small_instance, tmp_path)) as found:
        yield found


def change(actions: Actions) -> None:
    """Something for an update to do in staging, on main."""
    actions.edit("Pulumi.staging.yaml", "waitMinutes: 0\n", "waitMinutes: 1\n")


@contextmanager
def held(actions: Actions) -> Iterator[Callable[[], None]]:
    """Staging's update is held at a request in its middle; the body may wait until it is there."""
    client = actions.instance.local.client()
    fault = client.add_fault(service="github", method="PUT", path="/environments/staging", action="hang")

    def reached() -> None:
        assert any(client.fault(fault["id"], fired=1, seconds=60)["fired"] for _ in range(4))

    yield reached
    client.remove_fault(fault["id"], cut=True)


def pull_request(actions: Actions, of: str = OURS, edit: tuple[str, str] | None = None) -> dict[str, Any]:
    """A pull request that makes a release of staging, and what its event says."""
    commit = actions.github("GET", "commits/main")["sha"]
    words = ("release", "staging", "shop", "--commit", commit, "--live", "--pull-request")
    actions.instance.run("parity", *words).ok()
    head = actions.github("GET", "pulls/1")["head"]
    sha = actions.pull(head["ref"], head["sha"], edit)
    pull = {
        "number": 1,
        "head": {**head, "repo": {"full_name": of}},
        "base": {"ref": "main"},
        "user": {"login": "someone"},
    }
    return {"payload": {"number": 1, "pull_request": pull}, "secrets": of == OURS, "sha": sha, "branch": head["ref"]}


def began(actions: Actions, run: ActRun, name: str) -> None:
    """Wait until the job is in progress for each stack."""
    for label in both(name):
        actions.hub.find(run, lambda job, label=label: (job.label, job.status) == (label, "in_progress"))


def back(actions: Actions, **given: str) -> ActRun:
    return actions.start("rollback.yml", "workflow_dispatch", **{"release": "", "apply": "true", **given})


def both(name: str, staging: str = "success", prod: str = "success") -> Jobs:
    return {f"{name} (staging)": staging, f"{name} (prod)": prod}


LISTED = {"list": "success"}
STAGING = {"plan (staging)": "success", "apply (staging)": "success"}
WAITED = {**LISTED, **STAGING, "plan (prod)": "success"}
GREEN = {**WAITED, "apply (prod)": "success"}
DONE = ["deliver succeeded"]
LIVE = {"staging": "https://shop.staging.storefront.example", "prod": "https://shop.storefront.example"}
SERVED = {stack: f"success {address}" for stack, address in LIVE.items()}
"""What the environments show of a delivery that went well."""
CHANGES = {"plan (staging)": "✅ Preview of staging: may go on"}
NOTHING = {f"plan ({stack})": f"✅ Preview of {stack}: nothing to change" for stack in STACKS}
STAGED = {**NOTHING, "apply (staging)": "staging: delivered"}
PREVIEWED = {
    "preview (staging)": "✅ Preview of staging: may go on",
    "preview (prod)": "✅ Preview of prod: nothing to change",
}
PROVED = {"parity": "✅ Parity: staging and prod are the same but for what their files say"}


@leaves(
    GREEN,
    deployments=SERVED,
    ledger={"staging": DONE, "prod": DONE},
    summaries={**STAGED, **CHANGES, "plan (prod)": "✅ Preview of prod: may go on", "apply (prod)": "prod: delivered"},
)
def promote_green(actions: Actions) -> list[Ended]:
    """One run delivers what changed in both stacks to one after the other."""
    change(actions)
    actions.edit("Pulumi.prod.yaml", "connectionLimit: 200\n", "connectionLimit: 210\n")
    run = actions.start("promote.yml")
    actions.hub.review(run, "prod", approve=True)
    return [run.end()]


@leaves(
    {**LISTED, "plan (staging)": "success", "apply (staging)": "failure"},
    deployments={"staging": f"failure {LIVE['staging']}"},
    ledger={"staging": ["deliver failed"]},
    summaries={**CHANGES, "apply (staging)": "staging: failed"},
)
def promote_red(actions: Actions) -> list[Ended]:
    change(actions)
    actions.instance.local.client().add_fault(
        service="github", method="PUT", path="/environments/staging", status=422, times=None
    )
    return [actions.run("promote.yml")]


CANCELLED = {**LISTED, "plan (staging)": "success", "apply (staging)": "cancelled"}


@leaves(
    CANCELLED,
    deployments={"staging": "cancelled"},
    ledger={"staging": ["deliver killed"]},
    summaries=CHANGES,
)
def promote_cancelled(actions: Actions) -> list[Ended]:
    """The update is in a request that has no end: the runner's second signal ends it, in time to give the lock back."""
    change(actions)
    with held(actions) as reached:
        run = actions.start("promote.yml", cold=True)
        reached()
        run.cancel()
        return [run.end()]


@leaves(
    CANCELLED,
    deployments={"staging": "cancelled"},
    ledger={"staging": ["deliver unfinished"]},
    summaries=CHANGES,
    locks=["staging"],
)
def promote_cancelled_without_exec(actions: Actions) -> list[Ended]:
    """Why a rule of the workflows asks for `exec`: bash passes no signal on, and what it started is killed."""
    workflow = actions.instance.project.root / ".github" / "workflows" / "deliver.yml"
    workflow.write_text(workflow.read_text().replace("exec .venv/bin/parity deliver", ".venv/bin/parity deliver"))
    actions.pull()
    return promote_cancelled(actions)


@leaves(CANCELLED, deployments={"staging": "cancelled"}, ledger={"staging": ["deliver killed"]}, summaries=CHANGES)
def promote_timed_out(actions: Actions) -> list[Ended]:
    change(actions)
    with held(actions) as reached:
        run = actions.start("promote.yml", cold=True)
        reached()
        actions.hub.expire(run, "apply (staging)")
        return [run.end()]


@leaves(
    {**WAITED, "apply (prod)": "failure"},
    deployments={**SERVED, "prod": "failure"},
    ledger={"staging": DONE},
    summaries=STAGED,
)
def promote_refused(actions: Actions) -> list[Ended]:
    run = actions.start("promote.yml")
    actions.hub.review(run, "prod", approve=False)
    return [run.end()]


@leaves(
    {**WAITED, "apply (prod)": "cancelled"},
    deployments={**SERVED, "prod": "cancelled"},
    ledger={"staging": DONE},
    summaries=STAGED,
)
def promote_cancelled_while_it_waits(actions: Actions) -> list[Ended]:
    run = actions.start("promote.yml")
    actions.hub.find(run, lambda job: job.status == "waiting")
    run.cancel()
    return [run.end()]


@leaves(
    GREEN,
    GREEN,
    deployments=SERVED,
    ledger={"staging": [*DONE, *DONE], "prod": [*DONE, *DONE]},
    summaries={**STAGED, "apply (prod)": "prod: delivered"},
)
def promote_twice(actions: Actions) -> list[Ended]:
    """The second waits for the first in each stack, and has nothing left to do."""
    change(actions)
    with held(actions) as reached:
        first = actions.start("promote.yml")
        reached()
        second = actions.start("promote.yml")
        actions.hub.find(second, lambda job: job.calls and job.status == "queued" and bool(job.group))
    for run in (first, second):
        actions.hub.review(run, "prod", approve=True)
    return [first.end(), second.end()]


@leaves(
    {**WAITED, "apply (prod)": "failure"},
    GREEN,
    deployments=SERVED,
    ledger={"staging": [*DONE, *DONE], "prod": DONE},
    summaries={**STAGED, "apply (prod)": "prod: delivered"},
)
def promote_never_answered(actions: Actions) -> list[Ended]:
    """While prod waits for its approval, staging is delivered again and nothing is locked; after 30 days it fails."""
    first = actions.start("promote.yml")
    actions.hub.find(first, lambda job: job.status == "waiting")
    assert left(actions, []) == Left([], {"staging": "success", "prod": "waiting"}, {"staging": DONE})
    second = actions.start("promote.yml")
    actions.hub.find(second, lambda job: (job.label, job.status) == ("apply (staging)", "success"))
    actions.hub.find(second, lambda job: job.calls and job.status == "queued" and bool(job.group))
    actions.hub.lapse(first, "prod")
    actions.hub.review(second, "prod", approve=True)
    return [first.end(), second.end()]


@leaves({"apply (prod)": "failure"}, deployments={"prod": "failure"})
def rollback_refused(actions: Actions) -> list[Ended]:
    run = back(actions, stack="prod", application="shop")
    actions.hub.review(run, "prod", approve=False)
    return [run.end()]


@leaves(
    {"propose": "failure"}, {"propose": "failure"}, {"apply (staging)": "failure"}, deployments={"staging": "failure"}
)
def rollback_of_what_is_not_there(actions: Actions) -> list[Ended]:
    """No workflow lists stacks, applications or releases: the command refuses what is none."""
    wrong = (
        {"stack": "staging-preview", "application": "shop", "apply": "false"},
        {"stack": "staging", "application": "shop", "release": "r9", "apply": "false"},
        {"stack": "staging", "application": "blog"},
    )
    return [back(actions, **each).end() for each in wrong]


@leaves(
    {**LISTED, **both("preview"), **both("comment")},
    summaries=PREVIEWED,
    comments=["✅ Preview of prod: nothing to change", "✅ Preview of staging: may go on"],
)
def preview_green(actions: Actions) -> list[Ended]:
    return [actions.run("preview.yml", "pull_request", **pull_request(actions))]


@leaves(
    {**LISTED, **both("preview", "failure"), **both("comment")},
    summaries={**PREVIEWED, "preview (staging)": "❌ Preview of staging: the preview failed"},
    comments=["✅ Preview of prod: nothing to change", "❌ Preview of staging: the preview failed"],
)
def preview_red(actions: Actions) -> list[Ended]:
    broken = ("SEARCH_RESULTS_LIMIT: 20", "SEARCH_RESULTS_LIMIT: many")
    return [actions.run("preview.yml", "pull_request", **pull_request(actions, edit=broken))]


@leaves(
    {**LISTED, **both("preview", "cancelled", "cancelled")},
    {**LISTED, **both("preview"), **both("comment")},
    summaries=PREVIEWED,
    comments=["✅ Preview of prod: nothing to change", "✅ Preview of staging: may go on"],
)
def preview_superseded(actions: Actions) -> list[Ended]:
    given = pull_request(actions)
    first = actions.start("preview.yml", "pull_request", cold=True, **given)
    began(actions, first, "preview")
    second = actions.start("preview.yml", "pull_request", **given)
    return [first.end(), second.end()]


@leaves({})
def preview_of_a_fork(actions: Actions) -> list[Ended]:
    return [actions.run("preview.yml", "pull_request", **pull_request(actions, STRANGER))]


@leaves({**LISTED, **both("audit"), **both("issue")}, summaries=both("audit", "staging: clean", "prod: clean"))
def drift_green(actions: Actions) -> list[Ended]:
    return [actions.run("drift.yml", "schedule")]


@leaves(
    {**LISTED, **both("audit", "failure"), **both("issue")},
    summaries=both("audit", "staging: drifted", "prod: clean"),
    issues={"Drift in staging": "open"},
)
def drift_found(actions: Actions) -> list[Ended]:
    actions.github("POST", "environments/staging/variables", {"name": "BY_HAND", "value": "1"})
    return [actions.run("drift.yml", "schedule")]


@leaves(
    {**LISTED, **both("audit", "failure", "failure"), **both("issue")},
    summaries=both("audit", "staging: not everything could be read", "prod: not everything could be read"),
    issues={f"Drift of {stack} could not be read": "open" for stack in STACKS},
)
def drift_unknown(actions: Actions) -> list[Ended]:
    actions.instance.local.client().add_fault(service="vercel", method="GET", status=403, times=None)
    return [actions.run("drift.yml", "schedule")]


@leaves({**LISTED, **both("audit", "cancelled", "cancelled")})
def drift_cancelled(actions: Actions) -> list[Ended]:
    run = actions.start("drift.yml", "schedule", cold=True)
    began(actions, run, "audit")
    run.cancel()
    return [run.end()]


MISSED = "⚠️ Audit: the schedule of drift.yml has not run since 2026-01-02 05"


@leaves(
    {**LISTED, **both("preview"), **both("comment")},
    {**LISTED, **both("audit"), **both("issue")},
    LISTED,
    summaries={**PREVIEWED, **both("audit", "staging: clean", "prod: clean"), "list": MISSED},
    comments=["✅ Preview of prod: nothing to change", "✅ Preview of staging: may go on"],
)
def drift_missed(actions: Actions) -> list[Ended]:
    """The next pull request's run says so, and goes on; once the schedule has run, the next says nothing."""
    actions.audited(datetime(2026, 1, 2, 5, 17, tzinfo=UTC))
    given = pull_request(actions)
    missed = actions.run("preview.yml", "pull_request", **given)
    audited = actions.run("drift.yml", "schedule")
    again = actions.run("stacks.yml", "workflow_call")
    assert "list" not in again.summaries
    return [missed, audited, again]


CHECKED = {"lint": "success", "test": "success", "parity": "success"}


@leaves(CHECKED, summaries=PROVED)
def ci_of_a_fork(actions: Actions) -> list[Ended]:
    return [actions.run("ci.yml", "pull_request", **pull_request(actions, STRANGER))]


@leaves(CHECKED, summaries=PROVED, sample=True)
def ci_in_the_merge_queue(actions: Actions) -> list[Ended]:
    return [actions.run("ci.yml", "merge_group", secrets=False, branch="gh-readonly-queue/main/pr-1")]


@leaves({**CHECKED, "parity": "failure"})
def ci_red(actions: Actions) -> list[Ended]:
    actions.edit("Pulumi.prod.yaml", "SEARCH_RESULTS_LIMIT: 50", "SEARCH_RESULTS_LIMIT: fifty")
    return [actions.run("ci.yml", "push", secrets=False)]


@pytest.mark.parametrize("path", [each for each in PATHS if each.sample or everything()], ids=lambda each: each.name)
def test_a_path_leaves_what_the_table_says(actions: Actions, path: Way):
    ended = path.take(actions)
    secrets = [actions.value(each) for each in ("VERCEL_API_TOKEN", "GITHUB_TOKEN", "PGPASSWORD")]
    secrets += job_roles.PASSWORDS.values()
    secrets += [value for run in actions.runs for value in (run.tokens.viewer, *run.tokens.github.values())]
    assert left(actions, ended) == path.leaves, "\n".join(each.text for each in ended)
    assert not [each for each in ended if any(secret in each.shown for secret in secrets)]
    tried = [Tried(actions, run) for run in actions.runs]
    assert [(each.beyond(), each.opens()) for each in tried] == [([], [])] * len(tried)
