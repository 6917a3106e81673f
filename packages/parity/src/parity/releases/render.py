"""Renders a team's revisions in Python to SQL, by the tool itself, into the folder that the catalog names."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parity.config import layouts, rendered
from parity.config.layouts import LAYOUTS, Origin
from parity.errors import ProjectError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

    from parity.config.layouts import File
    from parity.config.parameters import Database, Migrations

_FRAME = re.compile(r"^(?:BEGIN|COMMIT);\n", re.MULTILINE)
_STEP = re.compile(r"^-- Running upgrade (.*?) ?-> (\w+).*\n", re.MULTILINE)
_VERSION = re.compile(
    r"^(?:CREATE TABLE|INSERT INTO|UPDATE|DELETE FROM) alembic_version\b[^;]*;\n+", re.MULTILINE | re.IGNORECASE
)
_LEFT = re.compile(r"^(?:UPDATE|DELETE FROM) alembic_version\b[^;]*?version_num = '(\w+)';", re.MULTILINE)
_PLANNED = re.compile(r"^\[.\]\s+(\w+)\.(\w+)", re.MULTILINE)
_UNWRITTEN = "THIS OPERATION CANNOT BE WRITTEN AS SQL"
"""What Django's `sqlmigrate` says of `RunPython`."""
_STATED = re.compile(r"^#\s*(parity:\s*\w+)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Step:
    """One revision, as the tool renders it."""

    key: str
    replaces: tuple[str, ...]
    sql: Callable[[], str]


def render(root: Path, database: Database, by_hand: Collection[str] = ()) -> list[str]:
    """Write the file of each revision that has none, or whose source was changed since; gives their names.

    `by_hand` has the keys of revisions of which the tool can render a part only, to be completed by hand. Raises
    ProjectError where the tool fails, or cannot render a revision.
    """
    how = database.migrations
    if how is None or not LAYOUTS[how.tool].rendered:
        raise ProjectError(
            "has no revisions in Python, so that nothing is to be rendered",
            where=f"databases.{database.name}.migrations",
            remedy="For Alembic or Django, give `tool`, `sources` and `command`, as docs/migrations.md shows.",
        )
    return list(_Rendering(root, database.name, how, by_hand).written())


@dataclass(frozen=True)
class _Rendering:
    root: Path
    database: str
    how: Migrations
    by_hand: Collection[str]

    def written(self) -> Iterator[str]:
        sources = rendered.sources(self.root, self.how)
        there = layouts.files(self.root, self.how.folder, LAYOUTS[self.how.tool])
        known = {each.origin.key: each for each in there if each.origin}
        number = max((each.number for each in there), default=0)
        for step in _STEPS[self.how.tool](self):
            source, file = sources.get(step.key), known.get(step.key)
            name = source.relative_to(self.root).as_posix() if source else ""
            digest = rendered.digest(source) if source else ""
            now = file.origin if file else None
            # The list goes from the source in the end; what the file stands for does not.
            replaces = step.replaces or (now.replaces if now and self.how.tool == "django" else ())
            if now and (now.source, now.digest, now.replaces) == (name, digest, replaces):
                continue
            number += file is None
            text = file.sql if file and now and now.how == "written" else self._text(step, source)
            how = "written" if step.key in self.by_hand or (now and now.how == "written") else "rendered"
            origin = Origin(how, step.key, replaces, name, digest)
            yield self._write(_name(file, number, step.key, source), text, origin)

    def _text(self, step: Step, source: Path | None) -> str:
        sql = step.sql()
        if _UNWRITTEN in sql and step.key not in self.by_hand:
            raise ProjectError(
                f"{step.key} runs Python on rows, which {self.how.tool} cannot render to SQL",
                where=source.relative_to(self.root).as_posix() if source else step.key,
                remedy=f"Write it as RunSQL; or `parity migration render {self.database} --by-hand {step.key}`, and "
                "write what the Python does into the file as SQL.",
            )
        stated = _STATED.search(source.read_text(encoding="utf-8")) if source else None
        first = f"-- {stated[1]}\n" if stated else ""
        return f"{first}{sql.strip()}\n"

    def _write(self, name: str, text: str, origin: Origin) -> str:
        folder = self.root / self.how.folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"{text}{origin}", encoding="utf-8", newline="\n")
        return f"{self.how.folder}/{name}"

    def run(self, *arguments: str) -> str:
        """What the tool prints; raises ProjectError where it fails, with its last line."""
        words = [*self.how.command, *arguments]
        try:
            done = subprocess.run(words, cwd=self.root, capture_output=True, text=True, check=False)
        except OSError as error:
            raise self._failed(words, str(error)) from error
        if done.returncode:
            said = (done.stderr.strip() or done.stdout.strip() or f"it ended with {done.returncode}").splitlines()
            raise self._failed(words, said[-1])
        return done.stdout

    def _failed(self, words: list[str], why: str) -> ProjectError:
        way = "Correct `command` in infra/catalog.py, or the revision"
        if self.how.tool == "alembic":
            way += "; one that reads rows in Python is written as `op.execute` of SQL"
        return ProjectError(f"`{' '.join(words)}` failed: {why}", where=str(self.root), remedy=f"{way}.")


def _name(file: File | None, number: int, key: str, source: Path | None) -> str:
    if file is not None:
        return file.name
    word = source.stem if source and "." not in key else key
    return f"{number:04}_{re.sub(r'[^a-z0-9_]', '_', word.lower())}.sql"


def _alembic(rendering: _Rendering) -> Iterator[Step]:
    """Alembic renders all revisions at once, each behind a line that names it and those before it."""
    _, *parts = _STEP.split(rendering.run("upgrade", "heads", "--sql"))
    for before, key, text in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
        replaces = tuple(each.strip() for each in before.split(",") if each.strip())
        if not _VERSION.search(text) or not set(_LEFT.findall(text)) <= set(replaces):
            raise ProjectError(
                f"the revision {key} is recorded otherwise than in the table alembic_version of the search path",
                where=rendering.how.folder,
                remedy="Leave version_table and version_table_schema as they are, and merge in place of depends_on.",
            )
        sql = _FRAME.sub("", _VERSION.sub("", text))
        yield Step(key, replaces, lambda sql=sql: sql)


def _django(rendering: _Rendering) -> Iterator[Step]:
    """Django lists the order in which it applies, and renders one at a time.

    Of a squash and what it replaces it lists the one, or the others where its database has a part of them.
    """
    planned = _PLANNED.findall(rendering.run("showmigrations", "--plan", "--no-color"))
    sources = rendered.sources(rendering.root, rendering.how)
    replaces = {key: rendered.replaced(path, "django") for key, path in sources.items()}
    for key in replaces.keys() - {f"{application}.{name}" for application, name in planned}:
        if replaces[key]:
            raise ProjectError(
                f"{key} replaces migrations of which Django's database has a part: {', '.join(replaces[key])}",
                where=str(sources[key]),
                remedy="Apply the others there with `migrate`, or take an empty database, and render again.",
            )
    for application, name in planned:
        key = f"{application}.{name}"
        yield Step(key, replaces.get(key, ()), lambda of=(application, name): _of_django(rendering, *of))


def _of_django(rendering: _Rendering, application: str, name: str) -> str:
    return _FRAME.sub("", rendering.run("sqlmigrate", application, name, "--no-color"))


_STEPS: dict[str, Callable[[_Rendering], Iterator[Step]]] = {"alembic": _alembic, "django": _django}
