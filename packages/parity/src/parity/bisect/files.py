"""The files of a state: a copy of the checkout with other values, releases and migrations, no secret of the stack."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from parity.config import digest, fingerprints, settings, stack_edit, yaml_edit
from parity.config.project import Project
from parity.config.stack_models import NAMESPACE
from parity.documents import is_mapping, mapping
from parity.git import Repository
from parity.problems import spell
from parity.releases import stack_file, stack_values
from parity.scaffold import first_release, seal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from parity.bisect.changes import Change, Place, Timeline
    from parity.bisect.search import State
    from parity.config.parameters import Catalog
    from parity.config.settings import Settings
    from parity.documents import Document
    from parity.problems import Path as KeyPath
    from parity.releases.stack_file import ReleasesFile

_APPLICATIONS, _RELEASES = NAMESPACE + "applications", NAMESPACE + "releases"
_LEFT_OUT = shutil.ignore_patterns(".git", ".venv", ".sandbox", "node_modules", "__pycache__")


def why_not(place: Place, timeline: Timeline, found: Settings) -> str:
    """Why a place cannot be set in a copy of the checkout; empty where it can."""
    changes = [each[place.name] for each in timeline.made if place.name in each]
    values = [value for each in changes for value in (each.before, each.after)]
    if place.axis == "schema":
        return "" if _file(place, found) else "its file is not in the checkout"
    if any("value" not in each for each in values):
        return "it is a secret, or was not there" if place.variable else "its value is not in the record"
    if place.axis in ("code", "credentials"):
        return ""
    if place.variable:
        own = found.applications.get(place.application)
        return "" if own and place.variable in own.values else "it follows no key of the stack's file"
    keys = {each.line.key for each in changes}
    others = {name for step in timeline.made for name, each in step.items() if each.line.key in keys}
    alone = "" not in keys and others == {place.name} and all(_follows(each) for each in changes)
    return "" if alone else "it follows no key of the stack's file alone"


def _follows(change: Change) -> bool:
    """Whether the key that a property follows has the property's own values."""
    return change.line.values == f"{_text(change.before.get('value'))} -> {_text(change.after.get('value'))}"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _file(place: Place, found: Settings) -> str:
    """The migration's file; empty where the checkout has none."""
    name, _, number = place.name.rpartition("-")
    files = [
        each.file
        for database in found.catalog.databases
        if name == f"{database.first_name}-migration"
        for each in found.migrations(database)
        if f"{each.number:04}" == number
    ]
    return next(iter(files), "")


@dataclass(frozen=True)
class Value:
    """What a place has in a state."""

    place: Place
    key: str
    """Of the stack's file; empty where the record names none."""
    value: Document
    """As the record has a value; empty where it is absent."""

    @property
    def path(self) -> KeyPath:
        """Where it stands in the stack's file."""
        if self.place.variable:
            return (_APPLICATIONS, self.place.application, "variables", self.place.variable)
        return stack_edit.path_of(self.key)

    def word(self, catalog: Catalog) -> str:
        """As YAML on one line: of a variable in the form that the catalog gives it."""
        value = self.value["value"]
        if not self.place.variable:
            return json.dumps(value)
        own = catalog.application(self.place.application)
        variable = next(each for each in own.variables if each.name == self.place.variable)
        return str(value) if getattr(variable, "type", "") == "integer" else yaml_edit.scalar(_text(value))


def values(timeline: Timeline, state: State) -> dict[str, Value]:
    """For each place the value that it has in a state, and the key that it follows."""
    numbers = dict(state)
    found: dict[str, Value] = {}
    for name, each in ((name, each) for step in timeline.made for name, each in step.items()):
        number = numbers.get(name, 0)
        if number == each.number or (number == 0 and name not in found):
            key = each.line.key or (found[name].key if name in found else "")
            found[name] = Value(each.place, key, each.after if number else each.before)
    return found


