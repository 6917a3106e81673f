"""What the offline evaluator leans on in Pulumi's SDK: named in one module, and there in the installed version."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from parity.evaluate import sdk

FOLDER = Path(sdk.__file__).parent


def test_the_installed_sdk_has_all_that_the_evaluator_leans_on():
    assert sdk.moved() == []


@pytest.mark.parametrize(
    ("module", "name", "parameters", "fault"),
    [
        ("pulumi.output", "_OutputRecord", "", "there is no _OutputRecord"),
        ("pulumi.output", "Output._from_record", "data", "there is no _from_record"),
        (
            "pulumi.output",
            "_OutputData",
            "resources, value",
            "its parameters are resources, value, is_known, is_secret",
        ),
    ],
)
def test_a_name_that_moved_or_takes_something_else_is_found(monkeypatch, module, name, parameters, fault):
    monkeypatch.setitem(sdk.LEANED_ON, module, {name: parameters})
    assert sdk.moved() == [f"{module}.{name}: {fault}"]


def private(node: ast.AST) -> bool:
    """Whether a private attribute of something else is read or set."""
    if not isinstance(node, ast.Attribute) or not node.attr.startswith("_") or node.attr.startswith("__"):
        return False
    return not (isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"})


def test_no_other_module_of_the_evaluator_names_what_is_private():
    found = {
        (path.name, node.attr)
        for path in FOLDER.glob("*.py")
        if path.name != "sdk.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if private(node)
    }
    assert found == set()


def test_every_private_name_that_is_used_is_listed():
    tree = ast.parse(Path(sdk.__file__).read_text())
    used = {node.attr for node in ast.walk(tree) if private(node)} - {"_data", "_childResources"}
    listed = {name.rpartition(".")[2] for names in sdk.LEANED_ON.values() for name in names}
    assert used - listed == set()


def test_every_name_of_the_sdk_that_is_replaced_is_listed():
    from parity.evaluate import ready  # noqa: PLC0415 - its patches alone

    listed = {(module, name) for module, names in sdk.LEANED_ON.items() for name in names}
    for target, name, _ in ready.output_patches():
        module = getattr(target, "__module__", None) or target.__name__
        full = f"{target.__name__}.{name}" if isinstance(target, type) else name
        assert (module, full) in listed
