"""Writes the table of a vendor's routes into its page in docs: `python -m sandbox.fidelity docs/fidelity-github.md`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox import github

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sandbox.routing import Route

BEGIN = "<!-- routes: written by `python -m sandbox.fidelity`, do not edit -->"
END = "<!-- end of routes -->"


def table(routes: Iterable[Route]) -> str:
    """A Markdown table: method and path, where the behaviour was read, known differences."""
    rows = sorted(routes, key=lambda route: (route.template, route.method))
    lines = [
        f"| `{route.method} {route.template}` | `{route.source}` | {' '.join(route.differences)} |" for route in rows
    ]
    return "\n".join(["| route | source | known differences |", "| --- | --- | --- |", *lines])


def rewritten(page: str, routes: Iterable[Route]) -> str:
    """The page with its table brought up to date.

    Raises:
        ValueError: the page has no place for it.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page has no lines {BEGIN!r} and {END!r}: put them where the table belongs")
    return f"{before}{BEGIN}\n\n{table(routes)}\n\n{END}{after}"


def main(path: Path) -> None:
    """Rewrite GitHub's page."""
    path.write_text(rewritten(path.read_text(), github.DESCRIBED))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
