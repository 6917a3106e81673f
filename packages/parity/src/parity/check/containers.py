"""What an application's Dockerfile must hold before Vercel builds it: the base by digest, no root, no secret, the port.

Vercel builds the file in the application's folder where its framework is `container`, gives the project's variables to
the build as arguments of their names, and sends requests to port 80 or to what the variable `PORT` says
(vercel.com/docs/functions/container-images; packages/container in github.com/vercel/vercel).
"""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from parity.config.parameters import DatabaseUrlVariable, SensitiveVariable
from parity.problems import ConfigProblem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from parity.config.parameters import Application, Catalog, Container

_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")
_PLACE = re.compile(r"\$(?:(\w+)|\{(\w+)(?::-([^}]*))?\})")
_SECRET = re.compile(r"(^|_)(TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|(API|PRIVATE|ACCESS)_KEY)(_|$)")
"""How the name of a secret is spelled that the catalog does not know."""


class Command(Protocol):
    """One command, as the parser gives it."""

    cmd: str
    value: tuple[str, ...]
    """Its words; of ENV names and values in turn."""
    flags: tuple[str, ...]
    """Such as `--from=build`."""
    start_line: int


@dataclass
class _Stage:
    """One stage of a build."""

    begin: int
    """The line of its FROM."""
    user: str = ""
    ports: set[str] = field(default_factory=set[str])


@dataclass(frozen=True)
class Found:
    """What the containers of a catalog's applications lack, and which could not be read."""

    faults: tuple[ConfigProblem, ...] = ()
    unread: tuple[str, ...] = ()
    """Files of applications whose folder is not in this checkout."""


def check(root: Path, catalog: Catalog) -> Found:
    """Read the file of each application that is built as a container."""
    faults: list[ConfigProblem] = []
    unread: list[str] = []
    for application in catalog.applications:
        if application.container is None:
            continue
        folder = root / (application.root_directory or ".")
        file = folder / application.container.file
        name = file.relative_to(root).as_posix()
        if not folder.is_dir():
            unread.append(name)
        elif not file.is_file():
            what = f"is not there, and applications.{application.name} declares it."
            faults.append(ConfigProblem(name, None, None, "", what, "Write it, or correct the catalog."))
        else:
            faults += judge(name, file.read_text(encoding="utf-8"), application, application.container)
    return Found(tuple(faults), tuple(unread))


def judge(name: str, text: str, application: Application, container: Container) -> list[ConfigProblem]:
    """Every fault of one file, from its first line to its last."""
    parser: Any = importlib.import_module("dockerfile")  # an extra: BuildKit's own parser, which has no types
    try:
        commands: tuple[Command, ...] = parser.parse_string(text)
    except parser.GoParseError as error:
        return [ConfigProblem(name, None, None, "", f"is no Dockerfile: {error}.", "Correct it.")]
    reader = _Reader(name, _secrets(application))
    faults = [fault for command in commands for fault in reader.read(command)]
    return [*faults, *reader.last(container)]


def _secrets(application: Application) -> frozenset[str]:
    secret = (SensitiveVariable, DatabaseUrlVariable)
    return frozenset(variable.name for variable in application.variables if isinstance(variable, secret))


class _Reader:
    """Goes through a file's commands in order and keeps what a later one depends on."""

    def __init__(self, name: str, secrets: frozenset[str]) -> None:
        self._name = name
        self._secrets = secrets
        self._given: dict[str, str] = {}
        """The defaults of arguments, and the variables, as far as they were set."""
        self._stages: dict[str, _Stage] = {}
        self._stage: _Stage | None = None

    def read(self, command: Command) -> Iterator[ConfigProblem]:
        """The faults of one command."""
        if not command.value:
            yield self._fault(command.start_line, f"has {command.cmd} without a word.", "Correct it.")
            return
        match command.cmd.upper():
            case "FROM":
                yield from self._from(command)
            case "ARG":
                yield from self._arg(command)
            case "ENV":
                yield from self._env(command)
            case "USER" if self._stage:
                self._stage.user = self._filled(command.value[0])
            case "EXPOSE" if self._stage:
                self._stage.ports |= {self._filled(each).removesuffix("/tcp") for each in command.value}
            case "COPY" | "ADD" | "RUN":
                yield from self._other_images(command)
            case _:
                pass

    def last(self, container: Container) -> Iterator[ConfigProblem]:
        """The faults of the stage that runs."""
        stage = self._stage
        if stage is None:
            yield self._fault(1, "has no FROM.", "Begin it with a base, by digest.")
            return
        if not stage.user or "$" in stage.user or stage.user.partition(":")[0] in {"0", "root"}:
            who = stage.user or "the base's user, which may be root"
            yield self._fault(
                stage.begin, f"runs as {who}.", "End its last stage with USER and a number, as USER 1001."
            )
        if str(container.port) not in stage.ports:
            listed = ", ".join(sorted(stage.ports)) or "no port"
            what = f"exposes {listed}; the catalog declares {container.port}."
            yield self._fault(stage.begin, what, f"Listen on PORT, and write EXPOSE {container.port}.")

    def _from(self, command: Command) -> Iterator[ConfigProblem]:
        image = self._filled(command.value[0])
        before = self._stages.get(image.lower())
        if before is None and image != "scratch":
            yield from self._by_digest(command, image)
        self._stage = stage = _Stage(command.start_line)
        if before:  # whose user and ports it has
            stage.user, stage.ports = before.user, set(before.ports)
        for name in command.value[2:3]:  # IMAGE AS NAME
            self._stages[name.lower()] = stage

    def _other_images(self, command: Command) -> Iterator[ConfigProblem]:
        for flag in command.flags:
            for image in re.findall(r"(?:^--|,)from=([^,]+)", flag):
                filled = self._filled(image)
                if filled.lower() not in self._stages and not filled.isdigit():
                    yield from self._by_digest(command, filled)

    def _by_digest(self, command: Command, image: str) -> Iterator[ConfigProblem]:
        if not _DIGEST.search(image):
            what = f"takes {image}, which is another image when its tag moves."
            yield self._fault(command.start_line, what, f"Name its digest: {image.partition('@')[0]}@sha256:...")

    def _arg(self, command: Command) -> Iterator[ConfigProblem]:
        for each in command.value:
            name, _, default = each.partition("=")
            if default:
                self._given[name] = self._filled(_unquoted(default))
            if name in self._secrets:
                what = f"takes {name}: Vercel gives the build its value, and the image's history keeps it."
            elif _SECRET.search(name):
                what = f"takes {name}, by its name a secret, which the image's history keeps."
            else:
                continue
            yield self._fault(command.start_line, what, f"Remove ARG {name}; read the variable where the image runs.")

    def _env(self, command: Command) -> Iterator[ConfigProblem]:
        for name, value in zip(command.value[::2], command.value[1::2], strict=False):
            self._given[name] = self._filled(_unquoted(value))
            if name in self._secrets or (_SECRET.search(name) and self._given[name]):
                what = f"sets {name}, by its name a secret: whoever may pull the image reads it."
                yield self._fault(command.start_line, what, f"Remove ENV {name}; declare it as a SensitiveVariable.")

    def _filled(self, text: str) -> str:
        """A text with what was given in place of `$NAME` and `${NAME:-default}`; unknown names stay."""
        return _PLACE.sub(lambda match: _of(match, self._given), text)

    def _fault(self, line: int, what: str, remedy: str) -> ConfigProblem:
        return ConfigProblem(self._name, line, None, "", what, remedy)


def _of(match: re.Match[str], given: Mapping[str, str]) -> str:
    return given.get(match[1] or match[2]) or match[3] or match[0]


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text
