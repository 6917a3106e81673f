"""The workflows of a delivery, in a runner: from a pull request to prod and back, what each person reads on the way."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from support.amounts import everything
from support.asker import asking
from support.runner import Actions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.program import Instance

pytestmark = [pytest.mark.engine, pytest.mark.sandbox, pytest.mark.timeout(1200)]

FIRST = "7e92b4c05f3d4a618b20d9e6fc17a3850b64e2d1"
PROD = "https://shop.storefront.example/"


@pytest.fixture
def actions(small_instance: Instance, tmp_path: Path) -> Iterator[Actions]:
    with closing(Actions(small_instance, tmp_path)) as found:
        yield found


def test_from_a_pull_request_to_prod_and_back(actions: Actions, tmp_path: Path):
    instance, hub = actions.instance, actions.hub
    commit = actions.github("GET", "commits/main")["sha"]

    # A release of prod, reviewed and merged, is delivered: the plan for who approves, that very plan applied, the
    # switch, the health, and where it came from. At night it is promoted from what staging's own run made live, and
    # that run's approval for prod comes too late.
    if everything():
        instance.run("parity", "release", "staging", "shop", "--commit", commit, "--live", "--pull-request").ok()
        sha = actions.merge(1)
        run = actions.start("promote.yml")
        hub.find(run, lambda job: job.status == "waiting")
        instance.run("parity", "promote", "shop", "--pull-request").ok()
        sha, number = actions.merge(2), 2
        hub.review(run, "prod", approve=True)
        done = run.end()
        assert (done.jobs["apply (staging)"], done.jobs["apply (prod)"]) == ("success", "failure"), done.text
        assert "origin/main has moved on: Pulumi.prod.yaml" in done.text
    else:
        instance.run("parity", "release", "prod", "shop", "--commit", commit, "--live", "--pull-request").ok()
        sha, number = actions.merge(1), 1
    run = actions.start("promote.yml")
    hub.find(run, lambda job: job.status == "waiting")
    with asking(instance, tmp_path, PROD) as asked:
        hub.review(run, "prod", approve=True)
        done = run.end().ok()
    asked.hold(PROD, {"r1": FIRST, "r2": commit}, "r1", "r2")
    assert "shop-deployment-r2" in done.summaries["plan (prod)"]
    said = done.summaries["apply (prod)"]
    assert f"| shop | r1 | **r2** | `{commit[:12]}` | yes |" in said
    assert f"commit `{sha}`, pull request [#{number}]" in said
    assert f"[run](https://github.com/storefront-example/storefront/actions/runs/{run.number})" in said
    assert "`parity rollback prod shop --to r1 --up`" in said
    (record,) = map(json.loads, instance.run("parity", "log", "prod", "--json").ok().stdout.splitlines())
    assert f"Plan `{record['plan']}`" in done.summaries["plan (prod)"]
    assert record["approval"] == f"--plan {record['plan']}"

    late = instance.run("parity", "deliver", "prod", "--yes", "--newest", "HEAD~1")
    assert (late.code, "HEAD~1 has moved on: Pulumi.prod.yaml" in late.stderr) == (8, True), late.said

    # Back at once, at night while a promotion waits: the switch, then the pull request. Until it is merged, nothing
    # undoes it.
    waits = actions.start("promote.yml") if everything() else None
    if waits:
        hub.find(waits, lambda job: job.status == "waiting")
    back = actions.start(
        "rollback.yml", "workflow_dispatch", stack="prod", application="shop", release="", apply="true"
    )
    hub.find(back, lambda job: job.status == "waiting")
    with asking(instance, tmp_path, PROD) as asked:
        hub.review(back, "prod", approve=True)
        done = back.end().ok()
    asked.hold(PROD, {"r1": FIRST, "r2": commit}, "r2", "r1")
    assert "| shop | r2 | **r1** |" in done.summaries["apply (prod)"]
    assert f"Pull request: [#{number + 1}]" in done.summaries["apply (prod)"]
    assert {job.url for job in hub.jobs if job.run is back} == {PROD.rstrip("/")}
    assert "live: r2" in actions.text("Pulumi.prod.yaml")
    undo = instance.run("parity", "deliver", "prod", "--yes")
    assert undo.code == 8
    assert "This would undo a rollback" in undo.stderr
    if waits:
        actions.merge(3)
        hub.review(waits, "prod", approve=True)
        late = waits.end()
        assert late.jobs["apply (prod)"] == "failure"
        assert "origin/main has moved on: Pulumi.prod.yaml" in late.text
        assert "live: r1" in actions.text("Pulumi.prod.yaml")


def test_a_rollback_is_proposed_without_any_secret(actions: Actions):
    release = f"        r2: {{commit: {'ab' * 20}, config: {'cd' * 16}, credentials: 1}}\n"
    before = actions.text("Pulumi.staging.yaml")
    last = next(line for line in before.splitlines(keepends=True) if line.lstrip().startswith("r1: {commit: 7e92"))
    actions.put("Pulumi.staging.yaml", before.replace(last, last + release).replace("live: r1", "live: r2", 1))
    actions.pull()
    text, since = actions.text("Pulumi.staging.yaml"), actions.instance.last_request()
    given = {"stack": "staging", "application": "shop", "apply": "false"}
    refused = actions.run("rollback.yml", "workflow_dispatch", secrets=False, release="r9", **given)
    assert refused.jobs == {"propose": "failure"}
    assert "kept there: r1, r2" in refused.text
    actions.run("rollback.yml", "workflow_dispatch", secrets=False, release="r1", **given).ok()
    pull = actions.github("GET", "pulls/1")
    assert pull["head"]["ref"].startswith("rollback/staging/shop-r1-")
    assert "Does not go back: data, and migrations" in pull["body"]
    assert actions.text("Pulumi.staging.yaml", pull["head"]["ref"]) == text.replace("live: r2", "live: r1", 1)
    assert [row for row in actions.instance.requests(since) if row["service"] == "vercel"] == []
