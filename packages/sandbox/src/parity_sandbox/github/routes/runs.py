"""Routes of workflow runs, for reading."""

from __future__ import annotations

from functools import partial

from parity_sandbox.github.calls import Answer, Call, paged
from parity_sandbox.github.routes.table import Kind, inside
from parity_sandbox.github.state import accounts, git, runs
from parity_sandbox.github.wire import issues as wire
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
    return wire.run(repository, accounts.owner_of(call.context, repository), run, author, head)


def _list(call: Call, repository: Document) -> Answer:
    return _page(call, repository, runs.runs(call.context, repository["id"]))


def _list_of_workflow(call: Call, repository: Document) -> Answer:
    flow = _found(call, repository)["id"]
    found = [each for each in runs.runs(call.context, repository["id"]) if each["workflow_id"] == flow]
    return _page(call, repository, found)


def _page(call: Call, repository: Document, found: list[Document]) -> Answer:
    status, branch, event, sha = (call.query(name) for name in ("status", "branch", "event", "head_sha"))
    kept = [
        each
        for each in found
        if status in {"", each["status"], each["conclusion"]}
        and branch in {"", each["head_branch"]}
        and event in {"", each["event"]}
        and sha in {"", each["head_sha"]}
    ]
    return paged(call, [_shown(call, repository, each) for each in kept], "workflow_runs")


def _none(name: str, call: Call, repository: Document) -> Document:
    _RUNS.find(call, repository)
    return {"total_count": 0, name: []}


def _workflows(call: Call, repository: Document) -> Answer:
    return paged(call, _WORKFLOWS.every(call, repository), "workflows")


def _found(call: Call, repository: Document) -> Document:
    return runs.workflow(call.context, repository["id"], call.path("workflow_id"))


def _workflow_shown(_call: Call, repository: Document, found: Document) -> Document:
    return wire.workflow(repository, found)


_RUN, _FLOW = "/actions/runs/{run_id}", "/actions/workflows/{workflow_id}"
_RUNS, _WORKFLOWS = Kind.by_id("runs", "run_id", _shown), Kind("workflows", _found, _workflow_shown)
_SEEDED = "Only seeds make runs: nothing runs a workflow."

ROUTES = (
    inside("GET", "/actions/runs", _list, "actions/list-workflow-runs-for-repo", _SEEDED),
    inside("GET", _RUN, _RUNS.get, "actions/get-workflow-run", _SEEDED),
    inside("GET", f"{_FLOW}/runs", _list_of_workflow, "actions/list-workflow-runs", _SEEDED),
    inside(
        "GET", f"{_RUN}/jobs", partial(_none, "jobs"), "actions/list-jobs-for-workflow-run", "A run has no jobs.",
    ),
    inside(
        "GET", f"{_RUN}/artifacts", partial(_none, "artifacts"), "actions/list-workflow-run-artifacts",
        "A run has no artifacts.",
    ),
    inside("GET", "/actions/workflows", _workflows, "actions/list-repo-workflows", _SEEDED),
    inside("GET", _FLOW, _WORKFLOWS.get, "actions/get-workflow", _SEEDED),
)  # fmt: skip
