"""Turns pydantic's findings about a stack's config into faults that a reader can act on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parity.config.fields import as_model, keys, locate
from parity.config.secret import Secret
from parity.config.stack_models import NAMESPACE, SECRET_LENGTH, StackConfig
from parity.config.variable_values import set_secret
from parity.problems import did_you_mean, spell

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

    from parity.config.source import Source
    from parity.problems import ConfigProblem, Path

OTHER_NAMESPACES = ("pulumi:", "vercel:", "github:", "postgresql:")
"""Keys that belong to the engine and its plugins; they are theirs to check."""

_TYPES = {
    "string_type": "text",
    "string_sub_type": "text",
    "int_type": "a whole number",
    "bool_type": "a boolean",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "tuple_type": "a list",
}
_HOW = {
    "string_type": "Write text; what YAML takes for a number goes in quotes.",
    "int_type": "Write a whole number without quotes.",
    "bool_type": "Write true or false without quotes.",
}


def own_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """The program's own values, by their keys without the namespace."""
    return {key.removeprefix(NAMESPACE): value for key, value in values.items() if key.startswith(NAMESPACE)}


def model_faults(source: Source, error: ValidationError, above: Path = ()) -> Iterator[ConfigProblem]:
    """The faults that the models found below a path; variables' values have checks of their own."""
    for detail in error.errors(include_url=False):
        path = _path((*(str(part).removeprefix(NAMESPACE) for part in above), *detail["loc"]))
        if not (path[0] == NAMESPACE + "applications" and path[2:3] == ("variables",) and path[3:]):
            yield _fault(source, path, detail)


def foreign_keys(source: Source) -> Iterator[ConfigProblem]:
    """Keys in no known namespace: most likely a misspelled one, which the engine would pass over in silence."""
    known = [NAMESPACE + key for key in keys(StackConfig)]
    for key in source.values:
        if not key.startswith((NAMESPACE, *OTHER_NAMESPACES)):
            yield source.fault((key,), "is not a known key.", _did_you_mean(key, known))


def _path(location: tuple[int | str, ...]) -> Path:
    parts = [part for part in location if part != "[key]"]
    return (f"{NAMESPACE}{parts[0]}", *parts[1:])


def _fault(source: Source, path: Path, detail: ErrorDetails) -> ConfigProblem:
    kind = detail["type"]
    annotation, field = locate(path)
    meaning = (field.description or "") if field is not None else ""
    if kind == "missing":
        remedy = set_secret(source, path) if "Secret" in repr(annotation) else f"Add it. {meaning}"
        return source.fault(path, "is missing.", remedy)
    if kind == "extra_forbidden":
        return source.fault(path, "is not a known key.", _did_you_mean(str(path[-1]), _siblings(path)))
    if kind == "is_instance_of":
        return _not_encrypted(source, path, detail["input"])
    if kind in _TYPES:
        return _wrong_type(source, path, kind, detail["input"], meaning)
    return source.fault(path, f"{_sentence(detail)}.", _remedy(source, path, kind, meaning))


def _siblings(path: Path) -> list[str]:
    model = as_model(locate(path[:-1])[0])
    prefix = NAMESPACE if len(path) == 1 else ""
    return [prefix + key for key in keys(model)] if model is not None else []


def _did_you_mean(key: str, known: list[str]) -> str:
    return f"{did_you_mean(key, known) or 'Remove it. '}Known: {', '.join(known)}."


def _not_encrypted(source: Source, path: Path, value: Any) -> ConfigProblem:
    if isinstance(value, str) and value.strip():
        remedy = set_secret(source, path) + " The value that was written here is no secret any more."
        return source.fault(path, "is a secret and stands in the clear.", remedy)
    return source.fault(path, "is empty or no text; it must be an encrypted value.", set_secret(source, path))


def _wrong_type(source: Source, path: Path, kind: str, value: Any, meaning: str) -> ConfigProblem:
    if isinstance(value, Secret):
        return source.fault(path, "is encrypted, but it is no secret.", f"Write it in the clear. {meaning}")
    remedy = f"{_HOW.get(kind, f'Write {_TYPES[kind]}.')} {meaning}"
    return source.fault(path, "is empty." if value is None else f"is not {_TYPES[kind]}.", remedy)


def _sentence(detail: ErrorDetails) -> str:
    """What pydantic says, as a predicate without the value."""
    if detail["type"] == "literal_error":
        return f"is not one of {detail.get('ctx', {}).get('expected', '')}"
    return detail["msg"].replace("Input should be", "must be").replace("Tuple should have", "must have")


def _remedy(source: Source, path: Path, kind: str, meaning: str) -> str:
    remedies = {
        "short_secret": f"Set one of at least {SECRET_LENGTH} characters, for example with --generate: "
        f"`parity secret set {source.stack} '{spell(path)}'`.",
        "commit": "Write all 40 hex digits, as `git rev-parse <commit>` gives them.",
        "release_id": "Ids are `r` and a number that grows; `parity release` writes them.",
        "digest": "`parity release` writes it; do not write it by hand.",
        "fingerprint": f"`parity secret fingerprint {source.stack}` writes it; do not write it by hand.",
        "urn": "Copy it from `pulumi stack --show-urns` or from the preview's gate.",
    }
    return remedies.get(kind, meaning or "Correct it.")
