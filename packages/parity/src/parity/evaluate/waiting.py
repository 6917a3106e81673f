"""Makes the SDK wait for a program's resources in time that grows with their number, not with its square.

The SDK's own `wait_for_rpcs` gives all outputs that are not ready to `asyncio.wait` again each time that one is, and it
sends four debug messages for each resource to the engine, one blocking call each, which the engine drops unless it was
started with `--debug`. At 100 resources that is a quarter of a program's time, at 1,000 most of it.
"""

from __future__ import annotations

import asyncio
from typing import Any

from parity.evaluate import sdk


def install() -> None:
    """Replace both in this process, for good."""
    sdk.stack.wait_for_rpcs = wait_for_rpcs
    sdk.log.debug = _nothing


def _nothing(*_: Any, **__: Any) -> None:
    """Send no debug message."""


async def wait_for_rpcs(await_all_outstanding_tasks: bool = True) -> None:
    """Wait until every call to the engine and every output has ended; raises what the first that failed raises."""
    manager = sdk.settings.SETTINGS.rpc_manager
    while True:
        while manager.rpcs:
            await asyncio.sleep(0)
            await _settled(manager)
        if manager.unhandled_exception is not None:
            raise manager.unhandled_exception.with_traceback(manager.exception_traceback)
        if await_all_outstanding_tasks:
            await _outputs()
        if not manager.rpcs:
            return


async def _settled(manager: Any) -> None:
    try:
        await manager.rpcs.pop()
    except Exception as error:
        if manager.unhandled_exception is None:
            raise
        raise error from manager.unhandled_exception.with_traceback(manager.exception_traceback)


async def _outputs() -> None:
    """Each output is waited for once, in the order in which they end; those that come meanwhile are taken up."""
    ended: asyncio.Queue[asyncio.Future[Any]] = asyncio.Queue()
    running = 0
    while True:
        for task in _taken():
            task.add_done_callback(ended.put_nowait)
            running += 1
        if not running:
            return
        task = await ended.get()
        running -= 1
        try:
            await task
        except sdk.stack.ResourceRegistrationFailed:
            continue  # the engine has reported it, and the others go on (`--continue-on-error`)


def _taken() -> list[asyncio.Future[Any]]:
    with sdk.settings.SETTINGS.lock:
        found = list(sdk.settings.SETTINGS.outputs)
        sdk.settings.SETTINGS.outputs.clear()
    return found
