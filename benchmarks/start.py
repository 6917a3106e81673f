"""How long the command line takes to start, and `pulumi version` and `gh --version`.

    PYTHONPATH=tools .venv/bin/python -m benchmarks.start

Every command runs once a round, so that all of them meet the same machine; seconds belong to the machine, ratios to the
code. For commands that work, the clock stops where their own work begins: `parity check` where it imports the team's
program, `parity up` where it first starts the engine. The result is a Markdown table.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from parity.engine import toolchain
from support.paths import ROOT
from support.program import copy_program

if TYPE_CHECKING:
    from collections.abc import Callable

PARITY = str(Path(sys.executable).with_name("parity"))
ENGINE = (
    f"#!{sys.executable} -S\nimport os, time\nopen(os.environ['STAMP'], 'w').write(repr(time.time()))\nos._exit(9)\n"
)


@dataclass
class Row:
    title: str
    run: Callable[[], float]
    """Runs it once and gives the seconds."""
    seconds: list[float] = field(default_factory=list)


def ended(*command: str, **variables: str) -> Callable[[], float]:
    """From a command's start to its end."""

    def run() -> float:
        began = time.time()
        subprocess.run(command, cwd=ROOT, env={**os.environ, **variables}, capture_output=True, check=True)
        return time.time() - began

    return run


def tab(words: str) -> Callable[[], float]:
    """A press of TAB behind the words."""
    place = str(len(words.split(" ")) - 1)
    return ended(PARITY, _PARITY_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=place)


def before_work(folder: Path, command: tuple[str, ...], stamp: Path, **variables: str) -> Callable[[], float]:
    """From the start of a command until its work begins, which writes the time to `stamp`."""

    def run() -> float:
        stamp.unlink(missing_ok=True)
        began = time.time()
        subprocess.run(
            (PARITY, *command), cwd=folder, env={**os.environ, **variables}, capture_output=True, check=False
        )
        return float(stamp.read_text()) - began

    return run


def rows(folder: Path) -> list[Row]:
    """Everything that is measured; the copies of the program lie in `folder`."""
    pulumi = toolchain.resolve(at_hand=True).cli.path
    found = [Row("`pulumi version`", ended(str(pulumi), "version"))]
    if gh := shutil.which("gh"):
        found.append(Row("`gh --version`", ended(gh, "--version")))
    return [
        *found,
        Row("`python -c pass`", ended(sys.executable, "-c", "pass")),
        Row("`parity --version`", ended(PARITY, "--version")),
        Row("`parity --help`", ended(PARITY, "--help")),
        Row("`parity up --help`", ended(PARITY, "up", "--help")),
        Row("`parity release --help`", ended(PARITY, "release", "--help")),
        Row("TAB: a command", tab("parity rel")),
        Row("TAB: a stack", tab("parity up st")),
        Row("TAB: a release", tab("parity rollback staging shop --to ")),
        Row("`parity check`, before its work", check(folder / "check")),
        Row("`parity up`, before its work", up(folder / "up")),
    ]


def check(folder: Path) -> Callable[[], float]:
    """`parity check` of a program whose catalog writes the time at which it is imported, and ends the process."""
    root, stamp = copy_program(folder).root, folder.with_suffix(".stamp")
    (root / "infra" / "catalog.py").write_text(
        f"import os, time, pathlib\npathlib.Path({str(stamp)!r}).write_text(repr(time.time()))\nos._exit(0)\n"
    )
    return before_work(root, ("check",), stamp, PYTHONPATH=str(root))


def up(folder: Path) -> Callable[[], float]:
    """`parity up` with a program in the engine's place that writes the time at which it is started."""
    root, stamp, programs = copy_program(folder).root, folder.with_suffix(".stamp"), folder.with_suffix(".bin")
    programs.mkdir()
    engine = programs / "pulumi"
    engine.write_text(ENGINE)
    engine.chmod(0o755)
    path = f"{programs}:{os.environ['PATH']}"
    return before_work(
        root, ("up", "staging"), stamp, STAMP=str(stamp), PATH=path, PULUMI_BACKEND_URL=f"file://{folder.parent}"
    )


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        measured = rows(Path(folder))
        for number in range(rounds + 1):
            for row in measured:
                seconds = row.run()
                if number:  # the first round fills the caches
                    row.seconds.append(seconds)
    base = statistics.median(measured[0].seconds)
    print(f"{rounds} rounds; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
    print("| | median, s | fastest, s | of `pulumi version` |\n| --- | --- | --- | --- |")
    for row in measured:
        median = statistics.median(row.seconds)
        print(f"| {row.title} | {median:.3f} | {min(row.seconds):.3f} | {median / base:.1f} |")


if __name__ == "__main__":
    main()
