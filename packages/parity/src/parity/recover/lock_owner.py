"""Finds who may still write to a stack: the owners of its lock, engines without a lock, plugins without an engine.

An owner is dead only where that is known: its process on this host is gone, the host was started again, or its GitHub
Actions run is over. In every other case a person decides.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import psutil

from parity.backend import this_host
from parity.backend.locks import Lock
from parity.backend.stack_backend import UPDATE_VARIABLE
from parity.documents import mapping
from parity.vendors import services
from parity.vendors.http import Client, Limits, VendorError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import httpx

    from parity.backend.ledger import Record
    from parity.backend.this_host import Host, Run
    from parity.engine.store import Store

Verdict = Literal["alive", "dead", "unknown"]
ListProcesses = Callable[[], "Iterable[psutil.Process]"]

_SLACK = timedelta(seconds=5)
"""Between a record's time and its engine's lock, by two clocks."""

_END_SECONDS = 5.0
_CHANGING = frozenset({"up", "update", "destroy", "refresh", "import", "watch"})
"""The engine's commands that change a stack for longer than a moment."""

_LOCAL = ("127.0.0.1:", "localhost:", "[::1]:")


@dataclass(frozen=True)
class LockOwner:
    """A lock, and whether the process that took it still lives."""

    lock: Lock
    verdict: Verdict
    why: str
    """What the verdict rests on."""
    how: str = ""
    """Where it is not known: how a person finds out."""


@dataclass(frozen=True)
class Evidence:
    """What verdicts rest on."""

    here: Host
    shared: bool
    """Whether other machines may write to the store."""
    alive: Callable[[int, datetime], bool]
    """Whether a process of this machine that wrote something then still runs."""
    run: Callable[[Run], str]
    """`over`, `going` or, where it cannot be known, why."""

    @classmethod
    def of(cls, store: Store | None, environment: Mapping[str, str]) -> Evidence:
        """What this machine says, and GitHub."""
        ask = partial(run_state, environment=environment)
        return cls(this_host.here(), bool(store and store.shared), this_host.is_alive, ask)


def judge(
    lock: Lock, records: Sequence[Record], evidence: Evidence, confirmed: frozenset[str] = frozenset()
) -> LockOwner:
    """Judge whether the owner of a lock still lives.

    The records are oldest first. `confirmed` are ids of locks whose owner a person says is dead; one that is known to
    live lives all the same.
    """
    record = _of(lock, records)
    found = _judged(lock, record, evidence)
    if found.verdict == "unknown" and lock.id in confirmed:
        return LockOwner(lock, "dead", "said so with --owner-is-dead")
    return found


def of_record(record: Record) -> Lock:
    """What a record without an end says of its process, in a lock's form: it may outlive its engine's lock."""
    host = _host(record)
    pid, user = int(record.begin.get("pid") or 0), str(record.begin.get("actor") or "unknown")
    return Lock(record.id, pid, user, str(host.get("name") or "nowhere"), record.started)


def _of(lock: Lock, records: Sequence[Record]) -> Record | None:
    """The record of the update that took the lock: the last one that began on that host before, and had not ended."""
    fitting = [
        record
        for record in records
        if _host(record).get("name") == lock.host
        and record.started <= lock.time + _SLACK
        and (record.ended is None or record.ended >= lock.time - _SLACK)
    ]
    return fitting[-1] if fitting else None


def _host(record: Record) -> Mapping[str, Any]:
    return mapping(record.begin.get("host"))


def _judged(lock: Lock, record: Record | None, evidence: Evidence) -> LockOwner:
    if lock.pid <= 0:
        return LockOwner(lock, "unknown", "the lock cannot be read", _ask_by_hand(lock))
    if lock.host == evidence.here.name:
        found = _on_this_host(lock, record, evidence)
        if found is not None:
            return found
    run = _run(record)
    if run is not None:
        return _by_run(lock, run, evidence)
    why = "it was taken on another machine, and nothing here says whether it still runs"
    return LockOwner(lock, "unknown", why, _ask_by_hand(lock))


def _on_this_host(lock: Lock, record: Record | None, evidence: Evidence) -> LockOwner | None:
    """The verdict where the name is this machine's; None where it is another machine of the same name."""
    if record is not None:
        host = _host(record)
        if not host.get("machine") or host["machine"] != evidence.here.machine:
            return None
        if host.get("boot") != evidence.here.boot:
            return LockOwner(lock, "dead", "the machine was started again since")
        if host.get("processes") != evidence.here.processes:
            return None
    if evidence.alive(lock.pid, lock.time):
        return LockOwner(lock, "alive", f"process {lock.pid} runs on this machine")
    if record is None and evidence.shared:
        why = "this machine has the same name and no such process, but another one may have that name too"
        return LockOwner(lock, "unknown", why, _ask_by_hand(lock))
    return LockOwner(lock, "dead", f"process {lock.pid} of this machine is gone")


def _run(record: Record | None) -> Run | None:
    given = mapping(record.begin.get("run")) if record else {}
    return this_host.Run(**given) if given else None


def _by_run(lock: Lock, run: Run, evidence: Evidence) -> LockOwner:
    said = evidence.run(run)
    if said == "over":
        return LockOwner(lock, "dead", f"its GitHub Actions run is over: {run.url}")
    if said == "going":
        return LockOwner(lock, "alive", f"its GitHub Actions run still goes on: {run.url}")
    how = f"look at {run.url} (attempt {run.attempt}): it must have ended, not only been cancelled"
    return LockOwner(lock, "unknown", f"GitHub could not say whether its run is over: {said}", how)


