"""A browser that a test drives: Chromium without a window, over its debugging pipe, so that no driver is needed.

The pipe (https://chromium.googlesource.com/chromium/src, content/browser/devtools/devtools_pipe_handler.cc): commands
are read from descriptor 3 and answers written to 4, each a JSON document that a zero byte ends.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import shutil
import subprocess
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "chromium-headless-shell")
LIMIT_SECONDS = 30


def find() -> str | None:
    """The browser's program on PATH; None where there is none."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Browser:
    """One page of one browser."""

    def __init__(self, commands: int, answers: int) -> None:
        self._commands, self._answers = commands, answers
        self._left, self._number, self._session = b"", 0, ""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.events: list[dict[str, Any]] = []
        for domain in ("Page", "Runtime", "Network", "Log", "Accessibility"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and give its result; events that come before it are kept."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while (answer := self._read()).get("id") != self._number:
            if self._session:
                self.events.append(answer)
        assert "error" not in answer, f"{method}: {answer['error']}"
        return answer["result"]

    def open(self, url: str) -> None:
        """Go there, and wait until it is loaded."""
        self.events.clear()
        self.call("Page.navigate", url=url)
        while not any(each.get("method") == "Page.loadEventFired" for each in self.events):
            self.events.append(self._read())

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        done = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    def show(self, width: int, *, height: int = 900, scheme: str = "light", media: str = "screen") -> None:
        """Set the window's width and height in pixels, the colour scheme and the medium."""
        size: dict[str, Any] = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.call("Emulation.setDeviceMetricsOverride", **size)
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.call("Emulation.setEmulatedMedia", media=media, features=[feature])

    def press(self, key: str) -> None:
        """Press a key: `Tab` or `Enter`."""
        code = {"Tab": 9, "Enter": 13}[key]
        for kind in ("keyDown", "keyUp"):
            extra = {"text": "\r"} if (key, kind) == ("Enter", "keyDown") else {}
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **extra)

    def picture(self, path: Path, height: float = 10_000, scale: float = 1) -> None:
        """Write what the page shows, down to that height in pixels, as PNG, drawn smaller by the scale."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": min(height, size["height"]), "scale": scale}
        shot = self.call("Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def _read(self) -> dict[str, Any]:
        end = time.monotonic() + LIMIT_SECONDS
        while b"\0" not in self._left:
            ready, _, _ = select.select([self._answers], [], [], max(0, end - time.monotonic()))
            assert ready, f"the browser said nothing for {LIMIT_SECONDS} s"
            part = os.read(self._answers, 65_536)
            assert part, "the browser has ended"
            self._left += part
        text, _, self._left = self._left.partition(b"\0")
        return json.loads(text)


@contextlib.contextmanager
def opened(folder: Path, program: str) -> Iterator[Browser]:
    """A browser with a profile in `folder`; it is ended with the body, and its processes with it."""
    commands_in, commands = os.pipe()
    answers, answers_out = os.pipe()
    options = [
        "--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
        "--no-first-run", "--disable-background-networking", "--no-proxy-server", f"--user-data-dir={folder}",
        "--hide-scrollbars", "--disable-lcd-text", "about:blank",
    ]  # fmt: skip
    # 3 and 4 as the browser's pipe wants them; both ends may have those numbers here already.
    line = 'exec 8<&"$0" 9>&"$1"; exec 3<&8 4>&9 8<&- 9>&-; shift; exec "$@"'
    words = ["bash", "-c", line, str(commands_in), str(answers_out), program, *options]
    with (folder / "browser.log").open("wb") as log:
        process = subprocess.Popen(
            words, pass_fds=(commands_in, answers_out), stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    os.close(commands_in)
    os.close(answers_out)
    try:
        browser = Browser(commands, answers)
        yield browser
        browser.call("Browser.close")
    finally:
        os.close(commands)
        os.close(answers)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
