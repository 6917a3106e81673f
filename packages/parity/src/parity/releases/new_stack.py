"""Makes a stack from another one: its file with secrets of its own, and the stack at the backend.

The file is written last, in one step. What dies before leaves a stack without resources and at most the header that
the engine wrote; the next run goes on from there.
"""

from __future__ import annotations

import contextlib
import re
import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from parity.config import (
    fingerprints,
    name_checks,
    placeholders,
    promotion,
    settings,
    source,
    stack_checks,
    stack_edit,
    yaml_edit,
)
from parity.documents import mapping
from parity.errors import ConfigError, ParityError, ProjectError
from parity.problems import in_order
from parity.releases import stack_file, stack_values

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from pathlib import Path

    from parity.config.parameters import Catalog
    from parity.config.project import Project
    from parity.config.settings import Settings
    from parity.evaluate.stack import Stack
    from parity.problems import ConfigProblem
    from parity.problems import Path as KeyPath

_BYTES = 32
"""Of a secret that is made."""


@dataclass(frozen=True)
class Draft:
    """A new stack's file before its secrets are encrypted."""

    stack: str
    source: str
    """The stack that it is made from, and promotes from."""
    text: str
    """With the header, and the encrypted values of `generated`, of the stack that it is made from."""
    generated: tuple[KeyPath, ...]
    """The secrets that are made."""
    places: tuple[tuple[KeyPath, str], ...]
    """Plain values to be filled in, with what the other stack has there."""
    secrets: tuple[KeyPath, ...]
    """Secrets to be set, which a vendor gives."""

    @property
    def file(self) -> str:
        """The file's name."""
        return source.file_name(self.stack)

    def filled(self, value: Callable[[str], str]) -> Draft:
        """The draft with each place filled in, by what the other stack has there, and each secret generated."""
        text = self.text
        for path, there in self.places:
            text = stack_edit.put(self.file, text, path, yaml_edit.scalar(value(there)))
        return replace(self, text=text, generated=(*self.generated, *self.secrets), places=(), secrets=())

    def left(self, catalog: Catalog) -> list[ConfigProblem]:
        """What is still to be filled in, each with its command."""
        return placeholders.faults(_source(self.stack, self.text), catalog)


def begun(path: Path) -> bool:
    """Whether a file is what the engine wrote for a stack that Parity did not come to write: its header alone."""
    text = path.read_text(encoding="utf-8")
    return not yaml_edit.load(stack_edit.with_header(text, ""))


def draft(project: Project, name: str, like: str) -> Draft:
    """The file of a new stack, from another stack's: its comments and form, and nothing that only one may have.

    `like` is the stack that it resembles and promotes from.

    Raises:
        ConfigError: the other stack's config has faults, or names of the new one would not do.
        ProjectError: the file is written in a way that cannot be edited safely.
    """
    found = settings.load(like, project.root, None)
    path = project.root / source.file_name(like)
    text = stack_file.read_text(path)
    edit = stack_values.Edit(path, text, _renamed(text, like, name))
    for key, word in _otherwise(found, name, like):
        edit = edit.put(key, word, over=True)
    if promotion.KEY not in found.origin.values:
        edit = edit.add_below("parity:environment", promotion.KEY, yaml_edit.scalar(like))
    for key in _given_names(found):
        edit = edit.remove(key)
    places = tuple(placeholders.own(found.origin, found.catalog))
    for key, value in places:
        edit = edit.put(key, yaml_edit.scalar(placeholders.instead_of(value)))
    there = found.origin.positions.keys()
    made = tuple(key for key in stack_checks.secret_paths(found.catalog, generated=True) if key in there)
    left = tuple(key for key in stack_checks.secret_paths(found.catalog) if key in there and key not in made)
    for key in left:
        edit = edit.put(key, placeholders.MARK, over=True)
    done = Draft(name, like, edit.text, made, places, left)
    _require_names(done, found.catalog, project)
    return done


