"""Compares two stacks of a project from their files alone, without engine, network or any secret's value."""

from __future__ import annotations

import datetime as dt
import hmac
import traceback
from collections import Counter
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parity.check import containers, shared
from parity.check.compare import Accepted, Result, Side, compare
from parity.check.containers import Found
from parity.check.derived import watching
from parity.check.facts import facts
from parity.check.live import Declared, Real, compare_real
from parity.check.workers import aside
from parity.config import guard
from parity.config.model_problems import own_values
from parity.config.program import FOLDERS
from parity.config.secret import Secret
from parity.config.stack_models import StackConfig
from parity.documents import mapped
from parity.errors import ConfigError, ParityError, ProjectError
from parity.evaluate.declared import declared
from parity.problems import in_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from parity.config.project import Project
    from parity.config.promotion import Pair
    from parity.config.settings import Settings
    from parity.evaluate.graph import Graph
    from parity.problems import ConfigProblem

    Load = Callable[[str], Settings]


@dataclass(frozen=True)
class Checked:
    """The result of checking two stacks."""

    result: Result
    guarded: bool
    """Whether the release guard ran; it reads files, so not with live state."""
    stale: tuple[ConfigProblem, ...]
    """The release guard's findings: releases whose config has changed since."""
    shared: tuple[ConfigProblem, ...] = ()
    """Secrets that the second stack has in common with another one."""
    containers: Found = field(default_factory=Found)
    """What the Dockerfiles of the applications lack; they are read with what is declared, not with live state."""
    live: bool = False
    """Whether live state was compared instead of what is declared."""

    @property
    def faults(self) -> tuple[ConfigProblem, ...]:
        """What makes the check fail that is no difference and no exception."""
        return (*self.stale, *self.shared, *self.containers.faults)

    @property
    def clean(self) -> bool:
        """Whether keys and exceptions explain all differences and there is no fault."""
        return self.result.clean and not self.faults


def check(project: Project, one: str, other: str, load: Load, *, workers: int | None = None) -> Checked:
    """Compare two stacks of a project.

    `load` gives a stack's settings, sealed or open; `workers` is as `compare` takes it.

    Raises:
        ConfigError: with every fault of both stacks' config.
        ProjectError: the program failed for one of them.
    """
    mine, theirs = both(one, other, load)
    program = Program(project, mine, theirs)
    # The guard mostly waits for Git.
    with aside(lambda: tuple(fault for settings in (mine, theirs) for fault in guard.stale(settings))) as guarded:
        result = compare(
            side(mine),
            side(theirs),
            program,
            derived=program.derived,
            sealed=mine.sealed or theirs.sealed,
            workers=workers,
        )
        stale = guarded()
    return Checked(result, guarded=True, stale=stale, containers=containers.check(project.root, mine.catalog))


def check_live(
    project: Project, one: str, other: str, load: Load, read: Callable[[str], Real], *, workers: int | None = None
) -> Checked:
    """Compare the live state of two stacks of a project, by what is declared for them.

    The arguments are those of `check`; `read` gives a stack's live state.

    Raises:
        ConfigError, ProjectError: as `check`.
        UpdateError: a stack's live state could not be read.
    """
    mine, theirs = both(one, other, load)
    sides, program = (side(mine), side(theirs)), Program(project, mine, theirs)
    sealed = mine.sealed or theirs.sealed
    result = compare(*sides, program, derived=program.derived, sealed=sealed, workers=workers)
    graphs = [program(each.stack, each.values) for each in sides]
    declared = Declared.of(result, *((each, facts(each)) for each in graphs))
    accepted = (*sides[0].accepted, *sides[1].accepted)
    found = compare_real(read(one), read(other), declared, accepted)
    return Checked(found, guarded=False, stale=(), live=True)


def both(one: str, other: str, load: Load) -> tuple[Settings, Settings]:
    """Both stacks' settings; raises ConfigError with the faults of both."""
    found = loaded((one, other), load)
    return found[one], found[other]


