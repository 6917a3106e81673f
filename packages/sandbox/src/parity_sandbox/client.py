"""Speaks to a running sandbox's control API; past any proxy of the environment, since it is on loopback."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

import httpx

from parity_sandbox.errors import SandboxError

if TYPE_CHECKING:
    from parity_sandbox.store import Document

_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts no certificate: the API is plain HTTP on loopback, and to load certificates would cost more than a call."""
_SECONDS = 120.0
_HEALTH_SECONDS = 10.0


class ControlClient:
    """One method for each thing that the control API does; each raises SandboxError with the API's own message."""

    def __init__(self, url: str, token: str) -> None:
        """Speak to the API at `url`; `token` opens the secrets."""
        self._http = httpx.Client(
            base_url=url, trust_env=False, verify=_NO_TLS, headers={"authorization": f"Bearer {token}"}
        )

    def call(self, method: str, path: str, document: Document | None = None, /, **query: str | int) -> Document:
        """Call `/_sandbox/<path>`."""
        try:
            seconds = _HEALTH_SECONDS if path == "health" else _SECONDS
            answer = self._http.request(method, f"/_sandbox/{path}", json=document, params=query, timeout=seconds)
            said: Document = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise SandboxError(
                f"The sandbox's control API at {self._http.base_url} does not answer: {error}."
            ) from error
        if answer.is_error and path != "health":
            raise SandboxError(str(said.get("error", said)))
        return said

    def health(self) -> Document:
        """Whether every part answers."""
        return self.call("GET", "health")

    def state(self) -> Document:
        """Every object of both vendors, secret values as fingerprints."""
        return self.call("GET", "state")

    def requests(self, since: int = 0, limit: int = 10_000, **query: str) -> list[Document]:
        """The request log after row `since`; `service` and `method` narrow it."""
        return self.call("GET", "requests", None, since=since, limit=limit, **query)["requests"]

    def seed(self, document: Document) -> None:
        """Make the objects that exist before any deployment."""
        self.call("POST", "seed", document)

    def reset(self) -> None:
        """Back to an empty sandbox."""
        self.call("POST", "reset")

    def secrets(self) -> Document:
        """Every secret value kept, opened."""
        return self.call("GET", "secrets")

    def add_fault(self, **fault: Any) -> Document:
        """Set a fault."""
        return self.call("POST", "faults", fault)

    def faults(self) -> list[Document]:
        """The faults that are set, with their counts."""
        return self.call("GET", "faults")["faults"]

    def fault(self, identifier: str, *, fired: int = 1, seconds: int = 0) -> Document:
        """One fault, once it has struck `fired` requests or after `seconds`, at most 60, whichever is first."""
        return self.call("GET", f"faults/{identifier}", None, fired=fired, seconds=seconds)

    def remove_fault(self, identifier: str, *, cut: bool = False) -> None:
        """Remove one fault; requests that it holds go on, or with `cut` their connections are cut."""
        self.call("DELETE", f"faults/{identifier}", None, then="cut" if cut else "go-on")

    def clear_faults(self) -> None:
        """Remove every fault."""
        self.call("DELETE", "faults")

    def latency(self, **seconds: float) -> dict[str, float]:
        """Set the latency of the services that are named."""
        return self.call("PUT", "latency", seconds)

    def add_build_rule(self, **rule: Any) -> Document:
        """Set what becomes of the deployments that match."""
        return self.call("POST", "builds", rule)

    def clear_build_rules(self) -> None:
        """Remove every build rule."""
        self.call("DELETE", "builds")

    def add_keep(self, **rule: Any) -> dict[str, Any]:
        """Let a vendor accept the writes that match, and keep something else."""
        return self.call("POST", "keeps", rule)

    def keeps(self) -> list[dict[str, Any]]:
        """The rules for writes that are not kept as sent, with their counts."""
        return self.call("GET", "keeps")["keeps"]

    def postgres(self, action: str) -> None:
        """`stop`, `start`, `restart` or `kill` PostgreSQL."""
        self.call("POST", "postgres", {"action": action})

    def save_snapshot(self, name: str) -> None:
        """Save a snapshot."""
        self.call("POST", "snapshots", {"name": name})

    def load_snapshot(self, name: str) -> None:
        """Go back to a snapshot."""
        self.call("POST", f"snapshots/{name}/load")

    def snapshots(self) -> list[Document]:
        """The snapshots there are, oldest first."""
        return self.call("GET", "snapshots")["snapshots"]

    def delete_snapshot(self, name: str) -> None:
        """Delete a snapshot."""
        self.call("DELETE", f"snapshots/{name}")
