"""What users see now: each domain of each application is asked, and says which release it serves."""

from __future__ import annotations

import ssl
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import httpx

from parity.inventory.keys import opened
from parity.provider.release import BYPASS_HEADER, database_is_well
from parity.resources import kinds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parity.evaluate.graph import Graph, Resource

_OK = 200
_AT_ONCE = 8


@dataclass(frozen=True)
class DomainHealth:
    """The answer of one domain."""

    application: str
    domain: str
    wanted: str
    """The release that the program declares as live."""
    release: str
    """The release that answered; empty where none did."""
    commit: str
    fault: str
    """Why it is no whole answer; empty where it is."""

    def document(self) -> dict[str, str]:
        """For the ledger and for `--json`."""
        return {
            "application": self.application,
            "domain": self.domain,
            "release": self.release,
            "commit": self.commit,
            "fault": self.fault,
        }

    def __str__(self) -> str:
        """`shop.example serves r2 of commit 7e92b4c05f3d`."""
        if not self.release:
            return f"{self.domain}: {self.fault}"
        text = f"{self.domain} serves {self.release} of commit {self.commit[:12]}"
        return f"{text} ({self.fault})" if self.fault else text


def ask(graph: Graph, environment: Mapping[str, str]) -> list[DomainHealth]:
    """Ask every domain of every application that is to be live, through the environment's proxy and certificates.

    Args:
        graph: what the program declares for the stack.
        environment: of the engine; `HTTPS_PROXY` and `SSL_CERT_FILE` are used.
    """
    lives = [resource for resource in graph.resources.values() if resource.type == kinds.LIVE]
    proxy = environment.get("HTTPS_PROXY") or environment.get("https_proxy")
    context = ssl.create_default_context(cafile=environment.get("SSL_CERT_FILE"))
    with (
        httpx.Client(proxy=proxy, verify=context, trust_env=False) as client,
        ThreadPoolExecutor(_AT_ONCE) as pool,
    ):
        asked = [
            pool.submit(_ask, client, resource, str(domain))
            for resource in lives
            for domain in cast("list[str]", resource.inputs["domains"])
        ]
        return [each.result() for each in asked]


def sentence(found: Sequence[DomainHealth]) -> str:
    """What is live now, in one line."""
    return "; ".join(str(each) for each in found) or "nothing: no application has a live release"


def _ask(client: httpx.Client, resource: Resource, domain: str) -> DomainHealth:
    inputs = resource.inputs
    application, wanted = resource.name.removesuffix("-live"), str(inputs["release"])
    health = cast("dict[str, Any]", inputs["health"])
    headers = {BYPASS_HEADER: str(opened(inputs["protectionBypass"]))} if inputs.get("protectionBypass") else {}
    try:
        answer = client.get(
            f"https://{domain}{health['path']}", headers=headers, timeout=float(health["timeoutSeconds"])
        )
    except httpx.HTTPError as failure:
        return DomainHealth(application, domain, wanted, "", "", f"no answer ({type(failure).__name__})")
    body = _body(answer)
    release, commit = _word(body.get("release")), _word(body.get("commit"))
    return DomainHealth(application, domain, wanted, release, commit, _fault(answer, body))


def _fault(answer: httpx.Response, body: Mapping[str, Any]) -> str:
    if answer.status_code != _OK:
        return f"answered {answer.status_code}"
    if not body.get("release"):
        return "answered without naming a release"
    return "" if database_is_well(body.get("database")) else "cannot log in to its database"


def _body(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        document = answer.json()
    except ValueError:
        return {}
    return cast("dict[str, Any]", document) if isinstance(document, dict) else {}


def _word(value: Any) -> str:
    """A release's or commit's name, if it is one: nothing else of an answer is shown."""
    word = str(value or "")[:40]
    return word if word.isalnum() else ""
