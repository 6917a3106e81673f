"""The services behind the TLS port, the one place where the vendors' applications and the edge are imported."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from parity_sandbox import edge, github, oidc, tokens, vercel
from parity_sandbox.asgi import Answer
from parity_sandbox.credentials import JOBS

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Scope

    from parity_sandbox.context import Context
    from parity_sandbox.credentials import Credentials
    from parity_sandbox.faults import FaultRule
    from parity_sandbox.store import Document


class Vendor(Protocol):
    """What the package of a vendor exports."""

    def create_app(self, context: Context, token: str, /) -> ASGIApp:
        """The application for the vendor's hosts; `token` is the one that may do everything."""
        ...

    def seed(self, context: Context, document: Document, /) -> None:
        """Make the objects of a seed that are not there yet; the same seed twice changes nothing."""
        ...

    def secrets(self, context: Context, /) -> list[Document]:
        """Every secret value kept, opened, for tests."""
        ...


@dataclass(frozen=True)
class Service:
    """One application and the hosts that it answers for."""

    name: str
    app: ASGIApp
    hosts: frozenset[str]
    transactional: bool = True
    """Its handlers run at once, inside a transaction."""
    by_host: bool = False
    """It answers for whatever hosts the edge owns; its log rows carry the host."""
    knows: Callable[[str], bool] = lambda _: True
    """Whether it takes a token."""

    def admits(self, scope: Scope) -> bool:
        """Whether the request's head carries a token; the application words the refusal of one that does not."""
        given = next((value for name, value in scope["headers"] if name.lower() == b"authorization"), b"")
        return self.knows(tokens.given_in(given.decode("latin-1")))

    def failure_answer(self, status: int, message: str, headers: dict[str, str] | None = None) -> Answer:
        """An answer with an error in the vendor's own form."""
        documents: dict[str, Document] = {
            "vercel": {"error": {"code": _VERCEL_CODES.get(status, "internal_server_error"), "message": message}},
            "github": {"message": message, "documentation_url": "https://docs.github.com/rest", "status": str(status)},
        }
        return Answer.of_json(status, documents.get(self.name, {"error": message}), headers)

    def fault_answer(self, fault: FaultRule) -> Answer:
        """The answer of a fault whose action is `status`."""
        headers = dict(fault.headers)
        if fault.retry_after is not None:
            headers["retry-after"] = f"{fault.retry_after:g}"
        if fault.body is not None:
            return Answer.of_json(fault.status, fault.body, headers)
        if self.name == "github":
            document, headers = github.failure(fault.status, headers, time.time())
            return Answer.of_json(fault.status, document, headers)
        return self.failure_answer(fault.status, f"The sandbox's fault {fault.id} struck this request.", headers)


_VERCEL_CODES = {
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    408: "request_timeout",
    409: "conflict",
    413: "request_entity_too_large",
    429: "rate_limited",
}
VENDOR_HOSTS = {
    "vercel": frozenset(vercel.HOSTS),
    "github": frozenset({"api.github.com"}),
}


VENDORS: dict[str, Vendor] = {"vercel": vercel, "github": github}
"""The vendors by name."""


def load_services(context: Context, credentials: Credentials) -> tuple[Service, ...]:
    """Every service, ready to be called."""
    own = {"vercel": credentials.vercel_token, "github": credentials.github_token}

    def knows(name: str, given: str) -> bool:
        return tokens.is_own(given, own[name]) or tokens.find(context, name, given) is not None

    vendors = (
        Service(name, each.create_app(context, own[name]), VENDOR_HOSTS[name], knows=partial(knows, name))
        for name, each in VENDORS.items()
    )
    issuer = Service("oidc", oidc.create_app(context, own["github"]), frozenset({JOBS}), transactional=False)
    return (*vendors, issuer, Service("edge", edge.create_app(context), frozenset(), transactional=False, by_host=True))


def service_of(services: tuple[Service, ...], context: Context, host: str) -> Service | None:
    """The service that answers for a host, or None."""
    for service in services:
        if host in service.hosts or (service.by_host and edge.owns(context, host)):
            return service
    return None
