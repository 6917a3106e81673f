"""Sets one value or secret of a stack's file, with the secret's fingerprint, and checks it before the file is kept."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parity import documents
from parity.config import fingerprints, settings, source, stack_checks, stack_edit, yaml_edit
from parity.config.secret import Secret
from parity.engine import passphrase
from parity.errors import ConfigError, UpdateError, UsageError
from parity.problems import spell
from parity.releases import stack_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parity.config.parameters import Catalog
    from parity.evaluate.stack import Stack
    from parity.problems import Path as KeyPath

_SLOT = "parity:value"
_EMPTY = "config: {}\n"


@dataclass(frozen=True)
class Edit:
    """A stack's file as it should be."""

    path: Path
    read: str
    text: str
    notes: tuple[str, ...] = ()

    def put(self, path: KeyPath, word: str, *, over: bool = False) -> Edit:
        """The file with a value, as YAML on one line, at a path; `over` as `stack_edit.put` takes it."""
        return replace(self, text=stack_edit.put(self.path.name, self.text, path, word, over=over))

    def add_below(self, above: str, key: str, word: str) -> Edit:
        """The file with a top-level value below another one."""
        return replace(self, text=stack_edit.add_below(self.path.name, self.text, above, key, word))

    def remove(self, path: KeyPath) -> Edit:
        """The file without what stands at a path of keys."""
        return replace(self, text=stack_edit.remove(self.path.name, self.text, path))

    @property
    def changed(self) -> bool:
        """Whether it differs from the file as it was read."""
        return self.text != self.read

    def write(self) -> None:
        """Replace the file; raises ProjectError where it was changed meanwhile."""
        stack_file.replace_text(self.path, self.read, self.text)


def set_secret(stack: Stack, key: str, value: str) -> Edit:
    """Encrypt a value with the stack's own key, put it in the file, and its fingerprint where a release needs one.

    `key` is the full key with the path, for example `parity:applications.shop.variables.SESSION_SECRET`.

    Raises:
        UsageError: the key holds no secret.
        ConfigError: the value is not what the key may hold.
        UpdateError: the engine could not encrypt it.
    """
    stack.pulumi.redactor.learn({value})
    path, secrets = stack_edit.path_of(key), _secrets(stack)
    if path not in secrets:
        known = ", ".join(spell(each) for each in secrets)
        raise UsageError(f"{key} is no secret of the catalog", where="KEY", remedy=f"secrets: {known}")
    file = _open(stack)
    if faults := _faults(stack, file.text, path, Secret(value, key)):
        raise ConfigError(faults)
    sealed, header = encrypted(stack, file.text, value)
    file = replace(file, text=stack_edit.with_header(file.text, header))
    return _fingerprinted(stack, file.put((*path, "secure"), yaml_edit.scalar(sealed)), {path: value})


def set_plain(stack: Stack, key: str, value: str) -> Edit:
    """Put a plain value, as it is typed, in the file: text, a number or a boolean by what the key takes.

    Raises UsageError where the key holds a secret, ConfigError where it is not known or may not hold the value.
    """
    path = stack_edit.path_of(key)
    if path in _secrets(stack):
        raise UsageError(f"{key} is a secret", where="KEY", remedy=f"parity secret set {stack.name} '{key}'")
    file, text = _open(stack), yaml_edit.scalar(value)
    words = (value, text) if isinstance(yaml_edit.load(value), int | float) else (text,)
    edits = [file.put(path, word) for word in words]
    faults = [_faults(stack, edit.text, path, None) for edit in edits]
    if all(faults):
        raise ConfigError(faults[0])
    return edits[faults.index([])]


def fingerprint(stack: Stack) -> Edit:
    """Write every fingerprint, from the secrets as they are, and remove those of what is declared no more.

    Raises UpdateError where the secrets could not be opened.
    """
    file = _with_fingerprints(stack, _open(stack), _opened(stack))
    text, name = file.text, file.path.name
    declared = {spell(path) for path in fingerprints.paths(stack.project.program.catalog())}
    for key in documents.mapping(yaml_edit.load(text)["config"].get(fingerprints.KEY)):
        text = text if key in declared else stack_edit.remove(name, text, (fingerprints.KEY, key))
    return replace(file, text=text)


