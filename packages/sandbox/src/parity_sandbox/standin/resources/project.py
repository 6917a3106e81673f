"""vercel.Project: made in one call and finished in a second; its Git link has calls of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parity_sandbox.standin.calls import Call
from parity_sandbox.standin.errors import ResourceError, StandInError, explained
from parity_sandbox.standin.golang import flag, known, text
from parity_sandbox.standin.resources.project_fields import FIELDS
from parity_sandbox.standin.resources.project_wire import change, creation, needs_update_after_creation, project
from parity_sandbox.standin.resources.shared import GET_PROJECT, get_project, part, split, team_or_null
from parity_sandbox.standin.schema import UNKNOWN, Document, Failure, Resource, blank

if TYPE_CHECKING:
    from parity_sandbox.standin.client import Client

CREATE = Call("POST", "/v8/projects")
UPDATE = Call("PATCH", "/v9/projects/{project}")
DELETE = Call("DELETE", "/v8/projects/{project}")
VARIABLES = Call("GET", "/v8/projects/{project}/env")
BRANCH = Call("PATCH", "/v9/projects/{project}/branch")
LINK = Call("POST", "/v9/projects/{project}/link")
UNLINK = Call("DELETE", "/v9/projects/{project}/link")
_FRAMEWORKS = "https://api-frameworks.zeit.sh/"
_PAGE = "100"


async def _create(client: Client, plan: Document) -> Document:
    team = text(plan["teamId"])
    with explained("Error creating project", "Could not create project, unexpected error"):
        answer = await client.send(CREATE, owner=team, body=creation(plan))
    identifier = answer["id"]
    await _read_variables(client, identifier, team, "create")
    if needs_update_after_creation(plan):
        summary = "Error updating project as part of creating project"
        with explained(summary, "Could not update project, unexpected error"):
            answer = await client.send(UPDATE, owner=team, project=identifier, body=change(plan, plan["name"]))
    repository = plan["gitRepository"]
    if known(repository) and known(repository["productionBranch"]):
        answer = await _set_branch(client, identifier, team, repository["productionBranch"], "creating")
    return project(answer, plan, team_or_null(client, team))


async def _read(client: Client, state: Document) -> Document:
    team = text(state["teamId"])
    what = f"Could not read project {team} {state['id']}, unexpected error: unable to get project"
    with explained("Error reading project", what, gone=True):
        answer = await get_project(client, text(state["id"]), team)
    await _read_variables(client, answer["id"], team, "read")
    return project(answer, state, team_or_null(client, team))


async def _update(client: Client, state: Document, plan: Document) -> Document:
    team = text(state["teamId"])
    where = f"{team} {state['id']}"
    body = change(plan, text(state["name"]))
    answer = await _change(client, UPDATE, f"Could not update project {where}", (team, text(state["id"])), body)
    answer = await _relink(client, state, plan, answer)
    await _read_variables(client, answer["id"], team, "update")
    return project(answer, plan, team_or_null(client, team))


async def _relink(client: Client, state: Document, plan: Document, answer: Any) -> Any:
    """Move the Git link and the production branch where they differ; the order of calls is the real provider's."""
    team, identifier = text(plan["teamId"]), text(plan["id"])
    wanted, linked = plan["gitRepository"], state["gitRepository"]
    what = f"Could not update project unlinking git repo {team} {identifier}"
    unlinked = False
    if wanted is None and linked is not None:
        # The real provider unlinks twice: once because no repository is wanted, once because it differs.
        answer = await _change(client, UNLINK, f"Could not update project {team} {identifier}", (team, identifier))
    if _other_repository(wanted, linked):
        if linked is not None:
            await _change(client, UNLINK, what, (team, identifier))
            unlinked = True
        if wanted is not None:
            body = {"type": text(wanted["type"]), "repo": text(wanted["repo"])}
            what = f"Could not update project git repo {team} {identifier}"
            answer = await _change(client, LINK, what, (team, identifier), body)
    branch: Any = None if wanted is None else wanted["productionBranch"]
    if known(branch) and (unlinked or linked is None or text(linked["productionBranch"]) != branch):
        answer = await _set_branch(client, identifier, team, branch, "updating")
    return answer


def _other_repository(wanted: Document | None, linked: Document | None) -> bool:
    if wanted is None or linked is None:
        return wanted is not linked
    return any(text(wanted[name]) != text(linked[name]) for name in ("repo", "type"))


async def _delete(client: Client, state: Document) -> None:
    team = text(state["teamId"])
    what = f"Could not delete project {team} {state['id']}, unexpected error"
    with explained("Error deleting project", what, gone=True):
        await client.send(DELETE, owner=team, project=text(state["id"]))


async def _find(client: Client, identifier: str) -> Document:
    team, name = split(identifier, 1, "Error importing project", "project_id")
    what = f"Could not get project {team} {name}, unexpected error: unable to get project"
    with explained("Error reading project", what):
        answer = await get_project(client, name, team)
    await _read_variables(client, answer["id"], team, "import")
    return project(answer, blank(FIELDS), team_or_null(client, team))


async def _read_variables(client: Client, identifier: str, team: str, verb: str) -> None:
    """Ask for the project's variables as the real provider does, which keeps them only where they are inline."""
    until: int | None = None
    summary = "Error reading project environment variables"
    while True:
        query = {"decrypt": "true", "limit": _PAGE} | ({"until": str(until)} if until is not None else {})
        with explained(summary, f"Could not {verb} project, unexpected error"):
            page = await client.send(VARIABLES, owner=team, query=query, project=identifier)
        following: int | None = part(page, "pagination").get("next")
        if following is None:
            return
        if following == until:
            raise ResourceError(summary, "pagination cursor did not advance")
        until = following


async def _set_branch(client: Client, identifier: str, team: str, branch: str, verb: str) -> Any:
    what = "Failed to create project, an error occurred setting the production branch"
    if verb == "updating":
        what = f"Could not update project production branch {team} {identifier} to '{branch}', unexpected error"
    with explained(f"Error {verb} project", what):
        return await client.send(BRANCH, owner=team, project=identifier, body={"branch": branch})


async def _change(client: Client, call: Call, what: str, where: tuple[str, str], body: Any = None) -> Any:
    team, identifier = where
    with explained("Error updating project", f"{what}, unexpected error"):
        if body is None:
            return await client.send(call, owner=team, project=identifier)
        return await client.send(call, owner=team, project=identifier, body=body)


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
    token="vercel:index/project:Project",  # noqa: S106 - a resource's token
    fields=FIELDS,
    calls=(CREATE, GET_PROJECT, UPDATE, DELETE, VARIABLES, BRANCH, LINK, UNLINK),
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    find=_find,
    validate=_validate,
    named=True,
)
