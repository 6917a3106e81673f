"""Each difference gets its verdict: declared by a key, excepted with a reason, or unexplained."""

from __future__ import annotations

import itertools

import pytest

from packages.parity.tests.check.conftest import CANARY, compared, graph_of, secret
from parity.check.compare import Accepted
from parity.check.proof import Checked, together
from parity.evaluate.resource import SecretInput


def verdicts(result):
    return {(each.place.resource.rpartition("::")[2], each.place.path): each.verdict for each in result.differences}


def origins(result, path):
    (difference,) = [each for each in result.differences if each.place.path == path]
    return {origin.key for origin in difference.origins}


def test_two_stacks_that_declare_the_same_are_clean():
    result = compared(lambda stack, _: graph_of(stack, {"a": {"size": 1}}), {}, {})
    assert result.clean
    assert result.differences == ()
    assert result.equal == result.facts > 0


def test_a_stacks_name_in_a_name_is_no_difference():
    result = compared(
        lambda stack, _: graph_of(stack, {"a": {"name": f"shop-{stack}", "db": f"shop_{stack}_x"}}), {}, {}
    )
    assert result.clean
    assert result.differences == ()


def test_a_difference_follows_the_key_that_gives_it():
    def program(stack, values):
        return graph_of(stack, {"a": {"size": values["parity:size"], "colour": values["parity:style"]["colour"]}})

    result = compared(
        program,
        {"parity:size": 1, "parity:style": {"colour": "red", "unused": 1}},
        {"parity:size": 2, "parity:style": {"colour": "blue", "unused": 2}},
    )
    assert result.clean
    assert verdicts(result) == {("a", "size"): "declared", ("a", "colour"): "declared"}
    assert origins(result, "size") == {"parity:size"}
    assert origins(result, "colour") == {"parity:style.colour"}


def test_a_value_made_of_two_keys_follows_both():
    def program(stack, values):
        return graph_of(stack, {"a": {"url": f"{values['parity:host']}:{values['parity:port']}"}})

    result = compared(program, {"parity:host": "a", "parity:port": 1}, {"parity:host": "b", "parity:port": 2})
    assert origins(result, "url") == {"parity:host", "parity:port"}


@pytest.mark.parametrize("join", [all, any])
def test_keys_that_only_together_make_a_difference_are_found(join):
    def program(stack, values):
        on = join([values["parity:one"], values["parity:two"]])
        return graph_of(stack, {"a": {"on": on}})

    result = compared(program, {"parity:one": False, "parity:two": False}, {"parity:one": True, "parity:two": True})
    assert result.clean
    assert origins(result, "on") == {"parity:one", "parity:two"}


def test_a_branch_on_the_stacks_name_is_unexplained():
    def program(stack, _):
        return graph_of(stack, {"a": {"framework": "nextjs" if stack == "staging" else "remix"}})

    result = compared(program, {}, {})
    (found,) = result.unexplained
    assert (found.one, found.other) == ("nextjs", "remix")
    assert "stack's name" in found.why


def test_a_branch_on_the_environment_s_key_is_unexplained_too():
    def program(stack, values):
        return graph_of(stack, {"a": {"big": values["parity:environment"] == "prod"}})

    assert len(compared(program, {}, {}).unexplained) == 1


def test_a_branch_that_shows_under_one_of_the_configs_alone_is_unexplained():
    def program(stack, values):
        return graph_of(stack, {"a": {"size": 9 if stack == "prod" and values["parity:size"] == 1 else 3}})

    assert len(compared(program, {"parity:size": 1}, {"parity:size": 2}).unexplained) == 1


def test_a_resource_that_one_stack_alone_has_is_unexplained():
    result = compared(lambda stack, _: graph_of(stack, {"a": {}, **({"b": {}} if stack == "prod" else {})}), {}, {})
    assert {each.place.resource for each in result.unexplained} == {"acme:index:Thing::b"}


def test_what_no_key_explains_is_unexplained():
    counter = itertools.count()
    result = compared(lambda stack, _: graph_of(stack, {"a": {"random": next(counter)}}), {}, {})
    assert [each.place.path for each in result.unexplained] == ["random"]


def test_an_option_and_its_kind_count():
    def program(stack, values):
        return graph_of(stack, {"a": {"size": values["parity:size"]}}, protect=stack == "prod")

    result = compared(program, {"parity:size": 1}, {"parity:size": True})
    assert verdicts(result) == {("a", "size"): "declared", ("a", "protect"): "unexplained"}


# --- Exceptions -------------------------------------------------------------------------------------------------------


def different(stack, _):
    return graph_of(stack, {"a": {"tags[0]": stack == "prod"}})


def accepted(resource="a", property_="tags[0]", **more):
    return Accepted("staging", resource, property_, "because", "", **more)


