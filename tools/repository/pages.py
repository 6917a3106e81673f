"""The pages that people write: their prose, their fenced blocks, the paths and the commands that they name."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GENERATED = {
    "docs/check-mutants.md",
    "docs/check-rules.md",
    "docs/commands.md",
    "docs/parameters.md",
    "docs/requests.md",
    "docs/sandbox-routes.md",
    "docs/standin.md",
    "docs/verify.md",
}
"""Pages whose text is made from the code; the code's own tests hold what they say."""

_MARK = re.compile(r"^ *```")
_CODE = re.compile(r"`[^`]*`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Line:
    """One line of a page."""

    page: str
    number: int
    text: str
    language: str | None
    """The language of the fenced block that it is in, empty where none is named; None in prose."""

    def __str__(self) -> str:
        return f"{self.page}:{self.number}: {self.text.strip()}"

    @property
    def words(self) -> str:
        """The text without code spans and link targets."""
        return _LINK.sub("]", _CODE.sub(" ", self.text))

    @property
    def spans(self) -> list[str]:
        """The code spans."""
        return [span.strip("`") for span in _CODE.findall(self.text)]

    @property
    def targets(self) -> list[str]:
        """The link targets."""
        return _LINK.findall(self.text)


def project_files(*suffixes: str) -> list[Path]:
    """Every file that is, or is about to be, in the repository; only those with one of the suffixes, if any given."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout.split("\0")
    paths = [ROOT / name for name in listed if name]
    return [path for path in paths if path.is_file() and (not suffixes or path.suffix in suffixes)]


def pages() -> list[Path]:
    """Every Markdown page of the project that people read; issue templates and data are none."""
    return [
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
        *sorted((ROOT / "docs").rglob("*.md")),
    ]


def name_of(page: Path) -> str:
    """The page's path in the repository; its own name where it is of another folder."""
    return page.relative_to(ROOT).as_posix() if page.is_relative_to(ROOT) else page.name


def lines(page: Path) -> Iterator[Line]:
    """The page's lines but the marks of blocks; in a block, a line that ends in a backslash is joined to the next."""
    language: str | None = None
    begun = ""
    for number, text in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        if _MARK.match(text):
            language = text.strip().strip("`").partition(" ")[0] if language is None else None
        elif language is not None and text.endswith("\\"):
            begun += text.removesuffix("\\")
        else:
            yield Line(name_of(page), number, begun + text, language)
            begun = ""


def prose(page: Path) -> Iterator[Line]:
    """The page's lines outside fenced blocks."""
    return (line for line in lines(page) if line.language is None)


def anchors(page: Path) -> set[str]:
    """What `#...` may name on the page, as GitHub makes it of the headings."""
    heads = (line.text.lstrip("#").strip() for line in prose(page) if line.text.startswith("#"))
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}
