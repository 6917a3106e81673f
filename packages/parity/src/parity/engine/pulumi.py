"""Runs the Pulumi engine's commands and follows an update through the engine's own events."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import threading
from collections.abc import Callable
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from parity import redact
from parity.documents import parse
from parity.engine.events import Progress, event_log, following
from parity.engine.program_server import policy_pack
from parity.errors import UpdateError
from parity.resources.urn import short_urn

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence
    from pathlib import Path

    from parity.engine.program_server import ProgramServers
    from parity.redact import Redactor

RunProcess = Callable[..., subprocess.CompletedProcess[str]]
"""Runs a command line to its end; called as `subprocess.run` is."""

_AGAIN_SECONDS = 0.2
_QUOTED_LINES = 12
"""Of what a command said when it failed."""
_UNSEEN = "but none were seen"
"""What the engine says of each operation of a plan that an update which ended early did not come to."""
_QUESTION_SECONDS = 300
"""For a command that only asks the backend: one that cannot be reached is an error and no wait without end."""


class FailedUpdate(UpdateError):
    """An update failed or was interrupted; it knows what was done until then."""

    def __init__(self, what: str, *, where: str, remedy: str, progress: Progress, code: int, interrupts: int) -> None:
        """Take what the engine did and its exit code, and how often it was interrupted."""
        super().__init__(what, where=where, remedy=remedy)
        self.progress = progress
        self.code = code
        self.interrupts = interrupts

    @property
    def held(self) -> bool:
        """Whether it did not begin, since another update has the stack."""
        return not self.progress.errors and is_held(self.what)


_LEAST_AT_ONCE = 16
"""Operations that run at once where it is not said. The engine takes four for each core, and they do not compute: they
wait for vendors, and the GitHub plugin's for each other. On two cores an update of 30 applications from nothing takes
66 s with 16, and 82 s with 8 (docs/compared-with-terraform.md). Not more: the PostgreSQL plugin keeps 20 connections to
a database, and takes two of them to make one."""
_ENGINE_A_CORE = 4
_PARALLEL = "PULUMI_PARALLEL"
_AT_CLOUD = (
    (
        re.compile(r"Unauthorized: |Forbidden|PULUMI_ACCESS_TOKEN must be set"),
        "`pulumi login`, or export a PULUMI_ACCESS_TOKEN that may use the stack",
    ),
    (re.compile(r"performing HTTP request"), "see that the backend can be reached: `pulumi whoami --verbose`"),
)
"""Parts of the engine's words where Pulumi Cloud does not open, each with the way on."""
_LOGS_IN = re.compile(r"^Logging in using access token from PULUMI_ACCESS_TOKEN\n?", re.MULTILINE)
_ERROR = re.compile(r"^error: ", re.MULTILINE)
_HELD = re.compile(r"\[409\] Conflict|stack is currently locked by")
"""Parts of the engine's words where another update has the stack: at Pulumi Cloud, and in a folder or bucket."""
_RUNS_PROGRAM = ("preview", "up")
_ATTACHED = "PULUMI_DEBUG_PROVIDERS"
"""The engine's variable that names plugins which run already, with their ports."""


