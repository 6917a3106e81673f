"""The parts of Pulumi's SDK that the offline evaluator leans on and that the SDK does not promise to keep.

The evaluator replaces how the SDK registers a resource, and calls what the SDK calls itself. None of that is public.
Every such name stands here, and the rest of the evaluator takes all of it from here, untyped. A test holds the
installed SDK to the names and their parameters (packages/parity/tests/check/test_sdk.py).
"""

# ruff: noqa: SLF001 - this is the one module that may name what is private to the SDK

from __future__ import annotations

import importlib
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


_new, _Output = object.__new__, output.Output


class KnownData(OutputData):
    """The same of a value that holds no unknown one, which is not searched for such."""

    def __post_init__(self) -> None:
        """Nothing."""


create_custom_timeouts = registration._create_custom_timeouts
translate_additional_secret_outputs = registration._translate_additional_secret_outputs
translate_ignore_changes = registration._translate_ignore_changes
translate_replace_on_changes = registration._translate_replace_on_changes


async def explicit_dependencies(options: Any) -> set[Any]:
    """The resources that `depends_on` of a resource's options names."""
    return await depends_on._resolve_depends_on(options._depends_on_list())


def data_of(made: Any) -> Any:
    """The record that an output holds."""
    return made._data


def set_data(made: Any, data: Any) -> None:
    """Give an output its record."""
    made._data = data


def output_with(data: Any) -> Any:
    """An output with this record, as the SDK's own `_from_data` makes it."""
    made = _new(_Output)
    made._data = data
    return made


def children_of(component: Any) -> list[Any]:
    """The resources whose parent is the component."""
    return list(component._childResources)
