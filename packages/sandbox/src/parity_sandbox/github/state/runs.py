"""Workflow runs, as far as others ask for them: is it still going, and how did it end. Only seeds make them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from parity_sandbox.context import Context
from parity_sandbox.forms import Form
from parity_sandbox.github import ids
from parity_sandbox.github.errors import NotFound
from parity_sandbox.github.state.collections import add, collection, held
from parity_sandbox.narrowing import picked
from parity_sandbox.store import Document


class Run(Form):
    """A workflow run as a seed describes it; `workflow` is the file's name."""

    id: Annotated[int, Field(gt=0)] | None = None
    workflow: str = "promote.yml"
    head_sha: str
    head_branch: str | None = None
    event: str = "push"
    status: str = "completed"
    conclusion: str | None = None
    created_at: str | None = None
    """UTC, ISO 8601; now, where it is not said."""


def runs(context: Context, repository_id: int) -> list[Document]:
    """The repository's runs, newest first."""
    return held(context, "runs", repository_id)[::-1]


def workflow(context: Context, repository_id: int, name: str) -> Document:
    """The workflow of that id or file name. Raises NotFound."""
    for each in held(context, "workflows", repository_id):
        if name in {str(each["id"]), each["path"].rpartition("/")[2]}:
            return each
    raise NotFound


def put(context: Context, repository: Document, asked: Run) -> Document:
    """Make a run, or change the run of the same id."""
    number = asked.id or ids.fresh(context, "runs")
    documents = collection(context, "runs")
    present = documents.get(str(number))
    time = asked.created_at or ids.now(context)
    flow = _workflow(context, repository["id"], asked.workflow, time)
    made: Document = {
        "key": str(number),
        "id": number,
        "repository_id": repository["id"],
        "workflow_id": flow["id"],
        "name": flow["name"],
        "path": flow["path"],
        "head_branch": asked.head_branch or repository["default_branch"],
        "head_sha": asked.head_sha,
        "event": asked.event,
        "status": asked.status,
        "conclusion": asked.conclusion,
        "run_number": context.store.next_number(f"github:runs:{flow['id']}") if present is None else 0,
        "created_at": time,
        "updated_at": time,
    }
    times = () if asked.created_at else ("created_at", "updated_at")
    kept = {} if present is None else picked(present, "run_number", *times)
    return documents.keep(str(number), made | kept)


def _workflow(context: Context, repository_id: int, file: str, time: str) -> Document:
    try:
        return workflow(context, repository_id, file)
    except NotFound:
        own = {"name": file.rpartition(".")[0], "path": f".github/workflows/{file}", "created_at": time}
        return add(context, "workflows", {"repository_id": repository_id, **own})
