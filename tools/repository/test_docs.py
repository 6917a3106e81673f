"""The docs: every path, link and command that a page names exists, and prose is as wide as the code."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

import pytest

from repository import command_lines
from repository.pages import GENERATED, Line, anchors, lines, name_of, pages, project_files, prose
from support.github_markdown import github
from support.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

WIDTH = 120

PATH = re.compile(r"^[\w.-]*/[\w./-]*$|^[\w-]+\.(?:py|md|toml|lock)$")
SUFFIXES = (".py", ".md", ".json", ".yaml", ".yml", ".toml", ".txt", ".tf", ".mod", ".svg", "/")

ELSEWHERE = {
    "docs/decisions/0006-one-promote-call.md": ("packages/cli/",),
    "docs/fidelity-vercel.md": ("",),
    "docs/fidelity-github.md": ("",),
    "docs/standin.md": ("",),
    # The sandbox's own folder, not the repository's.
    "docs/sandbox.md": ("data/", "extensions/", "pristine/", "pulumi/", "ca/", "snapshots/"),
    # The name of a branch.
    "docs/runbooks/rollback.md": ("rolled-back/",),
    "docs/sandbox-routes.md": ("",),
}
"""Pages that name files of other repositories, and how those paths begin."""

MADE = (".sandbox", ".parity", ".pulumi", ".crash", ".git", ".venv", ".cache", "apps/")
"""How paths begin that a command makes, or that are the applications' own."""

REPORTS = {"report.json", "comment.md", "summary.md", "postmortem.md", "drift.json", "page.html"}


def named_paths(line: Line) -> list[str]:
    """The paths of this repository that a line names in code."""
    found: list[str] = []
    for span in line.spans:
        path = re.sub(r"^P/", "packages/parity/src/parity/", span.partition(":")[0].rstrip("."))
        if PATH.match(path) and path.endswith(SUFFIXES) and not path.startswith(("/", "~")):
            found.append(path)
    return found


def is_elsewhere(line: Line, path: str) -> bool:
    return path.startswith((*MADE, *ELSEWHERE.get(line.page, ()))) or path.rsplit("/", 1)[-1] in REPORTS


@functools.cache
def known() -> frozenset[str]:
    """Every file and folder of the repository, from the root and by its bare name."""
    files = [path.relative_to(ROOT) for path in project_files()]
    paths = {*files, *(parent for path in files for parent in path.parents)}
    return frozenset({path.as_posix() for path in paths} | {path.name for path in paths})


@functools.cache
def sources() -> tuple[Path, ...]:
    """The folders from which a page may name a module: a package's `src`, and what it imports as."""
    return tuple(path for src in sorted(ROOT.glob("packages/*/src")) for path in (src, *sorted(src.glob("[!.]*/"))))


def exists(line: Line, path: str) -> bool:
    """Whether it is in the repository: from the root, the page's folder or a package's source, or a bare name."""
    if path.rstrip("/") in known() or ((ROOT / line.page).parent / path).exists():
        return True
    return any((source / path).relative_to(ROOT).as_posix().rstrip("/") in known() for source in sources())


def missing_paths(line: Line) -> list[str]:
    return [f"{line} ({path})" for path in named_paths(line) if not is_elsewhere(line, path) and not exists(line, path)]


