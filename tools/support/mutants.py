"""Mutants of the program, generated from the parameter models, the SDK's resource options and the declared graph.

Each is a branch that a careless change could make: for one stack's name alone, the program does something else. The
mutants are generated, so a new field, option or resource has its mutants without a list.
"""

from __future__ import annotations

import copy
import inspect
import types
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

import pulumi
from pydantic import BaseModel, ValidationError

from infra import build
from parity.check import proof
from parity.check.compare import branches, compare
from parity.check.derived import watching
from parity.check.facts import facts
from parity.check.trace import changed
from parity.check.units import look_up
from parity.config import parameters, settings
from parity.config.model_problems import own_values
from parity.config.secret import Secret
from parity.config.stack_models import StackConfig
from parity.evaluate import graph
from parity.evaluate.resource import SecretInput
from parity.resources import kinds
from support import telemetry
from support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from parity.check.compare import Result
    from parity.config.settings import Settings
    from parity.evaluate.graph import Graph

PROJECT = "storefront"
ONE, OTHER = "staging", "prod"
BROKEN = OTHER
"""The stack that each mutant is for."""

Change = "Callable[[Any], Any]"


@dataclass(frozen=True)
class Mutant:
    """One mutant: where it is, what it does, and how it is brought in; exactly one way is given."""

    kind: str
    name: str
    settings: Callable[[Settings], Settings] | None = None
    transformation: Callable[[Any], Any] | None = None
    graph: Callable[[Graph], Graph] | None = None
    program: Callable[[], None] | None = None
    """Declares more, after everything else."""

    def __str__(self) -> str:
        return f"{self.kind}: {self.name}"


DERIVED: dict[str, str] = {}
"""What each secret is for that a program derived; of stand-ins alone."""


# --- The example, correct and broken ----------------------------------------------------------------------------------


@cache
def example(stack: str) -> Settings:
    """The example's settings, with all telemetry that a catalog may declare: the example itself has a drain alone."""
    base, more = settings.load(stack, ROOT, None), telemetry.values(stack)
    values = {**base.origin.values, **more}
    own = StackConfig.model_validate(own_values(values))
    return replace(
        base,
        catalog=telemetry.everything(base.catalog),
        traces=own.traces,
        alerts=own.alerts,
        origin=replace(base.origin, values=values),
    )


@cache
def sides() -> tuple[Any, Any]:
    return proof.side(example(ONE)), proof.side(example(OTHER))


def evaluate(mutant: Mutant | None) -> Callable[[str, Mapping[str, Any]], Graph]:
    """The program with a mutant, as the comparison runs it."""

    def run(stack: str, values: Mapping[str, Any]) -> Graph:
        base = example(stack)
        config = StackConfig.model_validate(own_values(values))
        mixed = replace(base, **dict(config), origin=replace(base.origin, values=values))
        # A branch on a key is in the program of both stacks; every other one is for one stack's name.
        everywhere = mutant is not None and mutant.kind == "key"
        broken = mutant if stack == BROKEN or everywhere else None
        if broken is not None and broken.settings is not None:
            mixed = broken.settings(mixed)

        def program() -> Mapping[str, Any]:
            if broken is not None and broken.transformation is not None:
                pulumi.runtime.register_stack_transformation(broken.transformation)
            outputs = build.build(mixed)
            if broken is not None and broken.program is not None:
                broken.program()
            return outputs

        with watching(DERIVED):
            found = graph.evaluate(
                program, project=PROJECT, stack_name=stack, outputs=lambda type_: kinds.of(type_).outputs
            )
        return broken.graph(found) if broken is not None and broken.graph is not None else found

    return run


@cache
def base_facts() -> Any:
    return facts(evaluate(None)(OTHER, sides()[1].values))


@dataclass(frozen=True)
class Outcome:
    """The outcome of a mutant."""

    mutant: Mutant
    caught: Literal["unexplained", "refused", "equivalent", "escaped"]
    """`refused`: the program fails; `equivalent`: what is declared is the same, so there is nothing to catch."""
    shown: bool
    """Whether a preview of the broken stack alone would show a change when the mutant comes in."""
    result: Result | None = None


