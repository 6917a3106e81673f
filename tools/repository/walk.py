"""Walks a page: runs its `sh` blocks in one shell, in order, and compares what they print with the `text` blocks below.

In a `text` block a line is what some line of the output holds, in this order; `...` stands for anything, white space is
not compared. A command that is to fail says so: `# exit code 20`.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from repository.pages import lines, project_files
from support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

LIMIT_SECONDS = 1500
_CODE = re.compile(r"#.*exit code (\d+)")
_MARK = "@@ step"
_ENDED = re.compile(rf"^{_MARK} (\d+) ended with (\d+)$", re.MULTILINE)


@dataclass
class Step:
    """One command line of a page, and what it is to print."""

    number: int
    command: str
    block: int = 0
    """The number of its fenced block."""
    shown: list[str] = field(default_factory=list)
    """What its block is to print; given to the block's last command."""

    @property
    def code(self) -> int:
        """The exit code that it is to end with."""
        found = _CODE.search(self.command)
        return int(found[1]) if found else 0


@dataclass(frozen=True)
class Outcome:
    """How a step ended."""

    step: Step
    code: int
    output: str

    def problems(self) -> list[str]:
        """What is not as the page says."""
        where = f"line {self.step.number}: {self.step.command}"
        if self.code != self.step.code:
            return [f"{where}\nended with {self.code}, not {self.step.code}:\n{self.output}"]
        return [f"{where}\ndid not print {line!r}:\n{self.output}" for line in missing(self.step.shown, self.output)]


def steps(page: Path) -> list[Step]:
    """The page's command lines in order."""
    found: list[Step] = []
    block, last = 0, None
    open_line = False
    for line in lines(page):
        if line.language == "sh":
            block += last != "sh"
            if open_line:
                found[-1].command += f"\n{line.text}"
            else:
                found.append(Step(line.number, line.text, block))
            open_line = line.text.endswith("\\")
        elif line.language == "text":
            found[-1].shown.append(line.text)
        last = line.language
    return found


def missing(shown: list[str], output: str) -> list[str]:
    """The first line of those shown that the output does not hold after the ones before it, if there is one."""
    rest = [_plain(line) for line in output.splitlines()]
    for line in shown:
        pattern = re.compile(".*".join(re.escape(_plain(part)) for part in line.split("...")))
        at = next((index for index, each in enumerate(rest) if pattern.search(each)), None)
        if at is None:
            return [line]
        rest = rest[at + 1 :]
    return []


def _plain(text: str) -> str:
    return " ".join(text.split())


def script(todo: list[Step]) -> str:
    """A shell script that runs the steps, marks their ends, and stops at the first that does not end as it should."""
    parts = ["exec 2>&1"]
    for index, step in enumerate(todo):
        end = f"printf '\\n{_MARK} {index} ended with %s\\n' \"$code\""
        parts.append(f'{step.command}\ncode=$?; {end}; [ "$code" = {step.code} ] || exit 1')
    return "\n".join(parts) + "\n"


def walk(todo: list[Step], project: Path, environment: Mapping[str, str]) -> list[Outcome]:
    """Run commands in a project; those after the first failure are not run and have no outcome."""
    with subprocess.Popen(
        ["bash", "-c", script(todo)],
        cwd=project,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as shell:
        try:
            output, _ = shell.communicate(timeout=LIMIT_SECONDS)
        except BaseException:
            # Interrupted or out of time: the shell's programs end with it.
            os.killpg(shell.pid, signal.SIGKILL)
            raise
    return outcomes_of(todo, output)


def outcomes_of(todo: list[Step], output: str) -> list[Outcome]:
    """How each step ended, by the marks in the output; a step's output is its block's up to there."""
    outcomes: list[Outcome] = []
    start, said = 0, ""
    for mark in _ENDED.finditer(output):
        step = todo[int(mark[1])]
        goes_on = bool(outcomes) and outcomes[-1].step.block == step.block
        said = (said if goes_on else "") + output[start : mark.start()]
        outcomes.append(Outcome(step, int(mark[2]), said))
        start = mark.end()
    return outcomes


def clone(target: Path, change: Callable[[Path], None]) -> Path:
    """A checkout of its own with every file of this one, changed so, and a first commit, as a reader has one."""
    for path in project_files():
        copy = target / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy)
    change(target)
    identity = ("-c", "user.name=Reader", "-c", "user.email=reader@storefront.example")
    for command in (("init", "-q", "-b", "main"), ("add", "-A"), (*identity, "commit", "-q", "-m", "Begin")):
        subprocess.run(["git", *command], cwd=target, check=True)
    return target
