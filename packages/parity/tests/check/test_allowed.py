"""No false alarm: whatever the stacks' models allow to differ is declared, and nothing is unexplained.

The two configs are drawn from the models themselves: a new field without a strategy fails here, by its name.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import AfterValidator

from parity.check.compare import Side, compare
from parity.config import forms, stack_checks, stack_models
from parity.config.parameters import PerStackVariable, SensitiveVariable
from parity.config.secret import Secret
from parity.config.source import Source
from support import mutants
from support.amounts import examples

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from parity.config.parameters import Application

CATALOG = mutants.example("prod").catalog
LABEL = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)
DOMAIN = st.builds(lambda labels: ".".join([*labels, "example"]), st.lists(LABEL, min_size=1, max_size=3))
TEXT = st.text(st.characters(codec="ascii", exclude_categories=["C", "Z"]), min_size=1, max_size=12)

SECRET = st.text("0123456789abcdef", min_size=64, max_size=64).map(lambda text: Secret(text, "drawn"))
HEX = functools.partial(st.text, "0123456789abcdef")

BY_CHECK: dict[Any, st.SearchStrategy[Any]] = {
    forms.clean: TEXT,
    forms.domain: DOMAIN,
    forms.hostname: DOMAIN,
    forms.pooler_user: LABEL.map(lambda text: f"{{role}}.{text}"),
    forms.https_url: DOMAIN.map(lambda host: f"https://{host}/drain"),
    forms.commit: HEX(min_size=40, max_size=40),
    forms.digest: HEX(min_size=32, max_size=32),
    forms.release_id: st.integers(1, 50).map(lambda number: f"r{number}"),
}
"""Texts by the check that their type makes."""

BY_FIELD: dict[tuple[type[Any], str], st.SearchStrategy[Any]] = {
    # GitHub refuses a team twice, and so would two resources with one name.
    (stack_models.Reviewers, "teams"): st.lists(LABEL, max_size=3, unique=True),
    (stack_models.DeliverySettings, "branches"): st.lists(LABEL, min_size=1, max_size=3, unique=True),
    # Made unlike those of other objects by `stack`.
    (stack_models.ApplicationSettings, "project"): st.none() | LABEL,
    (stack_models.GivenNames, "applications"): st.dictionaries(
        st.sampled_from([each.name for each in CATALOG.applications]),
        st.deferred(lambda: model(stack_models.ApplicationRoles)),
    ),
    (stack_models.DeliverySettings, "environment"): st.none() | LABEL,
    (stack_models.WatchSettings, "minutes"): st.none() | st.integers(1, 60),
    (stack_models.WatchSettings, "least_difference"): st.none() | st.floats(0.001, 0.5),
    # Drawn by `variables`, which knows the application.
    (stack_models.ApplicationSettings, "variables"): st.just({}),
    (stack_models.ApplicationSettings, "domains"): st.deferred(lambda: domains()),  # noqa: PLW0108 - defined below
    (stack_models.Releases, "kept"): st.deferred(lambda: kept()),  # noqa: PLW0108 - defined below
    (stack_models.StackConfig, "exceptions"): st.just([]),
    (stack_models.StackConfig, "acknowledged"): st.just([]),
    # GitHub keeps the bar on one's own approval with the reviewers alone.
    (stack_models.StackConfig, "delivery"): st.deferred(
        lambda: model(stack_models.DeliverySettings).map(
            lambda drawn: {
                **drawn,
                "preventSelfReview": drawn["preventSelfReview"] and bool(drawn["reviewers"]["teams"]),
            }
        )
    ),
    (stack_models.StackConfig, "logs"): st.deferred(lambda: model(stack_models.LogSettings)),
    (stack_models.StackConfig, "traces"): st.deferred(lambda: model(stack_models.TraceSettings)),
    (stack_models.TraceSettings, "headers"): st.fixed_dictionaries({"authorization": SECRET}),
    # `roles` cannot be put off where an application logs in.
    (stack_models.StackConfig, "postponed"): st.lists(
        st.sampled_from(sorted(stack_models.STEPS - {"roles"})), unique=True
    ),
    (stack_models.DatabaseSettings, "connection_limit"): st.just(-1) | st.integers(1, 500),
    # Only what was there before Parity has one.
    (stack_models.Release, "deployment"): st.none() | LABEL.map(lambda text: f"dpl_{text}"),
    (stack_models.Release, "migrations"): st.dictionaries(
        st.sampled_from([each.name for each in CATALOG.databases]), st.integers(1, 500)
    ),
    # By the secrets' keys; read by the guard alone.
    (stack_models.StackConfig, "fingerprints"): st.just({}),
}
"""Fields whose parts fit together in a way that no model says; `stack_checks` does."""


@st.composite
def domains(draw: st.DrawFn) -> list[dict[str, str]]:
    """The first serves; others may redirect to it."""
    names = draw(st.lists(DOMAIN, min_size=1, max_size=3, unique=True))
    return [
        {"name": name, **({"redirect": names[0]} if index and draw(st.booleans()) else {})}
        for index, name in enumerate(names)
    ]


@st.composite
def kept(draw: st.DrawFn) -> dict[str, Any]:
    """Releases in order, with generations that never go back."""
    numbers = sorted(draw(st.sets(st.integers(1, 30), max_size=3)))
    generations = sorted(draw(st.lists(st.integers(1, 5), min_size=len(numbers), max_size=len(numbers))))
    return {
        f"r{number}": {**draw(model(stack_models.Release)), "credentials": generation}
        for number, generation in zip(numbers, generations, strict=True)
    }


def _of_field(cls: type[Any], name: str, field: FieldInfo) -> st.SearchStrategy[Any]:
    own = BY_FIELD.get((cls, name))
    return own if own is not None else of(field.annotation, field.metadata)


@functools.cache
def model(cls: type[stack_models.StackModel]) -> st.SearchStrategy[dict[str, Any]]:
    """A mapping as the file has it, with every field of a model."""
    return st.fixed_dictionaries(
        {field.alias or name: _of_field(cls, name, field) for name, field in cls.model_fields.items()}
    )


def of(annotation: Any, metadata: Any = ()) -> st.SearchStrategy[Any]:
    """Values of a type within its limits."""
    if get_origin(annotation) is Annotated:
        return of(get_args(annotation)[0], get_args(annotation)[1:])
    if type(None) in get_args(annotation):
        return st.none() | of(next(each for each in get_args(annotation) if each is not type(None)))
    limits = {
        name: found for name in ("ge", "le") for each in metadata if (found := getattr(each, name, None)) is not None
    }
    checks = [each.func for each in metadata if isinstance(each, AfterValidator)]
    if isinstance(annotation, type) and issubclass(annotation, stack_models.StackModel):
        return model(annotation)
    if get_origin(annotation) is Literal:
        return st.sampled_from(get_args(annotation))
    if annotation is Secret:
        return SECRET
    if annotation is bool:
        return st.booleans()
    if annotation is int:
        return st.integers(limits["ge"], min(limits["le"], limits["ge"] + 500))
    if annotation is str and checks:
        return BY_CHECK[checks[0]]
    raise AssertionError(f"no strategy for {annotation} {metadata}: add one, so that the new field is drawn too")


@st.composite
def stack(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """A complete config of a stack, as the engine hands it to the program."""
    config = {key: draw(strategy) for key, strategy in keys().items()}
    for application in CATALOG.applications:
        own = config["parity:applications"][application.name]
        own["variables"] = draw(variables(application))
        own["project"] = own["project"] and f"{application.name}-{name}-{own['project']}"
        # A domain belongs to one application of one stack.
        own["domains"] = [
            {key: f"{application.name}.{name}.{value}" for key, value in each.items()} for each in own["domains"]
        ]
        releases = config["parity:releases"][application.name]
        releases["live"] = draw(st.sampled_from([None, *releases["kept"]]))
    for database in config["parity:databases"].values():
        if database["connectionLimit"] > 0:
            least = min(database["applicationConnectionLimit"], database["connectionLimit"])
            database["applicationConnectionLimit"] = least
        database["names"] = own_names(database["names"], name)
    config["parity:environment"] = name
    config["parity:delivery"]["environment"] = own_names(config["parity:delivery"]["environment"], name)
    return {key: str(value).lower() if isinstance(value, bool) else value for key, value in config.items()}


def own_names(given: Any, of: str) -> Any:
    """The given names, each unlike the others and those of another stack; a login's with its generation."""
    if isinstance(given, dict):
        return {part: own_names(each, f"{of}_{part}") for part, each in given.items()}
    return given and f"{of}_{len(given)}" + ("_{generation}" if of.endswith("login") else "")


