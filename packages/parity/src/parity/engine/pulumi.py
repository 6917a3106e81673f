"""Runs the Pulumi engine's commands and follows an update through the engine's own events."""

from __future__ import annotations

import json
import signal
import subprocess
import tempfile
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parity import redact
from parity.documents import mapping, parse
from parity.engine.counting import counts
from parity.errors import UpdateError
from parity.resources.urn import Urn, short_urn

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from parity.redact import Redactor

RunProcess = Callable[..., subprocess.CompletedProcess[str]]
"""Runs a command line to its end; called as `subprocess.run` is."""

_POLL_SECONDS = 0.1
_AGAIN_SECONDS = 0.5
_QUOTED_LINES = 12
"""Of what a command said when it failed."""
_QUESTION_SECONDS = 300
"""For a command that only asks the backend: one that cannot be reached is an error and no wait without end."""
_TERMINATING = "received; terminating"
"""What the engine says at a second interrupt (pulumi's backend/cancellation_scope.go)."""
_QUIET = {"same", "refresh", "read", "read-replacement"}


@dataclass(frozen=True)
class Operation:
    """One operation of an update that changed something, or tried to."""

    operation: str
    """`create`, `update`, `delete`, `create-replacement`, ..."""
    urn: str
    done: bool
    """False where it failed."""


@dataclass
class Progress:
    """What an update has done so far, from the engine's events."""

    changes: dict[str, int] = field(default_factory=dict[str, int])
    """Operations at the end, by kind: `{"create": 61}`; of the resources that `counting` counts."""
    finished: int = 0
    running: dict[str, str] = field(default_factory=dict[str, str])
    """URN to operation, oldest first."""
    errors: list[str] = field(default_factory=list[str])
    """Error diagnostics, with their resource's name, as the engine masked them."""
    failed: list[str] = field(default_factory=list[str])
    """URNs of the resources whose operation failed."""
    operations: list[Operation] = field(default_factory=list[Operation])
    """The operations that ended, in that order; those that only read are left out."""
    terminating: bool = False
    """Whether the engine has heard that it is to end at once."""
    uncounted: list[str] = field(default_factory=list[str])
    """The operations that ended and that the engine counts, of resources that the program does not declare."""

    @property
    def changed(self) -> int:
        """How many resources the update changed."""
        return sum(count for kind, count in self.changes.items() if kind not in _QUIET)

    def waits_for(self) -> str:
        """The oldest operation still running, in words; empty where there is none."""
        real = [
            (urn, operation)
            for urn, operation in self.running.items()
            if operation not in _QUIET and not is_component(urn)
        ]
        if not real:
            return ""
        urn, operation = real[0]
        more = f" and {len(real) - 1} more" if len(real) > 1 else ""
        return f"{operation} of {short_urn(urn)}{more} ({self.finished} done)"

    def take(self, event: Mapping[str, Any]) -> None:
        """Take one engine event (https://www.pulumi.com/docs/iac/automation-api/ names them EngineEvent)."""
        if metadata := _metadata(event, "resourcePreEvent"):
            self.running[metadata["urn"]] = metadata["op"]
        elif metadata := _metadata(event, "resOutputsEvent"):
            self.running.pop(metadata["urn"], None)
            self._ended(metadata, done=True)
        elif metadata := _metadata(event, "resOpFailedEvent"):
            self.running.pop(metadata["urn"], None)
            self.failed.append(metadata["urn"])
            self._ended(metadata, done=False)
        elif diagnostic := _part(event, "diagnosticEvent"):
            if diagnostic.get("severity") == "error":
                name = short_urn(diagnostic["urn"]) + ": " if diagnostic.get("urn") else ""
                self.errors.append(name + str(diagnostic.get("message", "")).strip())
        elif said := _part(event, "stdoutEvent"):
            self.terminating = self.terminating or _TERMINATING in str(said.get("message", ""))
        elif summary := _part(event, "summaryEvent"):
            changes = Counter(_part(summary, "resourceChanges"))
            changes.subtract(self.uncounted)
            self.changes = {kind: count for kind, count in changes.items() if count}

    def _ended(self, metadata: Mapping[str, Any], *, done: bool) -> None:
        if done and not counts(metadata["urn"]):
            self.uncounted.append(metadata["op"])
        if metadata["op"] not in _QUIET:
            self.finished += done
            self.operations.append(Operation(metadata["op"], metadata["urn"], done))


