"""`parity recover`: fence, keep, look, decide, mend. Each step may be killed, and the whole be run again."""

from __future__ import annotations

import hashlib
import json
import subprocess
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from parity import inventory, redact
from parity.backend import locks, this_host
from parity.backend.stack_backend import UPDATE_VARIABLE, open_backend, own_file, provenance
from parity.engine.counting import counted
from parity.engine.pulumi import short_urn
from parity.errors import LockedError, ParityError, UnsureError, UpdateError
from parity.inventory import domain_health
from parity.recover import history, inflight, lock_owner, runs, show
from parity.recover.outcome import Options, Recovered
from parity.recover.reconcile_plan import decide
from parity.recover.state_edit import EditedState, edit, stamped

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from parity.backend.ledger import Record
    from parity.backend.locks import Lock
    from parity.backend.stack_backend import Backend
    from parity.console import Screen, Step
    from parity.engine.state import State
    from parity.evaluate.graph import Graph
    from parity.evaluate.stack import Stack
    from parity.inventory.model import LiveState
    from parity.recover.lock_owner import LockOwner
    from parity.recover.model import Plan, Trouble
    from parity.redact import Redactor

_LOOK_AGAIN_SECONDS = 1.0
_TURNS = 3
"""How often it looks and mends where an effect lands in between."""


def run(stack: Stack, screen: Screen, options: Options | None = None) -> Recovered:
    """Bring record and live state of a stack together again.

    Raises:
        LockedError: somebody still updates the stack.
        UnsureError: whether somebody does cannot be known here, or the state was changed by somebody meanwhile.
        ParityError: config, program, vendors or engine could not be asked.
    """
    return _Recovery(stack, screen, options or Options()).run()


