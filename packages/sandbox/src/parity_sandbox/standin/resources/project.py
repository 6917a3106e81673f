"""vercel.Project: made in one call and finished in a second; its Git link has calls of its own."""

from __future__ import annotations

from typing import Any

from parity_sandbox.narrowing import part
from parity_sandbox.standin.client import Client
from parity_sandbox.standin.errors import ResourceError, StandInError, explained
from parity_sandbox.standin.golang import flag, known, text
from parity_sandbox.standin.resources.project_fields import FIELDS
from parity_sandbox.standin.resources.project_wire import change, creation, needs_update_after_creation, project
from parity_sandbox.standin.resources.shared import GET_PROJECT, Resource, failing, split
from parity_sandbox.standin.schema import UNKNOWN, Call, Document, Failure, blank

CREATE = Call("POST", "/v8/projects")
UPDATE = Call("PATCH", "/v9/projects/{projectId}")
DELETE = Call("DELETE", "/v8/projects/{projectId}")
VARIABLES = Call("GET", "/v8/projects/{projectId}/env")
BRANCH = Call("PATCH", "/v9/projects/{projectId}/branch")
LINK = Call("POST", "/v9/projects/{projectId}/link")
UNLINK = Call("DELETE", "/v9/projects/{projectId}/link")
_FRAMEWORKS = "https://api-frameworks.zeit.sh/"
_PAGE = "100"


async def _create(client: Client, plan: Document) -> Document:
    with failing("creating", "project", "create project"):
        answer = await client.send(CREATE, plan, body=creation(plan))
    at = _at(plan, answer["id"])
    await _read_variables(client, at, "create")
    if needs_update_after_creation(plan):
        with failing("updating", "project as part of creating project", "update project"):
            answer = await client.send(UPDATE, at, body=change(plan, plan["name"]))
    repository = plan["gitRepository"]
    if known(repository) and known(repository["productionBranch"]):
        what = "Failed to create project, an error occurred setting the production branch"
        with explained("Error creating project", what):
            answer = await client.send(BRANCH, at, body={"branch": repository["productionBranch"]})
    return project(answer, plan, client.team_of(at) or None)


def _at(place: Document, identifier: str) -> Document:
    """What a call to the project takes of a plan or a state: the team, and the project's id."""
    return {"teamId": place["teamId"], "projectId": identifier}


async def _read(client: Client, state: Document) -> Document:
    return await _get(client, _at(state, text(state["id"])), state, "read")


async def _find(client: Client, identifier: str) -> Document:
    team, name = split(identifier, 1, "Error importing project", "project_id")
    return await _get(client, {"teamId": team, "projectId": name}, blank(FIELDS), "import", gone=False)


async def _get(client: Client, at: Document, before: Document, verb: str, *, gone: bool = True) -> Document:
    what = f"Could not get project {text(at['teamId'])} {at['projectId']}, unexpected error: unable to get project"
    with explained("Error reading project", what, gone=gone):
        answer = await client.send(GET_PROJECT, at)
    await _read_variables(client, _at(at, answer["id"]), verb)
    return project(answer, before, client.team_of(at) or None)


async def _update(client: Client, state: Document, plan: Document) -> Document:
    at = _at(state, text(state["id"]))
    with failing("updating", "project", f"update project {_named(at)}"):
        answer = await client.send(UPDATE, at, body=change(plan, text(state["name"])))
    answer = await _relink(client, at, state["gitRepository"], plan["gitRepository"], answer)
    await _read_variables(client, _at(at, answer["id"]), "update")
    return project(answer, plan, client.team_of(at) or None)


def _named(at: Document) -> str:
    return f"{text(at['teamId'])} {at['projectId']}"


