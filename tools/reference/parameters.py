"""Writes docs/parameters.md from the models."""

from __future__ import annotations

import json
import types
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from parity.config import parameter_types, stack_models
from parity.config.fields import as_model, bare, item_of, keys
from parity.config.parameters import Catalog
from parity.config.secret import Secret
from parity.config.stack_models import NAMESPACE, StackConfig

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo


_HEAD = """\
# Parameters

Generated from the models by `make docs`; a test holds this page equal to them.

What both stacks share is declared once in `infra/catalog.py`, what may differ in `Pulumi.<stack>.yaml`, and nothing is
declared in both. Every key without a default must be given; an unknown key is a fault. Editors that know
`yaml-language-server` complete and check a stack's file through [stack.schema.json](stack.schema.json).
"""


def table() -> str:
    """The page of all parameters, as Markdown."""
    sections = [_HEAD, "## A stack's file: `Pulumi.<stack>.yaml`\n", _rows(_stack_rows(StackConfig, NAMESPACE))]
    sections += ["\n## The catalog: `infra/catalog.py`\n"]
    for model in catalog_models():
        sections += [f"### {model.__name__}\n", f"{_summary(model)}\n", _rows(_catalog_rows(model)), ""]
    return "\n".join(sections).rstrip() + "\n"


def catalog_models() -> list[type[BaseModel]]:
    """The catalog's models, the catalog first, then each in the order in which it is used."""
    found: list[type[BaseModel]] = [Catalog]
    for model in found:
        for field in model.model_fields.values():
            found += [inner for inner in _models_in(field.annotation) if inner not in found]
    return found


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)


def _summary(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").strip().splitlines()[0]


def _rows(rows: Iterator[tuple[str, str, str, str]]) -> str:
    lines = ["| key | form | default | meaning |", "| --- | --- | --- | --- |"]
    lines += [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return "\n".join(lines)


def _stack_rows(model: type[stack_models.StackModel], prefix: str) -> Iterator[tuple[str, str, str, str]]:
    """A row for each key, the keys below it after it; `<name>` stands for an entry's name, `[]` for an item."""
    hints = get_type_hints(model, include_extras=True)
    for (key, field), name in zip(keys(model).items(), model.model_fields, strict=True):
        path = f"{prefix}{key}"
        yield f"`{path}`", _form(hints[name], field), _default(field), field.description or ""
        item = item_of(field.annotation)
        inner = as_model(field.annotation) or as_model(item)
        if inner is not None:
            below = path + (".<name>." if _is_mapping(field.annotation) else "[]." if item is not None else ".")
            yield from _stack_rows(inner, below)


def _is_mapping(annotation: Any) -> bool:
    return get_origin(bare(annotation)) is dict


def _catalog_rows(model: type[BaseModel]) -> Iterator[tuple[str, str, str, str]]:
    hints = get_type_hints(model, include_extras=True)
    for name, field in model.model_fields.items():
        yield f"`{name}`", _form(hints[name], field), _default(field), field.description or ""


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, BaseModel):
        return f"`{type(value).__name__}()`"
    return "none" if value is None else f"`{json.dumps(value)}`"


def _form(annotation: Any, field: FieldInfo | None = None) -> str:
    """A type in words, with its limits."""
    limits = _limits(field) if field is not None else ""
    return f"{_words(annotation)}{limits}"


def _words(annotation: Any) -> str:
    named = _NAMED.get(repr(annotation))
    if named:
        return named
    found = annotation if _is_union(annotation) else bare(annotation)
    origin = get_origin(found)
    if _is_union(found):
        return " or ".join(dict.fromkeys("null" if part is type(None) else _words(part) for part in get_args(found)))
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in get_args(found))
    if origin is dict:
        return f"mapping of names to {_words(item_of(found))}"
    if origin is tuple:
        return f"list of {_words(item_of(found))}"
    if isinstance(found, type) and issubclass(found, stack_models.StackModel):
        return "mapping"
    if isinstance(found, type) and issubclass(found, BaseModel):
        return f"[{found.__name__}](#{found.__name__.lower()})"
    simple: dict[Any, str] = {
        str: "text",
        int: "integer",
        float: "number",
        bool: "boolean",
        Secret: "encrypted text",
    }
    return simple[found]


def _is_union(annotation: Any) -> bool:
    return get_origin(annotation) in {Union, types.UnionType}


_NAMED = {
    repr(annotation): words
    for annotation, words in (
        (stack_models.Text, "text"),
        (parameter_types.Text, "text"),
        (stack_models.Domain, "domain"),
        (stack_models.Host, "host name or address"),
        (stack_models.HttpsUrl, "`https://` URL"),
        (stack_models.ReleaseId, "release id (`r1`)"),
        (stack_models.Commit, "40 hex digits"),
        (stack_models.Digest, "32 hex digits"),
        (stack_models.Day, "day (`YYYY-MM-DD`)"),
        (stack_models.Urn, "URN"),
        (parameter_types.Folder, "path in the repository"),
        (parameter_types.Slug, "slug"),
        (parameter_types.Identifier, "PostgreSQL name"),
        (parameter_types.VariableName, "variable name"),
    )
}
"""Types with a name of their own, by how Python writes them: an `Annotated` type cannot be compared as such."""


def _limits(field: FieldInfo) -> str:
    """`, 1 to 65535` and the like, from the field's constraints."""
    names = ("ge", "gt", "le", "min_length")
    bounds = {name: getattr(item, name) for item in field.metadata for name in names if hasattr(item, name)}
    parts: list[str] = []
    if "ge" in bounds or "gt" in bounds:
        parts.append(f"at least {bounds['ge']}" if "ge" in bounds else f"more than {bounds['gt']}")
    if "le" in bounds:
        parts.append(f"at most {bounds['le']}")
    if bounds.get("min_length"):
        parts.append("not empty")
    return "".join(f", {part}" for part in parts)
