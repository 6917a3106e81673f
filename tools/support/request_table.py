"""Which resource each request of an update from nothing belongs to, and the table of them in docs/requests.md."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_PROVIDER = "the vendor's provider"
_OWN = "parity's plugin"


class Family(NamedTuple):
    """The requests of one kind that one kind of resource makes."""

    resource: str
    request: str
    """A regular expression over `service METHOD path`, without the query."""
    shown: str
    asker: str
    why: str
    polled: bool = False
    """Repeated until something is done, so the number follows the clock."""


_REPO = r"/repos/[^/]+/[^/]+"
_BY_ID = r"/repositories/\d+"
FAMILIES = (
    Family("provider github", r"github GET /orgs/[^/]+", "GET /orgs/{org}", _PROVIDER, "the owner, once a run"),
    Family(
        "the program, provider vercel",
        r"vercel GET /v2/teams/[^/]+",
        "GET /v2/teams/{slug}",
        f"the program, {_PROVIDER}",
        "whether the token opens the team, before anything is made; the team, once a run",
    ),
    Family("Project", r"vercel GET /", "GET / (frameworks, regions)", _PROVIDER, "checks framework and region"),
    Family("Project", r"vercel POST /v8/projects", "POST /v8/projects", _PROVIDER, "creates it"),
    Family(
        "Project",
        r"vercel PATCH /v9/projects/[^/]+",
        "PATCH /v9/projects/{id}",
        _PROVIDER,
        "settings that a create does not take",
    ),
    Family(
        "Project", r"vercel PATCH /v9/projects/[^/]+/branch", "PATCH .../branch", _PROVIDER, "its production branch"
    ),
    Family(
        "Project",
        r"vercel GET /v8/projects/[^/]+/env",
        "GET .../env",
        _PROVIDER,
        "its variables, which a project lists",
    ),
    Family(
        "Project, ProjectEnvironmentVariable, Deployment",
        r"vercel GET /v10/projects/[^/]+",
        "GET /v10/projects/{id}",
        _PROVIDER,
        "each asks for the project before it creates",
    ),
    Family(
        "ProjectEnvironmentVariable", r"vercel POST /v10/projects/[^/]+/env", "POST .../env", _PROVIDER, "creates it"
    ),
    Family("ProjectDomain", r"vercel POST /v10/projects/[^/]+/domains", "POST .../domains", _OWN, "creates it"),
    Family(
        "ProjectDeploymentRetention",
        r"vercel PATCH /v9/projects/[^/]+/deployment-expiration",
        "PATCH .../deployment-expiration",
        _PROVIDER,
        "sets it",
    ),
    Family("Deployment", r"vercel POST /v12/now/deployments", "POST /v12/now/deployments", _PROVIDER, "creates it"),
    Family(
        "Deployment",
        r"vercel GET /v13/deployments/[^/]+",
        "GET /v13/deployments/{id}",
        _PROVIDER,
        "until it is built",
        polled=True,
    ),
    Family("LogDrain", r"vercel POST /v1/drains", "POST /v1/drains", _PROVIDER, "creates it"),
    Family(
        "ProtectionBypass",
        r"vercel PATCH /v1/projects/[^/]+/protection-bypass",
        "PATCH .../protection-bypass",
        _OWN,
        "creates it",
    ),
    Family(
        "LiveRelease",
        r"vercel GET /v9/projects/[^/]+",
        "GET /v9/projects/{id}",
        _OWN,
        "what is live before, then until the promotion is done",
        polled=True,
    ),
    Family(
        "LiveRelease",
        r"edge GET [^/]+\.vercel\.app/.*",
        "GET the deployment's own host",
        _OWN,
        "healthy before it is promoted",
        polled=True,
    ),
    Family(
        "LiveRelease",
        r"vercel GET /v10/projects/[^/]+/env",
        "GET /v10/projects/{id}/env",
        _OWN,
        "whether a release that never served was built from what is declared",
    ),
    Family(
        "LiveRelease", r"vercel POST /v10/projects/[^/]+/promote/[^/]+", "POST .../promote/{id}", _OWN, "the switch"
    ),
    Family("LiveRelease", r"edge GET [^/]+/.*", "GET each domain", _OWN, "until it serves the release", polled=True),
    Family(
        "the program, every GitHub resource but the environment and secret",
        rf"github GET {_REPO}",
        "GET /repos/{repo}",
        f"the program, {_PROVIDER}",
        "whether the token opens the repository, before anything is made; each resource asks for it",
    ),
    Family(
        "RepositoryEnvironment",
        rf"github (PUT|GET) {_REPO}/environments/[^/]+",
        "PUT .../environments/{name}",
        _PROVIDER,
        "creates it",
    ),
    Family(
        "RepositoryEnvironment reviewers",
        r"github GET /orgs/[^/]+/teams/[^/]+",
        "GET /orgs/{org}/teams/{team}",
        _PROVIDER,
        "a team's id",
    ),
    Family(
        "RepositoryEnvironmentDeploymentPolicy",
        rf"github POST {_REPO}/environments/[^/]+/deployment-branch-policies",
        "POST .../deployment-branch-policies",
        _PROVIDER,
        "creates it",
    ),
    Family(
        "ActionsEnvironmentSecret",
        rf"github GET {_BY_ID}/environments/[^/]+/secrets/public-key",
        "GET .../secrets/public-key",
        _PROVIDER,
        "the key to seal with",
    ),
    Family(
        "ActionsEnvironmentSecret",
        rf"github PUT {_BY_ID}/environments/[^/]+/secrets/[^/]+",
        "PUT .../secrets/{name}",
        _PROVIDER,
        "creates it",
    ),
    Family(
        "ActionsEnvironmentSecret",
        rf"github GET {_BY_ID}/environments/[^/]+/secrets/[^/]+",
        "GET .../secrets/{name}",
        _PROVIDER,
        "reads its time stamp back",
    ),
    Family(
        "ActionsEnvironmentVariable",
        rf"github POST {_REPO}/environments/[^/]+/variables",
        "POST .../variables",
        _PROVIDER,
        "creates it",
    ),
    Family(
        "ActionsEnvironmentVariable",
        rf"github GET {_REPO}/environments/[^/]+/variables/[^/]+",
        "GET .../variables/{name}",
        _PROVIDER,
        "reads it back",
    ),
    Family("RepositoryRuleset", rf"github POST {_REPO}/rulesets", "POST .../rulesets", _PROVIDER, "creates it"),
    Family(
        "RepositoryRuleset", rf"github GET {_REPO}/rulesets/\d+", "GET .../rulesets/{id}", _PROVIDER, "reads it back"
    ),
    Family(
        "ActionsRepositoryPermissions",
        rf"github (PUT|GET) {_REPO}/actions/permissions(/.*)?",
        "PUT, GET .../actions/permissions",
        _PROVIDER,
        "sets and reads back",
    ),
)


def family(row: Mapping[str, Any]) -> Family | None:
    """The first family that a row of the request log belongs to, or None."""
    text = f"{row['service']} {row['method']} {row['path'].partition('?')[0]}"
    return next((each for each in FAMILIES if re.fullmatch(each.request, text)), None)


def counts(rows: Iterable[Mapping[str, Any]]) -> Counter[Family]:
    """How many rows each family has."""
    return Counter(found for row in rows if (found := family(row)))


def page(stacks: Mapping[str, Iterable[Mapping[str, Any]]]) -> str:
    """docs/requests.md: the requests of each stack's update from nothing."""
    numbers = {stack: counts(rows) for stack, rows in stacks.items()}
    fixed = {stack: sum(n for each, n in count.items() if not each.polled) for stack, count in numbers.items()}
    lines = [
        "# Requests of an update from nothing",
        "",
        "Counted by the sandbox while both stacks of the example came up from nothing; a test holds this page to it",
        "(`packages/parity/tests/sandbox/test_requests.py`; with `PARITY_WRITE_DOCS=1` it writes the page).",
        "*Polled* ones are repeated until something is done, so their number follows the clock; each is made once",
        "at least.",
        "",
        "| resource | request | " + " | ".join(numbers) + " | asked by | why |",
        "| --- | --- |" + " ---: |" * len(numbers) + " --- | --- |",
    ]
    for each in FAMILIES:
        found = [count[each] for count in numbers.values()]
        if any(found):
            cells = ["polled" if each.polled else str(number) for number in found]
            lines.append(f"| {each.resource} | `{each.shown}` | {' | '.join(cells)} | {each.asker} | {each.why} |")
    lines += [
        "",
        f"In all, without the polled ones: {', '.join(f'{stack} {number}' for stack, number in fixed.items())}.",
        "",
        "What could be spared is asked by the vendors' own providers, whose code is not ours: GitHub's asks for the",
        "repository once for each resource and reads back what it wrote, Vercel's asks for the project before",
        "each variable, domain and deployment. Parity's plugin asks nothing twice but while it waits; the program asks",
        "two things first, so that a token that does not open stops it before anything is made.",
        "",
    ]
    return "\n".join(lines)
