"""Decides about each resource from the declared, the recorded and the live state. It calls and changes nothing.

docs/recover.md explains the rules. What exists under a declared natural key is ours. Data is never given up on a guess.
Of two twins the recorded one stays, or the one that is as declared. The next update writes again what no API shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from parity.documents import mapping
from parity.evaluate.resource import is_computed
from parity.inventory import builds
from parity.inventory.keys import opened
from parity.recover.model import Decision, FailedUpdates, Plan
from parity.resources import commands, kinds
from parity.resources.equality import same, same_object
from parity.resources.kind import PROJECT_ID
from parity.resources.postgresql import POWERS
from parity.resources.urn import Urn

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from parity.engine.state import Pending, Recorded, State
    from parity.evaluate.graph import Graph
    from parity.evaluate.resource import Resource
    from parity.inventory.model import LiveObject, LiveState
    from parity.resources.kind import Kind

_MOVING = frozenset({"pending", "in-progress"})
_UNRECORDED = "not recorded"


def decide(graph: Graph, state: State, live_state: LiveState, failed: FailedUpdates) -> Plan:
    """The decisions about every resource that is declared, recorded or was being changed."""
    pending = {each.resource.urn: each for each in state.pending}
    recorded = {each.urn: each for each in state.resources if not each.delete}
    handed = frozenset(each.id for each in state.resources if each.delete)
    live = frozenset(_serving(live_state))
    closed = frozenset(_closed(graph, recorded, live_state, failed))
    found: list[Decision] = []
    for urn, resource in graph.resources.items():
        if urn in live_state.keys:
            case = _Case(resource, recorded.get(urn), pending.get(urn), live_state, failed, handed, live, closed)
            found += case.decisions()
        elif urn in pending:
            found.append(_unseen(urn, recorded.get(urn), pending[urn]))
    found += [_undeclared(urn, recorded.get(urn), each) for urn, each in pending.items() if urn not in graph.resources]
    found += _left_over(state, live_state)
    return Plan(tuple(found), tuple(_unmanaged(live_state, found, state, graph)))


@dataclass(frozen=True)
class _Case:
    resource: Resource
    record: Recorded | None
    pending: Pending | None
    live_state: LiveState
    failed: FailedUpdates
    handed: frozenset[str]
    """Ids that the next `up` deletes already."""
    live: frozenset[str]
    """Ids of deployments that a domain serves."""
    closed: frozenset[str]
    """Databases whose deletion began and that take no connections since, so that what they hold cannot be read."""

    @property
    def urn(self) -> str:
        return self.resource.urn

    @property
    def type(self) -> str:
        return self.resource.type

    @property
    def kind(self) -> Kind:
        return kinds.of(self.type)

    @property
    def inputs(self) -> Mapping[str, Any]:
        return mapping(opened(dict(self.live_state.inputs[self.urn])))

    @property
    def doubtful(self) -> bool:
        """Whether an operation on it began and did not end well, or its record was never proved."""
        if self.record is not None and (self.record.errors or unproven(self.record)):
            return True
        return self.pending is not None or self.urn in self.failed.touched

    def decisions(self) -> Iterator[Decision]:
        if not self.live_state.was_read(self.urn, self.type):
            inside = self.kind.container == kinds.DATABASE and self.live_state.keys[self.urn][0] in self.closed
            if self.record is not None or self.pending is not None or not inside:
                yield self._blind()
            return
        there = [each for each in self.live_state.under[self.urn] if each.id not in self.handed]
        if self.type == kinds.DEPLOYMENT:
            broken = [each for each in there if builds.end(each.beyond)]
            there = [each for each in there if each not in broken]
            yield from (self._failed_build(each) for each in broken)
            if self.record is not None and any(each.id == self.record.id for each in broken):
                return
            # A deployment is what it was built from: another one of the same release's name is another release.
            there = [each for each in there if self.record or as_declared(each, self.inputs)]
        if self.kind.duplicated:  # the one that fits first, then the live one, then the one that was made first
            there = sorted(there, key=lambda each: (not as_declared(each, self.inputs), each.id not in self.live))
        else:
            there = [each for each in there if self._is_it(each)]
        yield from self._of(there)

    def _is_it(self, found: LiveObject) -> bool:
        """Whether one of several under the key is this one: it is recorded, or has all that distinguishes them."""
        recorded = self.record is not None and found.id == self.record.id
        given, has = self.inputs, found.properties
        return recorded or all(same(has.get(name), given.get(name)) for name in self.kind.distinct_by)

    def _of(self, there: Sequence[LiveObject]) -> Iterator[Decision]:
        if self.type == kinds.LIVE:
            yield from self._live(there)
        elif self.record is None:
            yield from self._not_recorded(there)
        elif not there:
            yield self._gone(self.record)
        else:
            yield from self._recorded(self.record, there)

    # --- Not recorded -------------------------------------------------------------------------------------------------

    def _not_recorded(self, there: Sequence[LiveObject]) -> Iterator[Decision]:
        if self.kind.repeatable:
            yield from self._repeatable(there)
            return
        if not there:
            if self.pending:
                yield self._say("drop-from-state", "its creation began, and it does not exist")
            return
        first, *others = there
        if refusal := _refusal(self.type, first, self.inputs):
            yield self._ask(f"one of this name exists that is not ours: {refusal}", first.id)
            return
        began = "its creation began" if self.pending else "it exists under its name"
        yield self._say("import", f"{began}, and it is {_UNRECORDED}", first.id, unread=self._unread())
        if self.kind.duplicated:
            yield from (self._twin(each) for each in others)

    def _repeatable(self, there: Sequence[LiveObject]) -> Iterator[Decision]:
        if self.failed.destroying and not self.pending:
            return  # taken out of the record already, and leaves with what it is in
        first = there[0] if there else None
        if first and not first.vacuous and not first.hidden and as_declared(first, self.inputs):
            yield self._say("import", f"it is as declared, and {_UNRECORDED}", first.id)
        elif self.pending or (first and first.hidden):
            yield self._say("refresh", "its creation is not recorded; to write it again does no harm")

    # --- Recorded -----------------------------------------------------------------------------------------------------

    def _gone(self, record: Recorded) -> Decision:
        deleting = self.failed.destroying or (self.pending is not None and self.pending.operation == "deleting")
        if self.kind.holds_data and not deleting and self.urn not in self.failed.touched:
            return self._ask(
                "it is recorded and cannot be found, and nothing was about to delete it",
                record.id,
                "see whether PGHOST, tokens and team lead to the right place; where it is really gone, "
                f"`pulumi state delete '{self.urn}' --stack {Urn.parse(self.urn).stack}` lets the next `up` make an "
                "empty one",
            )
        if self._elsewhere(record) and not deleting:
            return self._say("same", "its record is of another name or place, where the update finds it", record.id)
        return self._say("drop-from-state", "it is recorded, and it does not exist", record.id)

    def _elsewhere(self, record: Recorded) -> bool:
        """Whether it is declared under another name, or a domain for another project: where it was is not read."""
        names = self.kind.key_inputs() - ({PROJECT_ID} if self.type != kinds.DOMAIN else set())
        known = {each for each in names if each in record.inputs and not is_computed(self.inputs.get(each))}
        return self.type != kinds.PROJECT and any(record.inputs[each] != self.inputs.get(each) for each in known)

    def _recorded(self, record: Recorded, there: Sequence[LiveObject]) -> Iterator[Decision]:
        own = next((each for each in there if each.id == record.id), None)
        first = there[0]
        if own is None:
            yield self._another(record, first)
        elif self.kind.duplicated and first is not own and not as_declared(own, self.inputs):
            yield self._say(
                "import", "the one that replaces the recorded one exists", first.id, replaces=record.id,
                unread=self._unread(),
            )  # fmt: skip
        else:
            yield self._kept(record)
        if self.kind.duplicated:
            kept = {record.id, *([first.id] if own is None or not as_declared(own, self.inputs) else [])}
            yield from (self._twin(each) for each in there if each.id not in kept)

    def _another(self, record: Recorded, first: LiveObject) -> Decision:
        """Another object has the recorded one's name."""
        refusal = _refusal(self.type, first, self.inputs)
        if refusal or (self.kind.holds_data and not self.doubtful and not self.failed.destroying):
            why = refusal or "nothing of ours was about to make it"
            return self._ask(f"the recorded one is gone, and another one has its name: {why}", first.id)
        why = f"the recorded one ({record.id}) is gone, and this one has its name"
        return self._say("import", why, first.id, unread=self._unread())

    def _kept(self, record: Recorded) -> Decision:
        if not self.doubtful:
            return self._say("same", "it exists", record.id)
        if self.pending is not None:
            doing = {"creating": "its replacement", "updating": "its update", "deleting": "its deletion"}
            why = f"{doing.get(self.pending.operation, 'an operation')} began, and has no end"
        elif record.errors:
            why = f"it is half made: {'; '.join(record.errors)}"
        elif unproven(record):
            why = "it was recorded, and not read yet"
        else:
            why = "an operation on it failed, and may have been carried out all the same"
        return self._say("refresh", why, record.id, unread=self._unread())

    # --- What is live -------------------------------------------------------------------------------------------------

    def _live(self, there: Sequence[LiveObject]) -> Iterator[Decision]:
        serving = str(there[0].properties["deploymentId"]) if there else ""
        wanted = str(self.inputs.get("deploymentId", ""))
        if self.record is None:
            if self.failed.destroying and not self.pending:
                return  # destroying it takes it out of the record and changes nothing at Vercel
            if there and serving == wanted:
                yield self._say("import", f"it was promoted, and it is {_UNRECORDED}", there[0].id)
            elif self.pending:
                yield self._say("drop-from-state", "the switch began, and nothing was promoted")
            return
        if not there:
            yield self._say("drop-from-state", "nothing is live: its deployment or project is gone", self.record.id)
            return
        yield self._switched(self.record, there[0], serving, wanted)

    def _switched(self, record: Recorded, found: LiveObject, serving: str, wanted: str) -> Decision:
        release = str(found.properties["release"])
        if serving == str(record.inputs.get("deploymentId", "")):
            if found.beyond.get("lastAliasRequest.jobStatus") in _MOVING:
                return self._say("refresh", "a promotion is under way; the next `up` waits for it", record.id)
            return self._kept(record)
        application = self.inputs.get("application") or kinds.application_of(self.resource.name)
        if serving == wanted or self.doubtful or f"{application}/{release}" in self.failed.intended:
            return self._say("refresh", f"release {release} was made live, and that is {_UNRECORDED}", record.id)
        return self._ask(
            f"release {release} (deployment {serving}) is live, and no update of ours was to make it so",
            found.id,
            f"where a person rolled back by hand: `pulumi refresh --stack {Urn.parse(self.urn).stack}` records it, and "
            "the next `up` shows the switch",
        )

    # --- Words --------------------------------------------------------------------------------------------------------

    def _blind(self) -> Decision:
        key = self.live_state.keys[self.urn]
        read_failure = next(each for each in self.live_state.read_failures if each.covers(self.type, key))
        if self.record is not None and not self.doubtful:
            return self._say("same", f"recorded; it could not be read: {read_failure}", self.record.id)
        return self._ask(str(read_failure), "", "make it reachable, and run recover again")

    def _failed_build(self, found: LiveObject) -> Decision:
        if found.id in self.live:
            return self._say("same", "it is live, whatever its build says", found.id)
        end = builds.end(found.beyond)
        if end and not end.again and as_declared(found, self.inputs):
            # The same commit ends the same way: an update would build it at each run, and spend the quota.
            team = self.live_state.account.get("team", "")
            gone = commands.vercel(team, "DELETE", f"/v13/deployments/{found.id}")
            remedy = f"{end.remedy}. Where the cause is gone: `{gone}`, and the next `up` builds it again"
            return self._ask(f"its build ended in {end}", found.id, remedy)
        return self._say("delete", f"its build ended in {end}; the next `up` builds again", found.id)

    def _twin(self, found: LiveObject) -> Decision:
        if found.id in self.live:
            remedy = "promote the other one at Vercel, or delete the one that is not wanted there"
            return self._ask(f"made twice, and {found.id} serves a domain", found.id, remedy)
        return self._say("delete", f"made twice: nothing refers to {found.id}", found.id)

    def _unread(self) -> tuple[str, ...]:
        """The inputs that no API shows and that may not be what is declared."""
        if self.type == kinds.ROLE and any(
            login.works for login in self.live_state.logins if login.role == self.inputs["name"]
        ):
            return ()
        return self.kind.unread_in(self.inputs)

    def _say(
        self, kind: Any, why: str, identity: str = "", *, replaces: str = "", unread: tuple[str, ...] = ()
    ) -> Decision:
        return Decision(self.urn, kind, why, identity, replaces, unread)

    def _ask(self, why: str, identity: str, remedy: str = "") -> Decision:
        given = remedy or f"`pulumi import` it where it is ours, or take it away; then run recover again ({self.type})"
        return Decision(self.urn, "manual", why, identity, remedy=given)


