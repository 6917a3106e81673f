"""What another promotion changes."""

from __future__ import annotations

from parity.resources import kinds
from support.mutations.world import REPOSITORY, Mutation, World

SWITCHED = (
    Mutation(
        "changed", kinds.LIVE, "shop-live", "deploymentId", lambda world: _promote_another(world),  # noqa: PLW0108 - below
    ),
    Mutation("changed", kinds.LIVE, "shop-live", "release", lambda _: None),
    Mutation("changed", kinds.LIVE, "shop-live", "commit", lambda _: None),
)  # fmt: skip
"""What another promotion changes."""


def _promote_another(world: World) -> None:
    """Deploy a commit by hand, wait for its build, and make it live."""
    body = {
        "name": "shop-prod", "target": "production",
        "gitSource": {"type": "github", "org": "storefront-example", "repo": REPOSITORY, "ref": "5a" * 20},
    }  # fmt: skip
    made = world.vercel("POST", "/v13/deployments", body)
    while world.vercel("GET", f"/v13/deployments/{made['id']}")["readyState"] != "READY":
        pass
    project = world.vercel("GET", "/v9/projects/shop-prod")["id"]
    world.vercel("POST", f"/v10/projects/{project}/promote/{made['id']}", {})
    while world.vercel("GET", "/v9/projects/shop-prod")["targets"]["production"]["id"] != made["id"]:
        pass


def _move_alias(world: World) -> None:
    """Point a live domain at another project's deployment."""
    deployment = world.deployment("admin-prod", "r1")
    world.vercel("POST", f"/v2/deployments/{deployment}/aliases", {"alias": "shop.storefront.example"})


MOVED = (Mutation("changed", kinds.LIVE, "shop-live", "serves.shop.storefront.example", _move_alias),)
"""What a domain serves, changed past its project."""
