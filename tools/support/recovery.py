"""A stack on a folder backend and an engine of the tests' own: all of `parity recover`, without the real engine.

Store, locks, ledger, history and the search for other writers are the project's own, on a temporary folder. A test says
what is declared, what exists, which processes run and what the time is: recovery is given all of it.
"""

from __future__ import annotations

import getpass
import io
import json
import os
import socket
import subprocess
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from parity.backend import locks, stack_backend, this_host
from parity.backend.ledger import Ledger
from parity.config.project import Project
from parity.console import Screen
from parity.engine.pulumi import Pulumi
from parity.engine.store import LEDGER_VARIABLE, FolderStore
from parity.evaluate.graph import Graph
from parity.evaluate.resource import Resource, SecretInput
from parity.evaluate.secrets import secrets_of
from parity.evaluate.stack import Stack
from parity.inventory import domain_health
from parity.inventory.model import LiveObject, LiveState
from parity.recover import lock_owner
from parity.recover import run as recovery
from parity.recover.dependencies import Dependencies
from parity.recover.model import Options, Recovered
from parity.redact import Redactor
from parity.resources import kinds
from support.checkpoint import Document, Engine, Happening

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from parity.backend.stack_backend import Backend
    from parity.backend.this_host import Host, Run
    from parity.inventory.domain_health import DomainHealth
    from parity.recover.inflight import Session
    from parity.recover.lock_owner import Running

NAME, STACK = "storefront", "staging"
HEAD = f"urn:pulumi:{STACK}::{NAME}"
ROOT = f"{HEAD}::pulumi:pulumi:Stack::{NAME}-{STACK}"
VERCEL = f"{HEAD}::pulumi:providers:vercel::vercel"
DOMAIN = f"{HEAD}::{kinds.DOMAIN}::shop-domain"
VARIABLE = f"{HEAD}::{kinds.VARIABLE}::shop-variable"
PROJECT = f"{HEAD}::{kinds.PROJECT}::shop-project"
SECRET = f"{HEAD}::{kinds.SECRET}::shop-secret"
CANARY = "canary-of-a-variable's-value"

_CHECKPOINT = f".pulumi/stacks/{NAME}/{STACK}.json"
_PATIENCE = 600.0
"""Seconds; nothing here is waited for longer."""


def declared(urn: str, inputs: Document, *, parent: str = ROOT) -> Resource:
    """A resource as the program declares it."""
    type_ = urn.split("::")[2]
    provider = f"{VERCEL}::parity-computed:{VERCEL}#id" if type_.startswith("vercel:") else ""
    return Resource(urn, type_, urn.rpartition("::")[2], parent, True, inputs, frozenset(), {}, provider, {})


DECLARED = (
    declared(VERCEL, {"team": "t"}),
    declared(PROJECT, {"name": "shop-staging"}),
    declared(DOMAIN, {"domain": "shop.example"}),
    declared(VARIABLE, {"key": "A", "value": SecretInput(CANARY), "targets": ["production"]}),
    declared(SECRET, {"secretName": "A", "value": SecretInput(CANARY)}),
)


def row(urn: str, identity: str, **more: Any) -> Document:
    """A resource as the engine records it."""
    inputs = next((dict(each.inputs) for each in DECLARED if each.urn == urn), {})
    inputs.pop("value", None)
    found = {"urn": urn, "custom": True, "type": urn.split("::")[2], "id": identity, "inputs": inputs}
    times = {"created": "2026-11-24T21:00:00Z", "modified": "2026-11-24T21:00:00Z"}
    return {**found, "outputs": {**inputs, "id": identity}, **times, **more}


BASE = ({"urn": ROOT, "custom": False, "type": "pulumi:pulumi:Stack"}, row(VERCEL, "provider-1"))
"""What stands in every state: the stack itself and its provider."""


class Clock:
    """Time that goes on only where the code sleeps or a test lets it."""

    def __init__(self) -> None:
        self.now, self.slept = 1000.0, 0.0
        self._due: list[tuple[float, Happening]] = []

    def at(self, seconds: float, happening: Happening) -> None:
        """Let something happen so many seconds from the beginning."""
        self._due.append((1000.0 + seconds, happening))

    def monotonic(self) -> float:
        """The time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let it pass; what is due then happens."""
        assert self.slept < _PATIENCE, "it waits for ever"
        self.now, self.slept = self.now + seconds, self.slept + seconds
        due = [each for each in self._due if each[0] <= self.now]
        self._due = [each for each in self._due if each[0] > self.now]
        for _, happening in due:
            happening()