def _serving(live_state: LiveState) -> Iterator[str]:
    for found in live_state.under.values():
        for each in found:
            if each.type == kinds.LIVE:
                yield str(each.properties["deploymentId"])
                yield from (str(value) for name, value in each.beyond.items() if name.startswith("serves."))


def _closed(graph: Graph, recorded: Mapping[str, Recorded], seen: LiveState, failed: FailedUpdates) -> Iterator[str]:
    """PostgreSQL's provider takes connections away before it drops a database; once it is read, that is recorded."""
    for urn, found in seen.under.items():
        record = recorded.get(urn)
        known = record is not None and record.outputs.get("allowConnections") is False
        if urn in graph.resources and (known or failed.destroying or urn in failed.touched):
            yield from (each.key[0] for each in found if each.properties.get("allowConnections") is False)


def _left_over(state: State, live_state: LiveState) -> Iterator[Decision]:
    """What the next `up` is to delete and is gone already: Vercel's provider fails where there is nothing to delete."""
    for each in state.resources:
        read = each.urn in live_state.keys and live_state.was_read(each.urn, each.type)
        if each.delete and kinds.of(each.type).duplicated and read:
            there = [*live_state.under[each.urn], *live_state.unmanaged]
            if all(found.id != each.id for found in there if found.type == each.type):
                why = "the next `up` was to delete it, and it does not exist"
                yield Decision(each.urn, "drop-from-state", why, each.id, leaving=True)