@dataclass
class Files:
    """A copy of a project, in which states of one stack are written."""

    project: Project
    stack: str
    live: Mapping[str, tuple[str, int]]
    """By application the commit and the generation of the checkout's live release; a state may have others."""
    migrations: Mapping[str, str]
    """The file of each migration that states may lack, by its place's name."""
    base: str = field(init=False)
    """The stack's file with an example in the place of each secret, and no release."""

    @classmethod
    def of(cls, project: Project, stack: str, target: Path, found: Settings, timeline: Timeline) -> Files:
        """Copy the project's files to a folder; the stack's settings may be sealed."""
        live = {
            name: (releases.kept[releases.live].commit, releases.kept[releases.live].credentials)
            for name, releases in found.releases.items()
            if releases.live is not None
        }
        schema = (each for each in timeline.places.values() if each.axis == "schema")
        return cls(Project(_copied(project, target)), stack, live, {each.name: _file(each, found) for each in schema})

    def __post_init__(self) -> None:
        """Take the secrets and the releases out of the stack's file."""
        self.base = _without_secrets(self.project, self.stack, self.path)
        self.reset()

    @property
    def path(self) -> Path:
        """The stack's file."""
        return self.project.stack_files()[self.stack]

    def reset(self) -> None:
        """Begin again without a release."""
        stack_file.replace_text(self.path, stack_file.read_text(self.path), self.base)

    def goes_back(self, wanted: Mapping[str, Value]) -> bool:
        """Whether a state has older credentials than the newest release, which a next release may not have."""
        for application, releases in stack_file.load(self.path).releases.items():
            value = wanted.get(f"credentials of {application}")
            if value and releases.newest and releases.newest[1].credentials > int(value.value["value"]):
                return True
        return False

    def write(self, wanted: Mapping[str, Value]) -> None:
        """Write a state, with a live release that is built with it."""
        text = read = stack_file.read_text(self.path)
        catalog = self.project.program.catalog()
        for each in wanted.values():
            if each.place.axis == "schema":
                self._put(each)
            elif each.place.axis == "config":
                text = stack_edit.put(self.path.name, text, each.path, each.word(catalog), over=True)
        stack_file.replace_text(self.path, read, text)
        found, file = self.settings(), stack_file.load(self.path)
        for application in self.live:
            file = self._released(found, file, application, wanted)
        stack_file.write(file)

    def settings(self) -> Settings:
        """The stack's settings, its examples of secrets open."""
        return _settings(self.project, self.stack, self.path)

    def _released(
        self, found: Settings, file: ReleasesFile, application: str, wanted: Mapping[str, Value]
    ) -> ReleasesFile:
        """The file with a live release of a state's commit and credentials; as it is where the newest is just that."""
        commit, credentials = self.live[application]
        if own := wanted.get(f"commit of {application}"):
            commit = str(own.value["value"])
        if own := wanted.get(f"credentials of {application}"):
            credentials = int(own.value["value"])
        config = digest.config_digest(found, application, credentials)
        newest = file.releases[application].newest
        if newest and (newest[1].commit, newest[1].config, newest[1].credentials) == (commit, config, credentials):
            return file
        return stack_file.add_release(
            file, application, commit=commit, config=config, credentials=credentials, live=True
        )[0]

    def _put(self, each: Value) -> None:
        """Have a migration's file, or not."""
        file = self.migrations[each.place.name]
        there, aside = self.project.root / file, self.project.root.parent / "aside" / file
        source, target = (aside, there) if each.value else (there, aside)
        if source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            source.rename(target)


def _copied(project: Project, target: Path) -> Path:
    """The files of the project that Git has or would take, or all but what is derived; gives the folder."""
    names = Repository(project.root).files()
    if names is None:
        shutil.copytree(project.root, target, ignore=_LEFT_OUT, symlinks=True)
        return target
    for name in names:
        source = project.root / name
        if source.is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name)
    return target


def _without_secrets(project: Project, stack: str, path: Path) -> str:
    """The text of the stack's file with an example in the place of each secret, and no release."""
    read = stack_file.read_text(path)
    text = stack_edit.with_header(read, f"encryptionsalt: {seal.salt(project.name, stack)}\n")
    document = mapping(yaml_edit.load(text).get("config"))
    for secret in _secrets(document, ()):
        word = yaml_edit.scalar(seal.secret(spell(secret), project.name, stack))
        text = stack_edit.put(path.name, text, (*secret, "secure"), word)
    for application in mapping(document.get(_RELEASES)):
        text = stack_edit.put(path.name, text, (_RELEASES, application), "{live: null, kept: {}}", over=True)
    stack_file.replace_text(path, read, text)
    found = _settings(project, stack, path)
    marks = {each: fingerprints.current(found, each) for each in fingerprints.paths(found.catalog)}
    return stack_values.with_fingerprints(path.name, text, marks)


def _settings(project: Project, stack: str, path: Path) -> Settings:
    opened = first_release.opened(project.stack_document(path)["config"], project.name, stack)
    return settings.load(stack, project.root, opened)


def _secrets(value: Any, path: KeyPath) -> Iterator[KeyPath]:
    """Where the secrets of a stack's file are."""
    for name, each in mapping(value).items():
        if is_mapping(each) and each.keys() == {"secure"}:
            yield (*path, name)
        else:
            yield from _secrets(each, (*path, name))
