"""What exists before the program runs: the Vercel team, the GitHub organization, its people and the pushed commits."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from parity.documents import mapping

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from parity.config.parameters import Catalog
    from parity.documents import Document


def seed_document(catalog: Catalog, stacks: Iterable[Mapping[str, Any]]) -> Document:
    """The body of `POST /_sandbox/seed` for the catalog and the stacks' files (plain data, as read)."""
    stacks = list(stacks)
    repository = catalog.repository
    deliveries = [_config(stack, "delivery") for stack in stacks]
    return {
        "vercel": {"teams": [team(catalog.vercel_team)]},
        "github": {
            "organization": repository.owner,
            "repositories": [
                {
                    "owner": repository.owner,
                    "name": repository.name,
                    "default_branch": repository.default_branch,
                    "branches": [repository.default_branch],
                    "commits": list(dict.fromkeys(commit for stack in stacks for commit in commits(stack))),
                }
            ],
            "teams": [{"slug": slug, "name": slug} for slug in _reviewers(deliveries, "teams")],
            "users": [{"login": login} for login in _reviewers(deliveries, "users")],
        },
    }


def team(slug: str) -> Document:
    """A Vercel team whose id follows from its slug, so that seeding twice names the same team."""
    return {"id": "team_" + hashlib.sha256(slug.encode()).hexdigest()[:24], "slug": slug, "name": slug}


def commits(stack: Mapping[str, Any]) -> Iterable[str]:
    """The commits that a stack's releases name."""
    for application in _config(stack, "releases").values():
        for release in mapping(mapping(application).get("kept")).values():
            if commit := mapping(release).get("commit"):
                yield str(commit)


def _reviewers(deliveries: Iterable[Mapping[str, Any]], kind: str) -> list[str]:
    return sorted({name for delivery in deliveries for name in mapping(delivery.get("reviewers")).get(kind) or ()})


def _config(stack: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    return mapping(mapping(stack.get("config")).get(f"parity:{key}"))
