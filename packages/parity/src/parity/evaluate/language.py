"""Serves the project's program to one run of the engine: `python3 -m parity.evaluate`, in the project's folder.

It loads what the program imports, listens on a free port of loopback, prints `host:port`, and waits for the engine,
which is started with `--client host:port`. It runs what the language host would run, in the same way, and ends when its
standard input does. To a preview it serves the project's own provider and Parity's policy pack too, at the same port.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import functools
import importlib
import io
import json
import logging
import os
import runpy
import signal
import sys
import sysconfig
import threading
import traceback
from concurrent import futures
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
from pulumi import RunError, log
from pulumi.runtime import reset_options, run_in_stack, set_all_config
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS  # pyright: ignore[reportPrivateUsage]
from pulumi.runtime.proto import (
    analyzer_pb2,
    analyzer_pb2_grpc,
    language_pb2,
    language_pb2_grpc,
    plugin_pb2,
    provider_pb2_grpc,
)

from parity.config import program
from parity.evaluate import waiting

if TYPE_CHECKING:
    from collections.abc import Callable

_USED = ("parity.vendors.in_engine", "parity.vendors.preflight", "psycopg")
"""What the template's `infra/__main__.py` imports besides the program that pyproject.toml names."""
_THREADS = 4
"""Times the engine's own parallelism, as the SDK's inline programs have it."""
_CALLS = 32
"""Of the engine that are answered at a time: the program's one run, and what a preview asks the provider."""
_PROVIDER = "parity.provider.server"
"""The project's own provider, by name: it stands above this package."""
_PACK = "parity_policy.pack"
"""The policy pack, by name: it may not be installed, and then a preview does not ask for it."""


