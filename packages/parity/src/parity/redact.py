"""Masks secret values in what a command writes: a provider's error may repeat what it was given.

A command has one redactor. It learns a secret where the secret is opened (the stack's settings, the evaluated program,
the engine's environment), and everything that writes asks it: the command's output streams, the console, files,
the ledger, the engine's errors and what is posted to GitHub. So a message needs no call of its own. Only what
escapes or cuts a text (for Markdown, HTML, a narrow column) masks it first.
"""

from __future__ import annotations

import base64
import contextlib
import json
import sys
import traceback
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import quote

from parity import printed
from parity.documents import mapped
from parity.masked import MASK

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping
    from pathlib import Path

_SHORTEST = 6
"""Characters; a shorter secret would take harmless words out of every sentence."""

_VARIABLES = (
    "VERCEL_API_TOKEN",
    "GITHUB_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "PGPASSWORD",
    "PULUMI_CONFIG_PASSPHRASE",
    "PULUMI_ACCESS_TOKEN",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AZURE_STORAGE_KEY",
)
"""Variables of the environment whose value opens an account."""

_OF_A_SERVER = "PGPASSWORD_"
"""The password of a database server with a name (parity.config.servers)."""


class Redactor:
    """Knows the secrets of one command, and masks them."""

    def __init__(self, secrets: Iterable[str] = (), environment: Mapping[str, str] | None = None) -> None:
        """Know these secrets, and the tokens and passwords in the environment."""
        self._forms: tuple[str, ...] = ()
        self.learn(secrets)
        self.learn_environment(environment or {})

    def learn(self, secrets: Iterable[str]) -> None:
        """Know these too. A text of fewer than six characters is not masked."""
        forms = {form for value in secrets for form in _forms(value) if len(form) >= _SHORTEST}
        # Longest first: of two secrets of which one is in the other, the longer one goes. One assignment, for threads.
        self._forms = tuple(sorted(forms.union(self._forms), key=lambda each: (-len(each), each)))

    def learn_environment(self, environment: Mapping[str, str]) -> None:
        """Know the tokens and passwords in the environment."""
        named = [name for name in environment if name.startswith(_OF_A_SERVER)]
        self.learn(environment[name] for name in (*_VARIABLES, *named) if environment.get(name))

    def text(self, text: str) -> str:
        """The text with each secret masked."""
        for form in self._forms:
            text = text.replace(form, MASK)
        return text

    def document(self, value: Any) -> Any:
        """A JSON value with each secret in its texts masked; names of fields stay."""
        return mapped(value, lambda each: self.text(each) if isinstance(each, str) else each)

    def __repr__(self) -> str:
        """How many forms of secrets it knows, and none of them."""
        return f"Redactor({len(self._forms)} forms)"


_commands: list[Redactor] = []
"""That of the running command, in whichever thread: one may learn a secret that another writes."""


def current() -> Redactor:
    """The running command's redactor; outside of a command a new one at each call, which knows nothing."""
    return _commands[-1] if _commands else Redactor()


@contextlib.contextmanager
def command() -> Generator[Redactor]:
    """Give a command its redactor, and write its standard output and standard error through it."""
    redactor = Redactor()
    _commands.append(redactor)
    streams = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (_Stream(each, redactor) for each in streams)
    try:
        yield redactor
    except Exception:  # noqa: BLE001 - Python would print the traceback past these streams
        traceback.print_exc()
        sys.exit(1)
    finally:
        sys.stdout, sys.stderr = streams
        _commands.pop()


def masked(text: str) -> str:
    """The text with the running command's secrets masked, before it is escaped or cut: no sink finds them later."""
    return current().text(text)


def write(path: Path, text: str) -> None:
    """Write a file that people or other programs read, UTF-8, with each secret masked."""
    path.write_text(masked(text), encoding="utf-8")


if TYPE_CHECKING:
    _Text = IO[str]
else:
    _Text = object


class _Stream(_Text):
    """A text stream that masks what is written to it, and has its commands as they are typed; else the stream's own."""

    def __init__(self, stream: IO[str], redactor: Redactor) -> None:
        self._stream, self._redactor = stream, redactor

    def write(self, text: str, /) -> int:
        self._stream.write(printed.text(self._redactor.text(text)))
        return len(text)

    def writelines(self, lines: Iterable[str], /) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        # Without `buffer`, to which a writer could go past this; click falls back to `write` then.
        if name == "buffer":
            raise AttributeError(name)
        return getattr(self._stream, name)


def _forms(value: str) -> Iterator[str]:
    """The ways in which an error may quote it; of a URL with a password, the password alone too."""
    yield value
    yield quote(value, safe="")
    yield json.dumps(value)[1:-1]
    yield base64.b64encode(value.encode()).decode().rstrip("=")
    if "://" in value and "@" in value:
        password = value.partition("://")[2].rpartition("@")[0].partition(":")[2]
        if password:
            yield password
