"""Domains of projects: whose they are, whether they are verified, where they redirect, what they serve."""

from __future__ import annotations

import hashlib
import re

from parity_sandbox.narrowing import part
from parity_sandbox.store import Document
from parity_sandbox.vercel import wire
from parity_sandbox.vercel.errors import BadRequest, Conflict, NotFound
from parity_sandbox.vercel.world import USER, World, stable_id

CREATE: wire.Shape = {
    "name": "string",
    "gitBranch": "string?",
    "customEnvironmentId": "string?",
    "redirect": "string?",
    "redirectStatusCode": "number?",
}
UPDATE: wire.Shape = {name: kind for name, kind in CREATE.items() if name != "name"}
MOVE: wire.Shape = {
    "projectId": "string",
    "gitBranch": "string?",
    "redirect": "string?",
    "redirectStatusCode": "number?",
}
REDIRECTS = (301, 302, 307, 308)
GENERATED = "vercel.app"

_HOST = re.compile(r"(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}")


def add_generated(world: World, project: Document) -> Document:
    """Give a new project its own `<name>.vercel.app`, with a part of its id where that is taken."""
    label = re.sub(r"[^a-z0-9-]+", "-", project["name"]).strip("-")
    name = f"{label}.{GENERATED}"
    if world.domains.get(name) is not None or world.hosts.get(name) is not None:
        name = f"{label}-{project['id'][4:12].lower()}.{GENERATED}"
    return _insert(world, project, {"name": name}, verified=True)


def create(world: World, project: Document, given: Document) -> Document:
    """Add a domain to a project.

    Raises:
        BadRequest: the name, the redirect or the branch does not fit.
        Conflict: code `domain_already_in_use`, the domain serves another project of this scope, or this one.
    """
    wire.check(given, CREATE, required=("name",))
    name = str(given["name"]).lower()
    if not _HOST.fullmatch(name):
        raise BadRequest(f'The specified value "{name}" is not a fully qualified domain name.', code="invalid_domain")
    taken = world.domains.get(name)
    if taken is not None and _owner(world, taken) == world.owner:
        raise Conflict(
            f"Cannot add {name} since it's already in use by one of your projects.",
            code="domain_already_in_use",
            projectId=taken["projectId"],
            domain=view(taken),
        )
    _check_settings(world, project, name, given)
    return _insert(world, project, {**given, "name": name}, verified=not _claimed_elsewhere(world, name))


def update(world: World, project: Document, name: str, given: Document) -> Document:
    """Change where a domain redirects or which branch it serves; raises BadRequest, NotFound."""
    wire.check(given, UPDATE)
    domain = find(world, project, name)
    _check_settings(world, project, name, given)
    domain.update({field: value if value != "" else None for field, value in given.items()})
    if not domain["redirect"]:
        domain["redirectStatusCode"] = None
    domain["updatedAt"] = world.now
    return world.domains.put(domain["key_"], domain)


def move(world: World, project: Document, name: str, given: Document) -> Document:
    """Give a domain, and what redirects to it in its project, to another project of the scope.

    Raises:
        NotFound: the domain is not the project's, or there is no such other project.
        BadRequest: the redirect or the branch does not fit.
    """
    wire.check(given, MOVE, required=("projectId",))
    domain, target = find(world, project, name), world.project(str(given["projectId"]))
    _check_settings(world, target, name, given)
    for each in [*(row for row in of_project(world, project) if row["redirect"] == domain["name"]), domain]:
        key = each["name"] if each["verified"] else f"{target['id']}/{each['name']}"
        world.domains.delete(each["key_"])
        world.domains.insert(key, {**each, "key_": key, "projectId": target["id"], "updatedAt": world.now})
    return update(world, target, name, {key: given[key] for key in UPDATE if key in given})


def delete(world: World, project: Document, name: str, *, with_redirects: bool = False) -> None:
    """Remove a domain; raises NotFound, and Conflict while other domains of the project redirect to it."""
    domain = find(world, project, name)
    pointing = [each for each in of_project(world, project) if each["redirect"] == domain["name"]]
    if pointing and not with_redirects:
        raise Conflict(
            f"Cannot remove {domain['name']} since other domains redirect to it: "
            f"{', '.join(each['name'] for each in pointing)}.",
            code="domain_has_redirects",
        )
    for each in [*pointing, domain]:
        world.domains.delete(each["key_"])


def verify(world: World, project: Document, name: str) -> Document:
    """Check the TXT record that proves ownership; raises BadRequest, code `missing_txt_record`, where there is none."""
    domain = find(world, project, name)
    if domain["verified"]:
        return domain
    challenge = domain["verification"][0]
    record = world.collection("dns").get(challenge["domain"])
    if record is None or challenge["value"] not in record.get("txt", []):
        raise BadRequest(
            f"Domain {_apex(name)} is missing required TXT Record {challenge['value']!r}", code="missing_txt_record"
        )
    world.domains.delete(domain["key_"])
    world.domains.delete(domain["name"])
    domain.update({"verified": True, "verification": [], "key_": domain["name"], "updatedAt": world.now})
    return world.domains.insert(domain["key_"], domain)


def find(world: World, project: Document, name: str) -> Document:
    """The project's domain of that name; raises NotFound."""
    for key in (name.lower(), f"{project['id']}/{name.lower()}"):
        domain = world.domains.get(key)
        if domain is not None and domain["projectId"] == project["id"]:
            return domain
    raise NotFound("The domain was not found in the project.", code="not_found")


def of_project(world: World, project: Document) -> list[Document]:
    """All domains of a project, oldest first."""
    return world.domains.find(projectId=project["id"])


