"""Records what a program registers, without a request for each: the same as the SDK would send, a test holds it.

Inputs are serialised here where they are plain (texts, numbers, lists and outputs of these), and by the SDK's own
coroutine where they are not. Options go through the SDK's own message. What is rarer than that (transforms, hooks,
remote components, parameterised packages) is left to the SDK: `NotSynchronous`.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.runtime.proto import resource_pb2

from parity.documents import is_list
from parity.evaluate import sdk
from parity.evaluate.ready import NotSynchronous, data_of, drive, made_of
from parity.evaluate.resource import Resource, SecretInput, computed
from parity.evaluate.wire import from_wire, options_of, to_struct
from parity.resources.urn import STACK, Urn

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

_AS_THEY_ARE = {str, bool, int}


@functools.cache
def _input_names(cls: type) -> dict[str, str]:
    """Names on the wire by names in Python, of a generated class of arguments."""
    return sdk.types.input_type_py_to_pulumi_names(cls)


@functools.cache
def _input_types(cls: type) -> dict[str, Any]:
    return sdk.types.input_type_types(cls)


@functools.cache
def _output_types(cls: type) -> dict[str, Any]:
    return sdk.types.resource_types(cls)


@dataclass
class Recorder:
    """Everything that a program registers."""

    project: str
    stack: str
    outputs: Callable[[str], Collection[str]]
    """Names of the outputs that only a provider computes, by type."""
    records: dict[str, Resource] = field(default_factory=dict[str, Resource])
    needs: dict[str, tuple[set[Any], dict[str, set[Any]]]] = field(
        default_factory=dict[str, tuple[set[Any], dict[str, set[Any]]]]
    )
    """What each depends on, and by property; expanded when the program has ended: a component may get children yet."""
    component_outputs: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    stack_outputs: dict[str, Any] = field(default_factory=dict[str, Any])
    _stack_urn: str = ""

    def register(  # noqa: PLR0917 - the SDK's own signature
        self,
        res: Any,
        ty: str,
        name: str,
        custom: bool,
        remote: bool,
        new_dependency: object,
        props: Mapping[str, Any],
        opts: Any,
        typ: type | None = None,
        package_ref: object = None,
    ) -> None:
        """Stand for the SDK's `register_resource`, with its arguments."""
        del new_dependency
        opts = opts or pulumi.ResourceOptions()
        if remote or package_ref is not None or _unusual(opts):
            raise NotSynchronous
        parent = _parent(opts, ty)
        urn = make_urn(self.project, self.stack, parent, ty, name)
        if urn in self.records:
            raise ValueError(f"two resources with one URN: {urn}")
        _be(res, urn, computed(urn, "id") if custom else None)
        if ty == STACK:
            self._stack_urn = urn
            return
        inputs, dependencies = _inputs(props, res, typ)
        _answer(res, props, inputs, _Extra(self.outputs(ty), urn), custom=custom, typ=typ)
        self.needs[urn] = _explicit(opts), dict(sorted(dependencies.items()))
        given, provider = dict(sorted(inputs.items())), _provider(opts) if custom else ""
        place, options = (urn, ty, name, parent), _options(res, opts, typ)
        self.records[urn] = Resource(*place, custom, given, frozenset(), {}, provider, options)

    def register_outputs(self, res: Any, outputs: Any) -> None:
        """Stand for the SDK's `register_resource_outputs`."""
        urn = data_of(res.urn).value
        found, _ = _inputs(outputs or {}, None, None)
        if urn == self._stack_urn:
            self.stack_outputs = dict(sorted(found.items()))
        else:
            self.component_outputs[urn] = dict(sorted(found.items()))

    def resources(self) -> dict[str, Resource]:
        """Every resource, by URN; for after the program has ended."""
        return {urn: _resource(record, *self.needs[urn]) for urn, record in self.records.items()}


def make_urn(project: str, stack: str, parent: str, type_: str, name: str) -> str:
    """The URN that the engine would give: the types of all parents but the stack's, then the resource's own."""
    return str(Urn.parse(parent).child(type_, name) if parent else Urn(stack, project, (), type_, name))