@pytest.mark.parametrize(
    ("resource", "property_"),
    [
        ("a", "tags[0]"),
        ("acme:index:Thing::a", "tags[*"),
        ("*Thing::a", "*"),
        ("urn:pulumi:prod::shop::acme:index:Thing::a", "tags[0]"),
    ],
)
def test_an_exception_excepts_the_difference_that_it_names(resource, property_):
    result = compared(different, {}, {}, accepted(resource, property_))
    assert result.clean
    (found,) = result.differences
    assert found.verdict == "excepted"
    assert "because" in found.why


@pytest.mark.parametrize(("resource", "property_"), [("b", "*"), ("a", "tags"), ("a", "tags0"), ("?", "*")])
def test_an_exception_that_matches_nothing_is_a_fault_and_the_difference_stays(resource, property_):
    result = compared(different, {}, {}, accepted(resource, property_))
    assert len(result.unexplained) == 1
    (unused,) = result.unused
    assert "matches no difference" in unused.why


@pytest.mark.parametrize(("property_", "clean"), [("tags[0]", True), ("colour", False)])
def test_an_exception_that_matches_in_one_comparison_of_its_stack_is_of_use(property_, clean):
    prod, qa = (
        Checked(compared(different, {}, {}, accepted(property_=property_), to=to), guarded=True, stale=())
        for to in ("prod", "qa")
    )
    pairs = [("staging", "prod"), ("staging", "qa")]
    assert [each.clean for each in together([prod, qa], pairs, [])] == [clean, clean]
    assert together([qa], pairs, [])[0].clean, "of one comparison alone it cannot be said"


def test_the_order_of_promotion_explains_no_difference():
    result = compared(
        lambda stack, values: graph_of(stack, {"a": {"size": len(values.get("parity:promotesFrom", ""))}}),
        {},
        {"parity:promotesFrom": "staging"},
    )
    assert [each.why for each in result.unexplained] == ["no key of the stacks' files explains it"]


def test_an_exception_of_a_declared_difference_is_of_no_use():
    result = compared(
        lambda stack, values: graph_of(stack, {"a": {"size": values["parity:size"]}}),
        {"parity:size": 1},
        {"parity:size": 2},
        accepted(property_="size"),
    )
    assert not result.clean
    assert len(result.unused) == 1


def test_an_expired_exception_excepts_nothing():
    result = compared(different, {}, {}, accepted(expired=True))
    assert len(result.unexplained) == 1
    assert "has expired" in result.unused[0].why


# --- Secrets ----------------------------------------------------------------------------------------------------------


def with_secret(stack, values):
    return graph_of(stack, {"a": {"password": SecretInput(values["parity:secret"].reveal())}})


def test_secrets_at_hand_are_compared_and_never_shown():
    result = compared(with_secret, {"parity:secret": secret(CANARY)}, {"parity:secret": secret(CANARY[::-1])})
    (found,) = result.differences
    assert (found.one, found.other, found.verdict) == ("[secret]", "[secret, different]", "declared")
    assert (found.origins[0].one.text, found.origins[0].other.text) == ("[secret]", "[secret, different]")
    assert CANARY not in repr(result)
    assert CANARY[::-1] not in repr(result)


def test_equal_secrets_are_no_difference():
    result = compared(with_secret, {"parity:secret": secret(CANARY)}, {"parity:secret": secret(CANARY)})
    assert result.differences == ()


def test_secrets_that_are_not_at_hand_are_said_to_be_so():
    result = compared(with_secret, {"parity:secret": secret(CANARY)}, {"parity:secret": secret("another")}, sealed=True)
    (found,) = result.differences
    assert (found.one, found.other) == ("[secret, not at hand]", "[secret, not at hand]")
    assert found.verdict == "declared"


def test_a_secret_input_that_follows_plain_config_is_compared_without_the_secrets():
    def program(stack, values):
        return graph_of(stack, {"a": {"url": SecretInput(values["parity:url"] + "/path")}})

    result = compared(program, {"parity:url": "a"}, {"parity:url": "b"}, sealed=True)
    assert result.differences[0].other == "[secret, different]"


def test_a_secret_that_one_stack_has_in_the_clear_is_unexplained_and_shows_no_value():
    def program(stack, values):
        value = values["parity:secret"].reveal()
        return graph_of(stack, {"a": {"password": value if stack == "prod" else SecretInput(value)}})

    result = compared(program, {"parity:secret": secret(CANARY)}, {"parity:secret": secret(CANARY)})
    (found,) = result.unexplained
    assert (found.one, found.other) == ("[secret]", "[in the clear]")
    assert CANARY not in repr(result)


def test_a_secret_in_the_wrong_place_is_unexplained_and_shows_no_value():
    def program(stack, values):
        value = "constant-instead-of-the-secret" if stack == "prod" else values["parity:secret"].reveal()
        return graph_of(stack, {"a": {"password": SecretInput(value)}})

    stand_ins = {"parity:secret": secret("one")}, {"parity:secret": secret("two")}
    assert len(compared(program, *stand_ins, sealed=True).unexplained) == 1
