"""What a team's revisions in Python and the SQL rendered from them disagree about: read, with nothing imported or run.

Alembic and Django write their migrations in Python. `parity migration render` has the tool render each to SQL; the
last line of such a file names its source with its digest.
"""

from __future__ import annotations

import ast
import re
from hashlib import sha256
from typing import TYPE_CHECKING

from parity.config import layouts
from parity.errors import ProjectError
from parity.problems import ConfigProblem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from parity.config.layouts import File
    from parity.config.parameters import Migrations

_REVISION = re.compile(r"^revision\b[^=\n]*=\s*[\"'](\w+)[\"']", re.MULTILINE)
_NUMBERED = re.compile(r"\d{4}_\w+")


def sources(root: Path, how: Migrations) -> dict[str, Path]:
    """The team's revisions in Python: by key, as `layouts.Origin` has it, the file."""
    found = sorted(path for folder in how.sources for path in (root / folder).glob("*.py"))
    keyed = ((_key(path, how.tool), path) for path in found)
    return {key: path for key, path in keyed if key}


def _key(path: Path, tool: str) -> str:
    if tool == "django":
        return f"{path.parent.parent.name}.{path.stem}" if _NUMBERED.fullmatch(path.stem) else ""
    match = _REVISION.search(path.read_text(encoding="utf-8"))
    return match[1] if match else ""


def digest(source: Path) -> str:
    """The SHA-256 of a source, whatever line ends a checkout has."""
    return sha256(source.read_bytes().replace(b"\r\n", b"\n")).hexdigest()


def replaced(source: Path, tool: str) -> tuple[str, ...]:
    """What a squashed migration of Django's replaces, by key, else nothing; raises ProjectError where it is no list."""
    text = source.read_text(encoding="utf-8")
    if tool != "django" or "replaces" not in text:
        return ()
    try:
        given = [
            ast.literal_eval(each.value)
            for each in ast.walk(ast.parse(text))
            if isinstance(each, ast.Assign) and ast.unparse(each.targets[0]) == "replaces"
        ]
        return tuple(f"{application}.{name}" for each in given for application, name in each)
    except (SyntaxError, TypeError, ValueError) as error:
        raise ProjectError(
            f"its `replaces` cannot be read: {error}",
            where=str(source),
            remedy='Write it as a list: `replaces = [("shop", "0001_initial")]`.',
        ) from error


def command(database: str) -> str:
    """The command that renders a database's revisions."""
    return f"parity migration render {database}"


def faults(root: Path, database: str, how: Migrations) -> Iterator[ConfigProblem]:
    """Each revision without its rendered file, and each that was changed since."""
    layout = layouts.LAYOUTS[how.tool]
    if not layout.rendered:
        return
    found = layouts.files(root, how.folder, layout)
    written = {each.origin.key: each for each in found if each.origin}
    for each in found:
        if each.origin is None:
            yield _fault(f"{how.folder}/{each.name}", "does not say what it was rendered from.", database)
    known = sources(root, how)
    squashed = {old for each in written.values() if each.origin for old in each.origin.replaces}
    squashed = squashed if how.tool == "django" else set[str]()
    for key, path in known.items():
        if key in squashed and key not in written:
            continue  # every database gets what stands for it
        yield from _source_faults(path.relative_to(root).as_posix(), digest(path), written.get(key), database)
    if how.tool == "alembic":
        yield from _order_faults(how.folder, written)
    for each in written.values():
        if each.origin and each.origin.source and each.origin.key not in known.keys() | squashed:
            what = f"was rendered from {each.origin.source}, which is not there."
            remedy = "Put it back; where no database has the revision, remove this file."
            yield ConfigProblem(f"{how.folder}/{each.name}", None, None, "", what, remedy)


def _source_faults(source: str, now: str, file: File | None, database: str) -> Iterator[ConfigProblem]:
    if file is None or file.origin is None:
        yield _fault(source, "is not rendered to SQL.", database)
    elif file.origin.digest != now:
        yield _fault(source, f"was changed since {file.name} was rendered from it.", database)


def _order_faults(folder: str, written: Mapping[str, File]) -> Iterator[ConfigProblem]:
    """A revision comes after those that it follows."""
    for each in written.values():
        for before in each.origin.replaces if each.origin else ():
            if before not in written or written[before].number > each.number:
                what = f"follows {before}, which has {'a later number' if before in written else 'no file'}."
                remedy = "Where no database has it, remove this file and those behind it, and render again."
                yield ConfigProblem(f"{folder}/{each.name}", None, None, "", what, remedy)


def _fault(file: str, what: str, database: str) -> ConfigProblem:
    return ConfigProblem(file, None, None, "", what, f"Run `{command(database)}`, and commit what it writes.")
