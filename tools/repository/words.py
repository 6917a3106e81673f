"""Counts the words that the project gave up, in docs and in what the code says: docstrings, messages, help.

`python -m repository.words` writes the counts of now where they are lower than what words.json allows.
"""

from __future__ import annotations

import ast
import json
import re
from typing import TYPE_CHECKING

from repository.pages import GENERATED, name_of, pages, project_files, prose
from support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ALLOWED = ROOT / "tools" / "repository" / "words.json"

WORDS = {
    "look": r"looks?|looked|looking",
    "told": r"told",
    "whole": r"whole",
    "beside": r"beside",
    "nobody": r"nobody|somebody",
    "crossed": r"crossed",
    "fence": r"fence[sd]?",
    "mend": r"mend(?:s|ed|ing)?",
    "standing": r"standing",
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
    r"|\bsealed box(?:es)?\b"  # what libsodium calls it
    r"|\btable cells?\b"
    r"|\blong-standing\b",
    re.IGNORECASE,
)
"""Uses in the field's own sense."""

SOURCES = ("infra", "components", *(f"packages/{name}/src" for name in ("parity", "sandbox", "toolchain", "policy")))


def docs_texts() -> Iterator[str]:
    """The prose of the pages that people write, a page a text, without code and link targets."""
    for page in pages():
        if name_of(page) not in GENERATED:
            yield "\n".join(line.words for line in prose(page))


def code_texts() -> Iterator[str]:
    """Every docstring and every literal text of the product's code."""
    for path in project_files():
        if path.suffix == ".py" and any(path.is_relative_to(ROOT / each) for each in SOURCES):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value


def counts(texts: Iterable[str]) -> dict[str, int]:
    """How often each word occurs, but for uses in the field's own sense."""
    found = dict.fromkeys(WORDS, 0)
    for text in texts:
        rest = FINE.sub(" ", text)
        for word, forms in WORDS.items():
            found[word] += len(re.findall(rf"(?<![\w`.-])(?:{forms})(?![\w`-])", rest, re.IGNORECASE))
    return found


def now() -> dict[str, dict[str, int]]:
    """The counts of docs and of code."""
    return {"docs": counts(docs_texts()), "code": counts(code_texts())}


def allowed() -> dict[str, dict[str, int]]:
    """The counts that may not be passed."""
    return json.loads(ALLOWED.read_text(encoding="utf-8"))


def lower() -> None:
    """Write the counts of now where they are lower than the allowed ones; none is ever raised."""
    found, kept = now(), allowed()
    less = {part: {word: min(found[part][word], kept[part][word]) for word in WORDS} for part in found}
    ALLOWED.write_text(json.dumps(less, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    lower()