def _part(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    return mapping(document.get(name))


def _metadata(event: Mapping[str, Any], name: str) -> dict[str, Any]:
    return _part(_part(event, name), "metadata")


def is_component(text: str) -> bool:
    """Whether a URN is the stack's or a component's of this project: these last as long as what is in them."""
    urn = Urn.parse(text)
    return urn.is_stack or urn.type.startswith("parity:components:")


class FailedUpdate(UpdateError):
    """An update failed or was interrupted; it knows what was done until then."""

    def __init__(self, what: str, *, where: str, remedy: str, progress: Progress, code: int, interrupts: int) -> None:
        """Take what the engine did and its exit code, and how often it was interrupted."""
        super().__init__(what, where=where, remedy=remedy)
        self.progress = progress
        self.code = code
        self.interrupts = interrupts


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
            said = self.redactor.text(result.stderr.strip() or result.stdout.strip()).splitlines()[-_QUOTED_LINES:]
            raise UpdateError(f"{asked} ended with {result.returncode}: " + "\n".join(said), where=str(self.cwd))
        return result

    def follow(self, *arguments: str, on_progress: Callable[[Progress], None]) -> Followed:
        """Run a command to its end, however it ends, and give its output and its events.

        `on_progress` is called at least every tenth of a second with what was done so far.
        """
        with _event_log() as (events, options, variables):
            with _following(events, on_progress, Progress()):
                done = self._run([*arguments, *options], variables)
            text = events.read_text(encoding="utf-8") if events.exists() else ""
        seen = [parse(line) for line in text.splitlines() if line.strip()]
        return Followed(done.returncode, done.stdout, done.stderr, seen)

    def _run(
        self, arguments: Sequence[str], variables: Mapping[str, str], given: str = "", seconds: float | None = None
    ) -> subprocess.CompletedProcess[str]:
        return self.run_process(
            self._command(arguments),
            cwd=self.cwd,
            env={**self.environment, **variables},
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )

    def _command(self, arguments: Sequence[str]) -> list[str]:
        return [str(self.executable), *arguments, "--non-interactive"]

    def whoami(self) -> dict[str, Any]:
        """The backend's `url`, and the `user` there; raises UpdateError where nobody is logged in."""
        return json.loads(self.run("whoami", "--verbose", "--json", seconds=_QUESTION_SECONDS).stdout)

    def stacks(self) -> list[str]:
        """The names of the stacks that the backend knows."""
        return [
            str(row["name"]) for row in json.loads(self.run("stack", "ls", "--json", seconds=_QUESTION_SECONDS).stdout)
        ]

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
            _event_log() as (events, options, variables),
            log.open("ab") as output,
            subprocess.Popen(
                self._command([*arguments, *options]),
                cwd=self.cwd,
                env={**self.environment, **variables},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # A group of its own: a terminal's Ctrl-C reaches the engine only through us, and so once.
                process_group=0,
            ) as process,
        ):
            try:
                with _following(events, on_progress, progress), _interrupting(process, on_interrupt) as interrupts:
                    code = _exit_code(process, interrupts, progress)
            finally:
                self._mask(log)
        if code or interrupts:
            how = "was interrupted" if interrupts else f"ended with {code}"
            raise FailedUpdate(
                self.redactor.text(f"pulumi {' '.join(arguments)} {how}:\n{_reason(progress, log)}"),
                where=", ".join(short_urn(urn) for urn in progress.failed) or str(self.cwd),
                remedy=f"the engine's whole output is in {log}",
                progress=progress,
                code=code,
                interrupts=len(interrupts),
            )
        return progress

    def _mask(self, log: Path) -> None:
        said = log.read_text(encoding="utf-8", errors="replace")
        masked = self.redactor.text(said)
        if masked != said:
            log.write_text(masked, encoding="utf-8")


def _exit_code(process: subprocess.Popen[bytes], interrupts: Sequence[int], progress: Progress) -> int:
    """The engine's exit code, waited for.

    Two signals that follow closely are one to a process that has not taken the first yet. So the second interrupt,
    which is to end the engine at once, is repeated until the engine says that it has heard it.
    """
    while True:
        try:
            return process.wait(_AGAIN_SECONDS)
        except subprocess.TimeoutExpired:
            if len(interrupts) > 1 and not progress.terminating:
                process.send_signal(signal.SIGINT)


def _reason(progress: Progress, log: Path) -> str:
    return "\n".join(progress.errors) or f"the engine gave no reason; its output is in {log}"


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


@contextmanager
def _event_log() -> Generator[tuple[Path, list[str], dict[str, str]]]:
    """A file for the engine's events, and the options and variables that have them written there."""
    with tempfile.TemporaryDirectory() as folder:
        events = Path(folder) / "events.jsonl"
        # The option is only there with the engine's debug commands.
        yield events, ["--event-log", str(events)], {"PULUMI_DEBUG_COMMANDS": "true"}


@contextmanager
def _following(path: Path, on_progress: Callable[[Progress], None], progress: Progress) -> Generator[None]:
    """Let `progress` take the events as their log grows while the body runs, and what is left when the body ends."""
    ended = threading.Event()

    def follow() -> None:
        offset = 0
        while True:
            last = ended.wait(_POLL_SECONDS)
            offset = _read_events(path, offset, progress)
            on_progress(progress)
            if last:
                return

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _read_events(path: Path, offset: int, progress: Progress) -> int:
    """Take the complete lines after `offset`, bytes; gives the offset after the last of them."""
    if not path.exists():
        return offset
    with path.open("rb") as stream:
        stream.seek(offset)
        text = stream.read()
    end = text.rfind(b"\n") + 1
    for line in text[:end].splitlines():
        if line.strip():
            progress.take(json.loads(line))
    return offset + end
