"""Asks each domain of each application which release it serves now."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from parity.documents import mapping, texts
from parity.inventory.keys import opened
from parity.resources import kinds
from parity.vendors import health

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import httpx

    from parity.evaluate.graph import Graph
    from parity.evaluate.resource import Resource


@dataclass(frozen=True)
class DomainHealth:
    """The answer of one domain."""

    application: str
    domain: str
    release: str
    """The release that answered; empty if none did."""
    commit: str
    fault: str
    """Why the answer is not healthy; empty if it is."""
    database: bool = True
    """Whether the answer says anything of a database."""

    def document(self) -> dict[str, Any]:
        """For the ledger and for `--json`."""
        return asdict(self)

    def __str__(self) -> str:
        """`shop.example serves r2 of commit 7e92b4c05f3d`."""
        if not self.release:
            return f"{self.domain}: {self.fault or 'answers; it was there before Parity and names no release'}"
        text = f"{self.domain} serves {self.release} of commit {self.commit[:12]}"
        return f"{text} ({self.fault})" if self.fault else text


def ask(graph: Graph, environment: Mapping[str, str]) -> list[DomainHealth]:
    """Ask every domain of every application with a live release, through the environment's proxy and certificates.

    Of the environment `HTTPS_PROXY` and `SSL_CERT_FILE` are used.
    """
    return asyncio.run(_all(graph, environment))


async def _all(graph: Graph, environment: Mapping[str, str]) -> list[DomainHealth]:
    async with health.web(environment) as web:
        asked = [
            _ask(web, graph.called(kinds.application_of(each.name)), each, domain)
            for each in graph.resources.values()
            if each.type == kinds.LIVE
            for domain in texts(each.inputs["domains"])
        ]
        return await asyncio.gather(*asked)


def sentence(found: Sequence[DomainHealth]) -> str:
    """Say in one line what is live now."""
    return "; ".join(str(each) for each in found) or "nothing: no application has a live release"


async def _ask(web: httpx.AsyncClient, application: str, live: Resource, domain: str) -> DomainHealth:
    inputs = live.inputs
    page = mapping(inputs["health"])
    through = health.Pass.of(opened(dict(inputs)))
    url = f"https://{domain}{page['path']}"
    answer = await health.ask(web, url, through=through, seconds=float(page["timeoutSeconds"]))
    fault = answer.served() if inputs.get("imported") else answer.fault()
    return DomainHealth(application, domain, answer.release, answer.commit, fault, answer.asks_database)
