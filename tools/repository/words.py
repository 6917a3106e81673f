"""Finds the words that the project gave up: in the prose of docs, and in what Python code says, notes and names."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from typing import TYPE_CHECKING

from repository.pages import GENERATED, name_of, pages, project_files, prose

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

WORDS = {
    "look": r"looks?|looked|looking",
    "told": r"told",
    "whole": r"whole",
    "beside": r"beside",
    "nobody": r"nobody|somebody",
    "crossed": r"crossed",
    "fence": r"fence[sd]?",
    "mend": r"mend(?:s|ed|ing)?",
    "standing": r"standings?",
    "box": r"box(?:es)?",
    "cell": r"cells?",
    "way back": r"ways? back",
    "led back": r"(?:led|leads?) back",
    "anew": r"anew",
}
"""Each word that was given up, and its forms."""

FINE = re.compile(
    r"\blook(?:s|ed)? (?:up|at)\b"  # plain English, where it is no name for the inventory
    r"|\bthe whole (?:file|page|program|config|graph|team|list|stack|array|value|property|resource|default)\b"
    r"|\bas a whole\b"
    r"|\bwhole numbers?\b"
    r"|\bsealed box(?:es)?\b"  # what libsodium calls it
    r"|\btable cells?\b"
    r"|\bfenced blocks?\b"  # of Markdown
    r"|\blong-standing\b"
    r"|^nobody$",  # the Unix user
    re.IGNORECASE,
)
"""Uses in the field's own sense."""

NOT_IN_NAMES = {"box", "cell", "fence"}
"""Words that are the field's own as names: of libsodium, of tables, of Markdown."""

_ANY = re.compile(rf"(?<![\w`.-])(?:{'|'.join(WORDS.values())})(?![\w`-])", re.IGNORECASE)
_ANYWHERE = re.compile(rf"(?:(?<![A-Za-z])|(?<=[a-z0-9])(?=[A-Z]))(?i:{'|'.join(WORDS.values())})(?![a-z])")
"""Finds all that is found in a file's texts, comments and parts of names, and more."""
_NAME_PARTS = re.compile(r"_+|(?<=[a-z0-9])(?=[A-Z])")
_THIS = {"words.py", "test_words.py"}


def docs() -> Iterator[str]:
    """`page: word` for each use on the pages that people write, without code and link targets."""
    for page in pages():
        if name_of(page) not in GENERATED:
            text = "\n".join(line.words for line in prose(page))
            yield from (f"{name_of(page)}: {word}" for word in used(text))


def code() -> Iterator[str]:
    """`file: word` for each use in a docstring, a literal, a comment or a name of any Python file of the repository."""
    for path in project_files(".py"):
        if path.name not in _THIS:
            text = path.read_text(encoding="utf-8")
            found = in_python(text) if _ANYWHERE.search(text) else ()
            yield from (f"{name_of(path)}: {word}" for word in found)


def in_python(text: str) -> Iterator[str]:
    """The words that Python code uses."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from used(node.value)
    tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    yield from used("\n".join(each.string for each in tokens if each.type == tokenize.COMMENT))
    names = {each.string for each in tokens if each.type == tokenize.NAME}
    yield from used(
        "\n".join(_NAME_PARTS.sub(" ", name).strip() for name in sorted(names)), WORDS.keys() - NOT_IN_NAMES
    )


def used(text: str, words: Iterable[str] = WORDS) -> list[str]:
    """The words that a text uses, each as often as it does, but for uses in the field's own sense."""
    if not _ANY.search(text):
        return []
    rest = FINE.sub(" ", text)
    return [
        word for word in words for _ in re.findall(rf"(?<![\w`.-])(?:{WORDS[word]})(?![\w`-])", rest, re.IGNORECASE)
    ]
