"""Traces each change to the key of the stack's file that it follows, its line, and the commit that wrote it.

The program is evaluated offline with the stack's file as it is, and again with parts of it taken from the base commit's
file: a property that moves follows that part (parity/check/trace.py). What moves with none of them comes from the
program, if commits changed that since, or else from the world: it drifted, or an earlier change was never applied.

What it cannot see: the base's program is not run, so a change that the program and the file make together is named by
the file's key alone; of a secret it knows only that it was encrypted again.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from ruamel.yaml import YAML

from parity.check.facts import facts
from parity.check.trace import Tracer, by_exchange, changed
from parity.check.units import Unit, differing, is_missing, look_up, spell
from parity.config import migrations, settings, source
from parity.config.program import FOLDERS
from parity.config.secret import Secret
from parity.config.size import as_text
from parity.documents import is_list, is_mapping
from parity.errors import ProjectError
from parity.evaluate.declared import declared
from parity.git import Commit, Repository
from parity.masked import MASK
from parity.preview.parse import overlap
from parity.resources.urn import Urn

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from parity.config.project import Project
    from parity.evaluate.graph import Graph
    from parity.git import Base
    from parity.preview.plan import Change, Plan

ByPlace = Mapping[tuple[str, str], tuple[Unit, ...]]

_SHORT = 120
"""The most characters of a key's two values together that are shown with it."""

_ANY = ""
"""The path of a resource itself."""


@dataclass(frozen=True)
class Origin:
    """What one change follows."""

    kind: Literal["config", "program", "world"]
    key: str = ""
    """The key in the stack's file: `parity:databases.storefront.connectionLimit`."""
    line: int | None = None
    """Its line in the stack's file, if it is still there."""
    commits: tuple[Commit, ...] = ()
    before: str = ""
    """The key's value in the base commit, as it may be shown."""
    after: str = ""

    @property
    def values(self) -> str:
        """Both values, if they are short enough to read: `20 -> 30`."""
        if self.kind != "config" or MASK in (self.before, self.after) or len(self.before + self.after) > _SHORT:
            return ""
        return f"{self.before or 'nothing'} -> {self.after or 'nothing'}"

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "kind": self.kind,
            "key": self.key or None,
            "line": self.line,
            "commits": [each.document() for each in self.commits],
            "before": self.before or None,
            "after": self.after or None,
        }


@dataclass(frozen=True)
class Origins:
    """The origins of a plan's changes."""

    file: str
    """The stack's file."""
    base: Base | None
    by_place: ByPlace = field(default_factory=dict[tuple[str, str], tuple[Unit, ...]])
    """By the resource's key and its property's path; the path of the resource itself is empty."""
    config: Mapping[Unit, Origin] = field(default_factory=dict[Unit, Origin])
    """Every part of the file that differs from the base's."""
    program: tuple[Commit, ...] = ()
    """The commits since the base that changed the program."""
    note: str = ""
    """Why nothing could be traced; empty if it could."""

    def of(self, change: Change) -> tuple[Origin, ...]:
        """What a change follows, the parts of the file first; nothing where it was not traced."""
        if self.base is None or self.note:
            return ()
        units: dict[Unit, None] = {}
        for path, found in self._by_resource[Urn.parse(change.urn).key]:
            if _concerns(path, change):
                units.update(dict.fromkeys(found))
        if units:
            return tuple(self.config[unit] for unit in units)
        if self.program:
            return (Origin("program", commits=self.program),)
        return (Origin("world"),)

    @cached_property
    def _by_resource(self) -> Mapping[str, list[tuple[str, tuple[Unit, ...]]]]:
        result: dict[str, list[tuple[str, tuple[Unit, ...]]]] = defaultdict(list)
        for (key, path), found in self.by_place.items():
            result[key].append((path, found))
        return result


def _concerns(path: str, change: Change) -> bool:
    if path == _ANY or change.operation in {"create", "delete", "replace"}:
        return True
    return any(overlap(path, each.path) for each in change.properties)


def origins(project: Project, stack: str, base: Base | None, plan: Plan) -> Origins:
    """Trace what a plan's changes follow; what cannot be traced says so in `note` and raises nothing."""
    path = project.root / source.file_name(stack)
    if base is None:
        return Origins(path.name, None, note="the project is in no git repository")
    repository = Repository(project.root)
    folders = [*FOLDERS, *migrations.folders(project.program.catalog())]
    program = repository.commits(base.commit, [project.root / each for each in folders])
    before = repository.show(base.commit, path)
    if before is None:
        return Origins(path.name, base, program=program, note=f"{path.name} is not in {base.commit.short}")
    text = path.read_text(encoding="utf-8")
    try:
        mine, theirs = config_values(text), config_values(before)
        units = differing(mine, theirs)
        named = _File(repository, base, path, text).origins(units, mine, theirs)
        by_place = (
            _traced(project, stack, mine, theirs, units)
            if units and plan.changes
            else dict[tuple[str, str], tuple[Unit, ...]]()
        )
    except ProjectError as error:
        return Origins(path.name, base, program=program, note=str(error).splitlines()[0])
    return Origins(path.name, base, by_place, named, program)


