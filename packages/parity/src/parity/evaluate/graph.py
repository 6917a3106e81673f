"""Evaluates the program for one stack, offline, into the graph of resources that it declares.

No engine, no plugin and no network: what the program registers is recorded in full, as the engine would receive it
(inputs, dependencies by property, parent, provider and every resource option). What only a provider could know (ids,
computed outputs) is stood for by a marker that names where it comes from, made by `computed`.

Two ways lead to the same graph. `evaluate` runs the program on the SDK without an event loop, ten times faster; a
program that needs what only a loop or an engine has (an awaitable of its own, a transform, `StackReference`) is run on
the SDK's own runtime with a monitor of ours.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pulumi
from google.protobuf import empty_pb2
from pulumi.runtime import mocks, settings
from pulumi.runtime.proto import resource_pb2

from parity.documents import is_list, mapping
from parity.evaluate import sdk
from parity.evaluate.ready import Asyncio, NotSynchronous, data_of, drive, made_of, output_patches
from parity.evaluate.registration import Recorder, make_urn
from parity.evaluate.resource import Resource, computed
from parity.evaluate.wire import from_struct, options_of
from parity.resources.urn import STACK

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Mapping


@dataclass(frozen=True)
class Graph:
    """Everything that the program declares for one stack."""

    project: str
    stack: str
    resources: Mapping[str, Resource]
    """By URN, in the order of registration."""
    component_outputs: Mapping[str, Mapping[str, Any]]
    """What each component registered as its outputs, by the component's URN."""
    outputs: Mapping[str, Any]
    """The stack's outputs."""
    invokes: Mapping[str, tuple[str, Mapping[str, Any]]] = field(
        default_factory=dict[str, tuple[str, "Mapping[str, Any]"]]
    )
    """What the program asked of a provider, its token and arguments, by the digits that it was answered as `id`."""
    renamed: Mapping[str, str] = field(default_factory=dict[str, str])
    """By the name that an application was first declared under, the one that it has."""

    projects: Mapping[str, str] = field(default_factory=dict[str, str])
    """The recorded ids of Vercel projects by URN, where the state is at hand: what is to be renamed is found by it."""

    def called(self, first_name: str) -> str:
        """The name of an application whose resources begin with this one."""
        return self.renamed.get(first_name, first_name)


def evaluate(
    program: Callable[[], Mapping[str, Any]],
    *,
    project: str,
    stack_name: str,
    outputs: Callable[[str], Collection[str]] = lambda _: (),
    on_a_loop: bool = False,
) -> Graph:
    """Run `program` for one stack and give the graph that it declares.

    Args:
        program: makes the resources and gives the stack's outputs; `infra.build.build` with its settings bound. It may
            be run twice.
        project: the Pulumi project's name.
        stack_name: the stack's name.
        outputs: the names of the outputs that only a provider can compute, by resource type token; each is answered
            with a marker.
        on_a_loop: run it on the SDK's own runtime with an event loop at once; the graph is the same.

    Raises:
        Whatever the program raises, unchanged.
    """
    if not on_a_loop:
        with contextlib.suppress(NotSynchronous), _uncollected():
            return _at_once(program, Recorder(project, stack_name, outputs))
    return _on_a_loop(program, _Monitor(project, stack_name, outputs))


def _at_once(program: Callable[[], Mapping[str, Any]], recorder: Recorder) -> Graph:
    """The graph, with every registration recorded and every output known when it is made."""
    monitor = _Monitor(recorder.project, recorder.stack, recorder.outputs)
    with _settings(monitor), _patched(recorder):
        drive(sdk.stack.run_in_stack(lambda: _export(program)))
        failed = sdk.settings.SETTINGS.rpc_manager.unhandled_exception
        if failed is not None:
            raise failed
        outputs = recorder.component_outputs, recorder.stack_outputs
        return Graph(recorder.project, recorder.stack, recorder.resources(), *outputs, monitor.asked)


