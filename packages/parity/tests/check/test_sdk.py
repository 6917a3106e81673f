"""What the offline evaluator leans on in Pulumi's SDK: named in one module, and there in the installed version."""

from __future__ import annotations

import ast
import importlib
import inspect
from pathlib import Path
from typing import Any

import pytest

from parity.evaluate import sdk

FOLDER = Path(sdk.__file__).parent

LEANED_ON: dict[str, dict[str, str]] = {
    "pulumi.output": {
        "asyncio": "",
        "_OutputData": "resources, value, is_known, is_secret",
        "Output.__init__": "self, resources, future, is_known, is_secret",
        "Output._from_data": "data",
        "Output.secret": "val",
    },
    "pulumi.resource": {
        "ResourceHookBinding.merge": "bindings1, bindings2",
        "ResourceOptions._copy": "self",
        "ResourceOptions._depends_on_list": "self",
        "get_resource": "",
        "read_resource": "",
        "register_resource": "res, ty, name, custom, remote, new_dependency, props, opts, typ, package_ref",
        "register_resource_outputs": "res, outputs",
    },
    "pulumi._types": {
        "input_type_py_to_pulumi_names": "input_type_cls",
        "input_type_types": "input_type_cls",
        "resource_pulumi_to_py_names": "resource_cls",
        "resource_types": "resource_cls",
    },
    "pulumi.runtime._depends_on": {"_resolve_depends_on": "depends_on"},
    "pulumi.runtime.invoke": {"asyncio": ""},
    "pulumi.runtime.resource": {
        "asyncio": "",
        "prepare_aliases": "resource, resource_options, supports_alias_specs",
        "_create_custom_timeouts": "custom_timeouts",
        "_translate_additional_secret_outputs": "res, typ, additional_secret_outputs",
        "_translate_ignore_changes": "res, typ, ignore_changes",
        "_translate_replace_on_changes": "res, typ, replace_on_changes",
    },
    "pulumi.runtime.rpc": {
        "resolve_outputs": "res, serialized_props, outputs, deps, resolvers, custom, transform_using_type_metadata, "
        "keep_unknowns, resolve_missing_as_unknown",
        "serialize_property": "value, deps, property_key, resource_obj, input_transformer, typ, keep_output_values, "
        "exclude_resource_refs_from_deps, return_protobuf_value",
    },
    "pulumi.runtime.rpc_manager": {"asyncio": "", "RPCManager.clear": "self"},
    "pulumi.log": {"debug": "msg, resource, stream_id, ephemeral"},
    "pulumi.runtime.settings": {
        "SETTINGS.rpc_manager": "",
        "SETTINGS.rpc_manager.rpcs": "",
        "SETTINGS.rpc_manager.unhandled_exception": "",
        "SETTINGS.rpc_manager.exception_traceback": "",
        "SETTINGS.outputs": "",
        "SETTINGS.lock": "",
        "get_root_resource": "",
        "reset_options": "project, stack, root_directory, parallel, engine_address, monitor_address, preview, "
        "organization",
    },
    "pulumi.runtime.stack": {
        "asyncio": "",
        "run_in_stack": "func",
        "wait_for_rpcs": "await_all_outstanding_tasks",
        "ResourceRegistrationFailed": "",
        "_load_monitor_feature_support": "",
        "_wait_for_shutdown": "",
    },
}
"""By module and name: its parameters, in their order; empty where it takes none, is no function, or is only replaced.

The evaluator also reads and sets `_data` of an output, and reads `_childResources` of a component.
"""


def moved() -> list[str]:
    """What of `LEANED_ON` the installed SDK does not have in that form, with what it has; empty where all is there."""
    every = ((module, name, wanted) for module, names in LEANED_ON.items() for name, wanted in names.items())
    return [f"{module}.{name}: {fault}" for module, name, wanted in every if (fault := _fault(module, name, wanted))]


def _fault(module: str, name: str, wanted: str) -> str:
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        if not hasattr(found, part):
            return f"there is no {part}"
        found = getattr(found, part)
    has = ", ".join(inspect.signature(found).parameters) if wanted else ""
    return f"its parameters are {has}" if has != wanted else ""


def test_the_installed_sdk_has_all_that_the_evaluator_leans_on():
    assert moved() == []


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
    monkeypatch.setitem(LEANED_ON, module, {name: parameters})
    assert moved() == [f"{module}.{name}: {fault}"]


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
    listed = {name.rpartition(".")[2] for names in LEANED_ON.values() for name in names}
    assert used - listed == set()


def test_every_name_of_the_sdk_that_is_replaced_is_listed():
    from parity.evaluate import ready  # noqa: PLC0415 - its patches alone

    listed = {(module, name) for module, names in LEANED_ON.items() for name in names}
    for target, name, _ in ready.output_patches():
        module = getattr(target, "__module__", None) or target.__name__
        full = f"{target.__name__}.{name}" if isinstance(target, type) else name
        assert (module, full) in listed
