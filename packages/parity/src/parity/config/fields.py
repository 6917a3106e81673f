"""Finds the model field behind a place in a stack's config: for remedies, the parameters' table and the schema."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

from parity.config.stack_models import NAMESPACE, StackConfig, StackModel

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic.fields import FieldInfo


def keys(model: type[StackModel]) -> dict[str, FieldInfo]:
    """A model's fields by their keys in the file (camelCase)."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def bare(annotation: Any) -> Any:
    """An annotation without `Annotated` and without `| None`."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return bare(get_args(annotation)[0])
    if origin in {Union, types.UnionType}:
        rest = [part for part in get_args(annotation) if part is not type(None)]
        return bare(rest[0]) if len(rest) == 1 else annotation
    return annotation


def as_model(annotation: Any) -> type[StackModel] | None:
    """The model that an annotation names, or None."""
    found = bare(annotation)
    return found if isinstance(found, type) and issubclass(found, StackModel) else None


def item_of(annotation: Any) -> Any:
    """The type of a mapping's or tuple's items, or None."""
    found = bare(annotation)
    origin = get_origin(found)
    if origin is dict:
        return get_args(found)[1]
    return get_args(found)[0] if origin is tuple else None


def locate(path: Iterable[str | int]) -> tuple[Any, FieldInfo | None]:
    """The type of what stands at a path, and the last named field on the way there; None where the path is unknown."""
    annotation: Any = StackConfig
    field: FieldInfo | None = None
    for part in path:
        model = as_model(annotation)
        if model is not None:
            field = keys(model).get(str(part).removeprefix(NAMESPACE))
            annotation = field.annotation if field is not None else None
        else:
            annotation = item_of(annotation)
    return annotation, field
