"""Reset, snapshots, and starts and stops of PostgreSQL in a running sandbox; requests wait meanwhile."""

from __future__ import annotations

import asyncio
import shutil

from parity_sandbox import snapshots as files
from parity_sandbox.errors import BadDocument
from parity_sandbox.logs import log
from parity_sandbox.services import VENDORS
from parity_sandbox.store import Document
from parity_sandbox.vercel import settle
from parity_sandbox.world import World

_OWN = "sandbox"
_ACTIONS = ("stop", "start", "restart", "kill")


def state(world: World) -> Document:
    """Every object of both vendors as `{service: {kind: [document]}}`, secret values as fingerprints."""
    settle(world.context)
    everything = world.context.store.everything()
    return {
        service: {
            kind: [world.redactor.state(kind, each) for each in documents]
            for kind, documents in everything.get(service, {}).items()
        }
        for service in VENDORS
    }


def keep_latency(world: World) -> None:
    """Write the latencies, so that they outlive a restart."""
    world.context.store.collection(_OWN, "latency").keep("latency", world.latency)


async def reset(world: World) -> None:
    """Empty everything but credentials, certificates and snapshots."""
    async with world.gate.closed():
        await asyncio.to_thread(world.cluster.stop)
        await asyncio.to_thread(world.cluster.empty)
        await asyncio.to_thread(_empty_backend, world)
        with world.context.store.transaction():
            world.context.store.clear()
            world.log.clear()
        world.faults.wake()
        world.latency.clear()
        await asyncio.to_thread(world.cluster.start, world.cluster.port)
    world.context.traffic.clear()
    log("sandbox reset")


def _empty_backend(world: World) -> None:
    shutil.rmtree(world.layout.backend, ignore_errors=True)
    world.layout.create()


async def save(world: World, name: object) -> None:
    """Save a snapshot under a new name."""
    place = files.new_place(world.layout, name)
    async with world.gate.closed():
        await asyncio.to_thread(world.cluster.stop)
        try:
            await asyncio.to_thread(files.save, world.layout, world.context.store.path, place)
        finally:
            await asyncio.to_thread(world.cluster.start, world.cluster.port)
    log("snapshot saved", name=name)


async def load(world: World, name: str) -> None:
    """Go back to a snapshot."""
    place = files.known_place(world.layout, name)
    async with world.gate.closed():
        await asyncio.to_thread(world.cluster.stop)
        try:
            await asyncio.to_thread(files.load_folders, world.layout, place)
            files.load_store(world.context.store.connection, place)
        finally:
            await asyncio.to_thread(world.cluster.start, world.cluster.port)
        world.faults.wake()
        world.latency.clear()
        world.latency.update(world.context.store.collection(_OWN, "latency").get("latency") or {})
        world.context.traffic.clear()
    log("snapshot loaded", name=name)


async def act_on_postgres(world: World, action: object) -> None:
    """Stop, start, restart or SIGKILL PostgreSQL. Requests do not wait: a failing database is what is tested."""
    cluster = world.cluster
    if action not in _ACTIONS:
        raise BadDocument(f"PostgreSQL's action is one of {', '.join(_ACTIONS)}, not {action!r}.")
    if action == "kill":
        await asyncio.to_thread(cluster.kill)
    if action in {"stop", "restart"}:
        await asyncio.to_thread(cluster.stop)
    if action in {"start", "restart"} and not cluster.is_running:
        await asyncio.to_thread(cluster.start, cluster.port)
    log("postgres", action=action, running=cluster.is_running)
