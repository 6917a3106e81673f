"""Actions secrets of repositories, environments and organizations: sealed on the way in, never given back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from parity_sandbox.github.bodies import Field, check
from parity_sandbox.github.errors import InvalidRequest, ValidationFailed
from parity_sandbox.github.state import keys
from parity_sandbox.github.state.actions import Scope, add_row, checked_name, key_of, rows
from parity_sandbox.github.state.collections import change, collection

if TYPE_CHECKING:
    from parity_sandbox.context import Context
    from parity_sandbox.store import Document


_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})")
_FIELDS = {"encrypted_value": Field(str, required=True), "key_id": Field(str, required=True)}
_MOST = 100


def put(context: Context, scope: Scope, name: str, body: Document) -> tuple[Document, bool]:
    """Write the secret; gives it, and whether it is new. `updated_at` moves at each write.

    A sealed box that the key does not open is kept with no value: GitHub opens it only when a workflow runs, and its
    provider's acceptance tests write such a one.

    Raises:
        InvalidRequest: a field is missing or is no base64.
        ValidationFailed: the name, the key's id, or too many secrets.
    """
    check(body, _FIELDS)
    if not _BASE64.fullmatch(body["encrypted_value"]):
        raise InvalidRequest(["encrypted_value is not base64: it does not match " + _BASE64.pattern])
    upper = checked_name(name, "Secret")
    key = keys.public(context, *scope)
    if body["key_id"] != key["key_id"]:
        raise ValidationFailed(message="Bad request - validation failed due to an improperly encrypted secret")
    sealed = {"encrypted_value": body["encrypted_value"], "value": keys.opened(key, body["encrypted_value"])}
    present = collection(context, "secrets").get(key_of(scope, upper))
    if present is not None:
        return change(context, "secrets", present, sealed), False
    if len(rows(context, "secrets", scope)) >= _MOST:
        raise ValidationFailed(message=f"Secret limit of {_MOST} reached")
    return add_row(context, "secrets", scope, upper, sealed), True