@functools.cache
def keys() -> dict[str, st.SearchStrategy[Any]]:
    """Every key of a stack's file; those that are mappings have an entry for each application or database."""
    found: dict[str, st.SearchStrategy[Any]] = {}
    for name, field in stack_models.StackConfig.model_fields.items():
        strategy = BY_FIELD.get((stack_models.StackConfig, name))
        if strategy is None and get_origin(field.annotation) is dict:
            declared = CATALOG.databases if name == "databases" else CATALOG.applications
            item = get_args(field.annotation)[1]
            strategy = st.fixed_dictionaries({each.name: model(item) for each in declared})
        key = f"parity:{field.alias or name}"
        found[key] = strategy if strategy is not None else of(field.annotation, field.metadata)
    return found


def variables(application: Application) -> st.SearchStrategy[dict[str, Any]]:
    """A value for each variable that the stack's file gives."""
    forms_of = {
        "string": TEXT,
        "url": DOMAIN.map(lambda host: f"https://{host}"),
        "hostname": DOMAIN,
        "integer": st.integers(-1000, 1000),
        "boolean": st.booleans(),
    }
    own = {each.name: SECRET for each in application.variables if isinstance(each, SensitiveVariable)}
    own |= {each.name: forms_of[each.type] for each in application.variables if isinstance(each, PerStackVariable)}
    return st.fixed_dictionaries(own)


@settings(max_examples=examples(2, 12), suppress_health_check=list(HealthCheck))
@given(stack("staging"), stack("prod"))
def test_no_difference_that_the_models_allow_is_unexplained(one, other):
    for name, config in (("staging", one), ("prod", other)):
        # What is drawn is a config that the program takes.
        assert stack_checks.check(Source(name, config, None, {}), CATALOG, []) == []
    result = compare(
        Side("staging", one), Side("prod", other), mutants.evaluate(None), derived=mutants.DERIVED, workers=1
    )
    assert [str(each.place) for each in result.unexplained] == []
    assert all(each.origins for each in result.differences)


def test_every_key_of_a_stacks_file_is_drawn():
    assert keys().keys() == {f"parity:{field.alias}" for field in stack_models.StackConfig.model_fields.values()}