def broken_links(line: Line) -> list[str]:
    broken: list[str] = []
    for target in line.targets:
        if re.match(r"^[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        page = (ROOT / line.page).parent / path if path else ROOT / line.page
        if not page.exists() or (anchor and page.suffix == ".md" and anchor not in anchors(page)):
            broken.append(f"{line} ({target})")
    return broken


def missing_functions(line: Line) -> list[str]:
    """The functions and classes that a line names with their file and that are not there."""
    missing: list[str] = []
    for span in line.spans:
        found = re.fullmatch(r"([\w./-]+\.py):(\w+)", span)
        if found:
            file = ROOT / re.sub(r"^P/", "packages/parity/src/parity/", found[1])
            defined = rf"^ *(?:async )?(?:def|class) {found[2]}\b"
            if not file.is_file() or not re.search(defined, file.read_text(encoding="utf-8"), re.MULTILINE):
                missing.append(f"{line.page}:{line.number}: {span}")
    return missing


def wrong_commands(line: Line) -> list[str]:
    if line.page in GENERATED:
        return []
    problems = [(text, command_lines.problem(text, complete=complete)) for text, complete in command_lines.named(line)]
    return [f"{line.page}:{line.number}: {text}: {said}" for text, said in problems if said]


def every(check, *, among=lines) -> list[str]:
    """What a check finds on all pages."""
    return [found for page in pages() for line in among(page) for found in check(line)]


def test_the_pages_are_found():
    names = {name_of(page) for page in pages()}
    assert {"README.md", "docs/tutorial.md", "docs/decisions/README.md", "docs/runbooks/rollback.md"} <= names


def test_every_path_that_a_page_names_exists():
    assert every(missing_paths) == []


def test_every_function_that_a_page_names_exists():
    assert every(missing_functions) == []


@pytest.mark.parametrize("text", ["`P/drift/audit.py:no_such`", "`infra/build.py:no_such`", "`P/no_such.py:audit`"])
def test_a_function_that_is_gone_is_noticed(text):
    assert missing_functions(line(text))


def test_a_function_that_is_there_is_taken():
    assert not missing_functions(line("`P/drift/audit.py:audit`, `infra/build.py:build`"))


def test_every_link_between_pages_leads_somewhere():
    assert every(broken_links, among=prose) == []


def test_every_command_that_a_page_names_parses():
    assert every(wrong_commands) == []


def test_enough_commands_are_read():
    found = [text for page in pages() for line in lines(page) for text, _ in command_lines.named(line)]
    assert len(found) > 100, "the pages name more commands than this: the reading misses them"


def test_prose_is_wrapped():
    wide = [
        str(line)
        for page in pages()
        if name_of(page) not in GENERATED
        for line in prose(page)
        if len(line.text) > WIDTH and not line.text.lstrip().startswith("|") and " " in line.text.strip()
    ]
    assert wide == []


def line(text: str, language: str | None = None, page: str = "docs/architecture.md") -> Line:
    return Line(page, 1, text, language)


@pytest.mark.parametrize(
    "text", ["`engine/modules/`", "`vendors/no.py`", "see `infra/platform.py`", "`no_such_module.py:function`"]
)
def test_a_path_that_is_gone_is_noticed(text):
    assert missing_paths(line(text))


@pytest.mark.parametrize(
    "text",
    [
        "`infra/catalog.py`",
        "`components/`",
        "`build.py`",
        "`decisions/README.md`",
        "`vendors/http.py`",
        "`vercel/seeds.py`",
    ],
)
def test_a_path_that_is_there_is_taken(text):
    assert named_paths(line(text))
    assert not missing_paths(line(text))


@pytest.mark.parametrize("text", ["[x](nowhere.md)", "[x](drift.md#no-such-heading)", "[x](#no-such-heading)"])
def test_a_broken_link_is_noticed(text):
    assert broken_links(line(text))


@pytest.mark.parametrize(
    "text",
    [
        "parity frobnicate staging",
        "parity sandbox frobnicate",
        "parity preview",
        "parity preview staging prod",
        "parity preview staging --no-such-option",
        "$ .venv/bin/parity releases",
        "parity sandbox",
    ],
)
def test_a_command_that_does_not_parse_is_noticed(text):
    assert wrong_commands(line(text, "sh"))


@pytest.mark.parametrize("text", ["`parity frobnicate`", "`parity preview --no-such-option`"])
def test_a_command_in_a_sentence_that_does_not_exist_is_noticed(text):
    assert wrong_commands(line(text))


@pytest.mark.parametrize(
    "text",
    [
        'parity release staging shop --commit "$(git rev-parse HEAD)" --live  # records it',
        "parity postmortem staging --from 3h > postmortem.md",
        "parity release prod shop --commit <the live commit> --live",
        "parity sandbox exec -- pulumi preview --stack staging --diff",
        'eval "$(.venv/bin/parity sandbox env)"',
    ],
)
def test_a_command_that_parses_is_taken(text):
    assert [found for found, _ in command_lines.named(line(text, "sh"))]
    assert not wrong_commands(line(text, "sh"))


def test_a_command_that_goes_on_in_the_next_line_is_read_to_its_end(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("```sh\nparity preview staging \\\n  --no-such-option\n```\n", encoding="utf-8")
    assert [found for each in lines(page) for found in wrong_commands(each)]


def test_the_glossary_is_short_and_each_term_has_its_counterpart():
    rows = [row.text for row in prose(ROOT / "docs" / "glossary.md") if row.text.startswith("| ")][2:]
    assert 0 < len(rows) <= 25
    assert [row for row in rows if len([cell for cell in row.strip("|").split("|") if cell.strip()]) != 3] == []


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 120


MARKS = re.compile(r"\|\s*:?-{3,}|[.;:)] \d\. |^\|", re.MULTILINE)
"""Marks of a table or a numbered list, which a rendered page does not show."""
BROKEN_BLOCK = re.compile(r"^ *``` *\w* +\S.*", re.MULTILINE)


def shown_marks(text: str) -> list[str]:
    """The marks of Markdown that are still text when GitHub has rendered it, and blocks of code that begin no block."""
    return MARKS.findall(github(text).outside) + BROKEN_BLOCK.findall(text)


def test_tables_lists_and_blocks_are_rendered_as_such():
    assert {name_of(page): found for page in pages() if (found := shown_marks(page.read_text("utf-8")))} == {}


@pytest.mark.parametrize(
    "text",
    [
        "| a | b | | --- | --- | | c | d |",
        "1. **One.** Words. 2. **Two.** Words.",
        "``` parity up staging ```",
        "``` parity up staging\n--yes ```",
    ],
)
def test_what_runs_together_is_noticed(text):
    assert shown_marks(text)