def loaded(stacks: Iterable[str], load: Load) -> dict[str, Settings]:
    """The settings of stacks, each once; raises ConfigError with the faults of all."""
    found: dict[str, Settings] = {}
    faults: list[ConfigProblem] = []
    for stack in dict.fromkeys(stacks):
        try:
            found[stack] = load(stack)
        except ConfigError as error:
            faults += error.faults
    if faults:
        raise ConfigError(in_order(faults))
    return found


def together(found: Sequence[Checked], pairs: Iterable[Pair], settings: Sequence[Settings]) -> list[Checked]:
    """The results of several comparisons, as they are with one another.

    An exception holds where it matches in one comparison of its stack, so it has no effect only where it matches in
    none of them. And a secret is compared with those of every stack.

    `pairs` are all comparisons of the project's stacks, made here or not; `settings` are in the order of promotion.
    """
    made = {(each.result.one, each.result.other) for each in found}
    every = Counter(stack for pair in made | {*pairs} for stack in pair)
    unmatched = Counter(each.accepted for one in found for each in one.result.unused if not each.matched)
    origins = [each.origin for each in settings]
    secrets = [fault for each in settings[:1] for fault in shared.find(each.catalog, origins)]

    def of(checked: Checked) -> Checked:
        unused = checked.result.unused
        kept = (each for each in unused if each.matched or unmatched[each.accepted] == every[each.accepted.stack])
        result = replace(checked.result, unused=tuple(kept))
        mine = tuple(fault for _, other, fault in secrets if other == result.other)
        return replace(checked, result=result, shared=mine)

    return [of(each) for each in found]


def side(settings: Settings) -> Side:
    """A stack's settings as the comparison takes them."""
    today = dt.datetime.now(tz=dt.UTC).date().isoformat()
    accepted = (
        Accepted(
            settings.stack,
            each.resource,
            each.property,
            each.reason,
            each.expiry or "",
            expired=each.expiry is not None and each.expiry < today,
            where=_place(settings, ("parity:exceptions", index)),
        )
        for index, each in enumerate(settings.exceptions)
        if each.accepts == "difference"
    )
    return Side(
        settings.stack,
        _stood_in(dict(settings.origin.values), settings.stack),
        tuple(accepted),
        lambda unit: _place(settings, unit),
    )


def _place(settings: Settings, path: tuple[str | int, ...]) -> str:
    fault = settings.origin.fault(path, "", "")
    return ":".join(str(part) for part in (fault.file, fault.line) if part is not None)


def _stood_in(value: Any, stack: str) -> Any:
    """The value with a stand-in for each sealed secret, so that where it goes can be followed.

    64 hex digits that differ by stack and key: long enough for every secret, and no form of the stack's name.
    """

    def leaf(each: Any) -> Any:
        if isinstance(each, Secret) and each.sealed:
            return Secret(hmac.new(stack.encode(), each.key.encode(), sha256).hexdigest(), each.key)
        return each

    return mapped(value, leaf)


class Program:
    """The program as the comparison runs it: for a stack's name and any mixture of the two configs."""

    def __init__(self, project: Project, one: Settings, other: Settings) -> None:
        """Take the project and the two stacks, which say what they share and where their values stand."""
        self._project = project
        self._by_stack = {one.stack: one, other.stack: other}
        self.derived: dict[str, str] = {}
        """What each secret is for that the program derived so far, by its value."""

    def __call__(self, stack: str, values: Mapping[str, Any]) -> Graph:
        """The graph; raises ProjectError, saying where, when the program fails."""
        base = self._by_stack[stack]
        config = StackConfig.model_validate(own_values(values))
        mixed = replace(base, stack=stack, origin=replace(base.origin, values=values), **dict(config))
        try:
            with watching(self.derived):
                return declared(self._project, mixed)
        except ParityError:
            raise
        except Exception as error:
            raise _failed(stack, error) from error


def _failed(stack: str, error: Exception) -> ProjectError:
    """The program's own failure, with the last line of it that is the project's; the message may hold a value."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_ours(frame.filename)]
    where = f"{Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else None
    what = f"the program fails for {stack}: {type(error).__name__}"
    return ProjectError(what, where=where, remedy=f"pulumi preview --stack {stack} shows the full error")


def _is_ours(file: str) -> bool:
    return any(part in FOLDERS for part in Path(file).parts[-2:-1])