class World:
    """What really exists."""

    def __init__(self, declared: Sequence[Resource]) -> None:
        self.declared = declared
        self.objects: dict[str, list[LiveObject]] = {}
        self.meanwhile: list[Happening] = []
        """What happens during an inventory, one at each."""
        self.inventories = 0

    def has(self, urn: str, identity: str, properties: Document | None = None) -> None:
        """Let it exist, as it is declared or with these properties."""
        inputs = next(each.inputs for each in self.declared if each.urn == urn)
        shown = {name: value for name, value in inputs.items() if name != "value"}
        hidden = {"value": "never shown"} if urn == SECRET else {}
        found = LiveObject(urn.split("::")[2], (urn,), identity, "", properties or shown, hidden=hidden)
        self.objects.setdefault(urn, []).append(found)

    def loses(self, urn: str) -> None:
        """Let it be gone."""
        self.objects.pop(urn, None)

    def live_state(self, graph: Graph) -> LiveState:
        """In the place of the inventory."""
        del graph
        self.inventories += 1
        seen = [each for each in self.declared if not each.type.startswith("pulumi:")]
        keys = {each.urn: (each.urn,) for each in seen}
        under = {each.urn: tuple(self.objects.get(each.urn, ())) for each in seen}
        found = LiveState(keys=keys, inputs={each.urn: each.inputs for each in seen}, under=under)
        if self.meanwhile:
            self.meanwhile.pop(0)()
        return found


class Vendors:
    """Vercel, GitHub and PostgreSQL as a test has them."""

    def __init__(self, world: World) -> None:
        self.live_state = world.live_state
        self.live = [domain_health.DomainHealth("shop", "shop.example", "r1", "c", "")]
        self.runs = "GITHUB_TOKEN is not set"
        self.running: list[set[Session]] = []
        """The statements that PostgreSQL runs, one set each time that it is asked; then none."""

    def health(self, graph: Graph) -> list[DomainHealth]:
        """What the domains answer."""
        del graph
        return self.live

    def run_state(self, run: Run) -> str:
        """What GitHub says of any run."""
        del run
        return self.runs

    def statements(self, server: str) -> set[Session]:
        """What runs now, at any server."""
        del server
        return self.running.pop(0) if self.running else set()


class Processes:
    """The processes of this host: those that a test lists, and whether they live is asked of the real host."""

    def __init__(self) -> None:
        self.listed: list[int] = []
        self.more: list[Running] = []
        """Engines that are there besides."""
        self.replaced = False
        """Whether every process that wrote something before has ended."""

    def here(self) -> Host:
        """This host."""
        return this_host.here()

    def is_alive(self, pid: int, since: datetime) -> bool:
        """Whether it runs."""
        return not self.replaced and this_host.is_alive(pid, since)

    def engines(self, environment: Mapping[str, str], root: Path, stack: str) -> list[Running]:
        """Among those that are listed."""
        return [*self.more, *lock_owner.engines(environment, root, stack, self._processes)]

    def orphans(self, environment: Mapping[str, str], root: Path, updates: frozenset[str]) -> list[Running]:
        """Among those that are listed."""
        return lock_owner.orphans(environment, root, updates, self._processes)

    def end(self, running: Sequence[Running]) -> None:
        """Really."""
        lock_owner.end(running)

    def _processes(self) -> list[psutil.Process]:
        return [psutil.Process(pid) for pid in self.listed]


class SharedStore(FolderStore):
    """A folder that other hosts write to as well."""

    @property
    def shared(self) -> bool:
        """As a bucket."""
        return True


