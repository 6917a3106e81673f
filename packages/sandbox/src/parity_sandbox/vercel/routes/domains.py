"""Routes of project domains and of a domain's DNS configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity_sandbox.routing import Route
from parity_sandbox.vercel import account_domains, domains, wire
from parity_sandbox.vercel.errors import BadRequest

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from parity_sandbox.store import Document
    from parity_sandbox.vercel.world import World


def _here(request: Request) -> tuple[World, Document]:
    world = wire.world_of(request)
    return world, world.project(request.path_params["idOrName"])


async def _list(request: Request) -> Response:
    world, project = _here(request)
    found = [each for each in domains.of_project(world, project) if _wanted(request, each)]
    shown, pagination = wire.page(request, found)
    return wire.answer({"domains": [domains.view(each) for each in shown], "pagination": pagination})


def _wanted(request: Request, domain: Document) -> bool:
    query = request.query_params
    if "production" in query and wire.truthy(request, "production") == bool(domain["gitBranch"]):
        return False
    if "verified" in query and wire.truthy(request, "verified") != domain["verified"]:
        return False
    if query.get("redirects") == "false" and domain["redirect"]:
        return False
    return all(query.get(name) in {None, domain[name]} for name in ("gitBranch", "redirect", "customEnvironmentId"))


async def _create(request: Request) -> Response:
    world, project = _here(request)
    body = await wire.body_of(request, domains.CREATE)
    return wire.answer(domains.view(domains.create(world, project, body)))


async def _create_by_command_line(request: Request) -> Response:
    """The command line's older form: `domain` and `target` in, the list of the project's domains out."""
    world, project = _here(request)
    body = await wire.body_of(request, {"domain": "string", "target": "string"}, required=("domain",))
    domains.create(world, project, {"name": body["domain"]})
    shown = [{**domains.view(each), "domain": each["name"]} for each in domains.of_project(world, project)]
    return wire.answer(shown)


async def _read(request: Request) -> Response:
    world, project = _here(request)
    return wire.answer(domains.view(domains.find(world, project, request.path_params["domain"])))


async def _update(request: Request) -> Response:
    world, project = _here(request)
    body = await wire.body_of(request, domains.UPDATE)
    return wire.answer(domains.view(domains.update(world, project, request.path_params["domain"], body)))


async def _delete(request: Request) -> Response:
    world, project = _here(request)
    body = await wire.body_of(request, {"removeRedirects": "boolean"})
    name = request.path_params["domain"]
    domains.delete(world, project, name, with_redirects=bool(body.get("removeRedirects")))
    return wire.answer({})


async def _verify(request: Request) -> Response:
    world, project = _here(request)
    return wire.answer(domains.view(domains.verify(world, project, request.path_params["domain"])))


async def _move(request: Request) -> Response:
    world, project = _here(request)
    body = await wire.body_of(request, domains.MOVE, required=("projectId",))
    return wire.answer(domains.view(domains.move(world, project, request.path_params["domain"], body)))


async def _configuration(request: Request) -> Response:
    world = wire.world_of(request)
    return wire.answer(domains.configuration(world, request.path_params["domain"].lower()))


async def _list_account(request: Request) -> Response:
    shown, pagination = wire.page(request, account_domains.of_owner(wire.world_of(request)))
    return wire.answer({"domains": shown, "pagination": pagination})


async def _read_account(request: Request) -> Response:
    return wire.answer({"domain": account_domains.find(wire.world_of(request), request.path_params["domain"])})


async def _project_domains(request: Request) -> Response:
    world = wire.world_of(request)
    apex = account_domains.find(world, request.path_params["domain"])["name"]
    found = [each for each in account_domains.of_projects(world) if each["apexName"] == apex]
    shown, pagination = wire.page(request, found)
    return wire.answer({"projectDomains": [domains.view(each) for each in shown], "pagination": pagination})


async def _not_sold(request: Request) -> Response:
    raise BadRequest(f"The TLD of {request.path_params['domain']} is not supported.", code="tld_not_supported")


_DOMAINS = "/projects/{idOrName}/domains"
_DNS = ("There is no DNS: a name is right unless the seed's `dns` says otherwise.",)
_ACCOUNT = ("Made from the seed's `domains` and from the verified domains of projects; none is bought or moved.",)

ROUTES: tuple[Route, ...] = (
    Route("GET", f"/v9{_DOMAINS}", _list, "getProjectDomains"),
    *(
        Route(
            "POST",
            f"/{v}{_DOMAINS}",
            _create,
            "addProjectDomain; client/project_domain.go",
            ("A domain is verified at once unless another account of the sandbox has its apex.",),
        )
        for v in ("v9", "v10")
    ),
    Route("GET", f"/v9{_DOMAINS}/{{domain}}", _read, "getProjectDomain; client/project_domain.go"),
    Route("PATCH", f"/v9{_DOMAINS}/{{domain}}", _update, "updateProjectDomain; client/project_domain.go"),
    Route("DELETE", f"/v9{_DOMAINS}/{{domain}}", _delete, "removeProjectDomain; client/project_domain.go"),
    Route("POST", f"/v9{_DOMAINS}/{{domain}}/verify", _verify, "verifyProjectDomain", _DNS),
    Route(
        "POST",
        f"/v1{_DOMAINS}/{{domain}}/move",
        _move,
        "moveProjectDomain",
        ("The other project's live deployment serves it at once; that Vercel does so is not described.",),
    ),
    Route("POST", "/v1/projects/{idOrName}/alias", _create_by_command_line, "the command line's domains add"),
    Route("GET", "/v5/domains", _list_account, "getDomains", _ACCOUNT),
    Route("GET", "/v5/domains/{domain}", _read_account, "getDomain", _ACCOUNT),
    Route("GET", "/v1/domains/{domain}/project-domains", _project_domains, "the command line's domains command"),
    *(
        Route("GET", f"/v1/registrar/domains/{{domain}}/{what}", _not_sold, operation, ("No domain is sold.",))
        for what, operation in (("price", "getDomainPrice"), ("availability", "getDomainAvailability"))
    ),
    Route("GET", "/v6/domains/{domain}/config", _configuration, "getDomainConfig; client/domain_config.go", _DNS),
)
