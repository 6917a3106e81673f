"""The parts of Pulumi's SDK that the offline evaluator leans on and that the SDK does not promise to keep.

The evaluator replaces how the SDK registers a resource, and calls what the SDK calls itself. None of that is public.
Every such name stands here, with the form that is relied on; `moved()` says which of them the installed SDK no longer
has, and a test fails then. The rest of the evaluator takes all of it from here, untyped.
"""

# ruff: noqa: SLF001 - this is the one module that may name what is private to the SDK

from __future__ import annotations

import importlib
import inspect
from typing import Any

output: Any = importlib.import_module("pulumi.output")
resource: Any = importlib.import_module("pulumi.resource")
types: Any = importlib.import_module("pulumi._types")
# By their names: the package has functions that are called like two of these modules.
depends_on: Any = importlib.import_module("pulumi.runtime._depends_on")
log: Any = importlib.import_module("pulumi.log")
invoke: Any = importlib.import_module("pulumi.runtime.invoke")
registration: Any = importlib.import_module("pulumi.runtime.resource")
rpc: Any = importlib.import_module("pulumi.runtime.rpc")
rpc_manager: Any = importlib.import_module("pulumi.runtime.rpc_manager")
settings: Any = importlib.import_module("pulumi.runtime.settings")
stack: Any = importlib.import_module("pulumi.runtime.stack")

OutputData = output._OutputData
"""An output's record: resources, value, is_known, is_secret."""


class KnownData(OutputData):
    """The same of a value that holds no unknown one, which is not searched for such."""

    def __post_init__(self) -> None:
        """Nothing."""


create_custom_timeouts = registration._create_custom_timeouts
translate_additional_secret_outputs = registration._translate_additional_secret_outputs
translate_ignore_changes = registration._translate_ignore_changes
translate_replace_on_changes = registration._translate_replace_on_changes

LEANED_ON: dict[str, dict[str, str]] = {
    "pulumi.output": {
        "asyncio": "",
        "_OutputData": "resources, value, is_known, is_secret",
        "Output.__init__": "self, resources, future, is_known, is_secret",
        "Output._from_data": "data",
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


async def explicit_dependencies(options: Any) -> set[Any]:
    """The resources that `depends_on` of a resource's options names."""
    return await depends_on._resolve_depends_on(options._depends_on_list())


def data_of(made: Any) -> Any:
    """The record that an output holds."""
    return made._data


def set_data(made: Any, data: Any) -> None:
    """Give an output its record."""
    made._data = data


def children_of(component: Any) -> list[Any]:
    """The resources whose parent is the component."""
    return list(component._childResources)


def _fault(module: str, name: str, wanted: str) -> str:
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        if not hasattr(found, part):
            return f"there is no {part}"
        found = getattr(found, part)
    has = ", ".join(inspect.signature(found).parameters) if wanted else ""
    return f"its parameters are {has}" if has != wanted else ""