@contextlib.contextmanager
def _uncollected() -> Generator[None]:
    """Pause garbage collection while the body runs, because its many objects refer to each other and all live on."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _export(program: Callable[[], Mapping[str, Any]]) -> None:
    for name, value in program().items():
        pulumi.export(name, value)


@contextlib.contextmanager
def _patched(recorder: Recorder) -> Generator[None]:
    """The SDK registering with the recorder, without a loop."""
    patches: list[tuple[Any, str, Any]] = [
        *output_patches(),
        *((module, "asyncio", Asyncio) for module in (sdk.registration, sdk.rpc_manager, sdk.invoke, sdk.stack)),
        (sdk.resource, "register_resource", recorder.register),
        (sdk.resource.ResourceOptions, "_copy", _copied),
        (sdk.resource.ResourceOptions, "merge", _merged_options),
        (sdk.resource, "collapse_alias_to_urn", _alias),
        (sdk.resource.ResourceHookBinding, "merge", classmethod(_merged)),
        (sdk.resource, "register_resource_outputs", recorder.register_outputs),
        (sdk.resource, "read_resource", _needs_an_engine),
        (sdk.resource, "get_resource", _needs_an_engine),
        (sdk.stack, "_load_monitor_feature_support", _nothing),
        (sdk.stack, "wait_for_rpcs", _nothing),
        (sdk.stack, "_wait_for_shutdown", _nothing),
    ]
    before = [target.__dict__[name] for target, name, _ in patches]
    for target, name, value in patches:
        setattr(target, name, value)
    try:
        yield
    finally:
        for (target, name, _), value in zip(patches, before, strict=True):
            setattr(target, name, value)


def _copied(options: Any) -> Any:
    """A shallow copy, in a fifth of the time of `copy.copy`."""
    made = object.__new__(options.__class__)
    made.__dict__.update(options.__dict__)
    return made


_merge_options = sdk.resource.ResourceOptions.merge
_REPLACED = frozenset(
    {"parent", "provider", "protect", "delete_before_replace", "version", "plugin_download_url", "custom_timeouts"}
    | {"id", "import_", "urn", "retain_on_delete", "deleted_with", "replacement_trigger", "env_var_mappings"}
)
"""The options of which one given later replaces one given before."""


def _merged_options(one: Any, other: Any) -> Any:
    """The second's over the first's; the SDK's own way where both have a list of something, or providers."""
    if one is None or other is None or one.providers is not None or other.providers is not None:
        return _merge_options(one, other)
    made, before = _copied(one), one.__dict__
    given = {name: value for name, value in other.__dict__.items() if value is not None}
    if any(before[name] is not None for name in given.keys() - _REPLACED):
        return _merge_options(one, other)
    made.__dict__.update(given)
    if not is_list(made.depends_on or []):
        return _merge_options(one, other)
    made.depends_on = [*(made.depends_on or ())]
    return made


_collapse_alias = sdk.resource.collapse_alias_to_urn


def _alias(*arguments: Any) -> Any:
    """An alias as a URN, made when it is asked for: by a resource with children, which inherit it."""
    return made_of(lambda: data_of(_collapse_alias(*arguments)))


_merge_hooks = sdk.resource.ResourceHookBinding.merge


def _merged(_: type, one: Any, other: Any) -> Any:
    """The hooks of both options. Nearly all have none, and the SDK makes five objects to find that out."""
    return _merge_hooks(one, other) if one is not None or other is not None else sdk.resource.ResourceHookBinding()


def _needs_an_engine(*_: object) -> None:
    raise NotSynchronous


async def _nothing() -> None:
    """Replaces a step of the SDK that would wait or ask an engine."""


# --- On the SDK's own runtime -----------------------------------------------------------------------------------------


class _Answers(mocks.Mocks):
    """Answers what is read; functions and registrations are answered by the monitor itself."""

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        raise AssertionError(args.token)

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        return args.resource_id or args.name, mapping(args.inputs)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]


