"""What a person sees: rich in a terminal, plain lines in a pipe, and steps that say what they wait for."""

from __future__ import annotations

import re
import threading
import time
from contextlib import contextmanager
from functools import cache
from typing import IO, TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.status import Status
from rich.text import Text

from parity import redact

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from rich.console import ConsoleOptions, RenderableType
    from rich.segment import Segment

    from parity.redact import Redactor

PIPE_INTERVAL_SECONDS = 10.0
"""In a pipe, a step that goes on says so this often."""

_running: list[Step] = []

_FONT_FACE = re.compile(r"@font-face \{[^}]*\}\s*")


class Step:
    """One long piece of work: its title, what it waits for now, and how long it has taken."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.waits_for = ""
        self.note = ""
        self._start = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since the step began."""
        return time.monotonic() - self._start

    def waiting(self, what: str) -> None:
        """Say what the step waits for now."""
        self.waits_for = what

    def done(self, note: str) -> None:
        """Say what came out, in a few words; printed when the step ends well."""
        self.note = note


class _Masking(Console):
    """A console that masks secrets in each text before it is laid out: a table may break one over two lines."""

    def __init__(self, redactor: Redactor, **options: Any) -> None:
        super().__init__(highlight=False, **options)
        self._redactor = redactor

    def render_str(self, text: str, **options: Any) -> Text:
        return self._masked(super().render_str(text, **options))

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        return super().render(self._masked(renderable) if isinstance(renderable, Text) else renderable, options)

    def _masked(self, text: Text) -> Text:
        masked = self._redactor.text(text.plain)
        if masked == text.plain:
            return text
        return Text(masked, style=text.style, justify=text.justify, overflow=text.overflow, end=text.end)


class Screen:
    """Standard output for results and standard error for progress; secrets that the redactor knows are masked."""

    def __init__(
        self,
        *,
        stdout: IO[str] | None = None,
        stderr: IO[str] | None = None,
        record_width: int | None = None,
        redactor: Redactor | None = None,
    ) -> None:
        """Write to the given streams; with `record_width`, columns, keep what is printed for a picture.

        The redactor is the running command's where none is given.
        """
        recording = record_width is not None
        known = redactor or redact.current()
        self.out = _Masking(known, file=stdout, record=recording, width=record_width, force_terminal=recording or None)
        plain = _Masking(known, file=stderr, stderr=stderr is None)
        self.err = self.out if recording else plain
        self._waits = plain

    @property
    def live(self) -> bool:
        """Whether progress may be drawn over itself."""
        return self.err.is_terminal and not self.out.record

    def say(self, text: str) -> None:
        """Print a text to standard error as it is, however long its lines are."""
        self.err.print(text, soft_wrap=True, markup=False)

    def svg(self, title: str) -> str:
        """What was printed since the screen began to record, as a picture of a terminal."""
        # Without the fonts that it would fetch from elsewhere: the viewer's own do.
        return _FONT_FACE.sub("", self.out.export_svg(title=title))

    @contextmanager
    def step(self, title: str) -> Generator[Step]:
        """Show `title` while the body runs, then its outcome and seconds; an exception shows as failed and passes."""
        step = Step(title)
        stop = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(step, stop), daemon=True)
        watcher.start()
        failed = True
        _running.append(step)
        try:
            yield step
            failed = False
        finally:
            _running.remove(step)
            stop.set()
            watcher.join()
            mark, word = ("[red]✗[/]", "failed after") if failed else ("[green]✓[/]", step.note)
            text = f"{mark} {escape(step.title)}"
            detail = f"{word} {step.seconds:.1f} s" if failed or not word else f"{word}, {step.seconds:.1f} s"
            self.err.print(f"{text} [dim]({escape(detail.strip())})[/]", soft_wrap=True)

    def _watch(self, step: Step, stop: threading.Event) -> None:
        if self.live:
            with Status(_line(step), console=self.err) as status:
                while not stop.wait(0.1):
                    status.update(_line(step))
            return
        if not self.out.record:
            self.err.print(f"{escape(step.title)} ...", soft_wrap=True)
        while not stop.wait(PIPE_INTERVAL_SECONDS):
            self._waits.print(f"  {_line(step)}", soft_wrap=True)


@cache
def again(why: str) -> None:
    """Say once that something is asked again: in the step under way, or on standard error."""
    if _running:
        _running[-1].waiting(f"an answer, asked again: {why}")
    else:
        Screen().say(f"Asked again: {why}")


def _line(step: Step) -> str:
    waits = f": waiting for {step.waits_for}" if step.waits_for else ""
    return f"{escape(step.title)}{escape(waits)} [dim]{step.seconds:.0f} s[/]"