def make(stack: Stack, made: Draft) -> None:
    """Make the stack at the backend, with secrets of the same provider's kind, and write its file.

    Raises UpdateError where the engine fails, ProjectError where the file was written meanwhile.
    """
    path = stack.project.root / made.file
    values = {key: secrets.token_urlsafe(_BYTES) for key in made.generated}
    stack.pulumi.redactor.learn(values.values())
    with _at_the_backend(stack, path, stack_edit.header(made.text)):
        before = stack_file.read_text(path) if path.exists() else ""
        header, text = stack_edit.header(before), made.text
        for key, value in values.items():
            sealed, header = stack_values.encrypted(stack, header, value)
            text = stack_edit.put(made.file, text, (*key, "secure"), yaml_edit.scalar(sealed))
        text = stack_edit.with_header(text, header)
        marks = stack_values.marks(stack.project.program.catalog(), values)
        text = stack_values.with_fingerprints(made.file, text, marks)
        path.touch()
        stack_file.replace_text(path, before, text)


def _renamed(text: str, like: str, name: str) -> str:
    """The text with the new stack's name in the comments at its head, which say whose file it is."""
    head, config, rest = text.partition("\nconfig:")
    for one, other in ((like, name), (like.capitalize(), name.capitalize())):
        head = re.sub(rf"(?m)(?<=^# ){re.escape(one)}(?![A-Za-z0-9])", other, head)
    return head + config + rest


def _otherwise(found: Settings, name: str, like: str) -> Iterable[tuple[KeyPath, str]]:
    """What the new stack has otherwise, whatever the other one has: YAML by key."""
    yield ("parity:environment",), yaml_edit.scalar(name)
    if promotion.KEY in found.origin.values:
        yield (promotion.KEY,), yaml_edit.scalar(like)
    yield ("parity:managesRepository",), "false"
    for application in found.releases:
        yield (stack_checks.RELEASES, application, "live"), "null"
        yield (stack_checks.RELEASES, application, "kept"), "{}"
    yield (fingerprints.KEY,), "{}"
    yield ("parity:exceptions",), "[]"
    yield ("parity:acknowledged",), "[]"


def _given_names(found: Settings) -> list[KeyPath]:
    """Names of what is there already, which two stacks cannot share."""
    return [
        *((stack_checks.APPLICATIONS, name, "project") for name in found.applications),
        *((stack_checks.DATABASES, name, "names") for name in found.databases),
        ("parity:delivery", "environment"),
    ]


def _source(stack: str, text: str) -> source.Source:
    read = source.parse(source.file_name(stack), text)
    if isinstance(read, tuple):
        raise ConfigError(read)
    return source.from_file(stack, read)


def _require_names(made: Draft, catalog: Catalog, project: Project) -> None:
    """Refuse a stack whose names a vendor would not take, or that another stack has."""
    others = settings.other_files(made.stack, project.root)
    if faults := list(name_checks.check(catalog, _source(made.stack, made.text), others)):
        raise ConfigError(in_order(faults))


@contextlib.contextmanager
def _at_the_backend(stack: Stack, path: Path, like: str) -> Generator[None]:
    """The stack at the backend while its file is made; one that was made here goes again where the body fails."""
    if stack.name in stack.pulumi.stacks():
        yield
        return
    stack.ask("stack", "init", "--no-select", *_provider(like))
    try:
        yield
    except BaseException:
        if not path.exists() or begun(path):  # Else another process has ended it meanwhile.
            with contextlib.suppress(ParityError):  # What is left is what a death leaves: the next run goes on from it.
                stack.ask("stack", "rm", "--yes")
        raise


def _provider(like: str) -> tuple[str, ...]:
    """The engine's option for secrets of the kind that a header names; none for the backend's own."""
    header = mapping(yaml_edit.load(like))
    if provider := header.get("secretsprovider"):
        return ("--secrets-provider", str(provider))
    return ("--secrets-provider", "passphrase") if "encryptionsalt" in header else ()


def require_free(project: Project, name: str) -> None:
    """Require that there is no such stack yet; raises ProjectError."""
    path = project.root / source.file_name(name)
    if path.exists() and not begun(path):
        raise ProjectError(
            f"there is a stack {name} already", where=str(path), remedy=f"see it: parity check --to {name}"
        )


def commands(left: Iterable[ConfigProblem]) -> list[dict[str, str]]:
    """What is to be filled in, for `--json`: `key`, `what`, `command`."""
    return [{"key": each.key, "what": each.what, "command": each.remedy.partition("`")[2][:-2]} for each in left]