def _resource(record: Resource, explicit: set[Any], needs: Mapping[str, set[Any]]) -> Resource:
    by_property = {name: frozenset(_expanded(each)) for name, each in needs.items()}
    every = frozenset(_expanded(explicit)).union(*by_property.values())
    return replace(record, dependencies=every, property_dependencies=by_property)


def _expanded(needs: Iterable[Any]) -> set[str]:
    """The URNs of resources, a component's being its children's (the SDK's `_add_dependency`)."""
    urns: set[str] = set()
    waiting = list(needs)
    while waiting:
        need = waiting.pop()
        if isinstance(need, pulumi.ComponentResource):
            waiting += sdk.children_of(need)
        else:
            urns.add(data_of(need.urn).value)
    return urns


def _parent(opts: Any, ty: str) -> str:
    root = sdk.settings.get_root_resource()
    parent = opts.parent or (root if ty != STACK else None)
    return data_of(parent.urn).value if parent is not None else ""


def _provider(opts: Any) -> str:
    if opts.provider is None:
        return ""
    return f"{data_of(opts.provider.urn).value}::{data_of(opts.provider.id).value}"


def _explicit(opts: Any) -> set[Any]:
    """What `depends_on` names, not expanded yet."""
    listed = opts.depends_on
    if not listed:
        return set()
    if is_list(listed) and all(isinstance(each, pulumi.Resource) for each in listed):
        return set(listed)
    return drive(sdk.explicit_dependencies(opts))


# --- Options ----------------------------------------------------------------------------------------------------------


def _unusual(opts: Any) -> bool:
    """Whether there are options that only the SDK's own coroutine can send."""
    hooked = opts.hooks is not None and any(opts.hooks.__dict__.values())
    return hooked or bool(opts.transforms or opts.replace_with) or opts.replacement_trigger is not None


_USUAL = ("protect", "version", "plugin_download_url", "delete_before_replace")
_ELSEWHERE = {*_USUAL, "deleted_with", "parent", "provider", "providers", "depends_on", "hooks", "transformations"}
"""Options that need no message: the usual ones, and those that a record has in another place."""


@functools.cache
def _usual_options(**given: Any) -> Mapping[str, Any]:
    """The options of a resource that has no others: nearly all have these, and the same."""
    return _sent_options(None, pulumi.ResourceOptions(**given), None)


def _options(res: Any, opts: Any, typ: type | None) -> dict[str, Any]:
    """Every option that is set, as the SDK would send it."""
    if any(each is not None and name not in _ELSEWHERE for name, each in opts.__dict__.items()):
        return _sent_options(res, opts, typ)
    deleted_with = {} if opts.deleted_with is None else {"deletedWith": data_of(opts.deleted_with.urn).value}
    return {**deleted_with, **_usual_options(**{name: opts.__dict__[name] for name in _USUAL})}


def _sent_options(res: Any, opts: Any, typ: type | None) -> dict[str, Any]:
    deleted_with = data_of(opts.deleted_with.urn).value if opts.deleted_with is not None else ""
    timeouts = opts.custom_timeouts
    return options_of(
        resource_pb2.RegisterResourceRequest(
            protect=opts.protect,
            deleteBeforeReplace=opts.delete_before_replace or False,
            deleteBeforeReplaceDefined=opts.delete_before_replace is not None,
            ignoreChanges=sdk.translate_ignore_changes(res, typ, opts.ignore_changes),
            version=opts.version or "",
            pluginDownloadURL=opts.plugin_download_url or "",
            additionalSecretOutputs=sdk.translate_additional_secret_outputs(res, typ, opts.additional_secret_outputs),
            importId=opts.import_ or "",
            customTimeouts=None if timeouts is None else sdk.create_custom_timeouts(timeouts),
            aliases=drive(sdk.registration.prepare_aliases(res, opts, True)) if opts.aliases else None,
            replaceOnChanges=sdk.translate_replace_on_changes(res, typ, opts.replace_on_changes) or [],
            retainOnDelete=opts.retain_on_delete,
            deletedWith=deleted_with or "",
            hideDiffs=opts.hide_diffs,
            envVarMappings=opts.env_var_mappings or {},
        )
    )


# --- Inputs -----------------------------------------------------------------------------------------------------------


class _Intricate(Exception):
    """A value that only the SDK's own coroutine serialises."""