class _Monitor(mocks.MockMonitor):
    """Records each registration in full."""

    def __init__(self, project: str, stack_name: str, outputs: Callable[[str], Collection[str]]) -> None:
        super().__init__(_Answers())
        self.project, self.stack = project, stack_name
        self.recorded: dict[str, Resource] = {}
        self.component_outputs: dict[str, dict[str, Any]] = {}
        self.stack_outputs: dict[str, Any] = {}
        self.asked: dict[str, tuple[str, Mapping[str, Any]]] = {}
        self._outputs = outputs
        self._stack_urn = ""

    def Invoke(self, request: Any) -> Any:  # noqa: N802 - the monitor's wire name
        """Answer a function of a provider with its own arguments and an id that follows from the question."""
        given = from_struct(request.args)
        # Digits, because GitHub's ids are numbers that the program converts; the same question gets the same answer.
        digits = str(zlib.crc32(f"{request.tok}({sorted(given.items())})".encode()))
        self.asked[digits] = (str(request.tok), given)
        answer = resource_pb2.ResourceInvokeResponse()
        # `return` is a word of Python's own.
        returned = getattr(answer, "return")
        returned.update({"id": digits})
        returned.MergeFrom(request.args)
        return answer

    def features(self) -> set[int]:
        """What the SDK may ask of this monitor."""
        info: Any = super().GetDeploymentInfo(empty_pb2.Empty())  # pyright: ignore[reportUnknownMemberType]
        return set(info.supportedFeatures)

    def ReadResource(self, request: Any) -> Any:  # noqa: N802 - the monitor's wire name
        """Record a resource that the program reads and does not make; `read` holds the id that it is read by."""
        answer: Any = super().ReadResource(request)  # pyright: ignore[reportUnknownMemberType]
        answer.urn = make_urn(self.project, self.stack, request.parent, request.type, request.name)
        self._record(
            answer.urn, request, from_struct(request.properties), {}, custom=True, options={"read": request.id}
        )
        return answer

    def _record(
        self, urn: str, request: Any, inputs: Any, by_property: Any, *, custom: bool, options: dict[str, Any]
    ) -> None:
        place, needs = (urn, request.type, request.name, request.parent), frozenset[str](request.dependencies)
        self.recorded[urn] = Resource(*place, custom, inputs, needs, by_property, request.provider, options)

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the monitor's wire name
        """Record the registration and answer it with its own inputs and markers for the rest."""
        urn = make_urn(self.project, self.stack, request.parent, request.type, request.name)
        if request.type == STACK:
            self._stack_urn = urn
            return resource_pb2.RegisterResourceResponse(urn=urn)
        if urn in self.recorded:
            raise ValueError(f"two resources with one URN: {urn}")
        by_property = {name: frozenset(each.urns) for name, each in sorted(request.propertyDependencies.items())}
        inputs, options = from_struct(request.object), options_of(request)
        self._record(urn, request, inputs, by_property, custom=request.custom, options=options)
        answer = resource_pb2.RegisterResourceResponse(urn=urn, id=computed(urn, "id") if request.custom else "")
        answer.object.CopyFrom(request.object)
        for name in self._outputs(request.type):
            if name not in answer.object:
                answer.object[name] = computed(urn, name)
        return answer

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 - the monitor's wire name
        """Record a component's or the stack's outputs."""
        outputs = from_struct(request.outputs)
        if request.urn == self._stack_urn:
            self.stack_outputs = outputs
        else:
            self.component_outputs[request.urn] = outputs
        return empty_pb2.Empty()


def _on_a_loop(program: Callable[[], Mapping[str, Any]], monitor: _Monitor) -> Graph:
    """The graph, as the SDK registers it with an engine."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    failure: list[BaseException] = []

    def run() -> None:
        try:
            _export(program)
        except BaseException as error:
            failure.append(error)
            raise

    try:
        with _settings(monitor):
            loop.run_until_complete(sdk.stack.run_in_stack(run))
    except BaseException:
        if failure:
            raise failure[0] from None
        raise
    finally:
        asyncio.set_event_loop(None)
        loop.close()
    outputs = monitor.component_outputs, monitor.stack_outputs
    return Graph(monitor.project, monitor.stack, monitor.recorded, *outputs, monitor.asked)


@contextlib.contextmanager
def _settings(monitor: _Monitor) -> Generator[None]:
    """The SDK's process-wide settings, pointed at `monitor` and put back afterwards."""
    settings.reset_options(project=monitor.project, stack=monitor.stack)
    settings.configure(
        mocks.MockSettings(
            monitor=monitor,
            monitor_features=monitor.features(),
            engine=mocks.MockEngine(logging.getLogger("parity.evaluate.graph")),
            project=monitor.project,
            stack=monitor.stack,
            dry_run=False,
            organization="organization",
        )
    )
    try:
        yield
    finally:
        settings.reset_options()