class ProgramServicer(language_pb2_grpc.LanguageRuntimeServicer):
    """The part of a language host that an update asks for."""

    def __init__(self, loaded: threading.Event) -> None:
        """Take what is set when the program's modules are loaded."""
        self._loaded = loaded

    def GetRequiredPackages(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        """The plugins of the installed SDKs, which the engine installs where it does not have them."""
        del request, context
        files = Path(sysconfig.get_path("purelib")).glob("*/pulumi-plugin.json")
        plugins = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(files)]
        return language_pb2.GetRequiredPackagesResponse(packages=[_package(each) for each in plugins if _named(each)])

    def Run(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        """Run the program once, and say whether it came to its end."""
        del context
        self._loaded.wait()
        return contextvars.copy_context().run(_run, request)


class _Late:
    """A servicer that is made when its first call comes."""

    def __init__(self, loaded: threading.Event, make: Callable[[], Any]) -> None:
        """Take what is set when the program's modules are loaded: two threads must not import at once."""
        self._loaded = loaded
        self._make = make

    @functools.cached_property
    def _servicer(self) -> Any:
        return self._make()

    def __getattr__(self, name: str) -> Callable[[Any, Any], Any]:
        """The call of that name."""

        def call(request: Any, context: Any) -> Any:
            self._loaded.wait()
            return self.answer(name, request, context)

        return call

    def answer(self, name: str, request: Any, context: Any) -> Any:
        """The servicer's answer to a call."""
        return getattr(self._servicer, name)(request, context)


class Provider(_Late):
    """The project's own provider, to which a preview attaches; its servicer is asynchronous, the server is not."""

    def __init__(self, loaded: threading.Event) -> None:
        """Take what is set when the program's modules are loaded."""
        super().__init__(loaded, lambda: importlib.import_module(_PROVIDER).attached())
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def answer(self, name: str, request: Any, context: Any) -> Any:
        """The answer, awaited on a loop of its own."""

        async def answered() -> Any:
            return await super(Provider, self).answer(name, request, context)

        return asyncio.run_coroutine_threadsafe(answered(), self._loop).result()


class Policies(_Late):
    """The policy pack, which a preview finds at this port (`ProgramServer.policies`)."""

    def __init__(self, loaded: threading.Event) -> None:
        """Take what is set when the program's modules are loaded."""
        super().__init__(loaded, lambda: importlib.import_module(_PACK).servicer())

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        """Answer at once: the engine waits ten seconds for it, and the program may take longer to load."""
        del request, context
        return analyzer_pb2.AnalyzerHandshakeResponse()


def _named(plugin: dict[str, Any]) -> bool:
    return bool(plugin.get("resource") and plugin.get("name"))


def _package(plugin: dict[str, Any]) -> Any:
    return plugin_pb2.PackageDependency(
        name=plugin["name"], kind="resource", version=plugin.get("version", ""), server=plugin.get("server", "")
    )


def _run(request: Any) -> Any:
    reset_options(
        project=request.project,
        stack=request.stack,
        root_directory=request.info.root_directory,
        parallel=request.parallel,
        # To a client the engine gives its own address as the first argument.
        engine_address=request.args[0],
        monitor_address=request.monitor_address,
        preview=request.dryRun,
        organization=request.organization or "organization",
    )
    set_all_config(request.config, request.configSecretKeys)
    entry = str(Path(request.info.program_directory) / request.info.entry_point)
    os.chdir(request.pwd)
    sys.argv = [entry]
    # What is left when a program fails would each be reported once more.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    with contextlib.redirect_stdout(_Said()), contextlib.redirect_stderr(_Said()):
        try:
            _until_done(lambda: runpy.run_path(entry, run_name="__main__"), request.parallel)
        except RunError as error:
            log.error(str(error))
        except SystemExit as end:
            return _ended(end.code)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the engine has to show it
            log.error(f"Program failed with an unhandled exception:\n{_of_program(error)}")
        else:
            return language_pb2.RunResponse()
    # It was shown, so nothing is added to it.
    return language_pb2.RunResponse(bail=True)


def _ended(code: object) -> Any:
    """The answer for a program that ended itself, as an interpreter ends and as the language host words it."""
    if code is None or isinstance(code, int):
        number = code or 0
    else:
        sys.stderr.write(f"{code}\n")
        number = 1
    return language_pb2.RunResponse(error=f"program exited with non-zero exit code: {number}" if number else "")


def _until_done(run: Callable[[], Any], parallel: int) -> None:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.set_default_executor(futures.ThreadPoolExecutor(max_workers=max(parallel, 1) * _THREADS))
    try:
        loop.run_until_complete(run_in_stack(run))
    finally:
        loop.close()


def _of_program(error: BaseException) -> str:
    """The traceback from the program's own first frame on."""
    frames = error.__traceback__
    while frames is not None and not _is_program(frames.tb_frame.f_code.co_filename):
        frames = frames.tb_next
    return "".join(traceback.format_exception(type(error), error, frames or error.__traceback__))


def _is_program(file: str) -> bool:
    return file != __file__ and Path(file).name == "__main__.py"


class _Said(io.TextIOBase):
    """What the program prints, shown by the engine line by line."""

    def __init__(self) -> None:
        self._line = ""

    def write(self, text: str) -> int:
        *lines, self._line = (self._line + text).split("\n")
        for line in lines:
            log.info(line)
        return len(text)


def _load(folder: Path) -> None:
    """Import what the program will import; what cannot be imported is the run's to report."""
    with contextlib.suppress(Exception):
        program.load(folder).build()
        for module in _USED:
            importlib.import_module(module)
    with contextlib.suppress(ImportError):
        importlib.import_module(_PACK)


def main() -> None:
    """Serve until standard input ends."""
    waiting.install()
    loaded = threading.Event()
    provider: Any = Provider(loaded)
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=_CALLS), options=_GRPC_CHANNEL_OPTIONS)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(ProgramServicer(loaded), server)  # pyright: ignore[reportUnknownMemberType]
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)  # pyright: ignore[reportUnknownMemberType]
    policies: Any = Policies(loaded)
    analyzer_pb2_grpc.add_AnalyzerServicer_to_server(policies, server)  # pyright: ignore[reportUnknownMemberType]
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"127.0.0.1:{port}\n")
    sys.stdout.flush()
    _load(Path.cwd())
    loaded.set()
    sys.stdin.buffer.read()
    # As `ProgramServer.close` ends it: its threads may wait for an engine that is gone.
    os.kill(os.getpid(), signal.SIGTERM)
