"""Routes of workflow runs, for reading."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity_sandbox.github.calls import Answer, Call, endpoint, paged
from parity_sandbox.github.routes import named
from parity_sandbox.github.state import accounts, git, runs
from parity_sandbox.github.wire import issues as wire
from parity_sandbox.routing import Route

if TYPE_CHECKING:
    from parity_sandbox.store import Document


def _shown(call: Call, repository: Document, run: Document) -> Document:
    author = accounts.viewer(call.context)
    commit = git.commit(call.context, repository["id"], run["head_sha"]) or {}
    person = {"name": author["login"], "email": f"{author['login']}@users.noreply.github.com"}
    head = {
        "id": run["head_sha"],
        "tree_id": commit.get("tree_sha", run["head_sha"]),
        "message": commit.get("message", ""),
        "timestamp": commit.get("created_at", run["created_at"]),
        "author": person,
        "committer": person,
    }
    return wire.run(repository, named.owner_of(call, repository), run, author, head)


def _list(call: Call) -> Answer:
    repository = named.repository(call)
    return _page(call, repository, runs.runs(call.context, repository["id"]))


def _list_of_workflow(call: Call) -> Answer:
    repository = named.repository(call)
    flow = runs.workflow(call.context, repository["id"], call.path("workflow_id"))
    found = [each for each in runs.runs(call.context, repository["id"]) if each["workflow_id"] == flow["id"]]
    return _page(call, repository, found)


def _page(call: Call, repository: Document, found: list[Document]) -> Answer:
    status, branch, event = call.query("status"), call.query("branch"), call.query("event")
    sha = call.query("head_sha")
    kept = [
        each
        for each in found
        if (not status or status in {each["status"], each["conclusion"]})
        and (not branch or branch == each["head_branch"])
        and (not event or event == each["event"])
        and (not sha or sha == each["head_sha"])
    ]
    page = paged(call, [_shown(call, repository, each) for each in kept])
    return Answer(200, {"total_count": page.total, "workflow_runs": page.items}, page.headers)


def _get(call: Call) -> Answer:
    repository = named.repository(call)
    return Answer(200, _shown(call, repository, runs.run(call.context, repository["id"], call.number("run_id"))))


def _jobs(call: Call) -> Answer:
    runs.run(call.context, named.repository(call)["id"], call.number("run_id"))
    return Answer(200, {"total_count": 0, "jobs": []})


def _artifacts(call: Call) -> Answer:
    runs.run(call.context, named.repository(call)["id"], call.number("run_id"))
    return Answer(200, {"total_count": 0, "artifacts": []})


def _workflows(call: Call) -> Answer:
    repository = named.repository(call)
    page = paged(call, [wire.workflow(repository, each) for each in runs.workflows(call.context, repository["id"])])
    return Answer(200, {"total_count": page.total, "workflows": page.items}, page.headers)


def _workflow(call: Call) -> Answer:
    repository = named.repository(call)
    found = runs.workflow(call.context, repository["id"], call.path("workflow_id"))
    return Answer(200, wire.workflow(repository, found))


_SEEDED = ("Only seeds make runs: nothing runs a workflow.",)

ROUTES = (
    Route("GET", "/repos/{owner}/{repo}/actions/runs", endpoint(_list), "actions/list-workflow-runs-for-repo", _SEEDED),
    Route("GET", "/repos/{owner}/{repo}/actions/runs/{run_id}", endpoint(_get), "actions/get-workflow-run", _SEEDED),
    Route(
        "GET",
        "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs",
        endpoint(_list_of_workflow),
        "actions/list-workflow-runs",
        _SEEDED,
    ),
    Route(
        "GET", "/repos/{owner}/{repo}/actions/runs/{run_id}/jobs", endpoint(_jobs),
        "actions/list-jobs-for-workflow-run", ("A run has no jobs.",),
    ),
    Route(
        "GET", "/repos/{owner}/{repo}/actions/runs/{run_id}/artifacts", endpoint(_artifacts),
        "actions/list-workflow-run-artifacts", ("A run has no artifacts.",),
    ),
    Route(
        "GET", "/repos/{owner}/{repo}/actions/workflows", endpoint(_workflows), "actions/list-repo-workflows", _SEEDED,
    ),
    Route(
        "GET", "/repos/{owner}/{repo}/actions/workflows/{workflow_id}", endpoint(_workflow), "actions/get-workflow",
        _SEEDED,
    ),
)  # fmt: skip
