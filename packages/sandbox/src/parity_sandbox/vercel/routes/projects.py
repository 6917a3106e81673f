"""Routes of projects: settings, Git link, protection, retention, rolling release, crons, function resources."""

from __future__ import annotations

from functools import partial

from parity_sandbox.store import Document
from parity_sandbox.vercel import links, projects, protection, rolling, wire
from parity_sandbox.vercel.wire import Answer, Call, route


def _list(call: Call) -> Document:
    mine, search = call.world.projects.find(accountId=call.world.owner), call.query("search") or ""
    found = [each for each in mine if search in each["name"]]
    return wire.paged(call, "projects", found, partial(projects.view, call.world))


def _create(call: Call) -> Document:
    return projects.view(call.world, projects.create(call.world, call.body()))


def _update(call: Call) -> Document:
    return projects.view(call.world, projects.update(call.world, call.project, call.body()))


def _delete(call: Call) -> None:
    projects.delete(call.world, call.project)


def _saved(call: Call) -> Document:
    return projects.view(call.world, call.world.save(call.project))


def _link(call: Call) -> Document:
    links.link(call.world, call.project, call.body())
    return _saved(call)


def _unlink(call: Call) -> Document:
    call.project.pop("link", None)
    return _saved(call)


def _branch(call: Call) -> Document:
    links.set_production_branch(call.project, call.body({"branch": "string"}, required=("branch",))["branch"])
    return _saved(call)


def _add_hook(call: Call) -> Answer:
    project, body = call.project, call.body({"name": "string", "ref": "string"}, required=("name", "ref"))
    links.add_hook(call.world, project, body["name"], body["ref"])
    return Answer(_saved(call), 201)


def _remove_hook(call: Call) -> Document:
    links.remove_hook(call.project, call.path("hookId"))
    return _saved(call)


def _retention(call: Call) -> Document:
    return projects.set_retention(call.world, call.project, call.body())


def _crons(call: Call) -> Document:
    project, body = call.project, call.body({"enabled": "boolean"}, required=("enabled",))
    projects.set_crons(call.world, project, enabled=body["enabled"])
    return projects.view(call.world, project)


def _set_function_cpu(call: Call) -> Document:
    project, name = call.project, "defaultMemoryType"
    return projects.set_function_cpu(call.world, project, call.body({name: "string"}, required=(name,))[name])


def _alias_request(kind: str, call: Call) -> Answer:
    project, _ = call.project, call.body()
    begun = rolling.request(call.world, project, call.path("deploymentId"), kind)
    return Answer(None, 201 if begun else 202)


def _alias_status(call: Call) -> Document:
    found = rolling.aliases(call.world, call.project)
    if call.truthy("failedOnly"):
        found = [each for each in found if each["status"] == "failed"]
    return wire.paged(call, "aliases", found, lambda each: {name: each[name] for name in ("id", "alias", "status")})


_ONE = "/projects/{idOrName}"
_CPU = f"/v1{_ONE}/resource-config"
_STATUS = "listPromoteAliases; the CLI's status.ts"
_NAME = "`alias` is the name, as in the description; the CLI's types have an object there."

ROUTES = (
    route("GET", "/v10/projects", _list, "getProjects"),
    route("POST", "/v11/projects", _create, "createProject; client/project.go"),
    route("GET", f"/v10{_ONE}", lambda call: projects.view(call.world, call.project), "getProject; client/project.go"),
    route(
        "PATCH", f"/v10{_ONE}", _update, "updateProject; client/project.go",
        "Passwords and trusted addresses are kept or dropped, but no visitor is asked for them.",
    ),
    route("DELETE", f"/v9{_ONE}", _delete, "deleteProject; client/project.go"),
    route(
        "POST", f"/v9{_ONE}/link", _link, "client/project.go",
        "A GitHub repository must be one of the sandbox's; any GitLab or Bitbucket repository is taken.",
    ),
    route("DELETE", f"/v9{_ONE}/link", _unlink, "client/project.go"),
    route("PATCH", f"/v9{_ONE}/branch", _branch, "client/project.go", "The branch need not exist."),
    route("POST", f"/v2{_ONE}/deploy-hooks", _add_hook, "client/deploy_hooks.go", "The hook's URL deploys nothing."),
    route("DELETE", f"/v2{_ONE}/deploy-hooks/{{hookId}}", _remove_hook, "client/deploy_hooks.go"),
    route(
        "PATCH", f"/v10{_ONE}/protection-bypass", lambda call: protection.change(call.world, call.project, call.body()),
        "updateProjectProtectionBypass; client/project_protection_bypass.go",
    ),
    route(
        "PATCH", f"/v9{_ONE}/deployment-expiration", _retention, "client/project_deployment_retention.go",
        "Nothing is deleted when its time has come.",
    ),
    route("PATCH", f"/v1{_ONE}/crons", _crons, "client/project_crons.go", "No cron runs."),
    route("GET", _CPU, lambda call: projects.function_cpu(call.project), "client/project_function_cpu.go"),
    route("PATCH", _CPU, _set_function_cpu, "client/project_function_cpu.go"),
    route(
        "POST", f"/v10{_ONE}/promote/{{deploymentId}}", partial(_alias_request, "promote"), "requestPromote",
        "Answers 201 with an empty body and switches after the sandbox's `promote_seconds`; Vercel gives no time.",
        "A promotion is refused with 409 while another is under way or where the deployment is live already.",
    ),
    route(
        "POST", f"/v9{_ONE}/rollback/{{deploymentId}}", partial(_alias_request, "rollback"),
        "requestRollback; the CLI's request-rollback.ts",
        "Only a deployment that was live before is taken; automatic assignment is off until the next rolling.",
    ),
    route("GET", f"/v9{_ONE}/promote/aliases", _alias_status, _STATUS, _NAME),
    route("GET", f"/v9{_ONE}/rollback/aliases", _alias_status, _STATUS, _NAME),
)  # fmt: skip
