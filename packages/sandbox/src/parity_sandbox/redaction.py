"""Secret values become keyed fingerprints: equal values stay equal, and nothing can be read back."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from parity_sandbox.narrowing import is_list, is_object
from parity_sandbox.store import Document

_SECRET_KEYS = frozenset(
    {
        *("value", "password", "passphrase", "secret", "token", "private_key", "privateKey", "encrypted_value"),
        *("opened", "plaintext", "legacyValue", "sealed", "incidentIoRoutingKey"),
    }
)
_SECRET_MAPPINGS = frozenset({"variables", "env", "protectionBypass", "headers"})
_PLAIN_TYPES = frozenset({"plain", "system"})
_PLAIN_KINDS = frozenset({"variables", "environment_variables"})
_URL_PASSWORD = re.compile(r"(?P<head>[a-z][a-z0-9+.-]*://[^\s:/@]*:)(?P<password>[^\s@/]+)(?=@)")
_SECRET_QUERY = frozenset({"token", "access_token", "secret", "password", "x-vercel-protection-bypass", "code"})


@dataclass(frozen=True, repr=False)
class Redactor:
    """Replaces secrets under one sandbox's key."""

    key: str

    def fingerprint(self, value: object) -> str:
        """`hmac:` and 16 hex digits that stand for the value."""
        text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
        return "hmac:" + hmac.new(self.key.encode(), text.encode(), hashlib.sha256).hexdigest()[:16]

    def state(self, kind: str, document: object) -> Any:
        """A stored document with every secret value as its fingerprint.

        Redacted are: the fields named like a secret, but for a `value` of `type: plain` or in a collection of
        plain variables; every value of a mapping of variables; the password of a URL, wherever it stands.
        """
        return self._walk(document, plain=kind in _PLAIN_KINDS)

    def request_body(self, document: object) -> Any:
        """A request's JSON with the same shape and keys, each text a fingerprint; numbers and booleans stay."""
        if is_object(document):
            return {key: self.request_body(value) for key, value in document.items()}
        if is_list(document):
            return [self.request_body(value) for value in document]
        return self.fingerprint(document) if isinstance(document, str) else document

    def target(self, path: str, query: str) -> str:
        """Path and query for the request log, parameters named like a token as fingerprints."""
        pairs = parse_qsl(query, keep_blank_values=True)
        if not pairs:
            return path
        safe = [(name, self.fingerprint(value) if name.lower() in _SECRET_QUERY else value) for name, value in pairs]
        return f"{path}?{urlencode(safe, safe=':/,')}"

    def _walk(self, value: Any, *, plain: bool) -> Any:
        if isinstance(value, list):
            return [self._walk(item, plain=plain) for item in value]  # pyright: ignore[reportUnknownVariableType]
        if isinstance(value, str):
            return _URL_PASSWORD.sub(lambda match: match["head"] + self.fingerprint(match["password"]), value)
        if not isinstance(value, dict):
            return value
        inner: Document = value  # pyright: ignore[reportUnknownVariableType]
        shown = plain or inner.get("type") in _PLAIN_TYPES
        return {key: self._field(key, each, plain=plain, shown=shown) for key, each in inner.items()}

    def _field(self, key: str, value: Any, *, plain: bool, shown: bool) -> Any:
        if key in _SECRET_MAPPINGS and isinstance(value, dict):
            mapping: Document = value  # pyright: ignore[reportUnknownVariableType]
            return {self._name(key, name): self.fingerprint(each) for name, each in mapping.items()}
        if key in _SECRET_KEYS and isinstance(value, str) and not (key == "value" and shown):
            return self.fingerprint(value)
        return self._walk(value, plain=plain)

    def _name(self, mapping: str, name: str) -> str:
        """A mapping's key: the protection bypass has the secret itself for a key."""
        return self.fingerprint(name) if mapping == "protectionBypass" else name