def judge(mutant: Mutant, *, full: bool = False) -> Outcome:
    """Compare the two stacks with the mutant in, and give its outcome.

    What follows the stack's name is unexplained before anything is traced, so tracing is left out unless `full`.
    """
    one, other = sides()
    run = evaluate(mutant)
    before = base_facts()
    try:
        broken = facts(run(OTHER, other.values))
        found = frozenset() if full else branches(one, other, _remembering(mutant, run), DERIVED)
        result = None if found else compare(one, other, run, derived=DERIVED, sealed=True, workers=1)
    except Exception:  # noqa: BLE001 - whatever the program raises: the check ends with an error, and so does a preview
        return Outcome(mutant, "refused", shown=True)
    moved = changed(before, broken)
    shown = any(place.aspect in SHOWN for place in moved)
    if result is None or result.unexplained:
        return Outcome(mutant, "unexplained", shown, result)
    return Outcome(mutant, "escaped" if moved else "equivalent", shown, result)


def _remembering(mutant: Mutant, run: Callable[[str, Mapping[str, Any]], Graph]) -> Callable[..., Graph]:
    """The program, with what no mutant for the other stack's name can change evaluated once for all."""

    def evaluate_once(stack: str, values: Mapping[str, Any]) -> Graph:
        if stack == BROKEN or mutant.kind == "key":
            return run(stack, values)
        return _unbroken(values["parity:secret"] == sides()[1].values["parity:secret"])

    return evaluate_once


@cache
def _unbroken(others_config: bool) -> Graph:
    """What the program declares under the first stack's name: with its own config, or with the other's."""
    values = sides()[1].values if others_config else sides()[0].values
    return evaluate(None)(ONE, {**values, "parity:environment": ONE})


SHOWN = {"resource", "input", "output", "provider", "parent"}
"""Aspects whose change a preview prints as a change; dependencies and the engine's own options it does not print."""


# --- Values that differ -----------------------------------------------------------------------------------------------


def others(annotation: Any, value: Any) -> Iterator[Any]:
    """Values unlike the given one that its type may allow, the likeliest first."""
    bare = _bare(annotation)
    if get_origin(bare) is Literal:
        yield from (each for each in get_args(bare) if each != value)
    elif isinstance(value, bool):
        yield not value
    elif isinstance(value, int | float):
        yield from (value + 1, value - 1, value / 2, value * 2)
    elif isinstance(value, Secret):
        yield Secret("another secret, which is as long as any of them must be", value.key)
    elif isinstance(value, str):
        last = "2" if value[-1:] != "2" else "3"
        yield from (f"{value}x", f"x{value}", f"{value[:-1]}{last}", value[:-1])
    elif value is None:
        yield from ("other", "other.example.com", 1, True, "dpl_other", {"host": "pooler.example.com", "port": 6432})
    elif isinstance(value, tuple):
        yield from _other_tuples(bare, value)
    elif isinstance(value, Mapping):
        if not value:
            yield {"shop": {"access": "other", "login": "other_{generation}"}}
        for key in value:
            yield {name: each for name, each in value.items() if name != key}


def _other_tuples(annotation: Any, value: tuple[Any, ...]) -> Iterator[Any]:
    item = get_args(annotation)[0] if get_args(annotation) else None
    if value:
        yield value[:-1]
        yield from ((*value[:-1], each) for each in others(item, value[-1]))
        yield from ((*value, each) for each in others(item, value[-1]))
    elif get_origin(_bare(item)) is Literal:
        yield from ((each,) for each in get_args(_bare(item)))
    else:
        yield ("other",)


def _bare(annotation: Any) -> Any:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _bare(get_args(annotation)[0])
    if origin in {Union, types.UnionType}:
        rest = [part for part in get_args(annotation) if part is not type(None)]
        return _bare(rest[0]) if len(rest) == 1 else annotation
    return annotation


def _valid(model: BaseModel, field: str, value: Any) -> BaseModel | None:
    """The model with another value, if it is one that the model allows and really another."""
    try:
        changed_model = type(model).model_validate({**_as_given(model), _key(type(model), field): value})
    except (ValidationError, TypeError, ValueError):
        return None
    return changed_model if getattr(changed_model, field) != getattr(model, field) else None


def _as_given(model: BaseModel) -> dict[str, Any]:
    return {_key(type(model), name): getattr(model, name) for name in type(model).model_fields}


def _key(model: type[BaseModel], field: str) -> str:
    return model.model_fields[field].alias or field


# --- Fields of the models ---------------------------------------------------------------------------------------------