def _undeclared(urn: str, record: Recorded | None, operation: Pending) -> Decision:
    """An operation on what the program does not declare any more, or never did."""
    if record is not None:
        return Decision(urn, "refresh", f"{operation.operation} began, and has no end; it is not declared", record.id)
    if operation.operation != "creating" or operation.resource.only_recorded:
        return Decision(urn, "drop-from-state", f"{operation.operation} began, and it is neither declared nor recorded")
    ledger = f"`parity log {Urn.parse(urn).stack}`"
    return Decision(
        urn,
        "manual",
        "its creation began, and the program does not declare it any more, so it has no name to be found by",
        remedy=f"check out the commit of that update ({ledger} names it) and run recover there",
    )


def _unseen(urn: str, record: Recorded | None, operation: Pending) -> Decision:
    """An operation on a declared resource that the inventory does not read: a component, a provider, a foreign type."""
    if record is not None or operation.resource.only_recorded:
        return Decision(urn, "refresh", f"{operation.operation} began, and has no end", record.id if record else "")
    return Decision(
        urn,
        "manual",
        f"its creation began, and the inventory does not read {operation.resource.type}",
        remedy="find out whether it exists and `pulumi import` it, or run `pulumi refresh --clear-pending-creates`",
    )


def _refusal(type_: str, found: LiveObject, inputs: Mapping[str, Any]) -> str:
    """Why an object of the right name is not ours, or cannot be recorded without harm; empty where it is and can."""
    if type_ == kinds.PROJECT:
        has, wants = (_repository(each) for each in (found.properties, inputs))
        return f"it is linked to {has}, not to {wants}" if has and has != wants else ""
    if type_ == kinds.DATABASE and found.properties.get("encoding") != inputs.get("encoding"):
        return f"its encoding is {found.properties.get('encoding')}, and an update would drop it and create it again"
    if type_ == kinds.ROLE:
        more = [name for name in POWERS if found.properties.get(name) and not inputs.get(name)]
        return f"it may do more than ours ({', '.join(more)})" if more else ""
    return ""


