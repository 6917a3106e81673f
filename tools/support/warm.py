"""Starts Python's programs sooner: a process that has loaded their libraries forks for each run.

A good part of what a run of the engine costs is Python loading the same libraries again. A virtual environment of its
own stands before the real one: its `python3` hands what it is asked for to the warm process, or becomes the real one.
The program is always run so; the project's command and the plugins only where the caller asks for it. What a test
signals is never started this way; a command that kills itself is. What the engine started lives and dies as before: the
run ends with it, and it ends as the run does. The process itself ends with the last that holds it.
"""

from __future__ import annotations

import array
import contextlib
import gc
import importlib
import os
import pkgutil
import platform
import random
import re
import runpy
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import traceback
from pathlib import Path

import pulumi
from filelock import FileLock

import parity
from parity.engine import passphrase
from parity_sandbox.lifecycle import PASSPHRASE

WARM_PLUGINS = "PARITY_CRASH_WARM_PLUGINS"
_PROVIDERS = ("pulumi_github", "pulumi_postgresql", "pulumiverse_vercel")
_PROGRAM = {"infra", "components"}
_PROGRAM_FOLDER = str(Path.cwd())
"""Of the warm process: where a program is that the asker's PYTHONPATH does not lead to."""
_PLUGINS = ("parity.provider.server", "parity_sandbox.standin.server", "pulumi.policy", "pulumi_policy")
_SANDBOX = ("parity_sandbox.server",)
_LATE = (
    *("grpc._server", "grpc._channel", "grpc.experimental", "google.protobuf.descriptor_pb2", "encodings.idna"),
    *("httpcore", "anyio._backends._asyncio", "anyio.streams.tls", "sniffio"),
    *("ruamel.yaml.mergevalue", "typer._adapters", "rich._emoji_codes", "parity_policy.pack"),
)
"""What libraries load at the point of use: their runs would each load it again."""
_LIBRARIES = ("pulumi", *_PROVIDERS, "httpx", "infra.build", *_PLUGINS, *_SANDBOX, *_LATE)
_SOCKET, _HOLDS = "warm.sock", b"held\n"
_LONGEST = 1 << 20
_ASKS = """#!/bin/sh
# What the language host asks at each start of the engine is answered here: an interpreter takes ten times as long.
case "$*" in
    "-m pip list -v --format json") exec cat '{packages}' ;;
    --version) echo 'Python {version}' ;;
    *) exec '{script}' "$@" ;;
esac
"""
_SCRIPT = """#!{python} -IS
import sys
sys.path.insert(0, {folder!r})
from warm_client import stand_in
stand_in({socket!r}, {python!r}, {mark!r})
"""
_COMMAND = """#!{python} -IS
import sys
sys.path.insert(0, {folder!r})
from warm_client import command
command({socket!r}, {program!r})
"""


