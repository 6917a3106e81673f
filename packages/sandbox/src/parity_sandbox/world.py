"""Everything that one running sandbox is made of, put together in one place."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace

from parity_sandbox.context import Context
from parity_sandbox.credentials import Credentials, load_credentials
from parity_sandbox.dispatch import Dispatcher, Gate
from parity_sandbox.faults import FaultBook
from parity_sandbox.layout import Layout
from parity_sandbox.ports import Ports
from parity_sandbox.postgres.binaries import Binaries
from parity_sandbox.postgres.cluster import Cluster
from parity_sandbox.redaction import Redactor
from parity_sandbox.requestlog import RequestLog
from parity_sandbox.services import Service, load_services
from parity_sandbox.store import Store


@dataclass
class World:
    """One running sandbox."""

    layout: Layout
    credentials: Credentials
    context: Context
    cluster: Cluster
    log: RequestLog
    faults: FaultBook
    redactor: Redactor
    gate: Gate
    latency: dict[str, float]
    services: tuple[Service, ...] = ()
    ports: Ports | None = None
    dispatcher: Dispatcher = field(init=False)

    def connect_services(self, ports: Ports) -> None:
        """Load the vendors and the edge, now that PostgreSQL's port is known."""
        self.ports = ports
        self.context = replace(self.context, postgres=ports.postgres)
        self.services = load_services(self.context, self.credentials)
        self.dispatcher = Dispatcher(
            self.context, self.services, self.log, self.faults, self.redactor, self.gate, self.latency
        )


def open_world(layout: Layout, binaries: Binaries, *, build_seconds: float, promote_seconds: float) -> World:
    """Open the storage in the sandbox's folder; nothing is started yet."""
    credentials = load_credentials(layout.credentials)
    os.close(os.open(layout.store, os.O_RDWR | os.O_CREAT, 0o600))
    store = Store(layout.store)
    return World(
        layout,
        credentials,
        Context(store, None, build_seconds, promote_seconds),
        Cluster(layout.postgres, binaries, credentials.postgres_superuser, credentials.postgres_administrator),
        RequestLog(store),
        FaultBook(store),
        Redactor(credentials.fingerprint_key),
        Gate(),
        _latency(store),
    )


def _latency(store: Store) -> dict[str, float]:
    return dict(store.collection("sandbox", "latency").get("latency") or {})
