"""Routes of project domains and of a domain's DNS configuration."""

from __future__ import annotations

from parity_sandbox.store import Document
from parity_sandbox.vercel import domains, wire
from parity_sandbox.vercel.errors import BadRequest
from parity_sandbox.vercel.wire import Call, route


def _list(call: Call) -> Document:
    found = [each for each in domains.of_project(call.world, call.project) if _wanted(call, each)]
    return wire.paged(call, "domains", found, domains.view)


def _wanted(call: Call, domain: Document) -> bool:
    if call.query("production") is not None and call.truthy("production") == bool(domain["gitBranch"]):
        return False
    if call.query("verified") is not None and call.truthy("verified") != domain["verified"]:
        return False
    if call.query("redirects") == "false" and domain["redirect"]:
        return False
    return all(call.query(name) in {None, domain[name]} for name in ("gitBranch", "redirect", "customEnvironmentId"))


def _create(call: Call) -> Document:
    return domains.view(domains.create(call.world, call.project, call.body()))


def _create_by_command_line(call: Call) -> list[Document]:
    """The command line's older form: `domain` and `target` in, the list of the project's domains out."""
    project = call.project
    body = call.body({"domain": "string", "target": "string"}, required=("domain",))
    domains.create(call.world, project, {"name": body["domain"]})
    return [{**domains.view(each), "domain": each["name"]} for each in domains.of_project(call.world, project)]


def _read(call: Call) -> Document:
    return domains.view(domains.find(call.world, call.project, call.path("domain")))


def _update(call: Call) -> Document:
    return domains.view(domains.update(call.world, call.project, call.path("domain"), call.body()))


def _delete(call: Call) -> Document:
    project, body = call.project, call.body({"removeRedirects": "boolean"})
    domains.delete(call.world, project, call.path("domain"), with_redirects=bool(body.get("removeRedirects")))
    return {}


def _verify(call: Call) -> Document:
    return domains.view(domains.verify(call.world, call.project, call.path("domain")))


def _move(call: Call) -> Document:
    return domains.view(domains.move(call.world, call.project, call.path("domain"), call.body()))


def _configuration(call: Call) -> Document:
    return domains.configuration(call.world, call.path("domain").lower())


def _list_account(call: Call) -> Document:
    return wire.paged(call, "domains", domains.of_owner(call.world))


def _read_account(call: Call) -> Document:
    return {"domain": domains.find_account(call.world, call.path("domain"))}


def _project_domains(call: Call) -> Document:
    apex = domains.find_account(call.world, call.path("domain"))["name"]
    found = [each for each in domains.of_projects(call.world) if each["apexName"] == apex]
    return wire.paged(call, "projectDomains", found, domains.view)


def _not_sold(call: Call) -> None:
    raise BadRequest(f"The TLD of {call.path('domain')} is not supported.", code="tld_not_supported")


_ALL, _SOLD = "/projects/{idOrName}/domains", "/v1/registrar/domains/{domain}"
_ONE = f"/v9{_ALL}/{{domain}}"
_DNS = "There is no DNS: a name is right unless the seed's `dns` says otherwise."
_ACCOUNT = "Made from the seed's `domains` and from the verified domains of projects; none is bought or moved."

ROUTES = (
    route("GET", f"/v9{_ALL}", _list, "getProjectDomains"),
    route(
        "POST", f"/v10{_ALL}", _create, "addProjectDomain; client/project_domain.go",
        "A domain is verified at once unless another account of the sandbox has its apex.",
    ),
    route("GET", _ONE, _read, "getProjectDomain; client/project_domain.go"),
    route("PATCH", _ONE, _update, "updateProjectDomain; client/project_domain.go"),
    route("DELETE", _ONE, _delete, "removeProjectDomain; client/project_domain.go"),
    route("POST", f"{_ONE}/verify", _verify, "verifyProjectDomain", _DNS),
    route(
        "POST", f"/v1{_ALL}/{{domain}}/move", _move, "moveProjectDomain",
        "The other project's live deployment serves it at once; that Vercel does so is not described.",
    ),
    route("POST", "/v1/projects/{idOrName}/alias", _create_by_command_line, "the command line's domains add"),
    route("GET", "/v5/domains", _list_account, "getDomains", _ACCOUNT),
    route("GET", "/v5/domains/{domain}", _read_account, "getDomain", _ACCOUNT),
    route("GET", "/v1/domains/{domain}/project-domains", _project_domains, "the command line's domains command"),
    route("GET", f"{_SOLD}/price", _not_sold, "getDomainPrice", "No domain is sold."),
    route("GET", f"{_SOLD}/availability", _not_sold, "getDomainAvailability", "No domain is sold."),
    route("GET", "/v6/domains/{domain}/config", _configuration, "getDomainConfig; client/domain_config.go", _DNS),
)  # fmt: skip
