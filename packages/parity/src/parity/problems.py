"""What is wrong in a stack's config or in the catalog: one record a fault, and the report of all of them."""

from __future__ import annotations

import difflib
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Path = tuple[str | int, ...]
"""Where a value stands: the full key (`parity:applications`), then keys and indices below it."""


@dataclass(frozen=True)
class ConfigProblem:
    """One thing that is wrong: where it stands, what it is, what to do."""

    file: str | None
    """The file's name; None where config came from the engine alone."""
    line: int | None
    """From 1; None where the file was not at hand."""
    column: int | None
    """From 1; None where the file was not at hand."""
    key: str
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.place}: {self.what}\n    {self.remedy}"

    @property
    def place(self) -> str:
        """`Pulumi.staging.yaml:12:7: parity:secret`, as much of it as is known."""
        position = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        return ": ".join(part for part in (position, self.key) if part)

    @property
    def sentence(self) -> str:
        """What it is and what to do, on one line; with the key in front where that is the subject."""
        subject = "" if self.what[:1].isupper() else f"{self.key} "
        return f"{subject}{self.what} {self.remedy}"


def spell(path: Path) -> str:
    """Write a path as Pulumi's `config set --path` takes it: `parity:applications.shop.domains[0].name`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif "." in part or "[" in part:
            text += f'["{part}"]'
        else:
            text += f".{part}" if text else part
    return text


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant, or None."""
    matches = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return matches[0] if matches else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`Did you mean shop? `, or nothing where no known name is like it."""
    guess = nearest(name, known)
    return f"Did you mean {guess}? " if guess else ""


def some(names: Sequence[str], most: int) -> str:
    """The first of the names, and how many there are besides: `shop, admin and 3 more`."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def in_order(faults: Iterable[ConfigProblem]) -> tuple[ConfigProblem, ...]:
    """Sort by file and line and drop repetitions, so that a report reads from top to bottom."""
    return tuple(
        sorted(set(faults), key=lambda fault: (fault.file or "", fault.line or 0, fault.column or 0, fault.key))
    )


def report(faults: Sequence[ConfigProblem], where: str = "in the config") -> str:
    """The complete report as text: a count, then each fault with its place and remedy."""
    many = f"{len(faults)} faults" if len(faults) != 1 else "1 fault"
    lines = [f"{many} {where}; nothing was created or changed.", ""]
    lines += [f"  {fault.place}\n    {fault.what}\n    {fault.remedy}" for fault in faults]
    return "\n".join(lines)


def as_json(faults: Sequence[ConfigProblem]) -> list[dict[str, Any]]:
    """The report for machines: one object a fault, with `file`, `line`, `column`, `key`, `what`, `remedy`."""
    return [asdict(fault) for fault in faults]
