"""The opened secrets, for the control API and the tests alone; no route of GitHub's gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity_sandbox.github.state.collections import collection

if TYPE_CHECKING:
    from parity_sandbox.context import Context
    from parity_sandbox.store import Document


def secrets(context: Context) -> list[Document]:
    """Each secret with `repository` (owner/name), `environment` (or None), `name`, `value` and `updated_at`.

    `value` is None where what was written is no sealed box that the key opens.
    """
    return [_shown(context, each) for each in collection(context, "secrets").all()]


def _shown(context: Context, secret: Document) -> Document:
    repository = collection(context, "repositories").get(str(secret["repository_id"])) or {}
    environment = collection(context, "environments").get(str(secret["environment_id"])) or {}
    return {
        "repository": f"{repository.get('owner')}/{repository.get('name')}",
        "environment": environment.get("name"),
        "name": secret["name"],
        "value": secret["value"],
        "updated_at": secret["updated_at"],
    }