class _Recovery:
    """One run."""

    def __init__(self, stack: Stack, screen: Screen, options: Options) -> None:
        self.stack, self.screen, self.options = stack, screen, options
        self.environment = stack.pulumi.environment
        self.done = Recovered(stack.name)
        self.lock: Lock | None = None
        self.identity = ""

    def run(self) -> Recovered:
        with self.screen.step("Read the stack") as step:
            step.waiting("config and program")
            settings = self.stack.settings()
            self.graph: Graph = self.stack.declared(settings)
            self.redactor: Redactor = redact.of(self.graph, self.environment)
            self.place: Backend = open_backend(self.stack)
            self.records: list[Record] = self.place.ledger.records(last=history.RECORDS) if self.place.ledger else []
            self.done.declared = counted(self.graph.resources)
            step.done(f"{self.done.declared} resources declared")
        with self.screen.step("Fence: nobody else writes") as step:
            self._fence(step)
        try:
            return self._recover()
        except ParityError as error:
            self._failed(error)
            raise
        finally:
            self._unlock()

    def _recover(self) -> Recovered:
        state, trouble = self._read_state()
        if not trouble.clean and not self.options.plan:
            self._keep(state)
        left = self._turn(state, trouble)
        for _ in range(_TURNS - 1):
            if left:
                left = self._turn(self.stack.recorded(), trouble)
        if left:
            raise UnsureError(
                "the state was changed, and is still not what exists: " + "; ".join(left),
                where=self.done.kept,
                remedy=f"run `parity recover {self.stack.name}` again; the state of before is kept there",
            )
        if not self.options.plan:
            self._close()
        if self.options.preview and not self.options.plan and (self.done.changed or not trouble.clean):
            self._preview()
        with self.screen.step("What is live"):
            self.done.live = domain_health.ask(self.graph, self.environment)
        return self.done

    def _turn(self, state: State, trouble: Trouble) -> list[str]:
        """Look, decide and mend; gives what does not agree all the same, because an effect landed meanwhile."""
        with self.screen.step("Look: what really exists") as step:
            live_state, plan = self._look(state, trouble, step)
            step.done(show.counts(plan))
        self.done.plan = self.done.plan.then(plan)
        mended = edit(self.graph, state, live_state, plan)
        refresh = mended.refresh if plan.changes or not trouble.clean else ()
        stuck = {each.urn for each in plan.of("ask")} & {each.resource.urn for each in state.pending}
        if stuck:
            # An import makes the engine drop every operation without an end: what is asked would be forgotten.
            self.screen.err.print(
                "Nothing is mended until it is decided about "
                f"{', '.join(sorted(map(short_urn, stuck)))}: the engine would forget that its operation has no end.",
                soft_wrap=True,
            )
            return []
        self.done.reads(refresh)
        if not self.options.plan and (mended.changed or refresh):
            self._keep(state)
            return self._mend(mended, refresh, trouble)
        return []

    # --- Fence --------------------------------------------------------------------------------------------------------

    def _fence(self, step: Step) -> None:
        name, root = self.stack.name, self.stack.project.root
        store = self.place.store
        held = locks.held(store, self.stack.project.name, name) if store else []
        self.done.holders = self._judged(held)
        self._refuse_the_living()
        self.done.ended = lock_owner.orphans(self.environment, root, frozenset(each.id for each in self.records))
        step.done(show.fenced(self.done.holders, self.done.ended))
        if self.options.plan:
            return
        if self.done.ended:
            step.waiting("plugins that outlived their engine to end")
            lock_owner.end(self.done.ended)
        inflight.wait(self.environment, self.options.settle, step.waiting)
        if store:
            for each in held:
                store.delete(each.key)
            self._lock()

    def _judged(self, held: Sequence[Lock]) -> list[LockOwner]:
        ground = lock_owner.Evidence(
            this_host.here(),
            shared=bool(self.place.store and self.place.store.shared),
            alive=this_host.is_alive,
            run=partial(runs.state, environment=self.environment),
        )
        return [lock_owner.judge(lock, self.records, ground, self.options.confirmed) for lock in held]

    def _refuse_the_living(self) -> None:
        name = self.stack.name
        engines = lock_owner.engines(self.environment, self.stack.project.root, name)
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

    # --- Keep and look ------------------------------------------------------------------------------------------------

    def _read_state(self) -> tuple[State, Trouble]:
        self.written = self._checkpoint()
        state = self.stack.recorded()
        past = history.latest(self.place.store, self.stack.project.name, self.stack.name)
        held = [each.lock for each in self.done.holders]
        self.done.unfinished = tuple(each.id for each in self.records if each.end is None)
        return state, history.trouble(state, held, self.records, past)

    def _keep(self, state: State) -> None:
        """Copy the state of before aside, once, sealed as it is; the same state is kept once."""
        if self.done.kept:
            return
        with self.screen.step("Keep: the state is copied aside") as step:
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

    def _look(self, state: State, trouble: Trouble, step: Step) -> tuple[LiveState, Plan]:
        """Look, and look again while the effect of a request in flight could still show."""
        until = time.monotonic() + self.options.settle
        while True:
            step.waiting("Vercel, GitHub and PostgreSQL")
            live_state = inventory.collect_live_state(self.graph, environment=self.environment)
            plan = self._masked(decide(self.graph, state, live_state, trouble))
            late = inflight.may_land(state, plan)
            if not late or self.options.plan or time.monotonic() > until:
                return live_state, plan
            step.waiting(f"requests in flight that may still land: {', '.join(map(short_urn, late))}")
            time.sleep(_LOOK_AGAIN_SECONDS)

    def _masked(self, plan: Plan) -> Plan:
        """Without a secret that a provider or vendor echoed."""
        mask = self.redactor.text
        return replace(plan, decisions=tuple(replace(each, why=mask(each.why)) for each in plan.decisions))

    # --- Mend ---------------------------------------------------------------------------------------------------------

    def _mend(self, mended: EditedState, refresh: Sequence[str], trouble: Trouble) -> list[str]:
        self._begin()
        if mended.changed:
            with self.screen.step("Mend: the state") as step:
                step.waiting("pulumi stack import")
                self._import(json.dumps(mended.document))
                self.done.changed = True
                step.done(f"{len(self.done.plan.changes)} decisions carried out")
        if refresh:
            with self.screen.step("Mend: read by the providers") as step:
                step.waiting("pulumi refresh")
                self._refresh(refresh)
                step.waiting("the proof to be recorded")
                self._stamp()
                self.done.changed = True
                step.done(f"{len(refresh)} resources")
        with self.screen.step("Prove: look again") as step:
            after = self.stack.recorded()
            live_state = inventory.collect_live_state(self.graph, environment=self.environment)
            left = _left(self._masked(decide(self.graph, after, live_state, _settled(trouble))))
            step.done("; ".join(left) if left else "record and reality agree")
            return left

    def _begin(self) -> None:
        if not self.place.ledger or self.identity:
            return
        self.identity = self.place.ledger.begin(
            {
                **provenance(self.stack, "recover"),
                "kept": self.done.kept,
                "decisions": self._decided(),
            }
        )

    def _decided(self) -> list[dict[str, Any]]:
        return [each.document() for each in self.done.plan.decisions if each.kind != "same"]

    def _close(self) -> None:
        """Record the end: of the updates that have none, and of this run."""
        ledger = self.place.ledger
        if not ledger:
            return
        if self.done.unfinished:
            self._begin()
        if self.done.plan.of("ask"):
            if self.identity:
                ledger.end(self.identity, {"result": "failed", "errors": ["a person has to decide"]})
            return
        for identity in self.done.unfinished:
            ledger.end(identity, {"result": "killed", "found_by": self.identity})
        if self.identity:
            done = {"changed": self.done.changed, "decisions": self._decided()}
            ledger.end(self.identity, {"result": "succeeded", **done})

    def _failed(self, error: ParityError) -> None:
        """Record that this run failed; what it leaves is the next one's to find."""
        if self.identity and self.place.ledger:
            errors = [self.redactor.text(error.what)]
            self.place.ledger.end(self.identity, {"result": "failed", "errors": errors})

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
        # The engine keeps the file that an import replaces: another one than was read is somebody else's.
        if self.place.store and previous and previous != before:
            raise self._changed_meanwhile(f"what it replaced is beside it, with the ending .bak: {self.place.url}")

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
            f"somebody changed the state of {self.stack.name} while it was being recovered; {more}",
            where=self.place.url,
            remedy="end whatever else works on the stack, and run recover again",
        )

    def _checkpoint(self, ending: str = "") -> bytes:
        """The digest of the state's file as the engine wrote it; empty for Pulumi Cloud, which numbers its states."""
        if not self.place.store:
            return b""
        base = f".pulumi/stacks/{self.stack.project.name}/{self.stack.name}.json"
        for key in (base, base + ".gz"):
            data = self.place.store.read(key + ending)
            if data is not None:
                return hashlib.sha256(data).digest()
        return b""

    def _pulumi(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Run an engine's command whose input may hold secrets: it goes through a pipe, and errors are masked."""
        done = subprocess.run(
            [str(self.stack.pulumi.executable), *arguments, "--non-interactive"],
            cwd=self.stack.pulumi.cwd,
            env={**self.environment, UPDATE_VARIABLE: self.identity},
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            said = self.redactor.text(done.stderr.strip() or done.stdout.strip()).splitlines()
            raise UpdateError(
                f"pulumi {' '.join(arguments[:2])} ended with {done.returncode}: " + "\n".join(said[-12:]),
                where=self.stack.name,
                remedy=f"run `parity recover {self.stack.name}` again; the state of before is at {self.done.kept}",
            )
        return done

    # --- What comes next ----------------------------------------------------------------------------------------------

    def _preview(self) -> None:
        """Ask the engine what the next `up` will do."""
        with self.screen.step("What the next up will do") as step:
            step.waiting("pulumi preview")
            try:
                said = self._pulumi("preview", "--refresh", "--json", "--stack", self.stack.name)
                self.done.next = _steps(said.stdout)
                step.done(f"{len(self.done.next)} changes")
            except ParityError as error:
                self.done.refused = error.what
                step.done("it would be refused")


def _settled(trouble: Trouble) -> Trouble:
    """The trouble once its operations were dealt with: only what is recorded and there counts."""
    return type(trouble)(destroying=trouble.destroying, intended=trouble.intended, clean=True)


def _left(plan: Plan) -> list[str]:
    """What is still to be done to the record; what is not in it (no id) is the next update's to write."""
    left = [each for each in plan.of("adopt", "forget", "finish", "remove") if each.kind != "finish" or each.id]
    return [f"{short_urn(each.urn)}: {each.why}" for each in left]


def _steps(text: str) -> list[tuple[str, str]]:
    """The changes in what `pulumi preview --json` says."""
    steps = cast("list[dict[str, Any]]", json.loads(text).get("steps") or [])
    return [(str(each["op"]), str(each["urn"])) for each in steps if each["op"] not in {"same", "refresh", "read"}]
