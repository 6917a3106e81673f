"""Records what a program registers, without a request for each: the same as the SDK would send, a test holds it.

Inputs are serialised here where they are plain (texts, numbers, lists and outputs of these), and by the SDK's own
coroutine where they are not. Options go through the SDK's own message. What is rarer than that (transforms, hooks,
remote components, parameterised packages) is left to the SDK: `NotSynchronous`.
"""

from __future__ import annotations

import functools
from collections import abc
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, get_args, get_origin

import pulumi
from pulumi.runtime.proto import resource_pb2

from parity.documents import is_list
from parity.evaluate import sdk
from parity.evaluate.ready import SCALARS, NotSynchronous, Ready, data_of, drive, made_of
from parity.evaluate.resource import Resource, SecretInput, computed
from parity.evaluate.wire import from_wire, options_of, to_struct
from parity.masked import SIGNATURE
from parity.resources.urn import STACK, Urn

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

_AS_THEY_ARE = SCALARS - {float}
_NONE: frozenset[str] = frozenset()
_translate = pulumi.Resource.translate_input_property


@functools.cache
def _input_names(cls: type) -> dict[str, str]:
    """Names on the wire by names in Python, of a generated class of arguments."""
    return sdk.types.input_type_py_to_pulumi_names(cls)


@functools.cache
def _input_types(cls: type) -> dict[str, Any]:
    return sdk.types.input_type_types(cls)


@functools.cache
def _output_names(cls: type) -> dict[str, str]:
    """Names in Python by names on the wire, of a generated class."""
    return sdk.types.resource_pulumi_to_py_names(cls)


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
    records: dict[str, Callable[[], Resource]] = field(default_factory=dict[str, "Callable[[], Resource]"])
    """By URN. Dependencies are expanded when the program has ended: a component may get children yet."""
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
        given, needs, explicit = dict(sorted(inputs.items())), dict(sorted(dependencies.items())), _explicit(opts)
        provider, options = _provider(opts) if custom else "", _options(res, opts, typ)

        def record() -> Resource:
            by_property = {name: frozenset(_expanded(each)) if each else _NONE for name, each in needs.items()}
            every = frozenset(_expanded(explicit)).union(*by_property.values())
            return Resource(urn, ty, name, parent, custom, given, every, by_property, provider, options)

        self.records[urn] = record

    def register_outputs(self, res: Any, outputs: Any) -> None:
        """Stand for the SDK's `register_resource_outputs`."""
        urn = _urn(res)
        found, _ = _inputs(outputs or {}, None, None)
        if urn == self._stack_urn:
            self.stack_outputs = dict(sorted(found.items()))
        else:
            self.component_outputs[urn] = dict(sorted(found.items()))

    def resources(self) -> dict[str, Resource]:
        """Every resource, by URN; for after the program has ended."""
        return {urn: record() for urn, record in self.records.items()}


def make_urn(project: str, stack: str, parent: str, type_: str, name: str) -> str:
    """The URN that the engine would give: the types of all parents but the stack's, then the resource's own."""
    return str(_parsed(parent).child(type_, name) if parent else Urn(stack, project, (), type_, name))


_parsed = functools.lru_cache(maxsize=1)(Urn.parse)
"""The children of one parent are mostly made together."""


def _expanded(needs: Iterable[Any]) -> set[str]:
    """The URNs of resources, a component's being its children's (the SDK's `_add_dependency`)."""
    urns: set[str] = set()
    waiting = list(needs)
    while waiting:
        need = waiting.pop()
        if isinstance(need, pulumi.ComponentResource):
            waiting += sdk.children_of(need)
        else:
            urns.add(_urn(need))
    return urns


def _urn(res: Any) -> str:
    """What `res.urn` holds, past the SDK's search for it."""
    return data_of(res.__dict__["urn"]).value


def _parent(opts: Any, ty: str) -> str:
    root = sdk.settings.get_root_resource()
    parent = opts.parent or (root if ty != STACK else None)
    return _urn(parent) if parent is not None else ""


def _provider(opts: Any) -> str:
    if opts.provider is None:
        return ""
    return f"{_urn(opts.provider)}::{data_of(opts.provider.id).value}"


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


_REPEATED = {"additional_secret_outputs", "aliases"}
_known_options: dict[tuple[Any, ...], Mapping[str, Any]] = {}
"""What is sent of the usual options, of which nearly all resources of a class have the same."""