class Warm:
    """A warm process, and the virtual environment to stand before the real one; one serves any number of programs."""

    def __init__(self, folder: Path, program: Path, environment: dict[str, str], parent: Warm | None = None) -> None:
        """Make it; with a `parent`, which has loaded all of it, as a fork of that one."""
        self.home = folder
        self.socket = folder / _SOCKET
        self.programs = folder / "bin"
        self.programs.mkdir(parents=True)
        interpreter = _environment(folder)
        packages = folder / "packages.json"
        packages.write_bytes((parent.home / packages.name).read_bytes() if parent else _packages())
        names = {"python": sys.executable, "folder": str(Path(__file__).parent), "socket": str(self.socket)}
        _executable(folder / "stand_in", _SCRIPT.format(mark=WARM_PLUGINS, **names))
        asks = _ASKS.format(packages=packages, version=platform.python_version(), script=folder / "stand_in")
        for name in ("python", "python3"):
            _executable(self.programs / name, asks)
        own = Path(sys.executable).with_name("parity")
        _executable(self.programs / own.name, f"#!{interpreter}\n{own.read_text().partition(chr(10))[2]}")
        self._commands = folder / "commands"
        self._commands.mkdir()
        command = _COMMAND.format(program=str(own), **names)
        self.parity = self._commands / own.name
        """What stands for the project's command: it runs there as in a process that has just started."""
        _executable(self.parity, command)
        words = [__file__, str(self.socket)]
        if parent:
            from support import warm_server  # noqa: PLC0415 - as a program this file has no such package

            assert not warm_server.fork(parent, words, program, environment).wait(), "it does not start"
        else:
            words[:0] = [str(interpreter), "-P"]
            subprocess.run(words, cwd=program, env=environment, stdin=subprocess.DEVNULL, check=True)
        self._hold()

    @classmethod
    def shared(cls, folder: Path, program: Path, environment: dict[str, str]) -> Warm:
        """The one of all processes that name that folder; the first makes it."""
        with FileLock(f"{folder}.lock"):
            found = cls.there(folder)
            try:
                found._hold()
            except OSError:
                shutil.rmtree(folder, ignore_errors=True)
                found = cls(folder, program, environment)
        return found

    def _hold(self) -> None:
        self._held = socket.socket(socket.AF_UNIX)
        self._held.connect(str(self.socket))
        self._held.sendall(_HOLDS)

    @classmethod
    def there(cls, folder: Path) -> Warm:
        """The one that another process has in that folder, and holds."""
        found = cls.__new__(cls)
        found.home, found.programs, found._commands = folder, folder / "bin", folder / "commands"
        found.socket = folder / _SOCKET
        found.parity = found._commands / "parity"
        return found

    def environment(self, before: dict[str, str]) -> dict[str, str]:
        """What to set on top for commands whose programs it is to run."""
        return {"PATH": f"{self.programs}{os.pathsep}{before['PATH']}", "VIRTUAL_ENV": str(self.home)}

    def commands(self, before: dict[str, str]) -> dict[str, str]:
        """What to set on top for commands of the project's which nothing stops; their plugins are warm too."""
        return {"PATH": f"{self._commands}{os.pathsep}{before['PATH']}", WARM_PLUGINS: "1"}

    def everything(self, before: dict[str, str]) -> dict[str, str]:
        """What to set on top where program, plugins and the project's command are all to be run by it."""
        found = self.environment(before)
        return found | self.commands(found)

    def close(self) -> None:
        """Hold it no longer; with the last that does, every run that it forked ends."""
        self._held.close()


