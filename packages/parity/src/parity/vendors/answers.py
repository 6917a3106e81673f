"""Asks a URL what it serves, through the sandbox's proxy, as a user's browser would."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import httpx

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


_OK = 200


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
        if self.status != _OK:
            found.append(f"answered {self.status}")
        for name, expected in (("release", release), ("commit", commit)):
            if (said := self.body.get(name)) != expected:
                found.append(f"{name} is {said}, not {expected}")
        if not self._logins:
            found.append("logged in to no database")
        failed = [row for row in self._logins if not row.get("ok")]
        found += [f"{row['variable']}: {row.get('error') or 'login failed'}" for row in failed]
        return found

    def logins(self) -> str:
        """The databases and roles that the application logged in to, in words."""
        return ", ".join(f"{row.get('database')} as {row.get('role')}" for row in self._logins if row.get("ok"))

    @property
    def _logins(self) -> list[dict[str, Any]]:
        return cast("list[dict[str, Any]]", (self.body or {}).get("database") or [])


@dataclass(frozen=True)
class Door:
    """The way to the deployments: the sandbox's proxy and the certificates to trust."""

    proxy: str
    bundle: Path
    """PEM."""
    page: str
    """The sandbox's own page, for people."""

    def ask(self, url: str, *, timeout: float = 15.0) -> Answer:
        """The answer of `url`; a failed connection is an answer too, with its error."""
        context = ssl.create_default_context(cafile=str(self.bundle))
        try:
            with httpx.Client(proxy=self.proxy, verify=context, trust_env=False, timeout=timeout) as client:
                response = client.get(url)
        except httpx.HTTPError as error:
            return Answer(url, error=f"{type(error).__name__}: {error}")
        try:
            body = response.json()
        except ValueError:
            return Answer(url, status=response.status_code, error=f"answered {response.status_code} without JSON")
        return Answer(
            url, status=response.status_code, body=cast("dict[str, Any]", body) if isinstance(body, dict) else None
        )
