"""Renames an application or a database in the texts of the catalog and of a stack's file; every other byte stays.

What exists keeps what it is called: the catalog notes the first name in `formerly`, from which the engine's names and
the patterns of names in the world are made.
"""

from __future__ import annotations

import ast
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from parity.config import yaml_edit
from parity.config.parameter_types import Identifier, Slug
from parity.config.stack_models import NAMESPACE
from parity.documents import is_mapping, mapping
from parity.errors import ProjectError, UsageError
from parity.problems import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parity.config.parameters import Catalog, Renamable

_FORMS: dict[str, tuple[Any, str]] = {
    "Application": (Slug, "2 to 40 lower-case letters, digits and hyphens, beginning with a letter"),
    "Database": (Identifier, "at most 41 lower-case letters, digits and underscores, beginning with a letter"),
}
_APPLICATIONS, _DATABASES = NAMESPACE + "applications", NAMESPACE + "databases"
_RELEASES, _FINGERPRINTS = NAMESPACE + "releases", NAMESPACE + "fingerprints"


@dataclass(frozen=True)
class Rename:
    """One rename."""

    model: str
    """The class in the catalog: `Application` or `Database`."""
    old: str
    new: str

    @property
    def what(self) -> str:
        """`application` or `database`."""
        return self.model.lower()

    def require_free(self, catalog: Catalog) -> None:
        """Refuse a name that is not there, is taken, or has another form; raises UsageError."""
        declared: tuple[Renamable, ...] = catalog.applications if self.model == "Application" else catalog.databases
        known = [each.name for each in declared]
        done = any(each.name == self.new and each.formerly for each in declared) and self.old not in known
        if self.old not in known and not done:
            guess = nearest(self.old, known)
            remedy = f"{f'did you mean {guess}? ' if guess else ''}{self.what}s: {', '.join(known) or 'none'}"
            raise UsageError(f"there is no {self.what} {self.old}", where="OLD", remedy=remedy)
        others = [each for each in declared if each.name != self.old and self.new in {each.name, each.formerly}]
        for other in () if done else others:
            what = "is taken" if other.name == self.new else f"is what {other.name} was first declared as"
            raise UsageError(f"{self.new} {what}", where="NEW", remedy="give another name")
        form, words = _FORMS[self.model]
        try:
            TypeAdapter[str](form).validate_python(self.new)
        except ValidationError:
            raise UsageError(f"{self.new!r} is no name of that form", where="NEW", remedy=f"give {words}") from None

    def in_catalog(self, file: str, text: str) -> str:
        """The catalog's module with the new name, and the first one noted.

        Raises ProjectError where the name is not written once, as `name="..."` of the class: no edit would be safe.
        """
        calls = [each for each in ast.walk(ast.parse(text)) if isinstance(each, ast.Call)]
        named = {name: [each for each in calls if self._is(each, name)] for name in (self.old, self.new)}
        if not named[self.old] and any("formerly" in _given(each) for each in named[self.new]):
            return text  # done by a run that ended before it
        if len(named[self.old]) != 1 or named[self.new]:
            raise ProjectError(
                f"{file} does not declare the {self.what} {self.old} once as "
                f'`{self.model}(name="{self.old}", ...)`, or declares {self.new} too; nothing was changed',
                where=file,
                remedy=f'Write there `name="{self.new}", formerly="{self.old}"`, then run this again.',
            )
        given = _given(named[self.old][0])
        edits = [(given["name"].value, json.dumps(self.new) + self._noted(text, given))]
        if self.model == "Database":
            edits += [(each.value, json.dumps(self.new)) for each in _uses(calls, self.old)]
        return _replaced(text, edits)

    def in_stack_file(self, file: str, text: str) -> str:
        """A stack's file with the keys that name it; raises ProjectError where it cannot be edited safely."""
        after, values = text, yaml_edit.load(text)
        for path in list(self._keys(mapping(mapping(values).get("config")))):
            found = yaml_edit.find(yaml_edit.compose(after), ("config", *path))
            if found is not None:
                start, end = found[1].start_mark.index, found[1].end_mark.index
                after = after[:start] + yaml_edit.scalar(self._renamed(path[-1])) + after[end:]
        if yaml_edit.load(after) != self._expected(values):
            raise ProjectError(
                f"{file} names {self.new} too, or in a way that cannot be edited safely; nothing was changed",
                where=file,
                remedy="Correct the file, and run this again.",
            )
        return after

    def _is(self, call: ast.Call, name: str) -> bool:
        own = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        return own == self.model and _text(_given(call).get("name")) == name

    def _noted(self, text: str, given: dict[str, ast.keyword]) -> str:
        """`, formerly="shop"`, as the call is written: on a line of its own where its arguments are."""
        if "formerly" in given:
            return ""
        lead = text.splitlines()[given["name"].lineno - 1][: given["name"].col_offset]
        apart = " " if lead.strip() else f"\n{lead}"
        return f",{apart}formerly={json.dumps(self.old)}"

    def _keys(self, config: Any) -> Iterator[tuple[str, ...]]:
        """The paths whose last part names it, the deepest first: a path above it keeps its name until then."""
        yield from ((_FINGERPRINTS, key) for key in mapping(config.get(_FINGERPRINTS)) if self._renamed(key) != key)
        if self.model == "Database":
            yield (_DATABASES, self.old)
            return
        for name in mapping(config.get(_DATABASES)):
            yield (_DATABASES, name, "names", "applications", self.old)
        yield (_APPLICATIONS, self.old)
        yield (_RELEASES, self.old)

    def _renamed(self, key: str) -> str:
        if self.model == "Application" and key.startswith(before := f"{_APPLICATIONS}.{self.old}."):
            return f"{_APPLICATIONS}.{self.new}.{key.removeprefix(before)}"
        return self.new if key == self.old else key

    def _expected(self, values: Any) -> Any:
        """The file's values with the keys renamed."""
        paths = {("config", *each) for each in self._keys(mapping(mapping(values).get("config")))}

        def renamed(value: Any, path: tuple[str, ...]) -> Any:
            if not is_mapping(value):
                return value
            made = [
                (self._renamed(key) if (*path, key) in paths else key, renamed(each, (*path, key)))
                for key, each in value.items()
            ]
            return dict(made) if len(dict(made)) == len(made) else None

        return renamed(values, ())


def _given(call: ast.Call) -> dict[str, ast.keyword]:
    return {each.arg: each for each in call.keywords if each.arg}


def _text(keyword: ast.keyword | None) -> str | None:
    value = keyword.value if keyword else None
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None


def _uses(calls: list[ast.Call], database: str) -> Iterator[ast.keyword]:
    """Where an application's variable names a database."""
    for call in calls:
        keyword = _given(call).get("database")
        if keyword is not None and _text(keyword) == database:
            yield keyword


def _replaced(text: str, edits: list[tuple[ast.expr, str]]) -> str:
    """The text with other words in place of expressions; the columns of a parsed module count UTF-8's bytes."""
    lines = text.splitlines(keepends=True)
    for node, word in sorted(edits, key=lambda each: (each[0].lineno, each[0].col_offset), reverse=True):
        line = lines[node.lineno - 1].encode()
        lines[node.lineno - 1] = (line[: node.col_offset] + word.encode() + line[node.end_col_offset :]).decode()
    return "".join(lines)
