"""Judges a release that was just made live: by the answers of its domains in a row, and by its counts of errors."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from parity.releases import evidence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parity.config.parameters import Watch
    from parity.releases.evidence import Comparison, Counts


@dataclass
class Judge:
    """What was seen of one release so far."""

    watch: Watch
    before: Counts | None = None
    """Of the release before; None until it was read, and where there is none or no URL for counts."""
    counts: Counts | None = None
    """The newest of the release itself."""
    unread: str = ""
    """Why the counts could not be read the last time; empty where they were."""
    unread_before: str = ""
    """The same of the release before."""
    _in_a_row: dict[str, int] = field(default_factory=dict[str, int])
    _comparison: Comparison | None = None

    def compare_with(self, before: Counts) -> None:
        """Take the counts of the release before, once."""
        self.before = before
        self._comparison = evidence.compare(before, self.watch.least_difference, self.watch.false_aborts)

    def compare_meanwhile(self, before: Counts) -> None:
        """Take the counts of the release before in the same time; both have users, so that they grow."""
        self.before = before
        self._comparison = evidence.compare_meanwhile(before, self.watch.least_difference, self.watch.false_aborts)

    def unhealthy(self, faults: Mapping[str, str]) -> str:
        """Take what is wrong with each domain's answer; why the release is bad, empty where it is not."""
        for name, fault in faults.items():
            self._in_a_row[name] = self._in_a_row.get(name, 0) + 1 if fault else 0
        bad = [
            f"https://{name} {faults[name]}, {count} times in a row"
            for name, count in self._in_a_row.items()
            if count >= self.watch.unhealthy_answers
        ]
        return "; ".join(bad)

    def worse(self, counts: Counts) -> str:
        """Take its counts since the switch; why the release is bad, empty where it is not."""
        self.counts, self.unread = counts, ""
        if self._comparison is None or not self._comparison.is_worse(counts):
            return ""
        return f"{counts}; of the release before: {self.before}"
