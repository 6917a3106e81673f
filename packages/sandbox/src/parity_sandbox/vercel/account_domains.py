"""Domains that a team or account has: those that a seed names, and the apexes of its projects' verified domains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity_sandbox.vercel import domains
from parity_sandbox.vercel.errors import NotFound
from parity_sandbox.vercel.world import USER, stable_id

if TYPE_CHECKING:
    from parity_sandbox.store import Document
    from parity_sandbox.vercel.world import World


def of_owner(world: World) -> list[Document]:
    """The scope's domains as the API gives them, by name."""
    since = {each["name"]: 0 for each in world.collection("account_domains").find(accountId=world.owner)}
    for each in of_projects(world):
        if each["apexName"] != domains.GENERATED:
            since.setdefault(each["apexName"], each["createdAt"])
    return [_view(name, created) for name, created in sorted(since.items())]


def find(world: World, name: str) -> Document:
    """The scope's domain of that name, or the one that the name is below; raises NotFound."""
    for each in of_owner(world):
        if f".{name.lower()}".endswith(f".{each['name']}"):
            return each
    raise NotFound(f"The domain {name} was not found.")


def of_projects(world: World) -> list[Document]:
    """The verified domains of the scope's projects, oldest first."""
    own = {each["id"] for each in world.projects.find(accountId=world.owner)}
    return [each for each in world.domains.all() if each["verified"] and each["projectId"] in own]


def _view(name: str, created: int) -> Document:
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
