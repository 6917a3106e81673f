"""Entries of the cache are complete or not there, and are made once."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from parity_toolchain import cache as caches
from parity_toolchain.errors import BuildBusy


def quiet(_: str) -> None:
    pass


def test_an_entry_is_made_once(tmp_path):
    calls = []

    def make(folder: Path) -> None:
        calls.append(folder)
        (folder / "program").write_text("x")

    first = caches.ensure(tmp_path, "thing-1", make, quiet)
    assert caches.ensure(tmp_path, "thing-1", make, quiet) == first
    assert (first / "program").read_text() == "x"
    assert len(calls) == 1


@pytest.mark.parametrize("trouble", [RuntimeError("no"), KeyboardInterrupt()])
def test_an_interrupted_make_leaves_nothing(tmp_path, trouble):
    def make(folder: Path) -> None:
        (folder / "half").write_text("x")
        raise trouble

    with pytest.raises(type(trouble)):
        caches.ensure(tmp_path, "thing-1", make, quiet)
    assert not caches.entry(tmp_path, "thing-1").exists()
    assert list((tmp_path / "partial").iterdir()) == []


def make_slowly(cache: Path, marks: Path, begun: str) -> None:
    def make(folder: Path) -> None:
        (folder / "half").write_text("x")
        (marks / begun).touch()
        time.sleep(600)

    caches.ensure(cache, "thing-1", make, quiet)


def test_a_killed_make_leaves_no_entry_and_the_next_one_clears_up(tmp_path):
    process = multiprocessing.get_context("spawn").Process(target=make_slowly, args=(tmp_path, tmp_path, "begun"))
    process.start()
    wait_for((tmp_path / "begun").exists)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert not caches.entry(tmp_path, "thing-1").exists()
    assert len(list((tmp_path / "partial").iterdir())) == 1

    made = caches.ensure(tmp_path, "thing-1", lambda folder: (folder / "complete").touch(), quiet)
    assert [path.name for path in made.iterdir()] == ["complete"]
    assert list((tmp_path / "partial").iterdir()) == []


def test_the_second_waits_for_the_first_says_so_and_makes_nothing(tmp_path):
    begun, go_on = threading.Event(), threading.Event()
    made, reported = [], []

    def first(folder: Path) -> None:
        begun.set()
        assert go_on.wait(30)
        made.append(folder)

    def progress(line: str) -> None:
        reported.append(line)
        go_on.set()

    one = threading.Thread(target=lambda: caches.ensure(tmp_path, "thing-1", first, quiet))
    one.start()
    assert begun.wait(30)
    caches.ensure(tmp_path, "thing-1", made.append, progress, beat=0.1)
    one.join()
    assert len(made) == 1
    assert reported[0] == "thing-1: another process makes it; waiting for it, 0 s so far"


def test_waiting_ends_with_an_error_that_names_the_lock(tmp_path):
    begun, go_on = threading.Event(), threading.Event()

    def first(_: Path) -> None:
        begun.set()
        go_on.wait(30)

    one = threading.Thread(target=lambda: caches.ensure(tmp_path, "thing-1", first, quiet))
    one.start()
    assert begun.wait(30)
    with pytest.raises(BuildBusy, match=r"locks/thing-1\.lock"):
        caches.ensure(tmp_path, "thing-1", quiet, quiet, patience=0.3, beat=0.1)
    go_on.set()
    one.join()


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"PARITY_CACHE": "/a", "XDG_CACHE_HOME": "/b", "HOME": "/c"}, "/a"),
        ({"XDG_CACHE_HOME": "/b", "HOME": "/c"}, "/b/parity"),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/c"}, "/c/.cache/parity"),
        ({"HOME": "/c"}, "/c/.cache/parity"),
    ],
)
def test_where_the_cache_is(environ, folder):
    assert caches.root(environ) == Path(folder)


def wait_for(condition, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass in time"
        time.sleep(0.02)
