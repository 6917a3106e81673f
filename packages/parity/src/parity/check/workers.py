"""Spreads independent work over the cores by forking, so that workers need not import again."""

from __future__ import annotations

import gc
import os
import pickle
import selectors
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

Item = TypeVar("Item")
Answer = TypeVar("Answer")

_READ = 1 << 20


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def spread(
    work: Callable[[Item], Answer], items: Sequence[Item], *, workers: int | None = None, each: int = 1_000
) -> list[Answer]:
    """`[work(item) for item in items]`, on as many cores as there are, or on `workers`.

    Answers travel between processes of one program by pickle, so they must hold no secret value; a
    `Secret` refuses it. A worker that fails or is killed loses nothing: its items are worked here, and
    what `work` raises is raised here.

    `each` is the most items that one process works: it collects no garbage, so that its memory grows with them.
    """
    count = min(workers or cores(), len(items))
    if count <= 1 or not _may_fork():
        return [work(item) for item in items]
    shares = -(-len(items) // min(each, -(-len(items) // count)))
    answers: list[list[Answer]] = [[] for _ in range(shares)]
    for share, given in _forked(work, [items[first::shares] for first in range(shares)], count):
        answers[share] = [work(item) for item in items[share::shares]] if given is None else given
    return [answers[index % shares][index // shares] for index in range(len(items))]


@contextmanager
def aside(work: Callable[[], Answer]) -> Generator[Callable[[], Answer]]:
    """Let `work` run in a process of its own meanwhile; what is given waits for its answer.

    Where there can be no such process, or it fails, the work is done when the answer is asked for. One whose answer
    is not asked for is ended.
    """
    if not _may_fork():
        yield work
        return
    process, reading = _fork(lambda _: work(), [None])
    running = True

    def answer() -> Answer:
        nonlocal running
        with os.fdopen(reading, "rb", closefd=False) as stream:
            said = stream.read()
        given = _answers(process, said)
        running = False
        return work() if given is None else given[0]

    try:
        yield answer
    finally:
        os.close(reading)
        if running:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)


def _may_fork() -> bool:
    """A fork copies only the thread that forks; a lock that another one holds would stay locked."""
    return hasattr(os, "fork") and threading.active_count() == 1


def _forked(work: Callable[[Item], Answer], shares: Sequence[Sequence[Item]], count: int) -> Iterator[tuple[int, Any]]:
    """Each share's number and its answers as they come, None where its worker did not end well."""
    said: dict[int, list[bytes]] = {number: [] for number in range(len(shares))}
    waiting = list(said)
    with selectors.DefaultSelector() as running:
        while waiting or running.get_map():
            while waiting and len(running.get_map()) < count:
                number = waiting.pop(0)
                process, reading = _fork(work, shares[number])
                running.register(reading, selectors.EVENT_READ, (number, process))
            for key, _ in running.select():
                number, process = key.data
                if part := os.read(key.fd, _READ):
                    said[number].append(part)
                    continue
                running.unregister(key.fd)
                os.close(key.fd)
                yield number, _answers(process, b"".join(said.pop(number)))


def _answers(process: int, said: bytes) -> Any:
    """A worker's answers, once it has said all; None where it did not end well."""
    _, status = os.waitpid(process, 0)
    return pickle.loads(said) if status == 0 else None  # noqa: S301 - written by this program's own child


def _fork(work: Callable[[Item], Answer], share: Sequence[Item]) -> tuple[int, int]:
    """A worker's process id and the pipe that its answers come from."""
    reading, writing = os.pipe()
    process = os.fork()
    if process:
        os.close(writing)
        return process, reading
    status = 1
    try:
        gc.disable()  # the process ends soon, and its end frees all at once
        os.close(reading)
        with os.fdopen(writing, "wb") as stream:
            pickle.dump([work(item) for item in share], stream, protocol=pickle.HIGHEST_PROTOCOL)
        status = 0
    finally:
        # Nothing of the parent's is to be flushed, closed or reported twice.
        os._exit(status)
