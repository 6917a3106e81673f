"""The steps of hardening that a stack may put off: what each does, and what it would break."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """One step, which a stack puts off by naming it in `parity:postponed`."""

    name: str
    does: str
    breaks: str


HARDENING = (
    Step(
        "branches",
        "lets only the branches of `parity:delivery.branches` deploy to the GitHub environment",
        "A workflow that deploys from another branch or tag is refused.",
    ),
    Step(
        "ruleset",
        "guards the default branch: pull requests, approvals, required checks, no force push",
        "A direct push to it is refused, also by bots; a required check that no workflow sets blocks each merge.",
    ),
    Step(
        "actions",
        "lets only GitHub's own actions and `allowed_actions` of the catalog run",
        "A workflow that uses another action fails at its start.",
    ),
    Step(
        "drain",
        "sends the logs of all the stack's applications to `parity:logs`",
        "Nothing at Vercel; the endpoint must answer Vercel's verification, and receives each log line from then on.",
    ),
    Step(
        "roles",
        "makes an owner, a migrator, a read-only role and one for each application, with their privileges",
        "The schemas pass to the owner role: the administrator must be in the role that owns them, and what logged in "
        "as it can no longer alter them.",
    ),
    Step(
        "public",
        "takes CONNECT on the database and all rights in `public` from PUBLIC, after `roles`",
        "Every login that connects by PUBLIC alone is cut off at its next connection; the preview's gate names them.",
    ),
)
"""In the order in which to take them."""