async def _relink(client: Client, at: Document, linked: Document | None, wanted: Document | None, answer: Any) -> Any:
    """Move the Git link and the production branch where they differ; the order of calls is the real provider's."""
    unlinked = False
    if wanted is None and linked is not None:
        # The real provider unlinks twice: once because no repository is wanted, once because it differs.
        with failing("updating", "project", f"update project {_named(at)}"):
            answer = await client.send(UNLINK, at)
    if _other_repository(wanted, linked):
        if linked is not None:
            with failing("updating", "project", f"update project unlinking git repo {_named(at)}"):
                await client.send(UNLINK, at)
            unlinked = True
        if wanted is not None:
            body = {"type": text(wanted["type"]), "repo": text(wanted["repo"])}
            with failing("updating", "project", f"update project git repo {_named(at)}"):
                answer = await client.send(LINK, at, body=body)
    branch: Any = None if wanted is None else wanted["productionBranch"]
    if known(branch) and (unlinked or linked is None or text(linked["productionBranch"]) != branch):
        with failing("updating", "project", f"update project production branch {_named(at)} to '{branch}'"):
            answer = await client.send(BRANCH, at, body={"branch": branch})
    return answer


def _other_repository(wanted: Document | None, linked: Document | None) -> bool:
    if wanted is None or linked is None:
        return wanted is not linked
    return any(text(wanted[name]) != text(linked[name]) for name in ("repo", "type"))


async def _delete(client: Client, state: Document) -> None:
    at = _at(state, text(state["id"]))
    with failing("deleting", "project", f"delete project {_named(at)}", gone=True):
        await client.send(DELETE, at)


async def _read_variables(client: Client, at: Document, verb: str) -> None:
    """Ask for the project's variables as the real provider does, which keeps them only where they are inline."""
    until: int | None = None
    noun = "project environment variables"
    while True:
        query = {"decrypt": "true", "limit": _PAGE} | ({"until": str(until)} if until is not None else {})
        with failing("reading", noun, f"{verb} project"):
            page = await client.send(VARIABLES, at, query=query)
        following: int | None = part(page, "pagination").get("next")
        if following is None:
            return
        if following == until:
            raise ResourceError(f"Error reading {noun}", "pagination cursor did not advance")
        until = following


async def _validate(client: Client, inputs: Document) -> list[Failure]:
    failures = await check_framework(client, inputs["framework"], "framework")
    config: Any = inputs["resourceConfig"] if known(inputs["resourceConfig"]) else {}
    regions = {"serverlessFunctionRegion": [inputs["serverlessFunctionRegion"]]}
    regions["resourceConfig.functionDefaultRegions"] = config.get("functionDefaultRegions") or []
    for name, values in regions.items():
        failures += await _check_regions(client, name, values)
    if inputs["serverlessFunctionRegion"] is not None and config.get("functionDefaultRegions") is not None:
        failures.append(Failure("serverlessFunctionRegion", "conflicts with resourceConfig.functionDefaultRegions"))
    if inputs["previewComments"] is not None and inputs["enablePreviewFeedback"] is not None:
        failures.append(Failure("previewComments", "conflicts with enablePreviewFeedback"))
    if flag(config.get("fluid")) and config.get("functionDefaultCpuType") == "standard_legacy":
        reason = "Fluid compute is only supported with the standard or performance CPU types."
        failures.append(Failure("resourceConfig.functionDefaultCpuType", reason))
    return failures


async def _check_regions(client: Client, name: str, values: Any) -> list[Failure]:
    wanted = [each for each in values if known(each)] if values is not UNKNOWN else []
    if not wanted:
        return []
    try:
        allowed = await client.regions()
    except StandInError as error:
        return [Failure(name, f"Unable to retrieve Vercel serverless function regions: unexpected error: {error}")]
    return [
        Failure(
            name,
            f"The serverless function region {each} is not supported on Vercel. Must be one of {', '.join(allowed)}.",
        )
        for each in wanted
        if each not in allowed
    ]


async def check_framework(client: Client, framework: Any, name: str) -> list[Failure]:
    """Ask Vercel whether it knows a framework, where one is given."""
    if not known(framework):
        return []
    try:
        answer = await client.fetch(_FRAMEWORKS)
    except StandInError as error:
        return [Failure(name, f"Unable to retrieve Vercel frameworks: unexpected error: {error}")]
    slugs = [each["slug"] for each in answer]
    if framework in slugs:
        return []
    listed = ", ".join(str(each) for each in slugs)
    return [Failure(name, f"The framework {framework} is not supported on Vercel. Must be one of {listed}.")]


RESOURCE = Resource(
    "vercel:index/project:Project", FIELDS, _create, _read, _delete,
    update=_update, find=_find, validate=_validate, named=True,
)  # fmt: skip
