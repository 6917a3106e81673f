"""Evaluates the program for one stack, offline, into the graph of resources that it declares.

No engine, no plugin and no network: the SDK registers with a monitor of our own, which records each request whole, as
the engine would receive it (inputs, dependencies by property, parent, provider and every resource option). What only a
provider could know (ids, computed outputs) is stood for by a marker that names where it comes from, made by `computed`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pulumi
from google.protobuf import empty_pb2, json_format
from pulumi.runtime import mocks, rpc, settings, stack
from pulumi.runtime.proto import resource_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from google.protobuf.struct_pb2 import Struct

_SIGNATURE = rpc._special_sig_key  # noqa: SLF001 - the wire's own marker has no public name  # pyright: ignore[reportPrivateUsage]
_SECRET = rpc._special_secret_sig  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
_COMPUTED_PREFIX = "parity-computed:"


@dataclass(frozen=True)
class SecretInput:
    """An input that the program marked as secret; the value is kept from every text form."""

    value: Any = field(repr=False)

    def __str__(self) -> str:
        """Never the value."""
        return "[secret]"


@dataclass(frozen=True)
class Resource:
    """One resource as the program declares it."""

    urn: str
    type: str
    name: str
    parent: str
    custom: bool
    inputs: Mapping[str, Any]
    """Plain JSON values; a secret is a `SecretInput`; what only a provider knows is what `computed` makes."""
    dependencies: frozenset[str]
    property_dependencies: Mapping[str, frozenset[str]]
    provider: str
    options: Mapping[str, Any]
    """Every other field of the registration that is set: protect, retainOnDelete, deleteBeforeReplace, ..."""


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


def computed(urn: str, output: str) -> str:
    """The marker that stands for an output which only a provider could compute."""
    return f"{_COMPUTED_PREFIX}{urn}#{output}"


def is_computed(value: object) -> bool:
    """Whether a value holds a marker that `computed` made."""
    return isinstance(value, str) and _COMPUTED_PREFIX in value


def _plain(value: Any) -> Any:
    """A wire value as plain JSON, secrets wrapped."""
    if isinstance(value, dict):
        wire = cast("dict[str, Any]", value)
        if wire.get(_SIGNATURE) == _SECRET:
            return SecretInput(_plain(wire.get("value")))
        return {key: _plain(each) for key, each in sorted(wire.items())}
    if isinstance(value, list):
        return [_plain(each) for each in cast("list[Any]", value)]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _struct(message: Struct) -> dict[str, Any]:
    return cast("dict[str, Any]", _plain(json_format.MessageToDict(message)))


_NOT_OPTIONS = frozenset(
    {"type", "name", "parent", "custom", "object", "dependencies", "propertyDependencies", "provider", "providers"}
    # How this SDK speaks to the engine, not what the program says.
    | {"acceptSecrets", "acceptResources", "supportsPartialValues", "supportsResultReporting", "sourcePosition"}
    | {"aliasSpecs", "packageRef", "stackTrace", "parentStackTraceHandle", "remote", "hooks"}
)


class _Answers(mocks.Mocks):
    """Answers invokes with markers; resources are answered by the monitor itself."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: dict[str, tuple[str, Mapping[str, Any]]] = {}

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        given = cast("dict[str, Any]", args.args)  # pyright: ignore[reportUnknownMemberType]
        # Digits, because GitHub's ids are numbers that the program converts; the same question gets the same answer.
        digits = str(zlib.crc32(f"{args.token}({sorted(given.items())})".encode()))
        self.asked[digits] = (str(args.token), dict(given))
        return {"id": digits, **given}, []

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        return args.name, cast("dict[str, Any]", args.inputs)  # pyright: ignore[reportUnknownMemberType]


