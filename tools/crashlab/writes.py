"""Sees each rename, link and removal of a program before it happens, and can hold it exactly before or after it.

The engine's backend writes every file under a temporary name and renames it (gocloud.dev/blob/fileblob), and removes a
lock: these calls are all the moments at which a file in it changes. The kernel stops the calling thread at such a call
and asks this process (seccomp_unotify(2), Linux 5.5 and later): no privilege, no library in the program, no race.
"""

from __future__ import annotations

import array
import ctypes
import os
import platform
import select
import socket
import struct
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_PR_SET_NO_NEW_PRIVS = 38
_SET_MODE_FILTER = 1
_NEW_LISTENER = 1 << 3
_WAIT_KILLABLE_RECEIVE = 1 << 5
"""Signals of Go's own scheduler then do not restart a call that was reported (Linux 5.19)."""
_RECEIVE, _SEND = 0xC0502100, 0xC0182101
_CONTINUE = 1
_LOAD_NUMBER, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ASK, _ALLOW = 0x7FC00000, 0x7FFF0000
_AT_FDCWD = -100
_NOTIFICATION = struct.Struct("=QIIiIQ6Q")
_RESPONSE = struct.Struct("=QqiI")
_LONGEST_PATH = 4096


@dataclass(frozen=True)
class _Call:
    """Where a system call has its paths: (argument of the folder's descriptor or None, argument of the path)."""

    name: str
    source: tuple[int | None, int]
    target: tuple[int | None, int] | None = None


_RENAME = _Call("rename", (None, 0), (None, 1))
_RENAMEAT = _Call("rename", (0, 1), (2, 3))
_LINK = _Call("link", (None, 0), (None, 1))
_LINKAT = _Call("link", (0, 1), (2, 3))
_UNLINK = _Call("remove", (None, 0))
_UNLINKAT = _Call("remove", (0, 1))
_MACHINES = {
    "x86_64": (
        317,
        {82: _RENAME, 264: _RENAMEAT, 316: _RENAMEAT, 86: _LINK, 265: _LINKAT, 87: _UNLINK, 263: _UNLINKAT},
    ),
    "aarch64": (277, {38: _RENAMEAT, 276: _RENAMEAT, 37: _LINKAT, 35: _UNLINKAT}),
}
"""The number of seccomp(2), and the numbers of the calls that are watched."""


@dataclass(frozen=True)
class Write:
    """A change that is about to happen: `rename` or `link` onto `path`, or `remove` of it."""

    kind: str
    path: Path
    pid: int
    _source: Path

    def happen(self) -> None:
        """Do it."""
        if self.kind == "rename":
            self._source.rename(self.path)
        elif self.kind == "link":
            self.path.hardlink_to(self._source)
        else:
            self.path.unlink()


class Watch:
    """Runs a program and asks `decide` about each change; it answers once the change may go on.

    `decide(write)` gives None to let the program do it, or True where it has been done already (by `write.happen`).
    It is called on a thread of the watch's own, one change at a time, and may block: the program waits.
    """

    def __init__(self, decide: Callable[[Write], bool | None]) -> None:
        self._decide = decide
        self._ours, self._theirs = socket.socketpair()
        self._listener = -1
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._ended = threading.Event()
        self.failure: BaseException | None = None
        """What went wrong in the watch itself; a test must check it."""

    def command(self, command: Sequence[str]) -> list[str]:
        """The command that runs `command` under watch; its process becomes the program."""
        return [sys.executable, "-I", "-S", __file__, str(self._theirs.fileno()), *command]

    @property
    def descriptors(self) -> tuple[int, ...]:
        """For `pass_fds`."""
        return (self._theirs.fileno(),)

    def start(self) -> None:
        """Take over once the program has been started."""
        self._theirs.close()
        self._thread.start()

    def close(self) -> None:
        """Stop watching. Every process that the program left must have ended."""
        self._ended.set()
        self._thread.join()
        if self._listener >= 0:
            os.close(self._listener)
        self._ours.close()

    def _follow(self) -> None:
        try:
            self._receive_listener()
            poller = select.poll()
            poller.register(self._listener, select.POLLIN)
            while not self._ended.is_set():
                ready = poller.poll(100)
                if any(event & select.POLLIN for _, event in ready):
                    self._one()
                elif ready:
                    return  # POLLHUP: the last process of the program is gone
        except BaseException as error:  # noqa: BLE001 - kept for the test that runs this watch
            self.failure = error

    def _receive_listener(self) -> None:
        descriptors = array.array("i")
        _, ancillary, _, _ = self._ours.recvmsg(1, socket.CMSG_LEN(descriptors.itemsize))
        if not ancillary:
            raise OSError("the program ended before it was under watch")
        descriptors.frombytes(ancillary[0][2][: descriptors.itemsize])
        self._listener = descriptors[0]

    def _one(self) -> None:
        buffer = ctypes.create_string_buffer(_NOTIFICATION.size)
        if _libc().ioctl(self._listener, _RECEIVE, buffer) != 0:
            return  # the caller died meanwhile
        identifier, pid, _, number, _, _, *arguments = _NOTIFICATION.unpack(buffer.raw)
        done = None
        try:
            write = _write(pid, _MACHINES[platform.machine()][1][number], arguments)
            done = self._decide(write)
        except (ProcessLookupError, FileNotFoundError):
            done = None  # the caller was killed while it waited
        response = _RESPONSE.pack(identifier, 0, 0, 0 if done else _CONTINUE)
        _libc().ioctl(self._listener, _SEND, ctypes.create_string_buffer(response, len(response)))


