"""Serves the provider to the engine over gRPC, with errors as the engine expects them.

The SDK's own `main` cannot say that a resource was changed but not finished (`ErrorResourceInitFailed`), and shows each
error as an unexpected exception; both are added here.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

import grpc
import grpc.aio
from google.protobuf.empty_pb2 import Empty
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.server import ProviderServicer
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS  # pyright: ignore[reportPrivateUsage]
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2, provider_pb2_grpc, status_pb2

from parity.provider.errors import ParityPluginError, Unfinished
from parity.provider.provider import VERSION, ParityProvider, partial_failure, type_of
from parity.resources.urn import Urn

_DETAILS = "grpc-status-details-bin"


def _method(name: str) -> Any:
    """A method of the SDK's servicer, its errors as the texts that users read; an unfinished switch is recorded."""
    own: Any = getattr(ProviderServicer, name)

    async def method(self: ProviderServicer, request: Any, context: Any) -> Any:
        try:
            return await own(self, request, context)
        except Unfinished as error:
            inputs = request.news if name == "Update" else request.properties
            await context.abort_with_status(_unfinished_status(error, request.urn, inputs))
        except ParityPluginError as error:
            await context.abort(grpc.StatusCode.UNKNOWN, str(error))

    return method


class ParityServicer(ProviderServicer):
    """The SDK's servicer, with this provider's errors."""

    Check, Diff, Create = _method("Check"), _method("Diff"), _method("Create")
    Update, Read, Delete = _method("Update"), _method("Read"), _method("Delete")

    async def Attach(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Let an engine use this process, which it has not started."""
        del request, context
        return Empty()


def _unfinished_status(error: Unfinished, urn: str, inputs: Any) -> Any:
    """The status that makes the engine record the resource and the reason, and try again at the next update."""
    type_ = type_of(Urn.parse(urn).type)
    id_, properties, given = partial_failure(type_, error, PropertyValue.unmarshal_map(inputs))
    detail = provider_pb2.ErrorResourceInitFailed(
        id=id_,
        properties=PropertyValue.marshal_map(properties),
        inputs=PropertyValue.marshal_map(given),
        reasons=[str(error)],
    )
    wire = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(error))
    wire.details.add().Pack(detail)
    status: Any = grpc.Status()
    status.code = grpc.StatusCode.UNKNOWN
    status.details = str(error)
    status.trailing_metadata = ((_DETAILS, wire.SerializeToString()),)
    return status


def attached() -> ParityServicer:
    """What serves a preview from the process that serves the program; a preview shows no progress."""
    return ParityServicer([], VERSION, ParityProvider(), "")


class Progress:
    """Shows sentences at a resource while the engine waits for it."""

    def __init__(self, engine: Any) -> None:
        """Take the engine's stub."""
        self._engine = engine
        self._sending: set[asyncio.Task[None]] = set()

    def notify(self, urn: str, message: str) -> None:
        """Send one sentence without waiting for it."""
        task = asyncio.create_task(self._send(urn, message))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send(self, urn: str, message: str) -> None:
        request = engine_pb2.LogRequest(severity=engine_pb2.INFO, message=message, urn=urn, ephemeral=True)
        try:
            await self._engine.Log(request)
        except grpc.RpcError as error:
            # A sentence that cannot be shown must not end a switch; the engine shows what a plugin writes here.
            sys.stderr.write(f"{message} (not shown: {error})\n")


async def serve(engine_address: str) -> None:
    """Listen on a free port of loopback, print it, and serve until the engine ends the process."""
    server = grpc.aio.server(options=_GRPC_CHANNEL_OPTIONS)
    channel = grpc.aio.insecure_channel(engine_address)
    progress = Progress(engine_pb2_grpc.EngineStub(channel))  # pyright: ignore[reportUnknownMemberType]
    servicer = ParityServicer([], VERSION, ParityProvider(notify=progress.notify), engine_address)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)  # pyright: ignore[reportUnknownMemberType]
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await server.wait_for_termination()


def main(arguments: list[str]) -> None:
    """Serve the engine whose address is the first argument that is no option."""
    engine = next((each for each in arguments if not each.startswith("-")), "")
    try:
        asyncio.run(serve(engine))
    except KeyboardInterrupt:
        os._exit(0)  # the engine waits for it, and there is nothing to free