Step = str | int


def model_mutants(root: Any, kind: str, put: Callable[[Settings, Any], Settings]) -> Iterator[Mutant]:
    """A mutant for each field of each model that is found below `root`; the first object of a class stands for it."""
    seen: set[tuple[type, str]] = set()
    for path, model in _models(root, ()):
        for field, info in type(model).model_fields.items():
            if (type(model), field) in seen:
                continue
            value = getattr(model, field)
            found = next((each for each in map(_tried(model, field), others(info.annotation, value)) if each), None)
            if found is None:
                continue
            seen.add((type(model), field))
            changed_root = _with(root, path, found)
            yield Mutant(
                kind, f"{type(model).__name__}.{field}", settings=lambda given, new=changed_root: put(given, new)
            )


def _tried(model: BaseModel, field: str) -> Callable[[Any], BaseModel | None]:
    return lambda value: _valid(model, field, value)


def fields_of(root: Any) -> set[str]:
    """`Class.field` of every model below `root`; a field that holds a model is that model's own fields."""
    return {
        f"{type(model).__name__}.{name}"
        for _, model in _models(root, ())
        for name in type(model).model_fields
        if not isinstance(getattr(model, name), BaseModel)
    }


_KIND = "has one value in its model; variables made another kind are mutants of their own"
_NOTHING = "says nothing about what is declared: it is read by the check and by the gate"
ONE_VALUE: dict[str, str] = {
    "PlainVariable.kind": _KIND,
    "PerStackVariable.kind": _KIND,
    "SensitiveVariable.kind": _KIND,
    "DatabaseUrlVariable.kind": _KIND,
    "Application.container": "the example has none; what it declares is the same for each stack",
    "Application.trusted_source": "the example has none; what it declares differs by the stack's name alone",
    "Application.watch": "the example has none; what its stages declare is the same for each stack",
    "WatchSettings.counts": "as Application.watch",
    "WatchSettings.least_difference": "as Application.watch",
    "Retention.production": "has one value in its model: anything else would lose kept releases",
    "Migrations.sources": "what the files are rendered from: test_rendered.py",
    "Migrations.command": "as Migrations.sources",
    "StackConfig.exceptions": _NOTHING,
    "StackConfig.acknowledged": _NOTHING,
}
"""Fields of the models without a mutant, each with the reason."""

EQUIVALENT: dict[str, str] = {
    "Migrations.large_table_megabytes": "what a preview says of a migration: test_preview_rehearsal.py",
    "WatchSettings.minutes": "how long a release is watched; no resource is made of it",
    "SensitiveVariable.generated": "who makes a value; the value is what is declared",
    "PerStackVariable.type": "the form that a value must have; the value is what is declared",
    "transformations set on storefront-database": "what a transformation adds to a resource comes too late to run",
}
"""Breaks that change nothing of what is declared, so that there is nothing to catch, each with the reason."""


def _models(value: Any, path: tuple[Step, ...]) -> Iterator[tuple[tuple[Step, ...], BaseModel]]:
    if isinstance(value, BaseModel):
        yield path, value
        for name in type(value).model_fields:
            yield from _models(getattr(value, name), (*path, name))
    elif isinstance(value, tuple):
        for index, each in enumerate(value):
            yield from _models(each, (*path, index))
    elif isinstance(value, Mapping):
        for name, each in value.items():
            yield from _models(each, (*path, str(name)))


def _with(value: Any, path: tuple[Step, ...], new: Any) -> Any:
    if not path:
        return new
    first, rest = path[0], path[1:]
    if isinstance(value, BaseModel):
        return value.model_copy(update={str(first): _with(getattr(value, str(first)), rest, new)})
    if isinstance(value, tuple):
        return tuple(_with(each, rest, new) if index == first else each for index, each in enumerate(value))
    return {name: _with(each, rest, new) if name == first else each for name, each in value.items()}


def catalog_mutants() -> Iterator[Mutant]:
    """A mutant for each field of the catalog's models, and one for each variable that becomes another kind."""
    catalog = example(OTHER).catalog
    yield from model_mutants(catalog, "catalog field", lambda given, new: replace(given, catalog=new))
    yield from _kinds(catalog)