class Lab:
    """One stack to recover."""

    def __init__(self, folder: Path) -> None:
        """Lay it out below `folder`; the vendors, the program and the time are the test's own."""
        self.folder = folder
        self.backend, self.home = folder / "backend", folder / "home"
        self.root = folder / "project"
        for each in (self.backend, self.home, self.root):
            each.mkdir()
        (self.root / "Pulumi.yaml").write_text(f"name: {NAME}\n")
        self.store = FolderStore(self.backend)
        self.ledger = Ledger(self.store, NAME, STACK)
        self.environment = {"PULUMI_HOME": str(self.home), "PULUMI_BACKEND_URL": f"file://{self.backend}"}
        self.clock, self.world = Clock(), World(DECLARED)
        self.vendors, self.processes = Vendors(self.world), Processes()
        self.live = self.vendors.live
        self.engine = Engine(
            folder / "pulumi", self.backend / _CHECKPOINT, self.backend / locks.folder(NAME, STACK), STACK
        )
        self.redactor = Redactor()
        self.shared = False
        """Whether other hosts write to the store as well."""
        self.said = io.StringIO()

    def declares(self, *more: Resource) -> None:
        """Let the program declare these too."""
        self.world.declared = (*DECLARED, *more)

    def dependencies(self) -> Dependencies:
        """What recovery is given."""
        stack = self.stack()

        def declared() -> Graph:
            graph = Graph(NAME, STACK, {each.urn: each for each in self.world.declared}, {}, {})
            self.redactor.learn(secrets_of(graph))
            return graph

        def backend() -> Backend:
            found = stack_backend.open_backend(stack)
            return replace(found, store=SharedStore(self.backend)) if self.shared else found

        def facts() -> Document:
            return stack_backend.provenance(stack, "recover", versions=lambda: {"pulumi": "3"})

        of_vendors = self.vendors.live_state, self.vendors.health, self.vendors.run_state, self.vendors.statements
        of_host = self.processes.here, self.processes.is_alive, self.processes.engines, self.processes.orphans
        return Dependencies(stack, declared, backend, facts, *of_vendors, self.clock, *of_host, self.processes.end)

    def in_the_cloud(self, *, ledger: bool) -> None:
        """Let the state be with Pulumi Cloud, and the ledger in a folder or nowhere."""
        self.environment["PULUMI_BACKEND_URL"] = "https://api.pulumi.com"
        self.engine.checkpoint = self.folder / "cloud" / "state.json"
        if ledger:
            self.environment[LEDGER_VARIABLE] = f"file://{self.backend}"

    # --- What was before ----------------------------------------------------------------------------------------------

    def recorded(
        self, *rows: Document, but: Sequence[str] = (), operations: Sequence[tuple[str, Document]] = ()
    ) -> None:
        """Let the state be what exists now, but for these URNs, and these rows; the operations have no end."""
        there = [row(urn, found[0].id) for urn, found in self.world.objects.items() if urn not in but]
        deployment: Document = {"manifest": {}, "resources": [*BASE, *there, *rows]}
        if operations:
            deployment["pending_operations"] = [{"type": kind, "resource": each} for kind, each in operations]
        self.engine.write(deployment)
        Path(f"{self.engine.checkpoint}.bak").unlink(missing_ok=True)

    def same(self) -> None:
        """Let everything exist and be recorded."""
        pairs = ((PROJECT, "prj_1"), (DOMAIN, "d_1"), (VARIABLE, "v_1"), (SECRET, "s_1"))
        for urn, identity in pairs:
            self.world.has(urn, identity)
        self.recorded()

    def another_writes(self) -> None:
        """Let another writer change the state, as an engine would."""
        deployment = self.engine.export()["deployment"]
        self.engine.write({**deployment, "manifest": {"another": "writer"}})

    def lock(self, pid: int, host: str = "", name: str = "held") -> str:
        """Let a process hold the stack's lock; gives its id."""
        document = {"pid": pid, "username": getpass.getuser(), "hostname": host or socket.gethostname()}
        data = json.dumps({**document, "timestamp": datetime.now(UTC).isoformat()})
        self.store.create(f"{locks.folder(NAME, STACK)}/{name}.json", data.encode())
        return name

    def began(self, pid: int, command: str = "up", **more: Any) -> str:
        """Let the ledger hold an update of this machine without an end; gives its id."""
        host = asdict(this_host.here())
        return self.ledger.begin({"command": command, "pid": pid, "actor": "ada", "host": host, "run": None, **more})

    def in_another_process(self) -> None:
        """Let the process that recovered before have ended: this is another one."""
        self.processes.replaced = True

    # --- What is after ------------------------------------------------------------------------------------------------

    def recover(self, **options: Any) -> Recovered:
        """Run it."""
        return recovery.run(self.dependencies(), self.screen(), Options(**options))

    def stack(self) -> Stack:
        """The stack, with the stand-in for an engine."""
        pulumi = Pulumi(self.engine.path, self.root, self.environment, self.redactor, self.engine.run)
        return Stack(STACK, Project(self.root), pulumi)

    def screen(self) -> Screen:
        """One that writes into `said`."""
        return Screen(stdout=self.said, stderr=self.said, redactor=self.redactor)

    def rows(self) -> list[tuple[str, str]]:
        """What is recorded now besides the stack and its provider: URN and id."""
        listed = self.engine.export()["deployment"]["resources"]
        return [(each["urn"], each["id"]) for each in listed if each["urn"] not in {ROOT, VERCEL}]

    def pending(self) -> list[str]:
        """Of what operations without an end are recorded now."""
        listed = self.engine.export()["deployment"].get("pending_operations", [])
        return [each["resource"]["urn"] for each in listed]

    def locks(self) -> list[str]:
        """The ids of the locks that are held now."""
        return [each.id for each in locks.held(self.store, NAME, STACK)]

    def kept(self) -> list[Path]:
        """The copies of the state."""
        return sorted((self.backend / ".parity/kept").rglob("*.json"))

    def files(self) -> dict[str, bytes]:
        """Everything in backend and home, by name."""
        every = (path for folder in (self.backend, self.home) for path in folder.rglob("*"))
        return {str(path): path.read_bytes() for path in every if path.is_file()}

    @contextmanager
    def unchanged(self) -> Generator[None]:
        """Nothing is written, ended or taken away while the body runs."""
        before = self.files()
        yield
        assert self.files() == before
        assert {each[0] for each in self.engine.commands} <= {"stack"}
        assert self.engine.did("stack import") == 0


def gone() -> int:
    """The id of a process of this machine that has ended."""
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def here() -> int:
    """The id of a process that lives: this one."""
    return os.getpid()