def _write(pid: int, call: _Call, arguments: list[int]) -> Write:
    source = _path(pid, arguments, call.source)
    target = _path(pid, arguments, call.target) if call.target else source
    return Write(call.name, target, pid, source)


def _path(pid: int, arguments: list[int], place: tuple[int | None, int]) -> Path:
    folder, argument = place
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        memory.seek(arguments[argument])
        # A page's end may be the mapping's end, so no more than the page is read at once.
        text = b""
        while b"\0" not in text and len(text) < _LONGEST_PATH:
            text += memory.read(4096 - (arguments[argument] + len(text)) % 4096)
    path = Path(os.fsdecode(text.split(b"\0", 1)[0]))
    if path.is_absolute():
        return path
    descriptor = _AT_FDCWD if folder is None else ctypes.c_int(arguments[folder] & 0xFFFFFFFF).value
    where = "cwd" if descriptor == _AT_FDCWD else f"fd/{descriptor}"
    return Path(f"/proc/{pid}/{where}").readlink() / path


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


class _Instruction(ctypes.Structure):
    _fields_ = (("code", ctypes.c_ushort), ("jt", ctypes.c_ubyte), ("jf", ctypes.c_ubyte), ("k", ctypes.c_uint))


class _Program(ctypes.Structure):
    _fields_ = (("len", ctypes.c_ushort), ("filter", ctypes.POINTER(_Instruction)))


def _install() -> int:
    """Put the filter on this process; gives the listener's descriptor."""
    libc = _libc()
    seccomp, calls = _MACHINES[platform.machine()]
    numbers = sorted(calls)
    steps = [_Instruction(_LOAD_NUMBER, 0, 0, 0)]
    steps += [_Instruction(_JUMP_IF_EQUAL, len(numbers) - place, 0, each) for place, each in enumerate(numbers)]
    steps += [_Instruction(_RETURN, 0, 0, _ALLOW), _Instruction(_RETURN, 0, 0, _ASK)]
    rules = (_Instruction * len(steps))(*steps)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "no_new_privs")
    program = _Program(len(steps), rules)
    for flags in (_NEW_LISTENER | _WAIT_KILLABLE_RECEIVE, _NEW_LISTENER):
        listener = int(libc.syscall(seccomp, _SET_MODE_FILTER, flags, ctypes.byref(program)))
        if listener >= 0:
            return listener
    raise OSError(ctypes.get_errno(), "seccomp with a listener: Linux 5.5 or later is needed")


def _launch(descriptor: int, command: list[str]) -> None:
    """Put this process under watch and become the program."""
    channel = socket.socket(fileno=descriptor)
    listener = _install()
    channel.sendmsg([b"."], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [listener]))])
    os.close(listener)
    channel.close()
    os.execvp(command[0], command)  # noqa: S606 - becoming the program is the purpose


if __name__ == "__main__":
    _launch(int(sys.argv[1]), sys.argv[2:])
