"""Which properties of a resource are real, and what is usual where nothing is declared."""

from __future__ import annotations

from typing import Any

from parity.inventory import model, vercel_project

NOT_REAL: dict[str, dict[str, str]] = {
    model.ROLE: {
        "skipReassignOwned": "says how the provider drops the role",
        "skipDropRole": "says how the provider drops the role",
        "encryptedPassword": "PostgreSQL always encrypts",
        "password": "tried by logging in",
        "members": "no input: a member that is not declared is told by itself",
    },
    model.DATABASE: {
        "template": "used once, when the database is made; PostgreSQL does not keep it",
        "alterObjectOwnership": "says how the provider changes the owner",
    },
    model.SCHEMA: {
        "ifNotExists": "says how the provider makes the schema",
        "dropCascade": "says how the provider drops the schema",
    },
    model.EXTENSION: {
        "createCascade": "says how the provider makes the extension",
        "dropCascade": "says how the provider drops the extension",
    },
    model.DEPLOYMENT: {"deleteOnDestroy": "says what the provider does when the resource goes"},
    model.LIVE: {
        "domains": "what a switch waits for; which deployment each serves is looked at",
        "health": "how a switch asks; nothing at Vercel",
        "promoteDeadlineSeconds": "how long a switch waits; nothing at Vercel",
        "protectionBypass": "what a switch asks with; the bypass itself is a resource of its own",
    },
}
"""Inputs that say how a provider works and have no counterpart in the world, by type, with the reason."""

USUAL: dict[str, dict[str, Any]] = {
    model.PROJECT: {
        "gitComments.onPullRequest": True,
        "gitProviderOptions.createDeployments": True,
        "oidcTokenConfig.issuerMode": "team",
        "vercelAuthentication.deploymentType": "standard_protection_new",
    },
    model.ROLE: {"inherit": True, "connectionLimit": -1, "validUntil": "infinity"},
    model.DATABASE: {"allowConnections": True, "connectionLimit": -1},
    model.RULESET: {"rules.pullRequest.allowedMergeMethods": ["merge", "rebase", "squash"]},
    model.ENVIRONMENT: {"canAdminsBypass": True},
}
"""What an object has of which nothing is declared or recorded, where that is not simply unset (the vendors' own
defaults)."""

SOMETIMES: dict[str, frozenset[str]] = {model.PROJECT: vercel_project.NAMES}
"""Names that a look leaves out where they are not set."""

TOGETHER = frozenset({model.GRANT, model.DEFAULT})
"""Types whose objects are parts of access lists, which are compared whole."""

LABELS = {"environment": "environment (names)"}
"""Properties of which only a part shows."""