def _inputs(props: Mapping[str, Any], res: Any, typ: type | None) -> tuple[dict[str, Any], dict[str, set[Any]]]:
    """Plain values and dependencies by the names on the wire; what serialises to nothing is left out."""
    values: dict[str, Any] = {}
    dependencies: dict[str, set[Any]] = {}
    names = _input_names(typ) if typ is not None else {}
    for name in props:
        needs: set[Any] = set()
        try:
            value = _plain(props[name], needs)
        except _Intricate:
            value, needs = _by_the_sdk(props[name], name, res, typ, names)
        if value is None:
            continue
        if typ is not None:
            wire = names.get(name) or name
        else:
            wire = res.translate_input_property(name) if res is not None else name
        values[wire] = value
        dependencies[wire] = needs
    return values, dependencies


def _plain(value: Any, needs: set[Any]) -> Any:
    """A plain input as JSON, secrets wrapped; what it depends on goes into `needs`."""
    kind = value.__class__
    if value is None or kind in _AS_THEY_ARE:
        return value
    if kind is float:
        return int(value) if value.is_integer() else value
    if isinstance(value, sdk.output.Output):
        data = data_of(value)
        if not data.is_known:
            raise _Intricate
        needs |= data.resources
        inner = _plain(data.value, needs)
        return SecretInput(inner) if data.is_secret else inner
    if kind is list or kind is tuple:
        return [_plain(each, needs) for each in value]
    raise _Intricate


def _by_the_sdk(value: Any, name: str, res: Any, typ: type | None, names: Mapping[str, str]) -> tuple[Any, set[Any]]:
    needs: list[Any] = []
    translate = res.translate_input_property if res is not None and typ is None else None
    wanted = _input_types(typ).get(names.get(name) or name) if typ is not None else None
    done = drive(sdk.rpc.serialize_property(value, needs, name, res, translate, wanted))
    return from_wire(done), set(needs)


# --- What the resource answers ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Extra:
    """The outputs that only a provider computes."""

    names: Collection[str]
    urn: str

    def unmanaged(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        return {**inputs, **{name: computed(self.urn, name) for name in self.names if name not in inputs}}


def _data(value: Any, res: Any, *, secret: bool = False) -> Any:
    made = sdk.KnownData if type(value) is str else sdk.OutputData
    return made(resources={res}, value=value, is_known=True, is_secret=secret)


def _be(res: Any, urn: str, identifier: str | None) -> None:
    res.__dict__["urn"] = made_of(lambda: _data(urn, res))
    if identifier is not None:
        res.__dict__["id"] = made_of(lambda: _data(identifier, res))


def _answer(
    res: Any, props: Mapping[str, Any], inputs: Mapping[str, Any], extra: _Extra, *, custom: bool, typ: type | None
) -> None:
    """Give the resource its outputs: its own inputs and markers for the rest, resolved when one is asked for."""
    resolved = functools.cache(lambda: _resolved(res, props, inputs, extra, custom=custom, typ=typ))

    def output_of(name: str, wire: str) -> Any:
        value = inputs[wire] if wire in inputs else computed(extra.urn, wire) if wire in extra.names else None
        if typ is not None and type(value) is str and _output_types(res.__class__).get(wire) is str:
            return _data(value, res)
        return resolved()[name]

    names = _input_names(typ) if typ is not None else {}
    for name in props:
        if name == "urn" or (name == "id" and custom):
            continue
        res.__dict__[name] = made_of(functools.partial(output_of, name, names.get(name, name)))


def _resolved(
    res: Any, props: Mapping[str, Any], inputs: Mapping[str, Any], extra: _Extra, *, custom: bool, typ: type | None
) -> dict[str, Any]:
    """Each output's data, as the SDK resolves them from the engine's answer."""
    found: dict[str, Any] = {}

    def store(name: str, value: Any, _known: bool, secret: bool, _deps: object, _failed: object) -> None:
        found[name] = _data(value, res, secret=secret)

    sdk.rpc.resolve_outputs(
        res,
        to_struct(inputs),
        to_struct(extra.unmanaged(inputs)),
        {},
        {name: functools.partial(store, name) for name in props},
        custom,
        transform_using_type_metadata=typ is not None,
        keep_unknowns=True,
    )
    return found