def _executable(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def _packages() -> bytes:
    words = [sys.executable, "-m", "pip", "list", "-v", "--format", "json"]
    return subprocess.run(words, capture_output=True, check=True).stdout


def _environment(folder: Path) -> Path:
    """Make the folder a virtual environment with the packages of this one; gives its interpreter, the real one.

    A command of the project's puts its own environment's programs before all others: so they are the warm ones too.
    """
    base = Path(sys.executable).resolve()
    (folder / "pyvenv.cfg").write_text(f"home = {base.parent}\ninclude-system-site-packages = false\n")
    packages = Path(sysconfig.get_path("purelib"))
    own = folder / packages.relative_to(sys.prefix)
    own.parent.mkdir(parents=True)
    own.symlink_to(packages)
    interpreter = folder / "bin" / "interpreter"
    interpreter.symlink_to(base)
    return interpreter


class _Server:
    """Forks for each who asks, tells how the run ended, and ends a run whose asker is gone."""

    def __init__(self, address: str) -> None:
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(address)
        self._listener.listen()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._runs: dict[int, socket.socket] = {}
        """Askers, by the process of their run."""
        self._held = 0
        """By how many."""

    def serve(self) -> None:
        """Until it is held no longer, or ended."""
        try:
            while True:
                for key, _ in self._selector.select():
                    if key.fileobj is self._listener:
                        self._begin(self._listener.accept()[0])
                    elif key.data is None:
                        self._held -= 1
                        self._selector.unregister(key.fileobj)
                        if not self._held:
                            return
                    elif key.data not in self._runs:
                        continue  # its run's end came in the same batch
                    elif isinstance(key.fileobj, socket.socket):
                        self._selector.unregister(key.fileobj)
                        os.kill(key.data, signal.SIGKILL)
                    else:
                        self._selector.unregister(key.fd)
                        os.close(key.fd)
                        self._end(key.data)
        finally:
            for pid in self._runs:
                os.kill(pid, signal.SIGKILL)

    def _begin(self, channel: socket.socket) -> None:
        streams = array.array("i")
        head, ancillary, _, _ = channel.recvmsg(_LONGEST, socket.CMSG_LEN(3 * streams.itemsize))
        if head == _HOLDS:
            self._held += 1
            self._selector.register(channel, selectors.EVENT_READ)
            return
        if not ancillary:
            channel.close()
            return
        streams.frombytes(ancillary[0][2])
        size, _, body = head.partition(b"\n")
        while len(body) < int(size):
            body += channel.recv(_LONGEST)
        pid = os.fork()
        if pid == 0:
            self._selector.close()
            self._listener.close()
            channel.close()
            count, *asked = [os.fsdecode(each) for each in body.split(b"\0")[:-1]]
            words, (home, *variables) = asked[: int(count)], asked[int(count) :]
            _become(words, home, dict(each.split("=", 1) for each in variables), list(streams))
        for stream in streams:
            os.close(stream)
        with contextlib.suppress(OSError):  # its asker went first
            channel.sendall(f"{pid}\n".encode())
        self._runs[pid] = channel
        self._selector.register(channel, selectors.EVENT_READ, pid)
        self._selector.register(os.pidfd_open(pid), selectors.EVENT_READ, pid)

    def _end(self, pid: int) -> None:
        _, status = os.waitpid(pid, 0)
        channel = self._runs.pop(pid)
        with contextlib.suppress(KeyError):  # its asker went first
            self._selector.unregister(channel)
        with channel, contextlib.suppress(OSError):
            channel.sendall(f"{status}\n".encode())


def _become(words: list[str], folder: str, environment: dict[str, str], streams: list[int]) -> None:
    """Run the program in this process, which is the run's own, and end as the interpreter would."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(folder)
    _lead(environment.get("PYTHONPATH") or _PROGRAM_FOLDER)
    os.environ.clear()
    os.environ.update(environment)
    random.seed()
    gc.disable()
    code: object = 0
    try:
        if words[1:2] == ["-m"]:
            if words[0] == "-u":
                sys.stdout.reconfigure(write_through=True)  # type: ignore[union-attr]
                sys.path.insert(0, folder)
            sys.argv = words[2:]
            runpy.run_module(words[2], run_name="__main__", alter_sys=True)
        else:
            sys.argv = words
            sys.path.insert(0, str(Path(words[0]).parent))
            runpy.run_path(words[0], run_name="__main__")
    except SystemExit as error:
        code = error.code
    except BaseException:  # noqa: BLE001 - the interpreter prints it and ends with 1
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


def _lead(wanted: str) -> None:
    """Import modules from where the asker's PYTHONPATH says, not from where this process's did."""
    own = set(os.environ.get("PYTHONPATH", "").split(os.pathsep))
    kept = [each for each in sys.path if each not in own]
    sys.path[:] = [each for each in wanted.split(os.pathsep) if each] + kept


def _main(address: str) -> None:
    # A fork of another one has that one's. What its programs install is to be run by it too.
    sys.prefix = str(Path(address).parent)
    sys.executable = f"{sys.prefix}/bin/python"
    # Where the libraries really are: PostgreSQL, which comes in one, runs as a user that may not enter this folder.
    sys.path[:] = [str(Path(each).resolve()) for each in sys.path]
    # The commands import at the point of use, so each module of theirs is named here.
    tool = [each.name for each in pkgutil.walk_packages(parity.__path__, "parity.")]
    for name in (*_LIBRARIES, *(each for each in tool if not each.endswith("__main__"))):
        importlib.import_module(name)
    # What the program's packages load is kept, and they are not: each run has the ones of its own program.
    for name in [each for each in sys.modules if each.partition(".")[0] in _PROGRAM]:
        del sys.modules[name]
    # The key of a passphrase and a stack's salt is the same in each run, as the code of a module is.
    for file in Path().glob("Pulumi.*.yaml"):
        for salt in re.findall(r"^encryptionsalt: (.+)$", file.read_text(), re.MULTILINE):
            passphrase.opener(salt, {passphrase.PASSPHRASE: PASSPHRASE}, Path())
    # Four messages a resource, one blocking call each, which the engine drops unless it was started with `--debug`.
    pulumi.log.debug = lambda *_, **__: None
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    server = _Server(address)
    if os.fork():
        os._exit(0)  # whoever waits for this one knows now that it listens
    server.serve()


if __name__ == "__main__":
    _main(sys.argv[1])