def _kinds(catalog: Any) -> Iterator[Mutant]:
    """A variable of one kind made another, above all a sensitive one made plain."""
    application = catalog.applications[0]
    members = get_args(get_args(parameters.Variable)[0])
    for index, variable in enumerate(application.variables):
        for member in members:
            if member is type(variable):
                continue
            wanted = {"value": "in the clear", "database": catalog.databases[0].name, "schemas": ("shop",)}
            given = {"name": variable.name, **{key: each for key, each in wanted.items() if key in member.model_fields}}
            new = _with(catalog, ("applications", 0, "variables", index), member(**given))
            name = f"{type(variable).__name__} {variable.name} made a {member.__name__}"
            yield Mutant("catalog field", name, settings=lambda given, new=new: replace(given, catalog=new))


def fields_of_stacks() -> set[str]:
    """`Class.field` of every model of a stack's file."""
    return fields_of(StackConfig.model_validate(own_values(sides()[1].values)))


def setting_mutants() -> Iterator[Mutant]:
    """A mutant for each field of the stack's models: the program goes by another value than the file's."""
    mixed = example(OTHER)
    stood_in = StackConfig.model_validate(own_values(sides()[1].values))

    def put(given: Settings, new: StackConfig) -> Settings:
        return replace(given, **dict(new))

    assert mixed.stack == OTHER
    yield from model_mutants(stood_in, "stack setting", put)


# --- Inputs and options, through the SDK's own transformations --------------------------------------------------------


@dataclass(frozen=True)
class _Seen:
    type: str
    name: str
    props: Mapping[str, Any]
    opts: Any


@cache
def _registered() -> tuple[_Seen, ...]:
    """Every registration of the broken stack's program, as a transformation sees it."""
    seen: list[_Seen] = []
    observer = Mutant(
        "observer",
        "observer",
        transformation=lambda args: seen.append(_Seen(args.type_, args.name, args.props, args.opts)),
    )
    evaluate(observer)(BROKEN, sides()[1].values)
    return tuple(seen)


def _first_of_each_type() -> Iterator[_Seen]:
    """The registration with the most inputs of each type."""
    types_seen: dict[str, _Seen] = {}
    for each in _registered():
        before = types_seen.get(each.type)
        if before is None or len(_given(each.props)) > len(_given(before.props)):
            types_seen[each.type] = each
    yield from types_seen.values()


def _given(props: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in props.items() if value is not None}


def input_mutants() -> Iterator[Mutant]:
    """For each input of each type of resource, one that has another value and one that is left out."""
    for resource in _first_of_each_type():
        repeated = kinds.of(resource.type).repeats
        for path, _ in _leaves({name: each for name, each in _given(resource.props).items() if name not in repeated}):
            for verb, change in (("changed", _other_input), ("left out", lambda _: None)):
                name = f"{resource.type} {resource.name}: {'.'.join(map(str, path))} {verb}"
                yield Mutant("input", name, transformation=_changing(resource, path, change))


def _leaves(value: Any, path: tuple[Step, ...] = ()) -> Iterator[tuple[tuple[Step, ...], Any]]:
    """Inputs down into argument classes and mappings; lists and outputs are taken as one."""
    if pulumi._types.is_input_type(type(value)):
        value = value.__dict__
    if isinstance(value, dict) and value and len(path) < 3:
        for name, each in _given(value).items():
            yield from _leaves(each, (*path, name))
    elif path:
        yield path, value


def _changing(resource: _Seen, path: tuple[Step, ...], change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def transform(args: Any) -> Any:
        if (args.type_, args.name) != (resource.type, resource.name):
            return None
        return pulumi.ResourceTransformationResult(_put(dict(args.props), path, change), args.opts)

    return transform


def _put(value: Any, path: tuple[Step, ...], change: Callable[[Any], Any]) -> Any:
    if not path:
        return change(value)
    if pulumi._types.is_input_type(type(value)):
        copied = copy.copy(value)
        copied.__dict__.update(_put(dict(value.__dict__), path, change))
        return copied
    return {**value, path[0]: _put(value[path[0]], path[1:], change)}


def _other_input(value: Any) -> Any:
    if isinstance(value, pulumi.Output):
        return value.apply(_other_input)
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, str):
        return f"{value}-other"
    if isinstance(value, list):
        return value[:-1] if value else ["other"]
    return None


