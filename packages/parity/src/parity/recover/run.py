"""`parity recover`: exclude other writers, back up the state, collect the live state, decide, edit the state, verify.

Each step may be killed, and the run be started again.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from parity import documents
from parity.backend import locks
from parity.backend.stack_backend import UPDATE_VARIABLE, own_file
from parity.engine import engine_files
from parity.engine.counting import counted
from parity.engine.pulumi import is_held
from parity.errors import LockedError, ParityError, UnsureError, UpdateError
from parity.recover import history, inflight, lock_owner, show
from parity.recover.model import FailedUpdates, Options, Recovered
from parity.recover.reconcile_plan import decide
from parity.recover.state_edit import EditedState, edit, stamped
from parity.resources import kinds
from parity.resources.urn import short_urn

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from parity.backend.ledger import Record
    from parity.backend.locks import Lock
    from parity.backend.stack_backend import Backend
    from parity.console import Screen, Step
    from parity.engine.state import State
    from parity.evaluate.graph import Graph
    from parity.inventory.model import LiveState
    from parity.recover.dependencies import Dependencies
    from parity.recover.lock_owner import LockOwner
    from parity.recover.model import Plan

_COLLECT_AGAIN_SECONDS = 1.0
_TURNS = 3
"""How often the state is edited, where the effect of a request in flight lands in between."""


def run(dependencies: Dependencies, screen: Screen, options: Options | None = None) -> Recovered:
    """Bring the recorded state and the live state of a stack together.

    Raises:
        LockedError: another process still updates the stack.
        UnsureError: it cannot be known here whether one does, or the state was changed meanwhile.
        ParityError: config, program, vendors or engine could not be asked.
    """
    return _Recovery(dependencies, screen, options or Options()).run()


class _Recovery:
    def __init__(self, dependencies: Dependencies, screen: Screen, options: Options) -> None:
        self.given, self.screen, self.options = dependencies, screen, options
        self.stack = dependencies.stack
        self.environment = self.stack.pulumi.environment
        self.done = Recovered(self.stack.name)
        self.lock: Lock | None = None
        self.identity = ""

    def run(self) -> Recovered:
        with self.screen.step("Read the stack") as step:
            step.waiting("config and program")
            self.graph: Graph = self.given.declared()
            self.place: Backend = self.given.backend()
            self.records: list[Record] = self.place.ledger.records(last=history.RECORDS) if self.place.ledger else []
            self.done.declared = counted(self.graph.resources)
            step.done(f"{self.done.declared} resources declared")
        with self.screen.step("Exclude other writers") as step:
            self._exclude_writers(step)
        try:
            return self._recover()
        except ParityError as error:
            self._failed(error)
            raise
        finally:
            self._unlock()

    def _recover(self) -> Recovered:
        state, failed = self._read_state()
        if not failed.clean and not self.options.plan:
            self._keep(state)
        left = self._turn(state, failed)
        for _ in range(_TURNS - 1):
            if left:
                left = self._turn(self.stack.recorded(), failed)
        if left:
            raise UnsureError(
                "the state was changed, and is still not what exists: " + "; ".join(left),
                where=self.done.kept,
                remedy=f"run `parity recover {self.stack.name}` again; the state of before is kept there",
            )
        if not self.options.plan:
            self._close()
        if self.options.preview and not self.options.plan and (self.done.changed or not failed.clean):
            self._preview()
        with self.screen.step("What is live"):
            self.done.live = self.given.health(self.graph)
        return self.done

    def _turn(self, state: State, failed: FailedUpdates) -> list[str]:
        """Collect, decide and edit; gives what still differs, because an effect landed meanwhile."""
        _require_names(self.graph, state)
        with self.screen.step("Collect the live state") as step:
            live_state, plan = self._collect(state, failed, step)
            step.done(show.counts(plan))
        self.done.plan = self.done.plan.then(plan)
        edited = edit(self.graph, state, live_state, plan)
        refresh = edited.refresh if plan.changes or not failed.clean else ()
        stuck = {each.urn for each in plan.of("manual")} & {each.resource.urn for each in state.pending}
        if stuck:
            # An import makes the engine drop every operation without an end, these too.
            self.screen.err.print(
                f"The state is not edited before a person decides about {', '.join(sorted(map(short_urn, stuck)))}: "
                "the engine would forget that its operation has no end.",
                soft_wrap=True,
            )
            return []
        self.done.reads(refresh)
        if not self.options.plan and (edited.changed or refresh):
            self._keep(state)
            return self._edit(edited, refresh, failed)
        return []

    # --- Other writers ------------------------------------------------------------------------------------------------

    def _exclude_writers(self, step: Step) -> None:
        name, root, store = self.stack.name, self.stack.project.root, self.place.store
        held = locks.held(store, self.stack.project.name, name) if store else []
        self.done.holders = self._judged(held)
        self._refuse_the_living()
        self.done.ended = self.given.orphans(self.environment, root, frozenset(each.id for each in self.records))
        step.done(show.writers(self.done.holders, self.done.ended))
        if self.options.plan:
            return
        if self.done.ended:
            step.waiting("plugins that outlived their engine to end")
            self.given.end(self.done.ended)
        running, clock = self.given.statements, self.given.clock
        inflight.wait(running, self.environment, self.options.settle, step.waiting, clock)
        if store:
            for each in held:
                store.delete(each.key)
            self._lock()

    def _judged(self, held: Sequence[Lock]) -> list[LockOwner]:
        evidence = lock_owner.Evidence(
            self.given.here(),
            shared=bool(self.place.store and self.place.store.shared),
            alive=self.given.is_alive,
            run=self.given.run_state,
        )
        return [lock_owner.judge(lock, self.records, evidence, self.options.confirmed) for lock in held]

    def _refuse_the_living(self) -> None:
        name = self.stack.name
        engines = self.given.engines(self.environment, self.stack.project.root, name)
        open_ones = [lock_owner.of_record(each) for each in self.records if each.end is None]
        ending = [each for each in self._judged(open_ones) if each.verdict == "alive"]
        alive = [f"{each.lock}: {each.why}" for each in self.done.holders if each.verdict == "alive"]
        if not alive:  # the engine whose lock it is may be dead, and the command that started it go on
            alive = [f"{each.lock}: {each.why}, and has not recorded its end" for each in ending]
        alive += [f"{each.name}, process {each.pid} of this machine, though it holds no lock" for each in engines]
        if alive:
            raise LockedError(
                f"the stack {name} is being updated by {'; '.join(alive)}",
                where=self.place.url,
                remedy="wait until it ends, or interrupt it once; then run recover again",
            )
        unknown = [each for each in self.done.holders if each.verdict == "unknown"]
        if unknown:
            flags = " ".join(f"--owner-is-dead {each.lock.id}" for each in unknown)
            raise UnsureError(
                "; ".join(f"the lock of {each.lock}: {each.why}" for each in unknown),
                where=", ".join(each.lock.key for each in unknown),
                remedy=f"{'; '.join(each.how for each in unknown)}. Where it has ended: parity recover {name} {flags}",
            )

    def _lock(self) -> None:
        if self.place.store and not self.options.plan:
            self.lock = locks.take(self.place.store, self.stack.project.name, self.stack.name)

    def _unlock(self) -> None:
        if self.lock and self.place.store:
            self.place.store.delete(self.lock.key)
            self.lock = None

    # --- Backup and live state ----------------------------------------------------------------------------------------

    def _read_state(self) -> tuple[State, FailedUpdates]:
        self.written = self._checkpoint()
        state = self.stack.recorded()
        past = history.latest(self.place.store, self.stack.project.name, self.stack.name)
        held = [each.lock for each in self.done.holders]
        self.done.unfinished = tuple(each.id for each in self.records if each.end is None)
        return state, history.failed_updates(state, held, self.records, past)

    def _keep(self, state: State) -> None:
        """Copy the state of before aside, once, sealed as it is; the same state is kept once."""
        if self.done.kept:
            return
        with self.screen.step("Back up the state") as step:
            data = json.dumps(state.document).encode()
            name = f"{self.stack.name}-{hashlib.sha256(data).hexdigest()[:16]}.json"
            if self.place.store:
                key = f".parity/kept/{self.stack.project.name}/{name}"
                self.place.store.create(key, data)
                self.done.kept = f"{self.place.store.place.rstrip('/')}/{key}"
            else:
                path = own_file(self.stack, name)
                path.write_bytes(data)
                self.done.kept = str(path)
            step.done(self.done.kept)

    def _collect(self, state: State, failed: FailedUpdates, step: Step) -> tuple[LiveState, Plan]:
        """Collect, and collect again while the effect of a request in flight could still show."""
        until = self.given.clock.monotonic() + self.options.settle
        while True:
            step.waiting("Vercel, GitHub and PostgreSQL")
            live_state = self.given.live_state(replace(self.graph, projects=state.projects()))
            plan = decide(self.graph, state, live_state, failed)
            late = inflight.may_land(state, plan)
            if not late or self.options.plan or self.given.clock.monotonic() > until:
                return live_state, plan
            step.waiting(f"requests in flight that may still land: {', '.join(map(short_urn, late))}")
            self.given.clock.sleep(_COLLECT_AGAIN_SECONDS)

    # --- The edit of the state ----------------------------------------------------------------------------------------

    def _edit(self, edited: EditedState, refresh: Sequence[str], failed: FailedUpdates) -> list[str]:
        self._begin()
        if edited.changed:
            with self.screen.step("Edit the state: import") as step:
                step.waiting("pulumi stack import")
                self._import(json.dumps(edited.document))
                self.done.changed = True
                step.done(f"{len(self.done.plan.changes)} decisions carried out")
        if refresh:
            with self.screen.step("Edit the state: refresh") as step:
                step.waiting("pulumi refresh")
                self._refresh(refresh)
                step.waiting("the proof to be recorded")
                self._stamp()
                self.done.changed = True
                step.done(f"{len(refresh)} resources")
        with self.screen.step("Verify") as step:
            after = self.stack.recorded()
            live_state = self.given.live_state(replace(self.graph, projects=after.projects()))
            left = _left(decide(self.graph, after, live_state, replace(failed, touched=frozenset(), clean=True)))
            step.done("; ".join(left) if left else "recorded state and live state agree")
            return left

    def _begin(self) -> None:
        if not self.place.ledger or self.identity:
            return
        facts = {"kept": self.done.kept, "decisions": self._decided()}
        self.identity = self.place.ledger.begin({**self.given.facts(), **facts})

    def _decided(self) -> list[dict[str, Any]]:
        return [each.document() for each in self.done.plan.decisions if each.kind != "same"]

    def _close(self) -> None:
        """Record the end: of the updates that have none, and of this run."""
        ledger = self.place.ledger
        if not ledger:
            return
        if self.done.unfinished:
            self._begin()
        if self.done.plan.of("manual"):
            if self.identity:
                ledger.end(self.identity, {"result": "failed", "errors": ["a person has to decide"]})
            return
        for identity in self.done.unfinished:
            ledger.end(identity, {"result": "killed", "found_by": self.identity})
        if self.identity:
            done = {"changed": self.done.changed, "decisions": self._decided()}
            ledger.end(self.identity, {"result": "succeeded", **done})

    def _failed(self, error: ParityError) -> None:
        """Record that this run failed; the next run finds what this one left."""
        if self.identity and self.place.ledger:
            self.place.ledger.end(self.identity, {"result": "failed", "errors": [error.what]})

    @contextmanager
    def _engine_s_turn(self) -> Generator[None]:
        """Let the engine take the lock for one command of its own."""
        if self.place.store and self._checkpoint() != self.written:
            raise self._changed_meanwhile("nothing was written over it")
        self._unlock()
        yield
        # Where the command failed, the engine may still hold its lock, and nothing more is done.
        self._lock()

    def _import(self, document: str) -> None:
        before = self.written
        with self._engine_s_turn():
            self._pulumi("stack", "import", "--stack", self.stack.name, given=document)
        previous = self._checkpoint(".bak")
        self.written = self._checkpoint()
        # The engine keeps the file that an import replaces: if it is not the one that was read, another process wrote.
        if self.place.store and previous and previous != before:
            raise self._changed_meanwhile(f"what it replaced is next to it, with the ending .bak: {self.place.url}")

    def _refresh(self, urns: Sequence[str]) -> None:
        targets = [word for urn in urns for word in ("--target", urn)]
        with self._engine_s_turn():
            self._pulumi("refresh", "--yes", "--skip-preview", "--stack", self.stack.name, *targets)
        self.written = self._checkpoint()

    def _stamp(self) -> None:
        """Note of what was read, where the engine did not: it notes only what reading changed."""
        document = stamped(self.stack.recorded(), datetime.now(UTC))
        if document:
            self._import(json.dumps(document))

    def _changed_meanwhile(self, more: str) -> UnsureError:
        return UnsureError(
            f"another process changed the state of {self.stack.name} during the recovery; {more}",
            where=self.place.url,
            remedy="end whatever else works on the stack, and run recover again",
        )

    def _checkpoint(self, ending: str = "") -> bytes:
        """The digest of the state's file as the engine wrote it; empty for Pulumi Cloud, which numbers its states."""
        if not self.place.store:
            return b""
        base = engine_files.state_of(self.stack.project.name, self.stack.name)
        for key in (base, base + engine_files.GZIPPED):
            data = self.place.store.read(key + ending)
            if data is not None:
                return hashlib.sha256(data).digest()
        return b""

    def _pulumi(self, *arguments: str, given: str = "") -> str:
        """Run a command of the engine; its input may hold secrets, and goes through a pipe."""
        variables = {UPDATE_VARIABLE: self.identity}
        try:
            return self.stack.pulumi.run(*arguments, given=given, variables=variables).stdout
        except UpdateError as error:
            if self.place.store is None and is_held(error.what):
                raise locks.refused(error.what, self.stack.name, self.place) from error
            error.where = self.stack.name
            error.remedy = f"run `parity recover {self.stack.name}` again; the state of before is at {self.done.kept}"
            raise

    # --- What comes next ----------------------------------------------------------------------------------------------

    def _preview(self) -> None:
        with self.screen.step("What the next up will do") as step:
            step.waiting("pulumi preview")
            try:
                said = self._pulumi("preview", "--refresh", "--json", "--stack", self.stack.name)
                self.done.next = _steps(said)
                step.done(f"{len(self.done.next)} changes")
            except ParityError as error:
                self.done.refused = error.what
                step.done("it would be refused")


def _require_names(graph: Graph, state: State) -> None:
    """Raise UnsureError where a database or a role has another name in the files: it would be taken for gone."""
    for urn, declared in graph.resources.items():
        record = state.of(urn) if declared.type in {kinds.DATABASE, kinds.ROLE} else None
        new, old = declared.inputs.get("name"), record.inputs.get("name") if record else None
        noun = "database" if declared.type == kinds.DATABASE else "role"
        if record and old != new:
            raise UnsureError(
                f"the files call the {noun} {new}, and it is recorded as {old}: what the last update left of it "
                "cannot be found; nothing was changed",
                where=declared.name,
                remedy=f"write its name {old} again, then run `parity recover {graph.stack}`",
            )


def _left(plan: Plan) -> list[str]:
    """What still has to be done to the state. A refresh without an id is not recorded: the next update writes it."""
    left = [each for each in plan.changes if each.kind != "refresh" or each.id]
    return [f"{short_urn(each.urn)}: {each.why}" for each in left]


def _steps(text: str) -> list[tuple[str, str]]:
    steps = documents.rows(documents.parse(text).get("steps"))
    return [(str(each["op"]), str(each["urn"])) for each in steps if each["op"] not in {"same", "refresh", "read"}]
