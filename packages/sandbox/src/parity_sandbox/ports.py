"""Free ports on loopback: the ones asked for, else the ones used last, else any."""

from __future__ import annotations

import socket
import sys
from contextlib import suppress
from dataclasses import dataclass

from parity_sandbox.errors import PortBusy

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Ports:
    """The ports of one running sandbox, all on 127.0.0.1."""

    proxy: int
    tls: int
    control: int
    postgres: int


def _bind(port: int) -> socket.socket | None:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
        listener.listen(256)
    except OSError:
        listener.close()
        return None
    listener.setblocking(False)
    return listener


def listen(name: str, asked: int | None, last: int | None) -> socket.socket:
    """A listening socket: on `asked` or not at all; else on `last` where it is free, else on any free port.

    Raises:
        PortBusy: where `asked` is taken.
    """
    if asked is not None:
        listener = _bind(asked)
        if listener is None:
            raise PortBusy(
                f"Port {asked} on {LOOPBACK}, asked for as the sandbox's {name} port, is taken. "
                "Stop the program that listens there, or leave the port out: the sandbox then takes a free one."
            )
        return listener
    listener = (_bind(last) if last else None) or _bind(0)
    if listener is None:
        raise PortBusy(f"No free port on {LOOPBACK} for the sandbox's {name} port: close some connections.")
    return listener


def port_of(listener: socket.socket) -> int:
    """The port that a socket listens on."""
    return int(listener.getsockname()[1])


def free_port(name: str, asked: int | None, last: int | None) -> int:
    """As `listen`, for a program that opens its port itself."""
    listener = listen(name, asked, last)
    try:
        return port_of(listener)
    finally:
        listener.close()


def keep(port: int) -> socket.socket:
    """Keep a port from everybody's outgoing connections while the program that listens on it stops and starts again.

    The system hands a free port to the next connection that goes out, and a server cannot listen on it then. A socket
    that is bound and does not listen prevents that; on Linux a server can listen there too. Elsewhere, and where
    another process listens already, the socket holds nothing. Close it to give the port up.
    """
    holder = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if sys.platform == "linux":
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):  # the server's own start reports a port that is taken
            holder.bind((LOOPBACK, port))
    return holder