def option_values() -> dict[str, Callable[[], Any]]:
    """A value of each resource option that the example does not give; made inside the program, where it needs that."""
    return {
        "depends_on": lambda: [_RESOURCES[-1]],
        "protect": lambda: True,
        "provider": lambda: pulumi.ProviderResource("postgresql", "another", {}),
        "delete_before_replace": lambda: True,
        "ignore_changes": lambda: ["connection_limit"],
        "version": lambda: "9.9.9",
        "aliases": lambda: [pulumi.Alias(name="before")],
        "additional_secret_outputs": lambda: ["name"],
        "import_": lambda: "there-already",
        "custom_timeouts": lambda: pulumi.CustomTimeouts(create="1h"),
        "transformations": lambda: [
            lambda args: pulumi.ResourceTransformationResult({**args.props, "connection_limit": 1}, args.opts)
        ],
        "replace_on_changes": lambda: ["connection_limit"],
        "replacement_trigger": lambda: "again",
        "plugin_download_url": lambda: "https://plugins.example.com",
        "retain_on_delete": lambda: True,
        "deleted_with": lambda: _RESOURCES[-1],
        "replace_with": lambda: [_RESOURCES[-1]],
        "hide_diffs": lambda: ["connection_limit"],
    }


OPTIONS_APART = {
    "parent": "a transformation may not change it; moved parents are among the graph's mutants",
    "providers": "decides the providers of children; a child's own provider is among the mutants",
    "env_var_mappings": "of providers only; tried on one",
    "id": "the resource is then read, not declared; tried as an extra resource",
    "urn": "as `id`",
    "transforms": "the engine calls them back; evaluated offline, how many there are is all that is seen",
    "hooks": "the engine calls them back; need its callback server, which is not there offline",
}
"""Options without a mutant of their own here, each with the reason."""

_RESOURCES: list[Any] = []
"""Resources that the running program has made, for options that take one."""

_OPTED = "storefront-database"


def option_mutants() -> Iterator[Mutant]:
    """For each resource option one mutant; those that the program uses are also broken on every type of resource."""
    for option, value in option_values().items():
        yield Mutant("option", f"{option} set on {_OPTED}", transformation=_opting(_OPTED, option, value))
    for resource in _first_of_each_type():
        where = f"{resource.type} {resource.name}"
        for name in USED:
            if getattr(resource.opts, name, None):
                yield Mutant(
                    "option", f"{where}: {name} taken away", transformation=_opting(resource.name, name, _none)
                )
        if resource.opts.depends_on:
            nothing = _opting(resource.name, "depends_on", list)
            yield Mutant("dependency", f"{where}: depends on nothing", transformation=nothing)
        if resource.type.startswith(("pulumi:", "parity:components")):
            continue
        for name in ("protect", "retain_on_delete"):
            yield Mutant("option", f"{where}: {name} set", transformation=_opting(resource.name, name, lambda: True))
        more = _opting(resource.name, "depends_on", lambda: [_RESOURCES[0]])
        yield Mutant("dependency", f"{where}: depends on one more", transformation=more)


USED = ("protect", "delete_before_replace", "deleted_with", "version")
"""Options that the program gives to resources, and that a mutant may take away."""


def _none() -> None:
    return None


def _opting(name: str, option: str, value: Callable[[], Any]) -> Callable[[Any], Any]:
    def transform(args: Any) -> Any:
        if not _RESOURCES or _RESOURCES[0].__dict__.get("_parity_root") is not pulumi.runtime.get_root_resource():
            _RESOURCES.clear()
            args.resource.__dict__["_parity_root"] = pulumi.runtime.get_root_resource()
        if args.name != name or isinstance(args.resource, pulumi.ComponentResource):
            if isinstance(args.resource, pulumi.CustomResource) and not isinstance(
                args.resource, pulumi.ProviderResource
            ):
                _RESOURCES.append(args.resource)
            return None
        opts = copy.copy(args.opts)
        setattr(opts, option, value())
        return pulumi.ResourceTransformationResult(args.props, opts)

    return transform


def unknown_options() -> set[str]:
    """Options of the SDK that have neither a mutant nor a reason for having none."""
    known = set(inspect.signature(pulumi.ResourceOptions.__init__).parameters) - {"self"}
    return known - option_values().keys() - OPTIONS_APART.keys()


# --- The graph --------------------------------------------------------------------------------------------------------


