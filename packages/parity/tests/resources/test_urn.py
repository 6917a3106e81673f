"""A URN is parsed once and written back as it was."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import parity
from parity.evaluate.resource import computed
from parity.resources import urn
from parity.resources.urn import Urn, provider_urn, short_urn, split_key, without_stack

NESTED = "urn:pulumi:staging::storefront::parity:components:WebApp$vercel:index/project:Project::shop"
STACK = "urn:pulumi:staging::storefront::pulumi:pulumi:Stack::storefront-staging"
PROVIDER = "urn:pulumi:staging::storefront::pulumi:providers:vercel::vercel"


def test_its_parts():
    found = Urn.parse(NESTED)
    assert (found.stack, found.project, found.name) == ("staging", "storefront", "shop")
    assert (found.parents, found.type) == (("parity:components:WebApp",), "vercel:index/project:Project")
    assert found.kind == "Project"
    assert found.key == "parity:components:WebApp$vercel:index/project:Project::shop"


@pytest.mark.parametrize("text", [NESTED, STACK, PROVIDER, f"{NESTED}::with::colons", f"{NESTED}$dollar"])
def test_it_is_written_back(text):
    assert str(Urn.parse(text)) == text


def test_a_name_may_hold_colons():
    found = Urn.parse(f"{NESTED}::more")
    assert (found.type, found.name) == ("vercel:index/project:Project", "shop::more")


@pytest.mark.parametrize("text", ["", "shop", "urn:pulumi:staging::storefront", "a::b::c::d", "urn:pulumi:a::b::c"])
def test_what_is_none_is_refused(text):
    with pytest.raises(ValueError, match="not a URN"):
        Urn.parse(text)


def test_a_child_has_its_parents_types_but_the_stacks():
    assert urn.of_stack("staging", "storefront") == Urn.parse(STACK)
    component = Urn.parse(STACK).child("parity:components:WebApp", "shop")
    assert component.parents == ()
    assert str(component.child("vercel:index/project:Project", "shop")) == NESTED


def test_a_reference_to_a_provider_names_its_urn():
    assert provider_urn(f"{PROVIDER}::04da6b54-80e4-46f7-96ec-b56ff0331ba9") == PROVIDER
    assert provider_urn(f"{PROVIDER}::{computed(PROVIDER, 'id')}") == PROVIDER
    assert provider_urn("") == ""


def test_it_is_shortened_to_type_and_name():
    assert short_urn(NESTED) == "Project shop"
    assert short_urn("not a urn") == "not a urn"


def test_a_key_is_split_and_what_is_none_is_a_name():
    assert split_key(Urn.parse(NESTED).key) == ("vercel:index/project:Project", "shop")
    assert split_key("stack") == ("", "stack")


def test_a_pattern_loses_stack_and_project():
    assert without_stack("urn:pulumi:*::storefront::*$vercel:index/project:Project::sh*") == (
        "*$vercel:index/project:Project::sh*"
    )
    assert without_stack("shop") == "shop"


def test_nothing_else_takes_a_urn_apart():
    source = Path(parity.__file__).parent
    splits = {
        f"{path.relative_to(source).as_posix()}: {ast.unparse(node)}"
        for path in source.rglob("*.py")
        if path.name != "urn.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and re.fullmatch(r".*\.(r?split|r?partition|removeprefix|removesuffix)", ast.unparse(node.func), re.DOTALL)
        and any(isinstance(each, ast.Constant) and "::" in str(each.value) for each in node.args)
    }
    assert splits == set()