def of_production(world: World, project: Document) -> list[str]:
    """The names that serve the live deployment: verified, no redirect, no branch, no custom environment."""
    return [
        each["name"]
        for each in of_project(world, project)
        if each["verified"] and not each["redirect"] and not each["gitBranch"] and not each["customEnvironmentId"]
    ]


def configuration(world: World, name: str) -> Document:
    """What DNS says of a domain; it is right unless the sandbox's ("vercel", "dns") says `misconfigured`."""
    record = world.collection("dns").get(name) or {}
    wrong = bool(record.get("misconfigured"))
    return {
        "configuredBy": None if wrong else ("CNAME" if name.count(".") > 1 else "A"),
        "acceptedChallenges": [] if wrong else ["http-01"],
        "recommendedIPv4": [{"rank": 1, "value": ["216.198.79.1"]}, {"rank": 2, "value": ["76.76.21.21"]}],
        "recommendedCNAME": [
            {"rank": 1, "value": f"{hashlib.sha256(name.encode()).hexdigest()[:16]}.vercel-dns-017.com."},
            {"rank": 2, "value": "cname.vercel-dns.com."},
        ],
        "misconfigured": wrong,
    }


def view(domain: Document) -> Document:
    """The domain as Vercel's API gives it."""
    shown = {name: value for name, value in domain.items() if name != "key_"}
    if shown["verified"]:
        del shown["verification"]
    return shown


def _insert(world: World, project: Document, given: Document, *, verified: bool) -> Document:
    now = world.now
    name = given["name"]
    redirect = given.get("redirect") or None
    domain: Document = {
        "key_": name if verified else f"{project['id']}/{name}",
        "name": name,
        "apexName": _apex(name),
        "projectId": project["id"],
        "redirect": redirect,
        "redirectStatusCode": given.get("redirectStatusCode") if redirect else None,
        "gitBranch": given.get("gitBranch") or None,
        "customEnvironmentId": given.get("customEnvironmentId") or None,
        "createdAt": now,
        "updatedAt": now,
        "verified": verified,
        "verification": [] if verified else [_challenge(project, name)],
    }
    try:
        return world.domains.insert(domain["key_"], domain)
    except KeyError as error:
        raise Conflict(f"The domain {name} is already added to the project.", code="domain_already_in_use") from error


def _challenge(project: Document, name: str) -> Document:
    token = hashlib.sha256(f"{project['id']} {name}".encode()).hexdigest()[:20]
    return {
        "type": "TXT",
        "domain": f"_vercel.{_apex(name)}",
        "value": f"vc-domain-verify={name},{token}",
        "reason": "pending_domain_verification",
    }


def _check_settings(world: World, project: Document, name: str, given: Document) -> None:
    redirect, branch = given.get("redirect"), given.get("gitBranch")
    if redirect and branch:
        raise BadRequest("You can't set both a git branch and a redirect for the domain.")
    if redirect and redirect == name:
        raise BadRequest("A domain cannot redirect to itself.")
    if redirect:
        try:
            find(world, project, redirect)
        except NotFound as error:
            raise BadRequest(
                f"The domain {redirect} is not one of the project's: add it before you redirect to it.",
                code="invalid_domain_redirect",
            ) from error
    if given.get("redirectStatusCode") is not None:
        wire.one_of("redirectStatusCode", given["redirectStatusCode"], REDIRECTS)
    if branch and branch == part(project, "link").get("productionBranch"):
        raise BadRequest("You can not set the production branch as a branch for your domain.")


def _claimed_elsewhere(world: World, name: str) -> bool:
    """Whether another account has the domain, or one under the same apex."""
    apex = _apex(name)
    claim = world.collection("account_domains").get(apex)
    if claim is not None:
        return claim["accountId"] != world.owner
    if apex == GENERATED:
        return world.domains.get(name) is not None
    return any(
        each["apexName"] == apex and _owner(world, each) != world.owner
        for each in world.domains.all()
        if each["verified"]
    )


def _owner(world: World, domain: Document) -> str | None:
    project = world.projects.get(domain["projectId"])
    return None if project is None else project["accountId"]


def _apex(name: str) -> str:
    return ".".join(name.removeprefix("*.").split(".")[-2:])


# --- Domains that a team or account has: those that a seed names, and the apexes of its projects' verified domains ---


def of_owner(world: World) -> list[Document]:
    """The scope's domains as the API gives them, by name."""
    since = {each["name"]: 0 for each in world.collection("account_domains").find(accountId=world.owner)}
    for each in of_projects(world):
        if each["apexName"] != GENERATED:
            since.setdefault(each["apexName"], each["createdAt"])
    return [_account_view(name, created) for name, created in sorted(since.items())]


def find_account(world: World, name: str) -> Document:
    """The scope's domain of that name, or the one that the name is below; raises NotFound."""
    for each in of_owner(world):
        if f".{name.lower()}".endswith(f".{each['name']}"):
            return each
    raise NotFound(f"The domain {name} was not found.")


def of_projects(world: World) -> list[Document]:
    """The verified domains of the scope's projects, oldest first."""
    own = {each["id"] for each in world.projects.find(accountId=world.owner)}
    return [each for each in world.domains.all() if each["verified"] and each["projectId"] in own]


def _account_view(name: str, created: int) -> Document:
    return {
        "id": stable_id("", name),
        "name": name,
        "serviceType": "external",
        "nameservers": [],
        "intendedNameservers": ["ns1.vercel-dns.com", "ns2.vercel-dns.com"],
        "customNameservers": [],
        "creator": {"id": USER["id"], "email": USER["email"], "username": USER["username"]},
        "createdAt": created,
        "boughtAt": None,
        "expiresAt": None,
        "orderedAt": None,
        "renew": False,
        "transferStartedAt": None,
        "transferredAt": None,
        "userId": USER["id"],
        "teamId": None,
        "verified": True,
    }