def graph_mutants() -> Iterator[Mutant]:
    """Breaks of the graph's own form: resources that lack or are more, moved, renamed; edges; outputs."""
    intact = evaluate(None)(OTHER, sides()[1].values)
    first: dict[str, Any] = {}
    for resource in intact.resources.values():
        first.setdefault(resource.type, resource)
    for resource in first.values():
        where, urn = f"{resource.type} {resource.name}", resource.urn
        yield Mutant("resource", f"{where} left out", graph=_without(urn))
        yield Mutant("resource", f"{where} renamed", graph=_renamed(urn))
        yield Mutant("parent", f"{where} moved", graph=_edited(urn, parent="elsewhere"))
        if resource.provider:
            yield Mutant("provider", where, graph=_edited(urn, provider="other::id"))
        needing = next((name for name, needs in resource.property_dependencies.items() if needs), None)
        if needing is not None:
            gone = {**resource.property_dependencies, needing: frozenset[str]()}
            edited = _edited(urn, property_dependencies=gone)
            yield Mutant("dependency", f"{where}: {needing} needs nothing", graph=edited)
        for name, value in resource.inputs.items():
            if isinstance(value, SecretInput):
                clear = _edited(urn, inputs={**resource.inputs, name: value.value})
                yield Mutant("secret", f"{where}: {name} in the clear", graph=clear)
    for urn, outputs in intact.component_outputs.items():
        for name in outputs:
            yield Mutant("component output", f"{urn.rpartition('::')[2]} {name}", graph=_output_changed(urn, name))
    for name in intact.outputs:
        yield Mutant("stack output", name, graph=_stack_output_changed(name))
    yield Mutant("resource", "one more", program=lambda: _more("parity:components:Extra", custom=False))
    yield Mutant(
        "resource", "one more, of a vendor's type", program=lambda: _more("vercel:index/project:Project", custom=True)
    )
    yield Mutant("resource", "one that is read and not made", program=_read)


def _more(type_: str, *, custom: bool) -> None:
    if custom:
        pulumi.CustomResource(type_, "extra", {"name": "extra"})
    else:
        pulumi.ComponentResource(type_, "extra")


def _read() -> None:
    pulumi.CustomResource("vercel:index/project:Project", "extra", {}, pulumi.ResourceOptions(id="prj_1"))


def _without(urn: str) -> Callable[[Graph], Graph]:
    return lambda given: replace(given, resources={key: each for key, each in given.resources.items() if key != urn})


def _renamed(urn: str) -> Callable[[Graph], Graph]:
    def rename(given: Graph) -> Graph:
        new = f"{urn}-other"
        renamed = {new if key == urn else key: each for key, each in given.resources.items()}
        if urn in given.resources:
            renamed[new] = replace(given.resources[urn], urn=new)
        return replace(given, resources=renamed)

    return rename


def _edited(urn: str, **values: Any) -> Callable[[Graph], Graph]:
    def edit(given: Graph) -> Graph:
        if urn not in given.resources:
            return given
        return replace(given, resources={**given.resources, urn: replace(given.resources[urn], **values)})

    return edit


def _output_changed(urn: str, name: str) -> Callable[[Graph], Graph]:
    def edit(given: Graph) -> Graph:
        outputs = {**given.component_outputs, urn: {**given.component_outputs[urn], name: "other"}}
        return replace(given, component_outputs=outputs)

    return edit


def _stack_output_changed(name: str) -> Callable[[Graph], Graph]:
    return lambda given: replace(given, outputs={**given.outputs, name: "other"})


# --- Next to the name -------------------------------------------------------------------------------------------------


def by_key(unit: tuple[str, ...]) -> Mutant:
    """A branch on a key's value instead of the stack's name: another framework where the key is as prod has it."""
    catalog = example(OTHER).catalog
    there = look_up(sides()[1].values, unit)

    def settings(given: Settings) -> Settings:
        if look_up(given.origin.values, unit) != there:
            return given
        first = catalog.applications[0].model_copy(update={"framework": "remix"})
        return replace(given, catalog=_with(catalog, ("applications", 0), first))

    return Mutant("key", ".".join(unit), settings=settings)


# --- All --------------------------------------------------------------------------------------------------------------


def mutants() -> list[Mutant]:
    """Every mutant, each once."""
    found = [*catalog_mutants(), *setting_mutants(), *input_mutants(), *option_mutants(), *graph_mutants()]
    return list({str(each): each for each in found}.values())
