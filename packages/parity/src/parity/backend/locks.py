"""The engine's own lock on a stack of a folder or bucket: who holds it, and taken for work that is no engine's.

The engine's form (pulumi/pkg backend/diy/lock.go): one file a holder below `.pulumi/locks/`, with `pid`, `username`,
`hostname` and `timestamp`. A holder writes its own first and then gives way where another one is there.
"""

from __future__ import annotations

import getpass
import json
import os
import socket
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from parity import documents
from parity.errors import LockedError

if TYPE_CHECKING:
    from collections.abc import Generator

    from parity.backend.stack_backend import Backend
    from parity.engine.store import Store


@dataclass(frozen=True)
class Lock:
    """One holder of a stack's lock."""

    key: str
    """In the store."""
    pid: int
    user: str
    host: str
    time: datetime
    """When it was taken, UTC."""

    @property
    def id(self) -> str:
        """The lock's identity: its file's name without the ending."""
        return self.key.rpartition("/")[2].removesuffix(".json")

    def __str__(self) -> str:
        """For people."""
        if not self.pid:
            return f"a process that {self.id} does not name"
        return f"process {self.pid} of {self.user} on {self.host}, since {self.time:%Y-%m-%d %H:%M:%S} UTC"


def folder(project: str, stack: str) -> str:
    """Where a stack's locks are."""
    return f".pulumi/locks/organization/{project}/{stack}"


def held(store: Store, project: str, stack: str) -> list[Lock]:
    """Every lock of the stack, oldest first. One that cannot be read counts as held, by process 0, as of now."""
    place = folder(project, stack)
    read = ((f"{place}/{name}", store.read(f"{place}/{name}")) for name in store.names(place))
    found = [_parse(key, text) for key, text in read if text is not None]
    return sorted(found, key=lambda lock: (lock.time, lock.key))


@contextmanager
def taken(store: Store, project: str, stack: str) -> Generator[Lock]:
    """Hold the stack's lock, in the engine's form, so that no engine begins meanwhile.

    Raises:
        LockedError: another process holds it.
    """
    lock = take(store, project, stack)
    try:
        yield lock
    finally:
        store.delete(lock.key)


def take(store: Store, project: str, stack: str) -> Lock:
    """Take the lock; `store.delete(lock.key)` gives it back.

    Raises:
        LockedError: another process holds it; nothing is left behind.
    """
    refuse_if_held(store, project, stack)
    now = datetime.now(UTC)
    key = f"{folder(project, stack)}/{uuid.uuid4()}.json"
    lock = Lock(key, os.getpid(), getpass.getuser(), socket.gethostname(), now)
    document = {"pid": lock.pid, "username": lock.user, "hostname": lock.host, "timestamp": now.isoformat()}
    store.create(key, json.dumps(document).encode())
    try:
        # Two that came at once see each other now, and both give way: the engine does the same.
        refuse_if_held(store, project, stack, but=key)
    except LockedError:
        store.delete(key)
        raise
    return lock


def refused(what: str, stack: str, place: Backend) -> LockedError:
    """The error where the engine itself says that another update has the stack.

    Pulumi Cloud's lock cannot be seen, and is given up by `pulumi cancel`.
    """
    first = "" if place.store else f"`pulumi cancel --stack {stack} --yes`, then "
    remedy = f"wait until it ends; where it is dead: {first}`parity recover {stack}`"
    return LockedError(what, where=place.url, remedy=remedy)


def refuse_if_held(store: Store, project: str, stack: str, *, but: str = "") -> None:
    """Raise LockedError where anybody holds the lock, except the one with the key `but`."""
    others = [lock for lock in held(store, project, stack) if lock.key != but]
    if others:
        raise LockedError(
            f"the stack {stack} is locked by {'; '.join(str(lock) for lock in others)}",
            where=", ".join(f"{store.place}/{lock.key}" for lock in others),
            remedy=f"wait until it ends; where it is dead: parity recover {stack}",
        )


def _parse(key: str, text: bytes) -> Lock:
    try:
        document = documents.parse(text)
        time = datetime.fromisoformat(str(document["timestamp"])).astimezone(UTC)
        return Lock(key, int(document["pid"]), str(document["username"]), str(document["hostname"]), time)
    except (ValueError, KeyError, TypeError):
        return Lock(key, 0, "unknown", "nowhere", datetime.now(UTC))