def _ask_by_hand(lock: Lock) -> str:
    if lock.pid <= 0:
        return "find out whose it is by its time, and that no update of the stack runs anywhere"
    return (
        f"on {lock.host}, as {lock.user}: `ps -p {lock.pid} -o lstart,args` must show no pulumi begun before the lock"
    )


# --- Processes of this machine ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Running:
    """A process of the engine on this machine."""

    pid: int
    name: str
    """The program, and for an engine its command."""


def engines(
    environment: Mapping[str, str], root: Path, stack: str, processes: ListProcesses = psutil.process_iter
) -> list[Running]:
    """Engines that are changing the stack, or a stack that they do not name, whether they hold a lock or not.

    `pulumi cancel` takes an engine's lock away and lets it run on.
    """
    found: list[Running] = []
    for process, words in _of_this_project(environment, root, processes):
        if Path(words[0]).name != "pulumi" or len(words) < 2 or words[1] not in _CHANGING:  # noqa: PLR2004 - name and command
            continue
        if _named(words) in {stack, ""}:
            found.append(Running(process.pid, f"pulumi {words[1]}"))
    return found


def orphans(
    environment: Mapping[str, str],
    root: Path,
    updates: frozenset[str],
    processes: ListProcesses = psutil.process_iter,
) -> list[Running]:
    """Plugins, language hosts and programs of this project and backend whose engine is gone.

    Each is known by the engine's address on its command line, at which no process listens any more, and by an
    environment that leads to the same state and the same PULUMI_HOME as ours. One that belongs to a recorded update of
    another stack is left alone.

    `updates` are ids of this stack's updates.
    """
    found: list[Running] = []
    for process, words in _of_this_project(environment, root, processes):
        address = _engine_address(words)
        with suppress(psutil.Error):  # gone meanwhile
            update = process.environ().get(UPDATE_VARIABLE, "")
            if address and (not update or update in updates) and not _has_engine(process, address):
                found.append(Running(process.pid, _program(words)))
    return found


def end(running: Sequence[Running], limit: float = _END_SECONDS) -> None:
    """End processes, and wait until they are gone; one that has not ended after `limit` seconds is killed."""
    processes: list[psutil.Process] = []
    for each in running:
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(each.pid)
            process.terminate()
            processes.append(process)
    _, left = psutil.wait_procs(processes, timeout=limit)
    for process in left:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(left, timeout=limit)


def _of_this_project(
    environment: Mapping[str, str], root: Path, processes: ListProcesses
) -> Iterator[tuple[psutil.Process, list[str]]]:
    """This user's processes in the project's folder with the same backend and PULUMI_HOME; not this one."""
    own = psutil.Process()
    mine = {own.pid, *(parent.pid for parent in own.parents())}
    for process in processes():
        if process.pid in mine:
            continue
        try:
            words = process.cmdline()
            if not words or process.uids().real != own.uids().real or process.status() == psutil.STATUS_ZOMBIE:
                continue
            theirs = process.environ()
            if any(theirs.get(name) != environment.get(name) for name in ("PULUMI_HOME", "PULUMI_BACKEND_URL")):
                continue
            if not Path(process.cwd()).resolve().is_relative_to(root.resolve()):
                continue
        except (psutil.Error, OSError):
            continue  # gone meanwhile, or another user's
        yield process, words


def _has_engine(process: psutil.Process, address: str) -> bool:
    """Whether an engine is above the process, or a process listens at its engine's address."""
    if any(Path(parent.name()).name == "pulumi" for parent in process.parents()):
        return True
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=1):
            return True
    except OSError:
        return False


def _engine_address(words: Sequence[str]) -> str:
    """`127.0.0.1:PORT`, a plugin's last word or a program's `--engine`; empty where there is none."""
    candidates = [words[-1]]
    if "--engine" in words[:-1]:
        candidates.append(words[words.index("--engine") + 1])
    return next((word for word in candidates if word.startswith(_LOCAL) and word.rpartition(":")[2].isdigit()), "")


def _named(words: Sequence[str]) -> str:
    """The stack that an engine's command names; empty where it names none."""
    for place, word in enumerate(words):
        if word in {"--stack", "-s"} and place + 1 < len(words):
            return words[place + 1].rpartition("/")[2]
        if word.startswith("--stack="):
            return word.removeprefix("--stack=").rpartition("/")[2]
    return ""


def _program(words: Sequence[str]) -> str:
    if "-m" in words[:-1]:
        return words[words.index("-m") + 1]
    return Path(words[1] if Path(words[0]).name.startswith("python") and len(words) > 1 else words[0]).name


# --- GitHub Actions ---------------------------------------------------------------------------------------------------


def run_state(run: Run, environment: Mapping[str, str], transport: httpx.AsyncBaseTransport | None = None) -> str:
    """`over`, `going`, or why it is not known.

    An attempt that was followed by another is over: GitHub starts the next only once the one before has ended
    (GitHub's REST API, "Get a workflow run").
    """
    token = environment.get(services.GITHUB_TOKEN, "")
    if not token:
        return f"{services.GITHUB_TOKEN} is not set"
    try:
        document = asyncio.run(_get(run, token, transport))
    except VendorError as error:
        return str(error)
    if int(document.get("run_attempt") or 1) > run.attempt or document.get("status") == "completed":
        return "over"
    return "going"


async def _get(run: Run, token: str, transport: httpx.AsyncBaseTransport | None) -> dict[str, Any]:
    limits = Limits(deadline_seconds=20)
    async with Client(services.github(token), limits=limits, transport=transport) as client:
        return await client.get(f"/repos/{run.repository}/actions/runs/{run.id}")
