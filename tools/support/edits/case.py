"""One case: an edit in a world, updated, and the way on followed as it is printed until nothing is left to do."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from support import shell
from support.asker import asking
from support.edits.worlds import STACK

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from support.edits.edits import Edit
    from support.edits.worlds import Start
    from support.program import Instance, Run

URLS = ("https://shop.storefront.example/", "https://admin.storefront.example/")
TURNS = 10
_PRINTED = re.compile(
    r"`((?:parity|pulumi|curl|gh|psql)\b[^`]+)`|^\s+((?:parity|pulumi|curl|gh|psql) .+)$", re.MULTILINE
)
_READS = re.compile(r"(parity (preview|drift|releases|doctor|ledger|check)|pulumi (preview|stack export))\b")
"""Commands that are printed for a person to read; they change nothing."""
_ASKS = re.compile(r"parity (up|release|promote|live|prune|adopt)\b")
_HELD = {"an application is removed": (URLS[1],), "prod: protection": (URLS[0],)}
"""What an edit takes away by itself, which its acknowledgement says."""

Verdict = Literal["converged", "refused", "failed"]


@dataclass
class Outcome:
    """What became of one case."""

    edits: list[str]
    world: str
    verdict: Verdict = "failed"
    why: str = ""
    steps: list[str] = field(default_factory=list[str])
    """The commands that were run, with their exit codes."""
    halfway: int = 0
    """Updates that failed after their first changing call."""

    def document(self) -> dict[str, Any]:
        return asdict(self)


@dataclass
class Case:
    """Runs one case in a sandbox with both stacks up."""

    instance: Instance
    folder: Path
    edits: Sequence[Edit]
    world: Start
    outcome: Outcome = field(init=False)

    def __post_init__(self) -> None:
        self.outcome = Outcome([str(each) for each in self.edits], str(self.world))

    def run(self) -> Outcome:
        """The outcome; raises what only a fault of the experiment raises."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.world.make(self.instance)
        known = self._findings()
        before = self.folder / "before"
        shutil.copytree(self.instance.project.root, before)
        for edit in self.edits:
            edit.make(self.instance.project.root)
        said = self._followed()
        if self.outcome.verdict == "converged":
            self._prove(known)
        elif self.outcome.verdict == "refused":
            self._undo(before, said)
        return self.outcome

    def _followed(self) -> str:
        """Update, and do what is printed, until the update ends well or nothing new is printed."""
        followed: set[str] = set()
        printed: list[str] = []
        for _ in range(TURNS):
            done, changed = self._update()
            if done.code == 0:
                self.outcome.verdict = "converged"
                return done.said
            self.outcome.halfway += done.code not in {2, 5, 11, 12} and changed
            if done.code == 11 and self._acknowledge(done.said):
                continue
            new = [each for each in (*printed, *commands(done.said)) if each not in followed]
            if not new:
                self.outcome.verdict = "failed" if changed or "Traceback (most" in done.said else "refused"
                self.outcome.why = done.said[done.said.find("error:") :][:1500]
                return done.said
            printed = self._do(new[0])
            if new[0].startswith("parity recover") and not printed:
                followed.clear()  # what was refused until then may be done now
            followed.add(new[0])
        self.outcome.why = "it goes round in a circle"
        return ""

    def _update(self) -> tuple[Run, bool]:
        """Update while users ask; whether a vendor was asked to change anything."""
        lost = {url for edit in self.edits for url in _HELD.get(edit.name, ())}
        urls = [each for each in URLS if each not in lost and self._answers(each)]
        since = self.instance.last_request()
        with asking(self.instance, self.folder / "asked", *urls) as asked:
            done = self._run("parity", "up", STACK, "--yes")
        wrong = Counter(f"{each.url} {each.error or each.status}" for each in asked.answers if each.status != 200)
        if wrong:
            self.outcome.why = f"users: {wrong.most_common(3)} of {len(asked.answers)}"
            raise Broken(self.outcome)
        rows = self.instance.requests(since)
        return done, done.code == 6 or any(
            row["service"] in {"vercel", "github"} and row["method"] not in {"GET", "CONNECT"} for row in rows
        )

    def _answers(self, url: str) -> bool:
        done = self.instance.run("curl", "-fsS", "-o", "/dev/null", url, extra=self._shell())
        return done.code == 0

    def _acknowledge(self, said: str) -> bool:
        """Name what the gate blocks; False where all of it is named already."""
        path = self.instance.project.root / f"Pulumi.{STACK}.yaml"
        text = path.read_text()
        urns = [each for each in dict.fromkeys(re.findall(r"urn:pulumi:[^\s,]+", said)) if each not in text]
        lines = "".join(f"\n    - {each}" for each in urns)
        empty = "parity:acknowledged: []"
        new = text.replace(empty, f"parity:acknowledged:{lines}") if empty in text else text.rstrip("\n") + lines + "\n"
        path.write_text(new if urns else text)
        return bool(urns)

    def _do(self, command: str) -> list[str]:
        """Run what was printed; gives what it prints where it fails."""
        if _READS.match(command):
            return []
        typed = command if not _ASKS.match(command) or "--yes" in command else f"{command} --yes"
        done = self._run("bash", "-c", typed, extra=self._shell())
        return commands(done.said) if done.code else []

    def _prove(self, known: set[str]) -> None:
        """Nothing is left to do, and drift knows nothing new."""
        left = self._run("parity", "preview", STACK)
        new = self._findings() - known
        if left.code != 0 or "nothing to change" not in left.stdout:
            self.outcome.verdict, self.outcome.why = "failed", f"something is left: {left.stdout[-800:]}"
        elif new:
            self.outcome.verdict, self.outcome.why = "failed", f"drift: {sorted(new)}"

    def _undo(self, before: Path, said: str) -> None:
        """What is refused is undone, and nothing is left of it."""
        for path in before.rglob("*"):
            if path.is_file():
                shutil.copy2(path, self.instance.project.root / path.relative_to(before))
        done = self._run("parity", "preview", STACK)
        if done.code not in {0, 11}:
            self.outcome.verdict = "failed"
            self.outcome.why = f"undone it is refused too: {done.said[-600:]}\n{said[-600:]}"

    def _findings(self) -> set[str]:
        """What drift reports, but for what no interface shows."""
        done = self.instance.run("parity", "drift", STACK, "--json")
        try:
            rows = json.loads(done.stdout)["findings"]
        except (json.JSONDecodeError, KeyError):
            return {done.said[-300:]}
        return {
            f"{row['kind']} {row['type'].rpartition(':')[2]} {row['name']} {row['property']}"
            for row in rows
            if row["kind"] != "unknowable"
        }

    def _run(self, *command: str, extra: dict[str, str] | None = None) -> Run:
        done = self.instance.run(*command, extra=extra)
        self.outcome.steps.append(f"{command[-1] if command[0] == 'bash' else ' '.join(command)} -> {done.code}")
        return done

    def _shell(self) -> dict[str, str]:
        return shell.environment(self.instance, self.folder)


class Broken(Exception):
    """A promise was broken while an update ran."""

    def __init__(self, outcome: Outcome) -> None:
        """Keep what was seen."""
        super().__init__(outcome.why)
        self.outcome = outcome


def commands(said: str) -> list[str]:
    """The commands that a message prints, each once."""
    found = [one or other for one, other in _PRINTED.findall(said)]
    return [each.strip() for each in dict.fromkeys(found)]