def _options(res: Any, opts: Any, typ: type | None) -> dict[str, Any]:
    """Every option that is set, as the SDK would send it."""
    others = {name for name, each in opts.__dict__.items() if each is not None and name not in _ELSEWHERE}
    secrets, aliases = opts.additional_secret_outputs or (), opts.aliases or ()
    types = [each.type_ if _is_type_alone(each) else None for each in aliases]
    if not others <= _REPEATED or None in types or (secrets and not _translates_alike(res.__class__, typ)):
        return _sent_options(res, opts, typ)
    usual = {name: opts.__dict__[name] for name in _USUAL}
    given = (res.__class__, *usual.values(), *types, None, *secrets)
    if given not in _known_options:
        repeated = {name: opts.__dict__[name] for name in _REPEATED}
        _known_options[given] = _sent_options(res, pulumi.ResourceOptions(**repeated, **usual), typ)
    deleted_with = {} if opts.deleted_with is None else {"deletedWith": _urn(opts.deleted_with)}
    return {**deleted_with, **_known_options[given]}


def _is_type_alone(alias: Any) -> bool:
    """Whether an alias says another type and nothing else, as a generated class's own aliases do."""
    return alias.__class__ is pulumi.Alias and [each for each in alias.__dict__.values() if each is not ...] == [
        alias.type_
    ]


@functools.cache
def _translates_alike(cls: type, typ: type | None) -> bool:
    """Whether a name of a property has the same form on the wire in each resource of the class."""
    return typ is not None or getattr(cls, "translate_input_property", _translate) is _translate


def _sent_options(res: Any, opts: Any, typ: type | None) -> dict[str, Any]:
    deleted_with = _urn(opts.deleted_with) if opts.deleted_with is not None else ""
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


def _inputs(props: Mapping[str, Any], res: Any, typ: type | None) -> tuple[dict[str, Any], dict[str, Collection[Any]]]:
    """Plain values and dependencies by the names on the wire; what serialises to nothing is left out."""
    values: dict[str, Any] = {}
    dependencies: dict[str, Collection[Any]] = {}
    names = _input_names(typ) if typ is not None else {}
    for name, given in props.items():
        if given is None:
            continue
        needs: Collection[Any] = ()
        value = given
        if given.__class__ not in _AS_THEY_ARE:
            try:
                needs = set[Any]()
                value = _plain(given, needs, keys=_keeps_keys(res.__class__, typ, names.get(name) or name))
            except _Intricate:
                value, needs = _by_the_sdk(given, name, res, typ, names)
            if value is None:
                continue
        if typ is not None:
            wire = names.get(name) or name
        else:
            wire = res.translate_input_property(name) if res is not None else name
        values[wire] = value
        dependencies[wire] = needs
    return values, dependencies


@functools.cache
def _keeps_keys(cls: type, typ: type | None, wire: str) -> bool:
    """Whether a mapping given for an input is data, whose keys the SDK leaves as they are."""
    if typ is None:
        return _translates_alike(cls, typ)
    wanted: Any = sdk.types.unwrap_type(_input_types(typ).get(wire, Any))
    values = get_args(wanted)[1:] if get_origin(wanted) is abc.Mapping else ()
    return bool(values) and sdk.types.unwrap_type(values[0]) in SCALARS


def _plain(value: Any, needs: set[Any], *, keys: bool) -> Any:
    """A plain input as JSON, secrets wrapped; what it depends on goes into `needs`.

    `keys` says whether a mapping's keys stay as they are.
    """
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
        inner = _plain(data.value, needs, keys=keys)
        return SecretInput(inner) if data.is_secret else inner
    if kind is list or kind is tuple:
        return [_plain(each, needs, keys=keys) for each in value]
    if kind is dict and keys and SIGNATURE not in value:
        return {name: _plain(each, needs, keys=keys) for name, each in sorted(value.items())}
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
    resolved = Ready(lambda: _resolved(res, props, inputs, extra, custom=custom, typ=typ))

    def output_of(name: str, wire: str) -> Any:
        value = inputs[wire] if wire in inputs else computed(extra.urn, wire) if wire in extra.names else None
        if typ is not None and type(value) is str and _output_types(res.__class__).get(wire) is str:
            return _data(value, res)
        return resolved.result()[name]

    names, made = _input_names(typ) if typ is not None else {}, res.__dict__
    # Most of what a generated class has is not given: one output, of nothing, stands for all of it.
    called = _output_names(res.__class__) if typ is not None else {}
    valued = props if typ is None else {called.get(wire) or wire for wire in (*inputs, *extra.names)}
    nothing = made_of(lambda: _data(None, res))
    for name in props:
        if name == "urn" or (name == "id" and custom):
            continue
        if name in valued:
            made[name] = made_of(functools.partial(output_of, name, names.get(name, name)))
        else:
            made[name] = nothing


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
