"""Spreads independent work over the cores by forking, so that workers need not import again."""

from __future__ import annotations

import gc
import os
import pickle
import threading
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Item = TypeVar("Item")
Answer = TypeVar("Answer")

_LEAST = 3
"""The fewest items for each worker that are worth a fork."""


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def spread(work: Callable[[Item], Answer], items: Sequence[Item], *, workers: int | None = None) -> list[Answer]:
    """`[work(item) for item in items]`, on as many cores as there are, or on `workers`.

    Answers travel between processes of one program by pickle, so they must hold no secret value; an
    `Secret` refuses it. A worker that fails or is killed loses nothing: its items are worked here, and
    what `work` raises is raised here.
    """
    count = min(workers or cores(), len(items) // _LEAST)
    # A fork copies only the thread that forks; a lock that another one holds would stay locked.
    if count <= 1 or not hasattr(os, "fork") or threading.active_count() > 1:
        return [work(item) for item in items]
    shares = [items[first::count] for first in range(count)]
    children = [_fork(work, share) for share in shares[1:]]
    answers = [[work(item) for item in shares[0]]]
    for (process, stream), share in zip(children, shares[1:], strict=True):
        given = _collect(process, stream)
        answers.append([work(item) for item in share] if given is None else given)
    return [answers[index % count][index // count] for index in range(len(items))]


def _fork(work: Callable[[Item], Answer], share: Sequence[Item]) -> tuple[int, int]:
    """A worker's process id and the pipe that its answers come from."""
    reading, writing = os.pipe()
    gc.freeze()
    process = os.fork()
    if process:
        os.close(writing)
        return process, reading
    status = 1
    try:
        os.close(reading)
        with os.fdopen(writing, "wb") as stream:
            pickle.dump([work(item) for item in share], stream, protocol=pickle.HIGHEST_PROTOCOL)
        status = 0
    finally:
        # Nothing of the parent's is to be flushed, closed or reported twice.
        os._exit(status)


def _collect(process: int, reading: int) -> Any:
    """A worker's answers, or None where it did not end well."""
    with os.fdopen(reading, "rb") as stream:
        said = stream.read()
    _, status = os.waitpid(process, 0)
    return pickle.loads(said) if status == 0 else None  # noqa: S301 - written by this program's own child