def with_fingerprints(name: str, text: str, made: Mapping[KeyPath, str | None]) -> str:
    """The text of a stack's file with fingerprints, each by its secret's path, bound to the secrets' ciphertexts."""
    config = yaml_edit.load(text)["config"]
    for path, mark in made.items():
        ciphertext = documents.at(config, *path, "secure")
        if mark is not None and ciphertext:
            word = fingerprints.entry(mark, ciphertext)
            text = stack_edit.put(name, text, (fingerprints.KEY, spell(path)), word)
    return text


def _open(stack: Stack) -> Edit:
    path = stack.project.stack_files()[stack.name]
    text = stack_file.read_text(path)
    read = source.parse(path.name, text)
    if isinstance(read, tuple):
        raise ConfigError(read)
    return Edit(path, text, text)


def _secrets(stack: Stack) -> list[KeyPath]:
    return list(stack_checks.secret_paths(stack.project.program.catalog()))


def _faults(stack: Stack, text: str, path: KeyPath, secret: Secret | None) -> list[Any]:
    """What is wrong with what stands at a path; other faults of the file are for `parity check`."""
    read = source.parse(f"Pulumi.{stack.name}.yaml", text)
    if isinstance(read, tuple):
        return list(read)
    found = source.from_file(stack.name, read)
    if secret is not None:
        found = replace(found, values=stack_edit.with_value(found.values, path, secret))
    line, key = found.fault(path, "", "").line, spell(path)
    every = settings.faults_of(found, stack.project.program.catalog())
    return [*(each for each in read.problems if each.line == line), *(each for each in every if each.key == key)]


def encrypted(stack: Stack, text: str, value: str) -> tuple[str, str]:
    """The ciphertext, and the header of the file that it belongs to: the engine makes one where none is there."""
    header = stack_edit.header(text)
    file = source.file_name(stack.name)
    read = source.parse(file, header + _EMPTY)
    salt = read.salt if isinstance(read, source.StackFile) else ""
    if seal := passphrase.sealer(salt, stack.pulumi.environment, stack.pulumi.cwd):
        return seal(value), header
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / file
        path.write_text(header + _EMPTY, encoding="utf-8")
        stack.ask("config", "set", _SLOT, "--secret", "--config-file", str(path), given=value)
        made = path.read_text(encoding="utf-8")
    return yaml_edit.load(made)["config"][_SLOT]["secure"], stack_edit.header(made)


def _fingerprinted(stack: Stack, file: Edit, given: Mapping[KeyPath, str]) -> Edit:
    """The file with the fingerprints of what was given and of every other secret, where the engine can open them."""
    try:
        return _with_fingerprints(stack, file, {**_opened(stack), **given})
    except UpdateError as error:
        note = f"Fingerprints are not written, because the stack's other secrets could not be opened: {error.what}"
        after = f"When the last one is set they are, or by `parity secret fingerprint {stack.name}`."
        return replace(file, notes=(note, after))


def _opened(stack: Stack) -> dict[KeyPath, str]:
    values = stack.values()
    found = {path: documents.at(values, *path) for path in _secrets(stack)}
    clear = {path: each.reveal() if isinstance(each, Secret) else each for path, each in found.items()}
    opened = {path: value for path, value in clear.items() if isinstance(value, str)}
    stack.pulumi.redactor.learn(opened.values())
    return opened


def _with_fingerprints(stack: Stack, file: Edit, opened: Mapping[KeyPath, str]) -> Edit:
    if fingerprints.STACK_SECRET not in opened:
        return replace(file, notes=(f"Fingerprints need {spell(fingerprints.STACK_SECRET)}, which is not set yet.",))
    made = marks(stack.project.program.catalog(), opened)
    return replace(file, text=with_fingerprints(file.path.name, file.text, made))


def marks(catalog: Catalog, opened: Mapping[KeyPath, str]) -> dict[KeyPath, str]:
    """The fingerprint of each secret that a release is built with, of those that are at hand with the stack's own."""
    secret = Secret(opened[fingerprints.STACK_SECRET])
    return {
        path: fingerprints.of(secret, fingerprints.first_path(catalog, path), Secret(opened[path]))
        for path in fingerprints.paths(catalog)
        if path in opened
    }