@dataclass(frozen=True)
class _Served:
    """What an engine's command is given that has its program served: words, options, open files and variables."""

    words: tuple[str, ...]
    options: tuple[str, ...] = ()
    held: tuple[int, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Followed:
    """What a command said that was followed through its events."""

    code: int
    out: str
    error: str
    events: list[dict[str, Any]]


@dataclass(frozen=True)
class Pulumi:
    """The engine's command line with the environment it runs in; the one place that starts it."""

    executable: Path
    cwd: Path
    environment: Mapping[str, str] = field(repr=False)
    redactor: Redactor = field(default_factory=redact.current, compare=False)
    """Masks what its errors quote; it knows the environment's secrets, and learns the stacks'."""
    run_process: RunProcess = field(default=subprocess.run, compare=False)
    programs: ProgramServers | None = field(default=None, compare=False)
    """What serves the program to previews and updates; None has the engine start it."""

    def __post_init__(self) -> None:
        """Let the environment's tokens and passwords be masked from now on."""
        self.redactor.learn_environment(self.environment)

    def run(
        self,
        *arguments: str,
        given: str = "",
        variables: Mapping[str, str] | None = None,
        seconds: float | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end and give its output, secrets and all.

        Args:
            arguments: the command, its arguments and options.
            given: standard input; the only way in for a secret.
            variables: set for this command, over the environment.
            seconds: how long it may take; None for no limit.

        Raises:
            UpdateError: it failed, or did not end in time; what it said last is quoted with secrets masked.
        """
        asked = f"pulumi {' '.join(arguments[:2])}"
        try:
            result = self._run(arguments, variables or {}, given, seconds)
        except subprocess.TimeoutExpired:
            raise UpdateError(
                f"{asked} did not end within {seconds:g} s",
                where=str(self.cwd),
                remedy="see that the backend can be reached: `pulumi whoami --verbose`",
            ) from None
        if result.returncode:
            said = self.redactor.text(result.stderr.strip() or result.stdout.strip())
            words, remedy = explained(said)
            raise UpdateError(f"{asked} ended with {result.returncode}: {words}", where=str(self.cwd), remedy=remedy)
        return result

    def follow(self, *arguments: str, on_progress: Callable[[Progress], None]) -> Followed:
        """Run a command to its end, however it ends, and give its output and its events.

        `on_progress` is called at least every tenth of a second with what was done so far.
        """
        with event_log() as (events, options, variables), self._program(arguments, events.parent) as program:
            with following(events, on_progress, Progress()):
                words = [*program.words, *options, *program.options]
                done = self._run(words, {**variables, **program.variables}, held=program.held)
            text = events.read_text(encoding="utf-8") if events.exists() else ""
        seen = [parse(line) for line in text.splitlines() if line.strip()]
        return Followed(done.returncode, done.stdout, done.stderr, seen)

    def _run(
        self,
        arguments: Sequence[str],
        variables: Mapping[str, str],
        given: str = "",
        seconds: float | None = None,
        held: Sequence[int] = (),
    ) -> subprocess.CompletedProcess[str]:
        return self.run_process(
            self._command(arguments),
            cwd=self.cwd,
            env=self._environment(variables),
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
            **({"pass_fds": held} if held else {}),
        )

    def _environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        """What a command runs in: its own variables over the environment, and that over what is not said there."""
        return {**_at_once(), **self.environment, **variables}

    def start_program(self) -> None:
        """Start the program for the next preview or update, which is certain to come."""
        if self.programs is not None:
            self.programs.start_ahead(self.cwd, self.environment)

    @contextmanager
    def _program(self, arguments: Sequence[str], folder: Path) -> Generator[_Served]:
        """What a command is given so that it runs the program that is served to it; nothing where it runs none.

        `folder` is for files that it needs as long as it runs.
        """
        words = tuple(arguments)
        if self.programs is None or words[0] not in _RUNS_PROGRAM:
            yield _Served(words)
            return
        with self.programs.serving(self.cwd, self.environment) as server:
            # An update's plugin is started by the engine, so that it ends with it, whatever ends that.
            own = words[0] == "preview" and _ATTACHED not in self.environment
            variables = {_ATTACHED: f"parity:{server.address.rpartition(':')[2]}"} if own else {}
            pack = policy_pack()
            if pack is not None and str(pack) in words:
                served = str(server.policies(pack, folder))
                words = tuple(served if each == str(pack) else each for each in words)
            yield _Served(words, ("--client", server.address), (server.held,), variables)

    def _command(self, arguments: Sequence[str]) -> list[str]:
        return [str(self.executable), *arguments, "--non-interactive"]

    def whoami(self) -> dict[str, Any]:
        """The backend's `url`, and the `user` there; raises UpdateError where no backend is logged in to."""
        return json.loads(self.run("whoami", "--verbose", "--json", seconds=_QUESTION_SECONDS).stdout)

    def stacks(self) -> list[str]:
        """The names of the stacks that the backend knows, without those of an organization and a project."""
        return [*self._listed()]

    def in_progress(self, stack: str) -> bool:
        """Whether Pulumi Cloud says that an update of the stack runs; no other backend says it."""
        return bool(self._listed().get(stack, {}).get("updateInProgress"))

    def _listed(self) -> dict[str, dict[str, Any]]:
        listed = json.loads(self.run("stack", "ls", "--json", seconds=_QUESTION_SECONDS).stdout)
        return {str(row["name"]).rpartition("/")[2]: row for row in listed}

    def ensure_stack(self, name: str) -> None:
        """Make the stack where the backend does not know it; its file stays as it is."""
        if name not in self.stacks():
            self.run("stack", "init", name, "--no-select")

    def outputs(self, stack: str) -> dict[str, Any]:
        """The stack's outputs; secrets stay `[secret]`."""
        return json.loads(self.run("stack", "output", "--json", "--stack", stack).stdout)

    def update(
        self,
        arguments: Sequence[str],
        log: Path,
        on_progress: Callable[[Progress], None],
        on_interrupt: Callable[[int], None] = lambda _: None,
    ) -> Progress:
        """Run `pulumi <arguments>` to its end, its output into `log`, and give what it did.

        The engine writes the log itself, so that it can outlive this process; secrets in it are masked when it has
        ended. Until then the file is its owner's alone.

        An interrupt (Ctrl-C, SIGTERM) of this process is passed on: at the first the engine ends at a safe point, at
        the second at once. `on_interrupt` takes its number.

        Raises:
            FailedUpdate: where the command fails or was interrupted, with the engine's own error diagnostics.
        """
        progress = Progress()
        with (
            event_log() as (events, options, variables),
            self._program(arguments, events.parent) as program,
            log.open("ab") as output,
            subprocess.Popen(
                self._command([*program.words, *options, *program.options]),
                cwd=self.cwd,
                env=self._environment({**variables, **program.variables}),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # A group of its own: a terminal's Ctrl-C reaches the engine only through us, and so once.
                process_group=0,
                pass_fds=program.held,
            ) as process,
        ):
            try:
                with following(events, on_progress, progress), _interrupting(process, on_interrupt) as interrupts:
                    code = _exit_code(process, interrupts, progress)
            finally:
                said = self._mask(log)
        if code or interrupts:
            how = "was interrupted" if interrupts else f"ended with {code}"
            words, remedy = _reason(progress, said)
            raise FailedUpdate(
                self.redactor.text(f"pulumi {arguments[0]} {how}:\n{words}"),
                where=", ".join(short_urn(urn) for urn in progress.failed) or str(self.cwd),
                remedy=remedy or f"the engine's complete output is in {log}",
                progress=progress,
                code=code,
                interrupts=len(interrupts),
            )
        return progress

    def _mask(self, log: Path) -> str:
        """Mask the secrets in a log; gives what it says then."""
        said = log.read_text(encoding="utf-8", errors="replace")
        masked = self.redactor.text(said)
        if masked != said:
            log.write_text(masked, encoding="utf-8")
        return masked


def _exit_code(process: subprocess.Popen[bytes], interrupts: Sequence[int], progress: Progress) -> int:
    """The engine's exit code, waited for.

    Two signals that follow closely are one to a process that has not taken the first yet. So the second interrupt,
    which is to end the engine at once, is repeated until the engine says that it has heard it. From then on it only
    waits a second for each of its plugins, and GitHub's runner kills all of them 2.5 seconds after that interrupt, so
    the plugins are ended here: the engine gives its lock back by itself.
    """
    while True:
        try:
            return process.wait(_AGAIN_SECONDS)
        except subprocess.TimeoutExpired:
            if len(interrupts) > 1 and progress.terminating:
                _kill_plugins(process.pid)
            elif len(interrupts) > 1:
                process.send_signal(signal.SIGINT)


def _kill_plugins(engine: int) -> None:
    import psutil  # noqa: PLC0415 - only after a second interrupt

    with suppress(psutil.NoSuchProcess):
        for each in psutil.Process(engine).children(recursive=True):
            each.kill()


def _at_once() -> dict[str, str]:
    """The variable for how many operations run at once, where the engine would take fewer."""
    enough = _ENGINE_A_CORE * (os.cpu_count() or 1) >= _LEAST_AT_ONCE
    return {} if enough else {_PARALLEL: str(_LEAST_AT_ONCE)}


def is_held(said: str) -> bool:
    """Whether the engine says that another update has the stack."""
    return bool(_HELD.search(said))


def explained(said: str) -> tuple[str, str | None]:
    """What a command of the engine said last when it failed, and what to do where its backend did not open."""
    words = "\n".join(_LOGS_IN.sub("", said).splitlines()[-_QUOTED_LINES:])
    return words, next((way for pattern, way in _AT_CLOUD if pattern.search(words)), None)


def _reason(progress: Progress, said: str) -> tuple[str, str | None]:
    """Why an update failed: what the engine reported, or its last words where it did not come to that."""
    if reported := [each for each in progress.errors if not each.endswith(_UNSEEN)]:
        return "\n".join(reported), None
    _, *errors = _ERROR.split(said)
    words, remedy = explained(errors[-1].strip() if errors else "")
    return words or "the engine gave no reason", remedy


@contextmanager
def _interrupting(process: subprocess.Popen[bytes], tell: Callable[[int], None]) -> Generator[list[int]]:
    """Pass interrupts of this process on to the engine while the body runs; gives those that came."""
    came: list[int] = []

    def pass_on(number: int, _frame: object) -> None:
        came.append(number)
        process.send_signal(signal.SIGINT)
        tell(len(came))

    if threading.current_thread() is not threading.main_thread():
        yield came  # only the main thread gets signals
        return
    before = {number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
