"""Progress and results as a person sees them."""

from __future__ import annotations

import io
import re
import threading

import pytest

from parity import console
from parity.console import Screen


@pytest.fixture
def streams():
    return io.StringIO(), io.StringIO()


def screen(streams):
    return Screen(stdout=streams[0], stderr=streams[1])


def test_a_step_says_when_it_begins_and_how_it_ended(streams):
    with screen(streams).step("Engine") as step:
        step.done("built")
    said = streams[1].getvalue()
    assert "Engine ..." in said
    assert re.search(r"✓ Engine \(built, \d+\.\d s\)", said)


def test_a_failed_step_says_so_and_the_error_passes(streams):
    with pytest.raises(ValueError, match="broken"), screen(streams).step("Engine"):
        raise ValueError("broken")
    assert re.search(r"✗ Engine \(failed after \d+\.\d s\)", streams[1].getvalue())


def test_what_is_asked_again_is_what_the_step_waits_for(streams):
    with screen(streams).step("Engine") as step:
        console.again("status 503")
    assert step.waits_for == "an answer, asked again: status 503"


class Noticing(io.StringIO):
    """A stream that says when a text was written to it."""

    def __init__(self, text):
        super().__init__()
        self.text = text
        self.seen = threading.Event()

    def write(self, said):
        count = super().write(said)
        if self.text in self.getvalue():
            self.seen.set()
        return count


def test_a_long_step_in_a_pipe_says_what_it_waits_for(monkeypatch):
    monkeypatch.setattr(console, "PIPE_INTERVAL_SECONDS", 0.01)
    stderr = Noticing("Engine: waiting for the [build]")
    with Screen(stdout=io.StringIO(), stderr=stderr).step("Engine") as step:
        step.waiting("the [build]")
        assert stderr.seen.wait(5), stderr.getvalue()


def test_progress_never_reaches_standard_output(streams):
    with screen(streams).step("Engine"):
        pass
    assert streams[0].getvalue() == ""


def test_a_recorded_screen_gives_a_picture(streams):
    recorded = Screen(stdout=streams[0], record_width=80)
    with recorded.step("Engine") as step:
        step.done("built")
    picture = recorded.svg("make demo")
    assert picture.startswith("<svg")
    assert "Engine" in picture