def _traced(
    project: Project, stack: str, mine: Mapping[str, Any], theirs: Mapping[str, Any], units: Sequence[Unit]
) -> ByPlace:
    """The parts of the file that each fact of the declared graph follows."""
    now = _evaluate(project, stack, mine)

    def evaluate(values: Mapping[str, Any]) -> Graph:
        try:
            return _evaluate(project, stack, values)
        except ProjectError:
            # A mixture of both files may be no valid config; then no part is known to move the fact.
            return now

    moved = changed(facts(now), facts(evaluate(theirs)))
    found = Tracer(by_exchange(evaluate, mine, theirs, now), units).origins(moved)
    aspects = {"resource": _ANY, "input": None, "option": None}
    result: dict[tuple[str, str], tuple[Unit, ...]] = {}
    for place, following in found.items():
        if place.aspect not in aspects or not following:
            continue
        path = f"option {place.path}" if place.aspect == "option" else place.path
        result[place.resource, _ANY if place.aspect == "resource" else path] = tuple(sorted(following))
    return result


def _evaluate(project: Project, stack: str, values: Mapping[str, Any]) -> Graph:
    found = settings.load(stack, project.root, {key: as_text(value) for key, value in values.items()})
    return declared(project, found)


def config_values(text: str) -> dict[str, Any]:
    """Read the config in a stack file's text, with each secret's ciphertext as its value.

    Raises:
        ConfigError: the text is no stack file.
    """
    from parity.errors import ConfigError  # noqa: PLC0415 - only where there is something to raise

    file = source.parse("the stack's file", text)
    if isinstance(file, tuple):
        raise ConfigError(file)
    document: Any = YAML(typ="safe").load(text)  # pyright: ignore[reportUnknownMemberType]
    return {str(key): _sealed(value, str(key)) for key, value in document["config"].items()}


def _sealed(value: Any, key: str) -> Any:
    if is_mapping(value):
        if list(value) == ["secure"]:
            return Secret(str(value["secure"]), key)
        return {str(name): _sealed(each, f"{key}.{name}") for name, each in value.items()}
    return [_sealed(each, key) for each in value] if is_list(value) else value


# --- Lines and commits ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _File:
    """A stack's file, with the commits that wrote its lines since the base."""

    repository: Repository
    base: Base
    path: Path
    text: str

    def origins(self, units: Sequence[Unit], mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[Unit, Origin]:
        written = self.repository.changed_lines(self.base.commit, self.path) if units else dict[int, Commit]()
        return {unit: self._origin(unit, written, mine, theirs) for unit in units}

    def _origin(
        self, unit: Unit, written: Mapping[int, Commit], mine: Mapping[str, Any], theirs: Mapping[str, Any]
    ) -> Origin:
        lines = _lines_of(self.text, unit)
        commits = tuple(dict.fromkeys(written[line] for line in lines if line in written))
        before, after = _shown(look_up(theirs, unit), look_up(mine, unit))
        # A part that was removed has no line left to blame.
        return Origin("config", spell(unit), lines[0] if lines else None, commits or self._removed(unit), before, after)

    def _removed(self, unit: Unit) -> tuple[Commit, ...]:
        """The last commit that changed or removed a part of the file."""
        for commit, before, after in self._versions:
            if _differs(before, after, unit):
                return (commit,)
        return ()

    @cached_property
    def _versions(self) -> tuple[tuple[Commit, str | None, str | None], ...]:
        return self.repository.versions(self.base.commit, self.path)


def _differs(before: str | None, after: str | None, unit: Unit) -> bool:
    try:
        one, other = (config_values(text) if text else {} for text in (before, after))
    except ProjectError:
        return False
    return look_up(one, unit) != look_up(other, unit)


def _lines_of(text: str, unit: Unit) -> range:
    """The lines, from 1, that a part of the file takes; none where it is not there."""
    file = source.parse("the stack's file", text)
    positions = getattr(file, "positions", {})
    if unit not in positions:
        return range(0)
    start = positions[unit][0]
    own = [at[0] for path, at in positions.items() if path[: len(unit)] == unit]
    # A value may go on below its last key; it ends where the next key outside begins.
    outside = [at[0] for path, at in positions.items() if path[: len(unit)] != unit and at[0] > max(own)]
    last = min(outside) - 1 if outside else len(text.splitlines())
    return range(start, last + 1)


def _shown(before: Any, after: Any) -> tuple[str, str]:
    if isinstance(before, Secret) or isinstance(after, Secret):
        return tuple("" if is_missing(each) else MASK for each in (before, after))  # pyright: ignore[reportReturnType]
    return _text(before), _text(after)


def _text(value: Any) -> str:
    if is_missing(value):
        return ""
    return value if isinstance(value, str) else json.dumps(value, default=lambda _: MASK)
