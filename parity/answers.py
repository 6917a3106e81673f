"""Asks a URL what it serves, through the sandbox's proxy, as a user's browser would."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parity.environment import Reach


@dataclass(frozen=True)
class Answer:
    """What a URL said, or why it said nothing."""

    url: str
    status: int | None = None
    body: Mapping[str, Any] | None = None
    error: str | None = None

    def problems(self, release: str, commit: str) -> list[str]:
        """Why this is not the answer of the whole release `release`, built from `commit`; empty where it is."""
        if self.body is None:
            return [self.error or f"answered {self.status} without JSON"]
        found: list[str] = []
        if self.status != httpx.codes.OK:
            found.append(f"answered {self.status}")
        for name, expected in (("release", release), ("commit", commit)):
            if (said := self.body.get(name)) != expected:
                found.append(f"{name} is {said}, not {expected}")
        logins = self.body.get("database") or []
        if not logins:
            found.append("logged in to no database")
        found += [f"{row['variable']}: {row.get('error') or 'login failed'}" for row in logins if not row.get("ok")]
        return found

    def logins(self) -> str:
        """The databases and roles that the application logged in to, in words."""
        rows = (self.body or {}).get("database") or []
        return ", ".join(f"{row.get('database')} as {row.get('role')}" for row in rows if row.get("ok"))


def ask(reach: Reach, url: str, *, timeout: float = 15.0) -> Answer:
    """The answer of `url`; a failed connection is an answer too, with its error."""
    context = ssl.create_default_context(cafile=str(reach.ca_bundle))
    try:
        with httpx.Client(proxy=reach.proxy_url, verify=context, trust_env=False, timeout=timeout) as client:
            response = client.get(url)
    except httpx.HTTPError as error:
        return Answer(url, error=f"{type(error).__name__}: {error}")
    try:
        body = response.json()
    except ValueError:
        return Answer(url, status=response.status_code, error=f"answered {response.status_code} without JSON")
    return Answer(url, status=response.status_code, body=body if isinstance(body, dict) else None)