def _repository(properties: Mapping[str, Any]) -> str:
    return str(mapping(properties.get("gitRepository")).get("repo", ""))


def as_declared(found: LiveObject, inputs: Mapping[str, Any]) -> bool:
    """Whether all that can be read of an object is as it is declared."""
    names = inputs.keys() & found.properties.keys() - found.hidden.keys()
    plain = mapping(opened(dict(inputs)))
    declared, live = ({name: each[name] for name in names} for each in (plain, found.properties))
    kind = kinds.of(found.type)
    return same_object(declared, live, kind.usual, kind.ordered)


def unproven(record: Recorded) -> bool:
    """Whether recover wrote the record and no provider has read it since: the engine notes when it does."""
    return not record.only_recorded and not ({"created", "modified"} & set(record.document))


def _unmanaged(live_state: LiveState, decisions: Sequence[Decision], state: State, graph: Graph) -> Iterator[str]:
    """What exists, is not declared, and is not recorded either: what is recorded, the next `up` deletes."""
    taken = {each.id for each in decisions}
    leaving = {(each.type, each.id) for each in state.resources if each.delete or each.urn not in graph.resources}
    for each in live_state.unmanaged:
        # Another environment of the repository is another stack's.
        if each.id not in taken and (each.type, each.id) not in leaving and each.type != kinds.ENVIRONMENT:
            yield f"{kinds.of(each.type).name} {'/'.join(each.key)}"
