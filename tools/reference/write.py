"""Writes the generated pages of docs/, or checks that they are up to date: `python -m reference.write [--check]`."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

from parity.local import jobs
from reference.pages import commands_page, routes_page, rules_page
from reference.parameters import table as parameters_page
from reference.schema import stack_schema
from support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


_OWN = {"packages.yml", "release.yml"}
"""Workflows that no team has."""
_TABLE = re.compile(r"(<!-- jobs: `make docs` writes what is between -->\n\n).*?(<!-- jobs end -->)", re.DOTALL)


def _delivery() -> str:
    """The page of the delivery, with what each job can do as its workflows now say it."""
    table = jobs.markdown(each for each in jobs.of(ROOT / ".github" / "workflows") if each.workflow not in _OWN)
    return _TABLE.sub(lambda found: f"{found[1]}{table}\n{found[2]}", (ROOT / "docs" / "delivery.md").read_text())


PAGES: Mapping[str, Callable[[], str]] = {
    "docs/commands.md": commands_page,
    "docs/parameters.md": parameters_page,
    "docs/stack.schema.json": stack_schema,
    "docs/sandbox-routes.md": routes_page,
    "docs/check-rules.md": rules_page,
    "docs/delivery.md": _delivery,
}
"""Each generated page and what writes it."""


def stale(root: Path) -> list[str]:
    """The pages that are not what their generators now give."""
    return [name for name, write in PAGES.items() if _read(root / name) != write()]


def write(root: Path) -> None:
    """Write every page."""
    for name, generate in PAGES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(generate(), encoding="utf-8")


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


def main(arguments: list[str]) -> int:
    """Write the pages; with `--check`, only say which are stale, and give 1 where any is."""
    if "--check" not in arguments:
        write(ROOT)
        return 0
    found: list[Any] = stale(ROOT)
    for name in found:
        sys.stdout.write(f"{name} is not up to date: run `make docs`\n")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
