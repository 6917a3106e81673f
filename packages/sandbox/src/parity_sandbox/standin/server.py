"""Serves the provider to the engine over gRPC, on a port of its own that it prints."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import grpc.aio
from pulumi.provider.experimental.server import ProviderServicer
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS  # pyright: ignore[reportPrivateUsage]
from pulumi.runtime.proto import provider_pb2_grpc

from parity_sandbox.standin.errors import StandInError
from parity_sandbox.standin.install import VERSION
from parity_sandbox.standin.provider import StandIn

_METHODS = ("CheckConfig", "Configure", "Check", "Diff", "Create", "Read", "Update", "Delete", "Invoke")


def _reported(method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """The method; the engine gets our own errors as their text alone."""

    async def answer(self: Any, request: Any, context: Any) -> Any:
        try:
            return await method(self, request, context)
        except StandInError as error:
            await context.abort(grpc.StatusCode.UNKNOWN, str(error))

    return answer


class Servicer(ProviderServicer):
    """The SDK's servicer, with errors as texts and without a detailed diff, which the bridge gives none either."""

    async def Diff(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        """As the SDK's, but let the engine tell the difference in detail."""
        answer = await super().Diff(request, context)
        answer.hasDetailedDiff = False
        return answer


for _name in _METHODS:
    setattr(Servicer, _name, _reported(getattr(Servicer, _name)))


async def _serve(engine: str, arguments: list[str]) -> None:
    server = grpc.aio.server(options=_GRPC_CHANNEL_OPTIONS)
    servicer = Servicer(arguments, VERSION, StandIn(), engine_address=engine)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await server.wait_for_termination()


def main(arguments: list[str]) -> None:
    """Run until the engine ends the process.

    Args:
        arguments: The engine's address, and flags of its own that are ignored.
    """
    if arguments == ["--version"]:
        print(VERSION)  # noqa: T201 - the answer
        return
    parser = argparse.ArgumentParser(prog="pulumi-resource-vercel", description="The sandbox's stand-in.")
    parser.add_argument("engine", help="the engine's address")
    known, _ = parser.parse_known_args(arguments)
    try:
        asyncio.run(_serve(known.engine, arguments))
    except KeyboardInterrupt:
        os._exit(0)  # the engine waits for it, and there is nothing to free
