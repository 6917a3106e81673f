"""Pictures of the status page, with a history that was really made, for docs/status.md; and how long the reading takes.

    PYTHONPATH=tools .venv/bin/python -m benchmarks.status_page

Both stacks in a sandbox, then what a week brings: releases, one promoted, one taken back, a change by hand at Vercel,
an audit, and a deployment that stops answering. Needs Chromium on PATH. Seconds belong to the machine; nothing is
asserted.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from contextlib import closing
from pathlib import Path

from support import browser, instances
from support.mutations import World
from support.paths import ROOT
from support.warm import Warm

PICTURES = {"wide": (1200, "light", 0.8), "dark": (1200, "dark", 0.8), "narrow": (360, "light", 1)}
HEIGHT = 1200
"""Pixels: as much as a reader of the docs wants of it."""
LIMIT = "parity:applications.shop.variables.SEARCH_RESULTS_LIMIT"
AUTHOR = ("-c", "user.name=ada", "-c", "user.email=ada@example.com")
COMMIT = "7e92b4c05f3d4a618b20d9e6fc17a3850b64e2d1"
"""The commit of the example's shop."""
FIRST, SECOND = "Show twenty results on a page", "Show fifty results on a page"


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with closing(Warm(folder / "w", ROOT, dict(os.environ))) as warm:
            empty = instances.Template(folder / "empty", warm)
            instances.make_empty(empty.folder, warm)
            finished = instances.Template(folder / "finished", warm)
            instances.make_finished(finished.folder, empty)
            with instances.own(finished, folder / "own") as instance:
                page = folder / "page.html"
                history(instance.cold())
                begin = time.monotonic()
                instance.cold().run("parity", "status", "--html", str(page)).ok()
                print(f"parity status: {time.monotonic() - begin:.2f} s")
                draw(page, folder)


def history(instance) -> None:
    root = instance.project.root
    instance.extra.update(LOGNAME="ada", USER="ada")
    git(root, "init", "-q")
    commit(root, "Start from the template")
    for number, subject in ((30, FIRST), (50, SECOND)):
        instance.run("parity", "config", "set", "staging", LIMIT, str(number)).ok()
        instance.run("parity", "release", "staging", "shop", "--commit", COMMIT, "--live").ok()
        commit(root, subject)
        instance.run("parity", "up", "staging", "--yes", "--message", subject).ok()
    instance.run("parity", "rollback", "staging", "shop", "--up").ok()
    commit(root, "Take the fifty results back: the page is too slow")
    body = {"key": "BY_HAND", "value": "1", "type": "plain", "target": ["production"]}
    World(instance).vercel("POST", "/v10/projects/shop-prod/env", body)
    for stack in ("staging", "prod"):
        instance.run("parity", "drift", stack, "--output", f"drift/{stack}")
    instance.local.client().add_fault(service="edge", path="/api/health", status=500, times=1)


def draw(page: Path, folder: Path) -> None:
    program = browser.find()
    assert program, f"no browser is on PATH: {', '.join(browser.NAMES)}"
    with browser.opened(folder, program) as opened:
        for name, (width, scheme, scale) in PICTURES.items():
            opened.show(width, scheme=scheme)
            opened.open(page.as_uri())
            opened.picture(ROOT / "docs" / f"status-{name}.png", HEIGHT, scale)


def commit(root: Path, subject: str) -> None:
    git(root, "add", "--all")
    git(root, "commit", "-q", "--allow-empty", "-m", subject)


def git(root: Path, *arguments: str) -> None:
    subprocess.run(["git", *AUTHOR, *arguments], cwd=root, check=True)


if __name__ == "__main__":
    main()