class _Monitor(mocks.MockMonitor):
    """Records each registration whole."""

    def __init__(self, project: str, stack_name: str, outputs: Callable[[str], tuple[str, ...]]) -> None:
        answers = _Answers()
        super().__init__(answers)
        self.asked = answers.asked
        self._prefix = f"urn:pulumi:{stack_name}::{project}"
        self.recorded: dict[str, Resource] = {}
        self.component_outputs: dict[str, dict[str, Any]] = {}
        self.stack_outputs: dict[str, Any] = {}
        self._outputs = outputs
        self._stack_urn = ""

    def features(self) -> set[int]:
        """What the SDK may ask of this monitor."""
        info = cast("Any", super().GetDeploymentInfo(empty_pb2.Empty()))  # pyright: ignore[reportUnknownMemberType]
        return set(info.supportedFeatures)

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """The URN that the engine would give: the types of all parents but the stack's, then the resource's own."""
        lineage = parent.split("::")[2] if parent else ""
        qualified = type_ if lineage in {"", "pulumi:pulumi:Stack"} else f"{lineage}${type_}"
        return f"{self._prefix}::{qualified}::{name}"

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the monitor's wire name
        """Record the registration and answer it with its own inputs and markers for the rest."""
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type == "pulumi:pulumi:Stack":
            self._stack_urn = urn
            return resource_pb2.RegisterResourceResponse(urn=urn)
        if urn in self.recorded:
            raise ValueError(f"two resources with one URN: {urn}")
        message = json_format.MessageToDict(request)
        self.recorded[urn] = Resource(
            urn=urn,
            type=request.type,
            name=request.name,
            parent=request.parent,
            custom=request.custom,
            inputs=_struct(request.object),
            dependencies=frozenset(request.dependencies),
            property_dependencies={
                name: frozenset(each.urns) for name, each in sorted(request.propertyDependencies.items())
            },
            provider=request.provider,
            options={name: _plain(each) for name, each in sorted(message.items()) if name not in _NOT_OPTIONS},
        )
        answer = resource_pb2.RegisterResourceResponse(urn=urn, id=computed(urn, "id") if request.custom else "")
        answer.object.CopyFrom(request.object)
        for name in self._outputs(request.type):
            if name not in answer.object:
                answer.object[name] = computed(urn, name)
        return answer

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 - the monitor's wire name
        """Record a component's or the stack's outputs."""
        outputs = _struct(request.outputs)
        if request.urn == self._stack_urn:
            self.stack_outputs = outputs
        else:
            self.component_outputs[request.urn] = outputs
        return empty_pb2.Empty()


def evaluate(
    program: Callable[[], Mapping[str, Any]],
    *,
    project: str,
    stack_name: str,
    outputs: Callable[[str], tuple[str, ...]] = lambda _: (),
) -> Graph:
    """Run `program` for one stack and give the graph that it declares.

    Args:
        program: makes the resources and gives the stack's outputs; `infra.build.build` with its settings bound.
        project: the Pulumi project's name.
        stack_name: the stack's name.
        outputs: the names of the outputs that only a provider can compute, by resource type token; each is answered
            with a marker.

    Raises:
        Whatever the program raises, unchanged.
    """
    monitor = _Monitor(project, stack_name, outputs)
    with _runtime(monitor, project, stack_name):
        failure: list[BaseException] = []

        def run() -> None:
            try:
                for name, value in program().items():
                    pulumi.export(name, value)
            except BaseException as error:
                failure.append(error)
                raise

        try:
            asyncio.get_event_loop().run_until_complete(stack.run_in_stack(run))
        except BaseException:
            if failure:
                raise failure[0] from None
            raise
    return Graph(
        project=project,
        stack=stack_name,
        resources=monitor.recorded,
        component_outputs=monitor.component_outputs,
        outputs=monitor.stack_outputs,
        invokes=monitor.asked,
    )


@contextlib.contextmanager
def _runtime(monitor: _Monitor, project: str, stack_name: str):  # noqa: ANN202 - a context manager of nothing
    """The SDK's process-wide runtime, pointed at `monitor` and put back afterwards."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    settings.reset_options(project=project, stack=stack_name)
    mocks_settings = mocks.MockSettings(
        monitor=monitor,
        monitor_features=monitor.features(),
        engine=mocks.MockEngine(logging.getLogger("parity.graph")),
        project=project,
        stack=stack_name,
        dry_run=False,
        organization="organization",
    )
    settings.configure(mocks_settings)
    try:
        yield
    finally:
        settings.reset_options()
        asyncio.set_event_loop(None)
        loop.close()
