"""The only reader of stack config: gives complete, checked settings, or one report of all that is wrong."""

from __future__ import annotations

import os
import traceback
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from parity.config import (
    catalog_checks,
    migrations,
    name_checks,
    placeholders,
    program,
    promotion,
    source,
    stack_checks,
)
from parity.config.model_problems import foreign_keys, model_faults, own_values
from parity.config.project import Project
from parity.config.secret import Secret
from parity.config.settings_model import Settings
from parity.config.stack_models import StackConfig
from parity.documents import is_mapping, items
from parity.errors import ConfigError
from parity.problems import ConfigProblem, did_you_mean, in_order, spell

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from parity.config.parameters import Catalog

__all__ = ["Settings", "load", "project_folder"]


def load(
    stack: str,
    root: Path,
    decrypted: Mapping[str, str] | None,
    *,
    open_: Callable[[str], str] | None = None,
    secret_keys: Collection[str] | None = None,
    catalog: Catalog | None = None,
) -> Settings:
    """Read one stack's settings; raises ConfigError with every fault of the catalog and of the stack's config.

    `decrypted` is the engine's config by full key, mappings and lists as JSON; None reads the file in `root` alone:
    `open_` gives the value of a ciphertext, without it each secret stays sealed. `secret_keys` are the full keys that
    hold a secret, as the engine says; None where it is not known. The catalog is by default that of the program.
    """
    faults: list[ConfigProblem] = []
    if catalog is None:
        catalog = _catalog(root, faults)
    found = _source(stack, root, decrypted, open_, faults)
    if catalog is not None:
        faults += [*catalog_checks.check(catalog), *migrations.faults(root, catalog)]
    if found is None:
        raise ConfigError(in_order(faults))
    if catalog is not None:
        found = _with_secrets(found, catalog, secret_keys)
        others = other_files(stack, root) if found.file else []
        faults += promotion.faults(found, promotion.read(root)) if found.file else ()
        faults += [*stack_checks.check(found, catalog, others), *name_checks.check(catalog, found, others)]
    config = _config(found, faults)
    if catalog is not None and (left := placeholders.faults(found, catalog)):
        # What else is wrong with such a value is wrong because it is none yet.
        faults = [*left, *(each for each in faults if not _follows(each, left))]
    if faults or config is None or catalog is None:
        raise ConfigError(in_order(faults))
    return Settings(stack=stack, catalog=catalog, origin=found, root=root, **dict(config))


def _follows(fault: ConfigProblem, left: Sequence[ConfigProblem]) -> bool:
    """Whether a fault is of a value that is not filled in, or of what holds one."""
    return bool(fault.key) and any(each.key.startswith(fault.key) for each in left)


def secrets_of(value: Any) -> set[str]:
    """Every open secret of the settings, or of a part of their values, in the clear; for a redactor."""
    if isinstance(value, Settings):
        return secrets_of(dict(value.origin.values))
    if isinstance(value, Secret):
        return set() if value.sealed else {value.reveal()}
    parts = value.values() if is_mapping(value) else items(value)
    return {secret for part in parts for secret in secrets_of(part)}


def project_folder(start: Path) -> Path:
    """The nearest folder with a Pulumi.yaml, from `start` upwards; `start` where there is none."""
    return next((folder for folder in (start, *start.parents) if (folder / "Pulumi.yaml").is_file()), start)


def _catalog(root: Path, faults: list[ConfigProblem]) -> Catalog | None:
    """The catalog; what its models refuse becomes faults with the line in its file."""
    found = program.load(root)
    try:
        return found.catalog()
    except ValidationError as error:
        file = found.catalog_file
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.endswith(file)]
        line = frames[-1].lineno if frames else None
        remedy = "Correct it; docs/parameters.md says its form."
        for detail in error.errors(include_url=False, include_input=False):
            key = ".".join([error.title, *(str(part) for part in detail["loc"])])
            what = detail["msg"].replace("Input should", "should")
            faults.append(ConfigProblem(file, line, None, key, f"{what}.", remedy))
        return None


def _source(
    stack: str,
    root: Path,
    decrypted: Mapping[str, str] | None,
    open_: Callable[[str], str] | None,
    faults: list[ConfigProblem],
) -> source.Source | None:
    """The config from where it is at hand; None, with the fault, where there is nothing to check."""
    path = root / source.file_name(stack)
    read = source.read_file(path) if os.path.lexists(path) else None
    file = read if isinstance(read, source.StackFile) else None
    faults += read.problems if isinstance(read, source.StackFile) else read or ()
    if decrypted is not None:
        return source.from_engine(stack, decrypted, file)
    if file is not None:
        return source.from_file(stack, file, open_)
    if read is None:
        faults.append(_no_such_stack(stack, root))
    return None


def _no_such_stack(stack: str, root: Path) -> ConfigProblem:
    known = list(Project(root).stack_files())
    what = f"There is no stack {stack}: its file does not exist."
    remedy = f"{did_you_mean(stack, known)}Stacks here: {', '.join(known) or 'none'}."
    return ConfigProblem(source.file_name(stack), None, None, "", what, remedy)


def other_files(stack: str, root: Path) -> list[source.StackFile]:
    """The other stacks' files, as far as they can be read; their own faults are reported for their own stack."""
    read = [source.read_file(path) for name, path in Project(root).stack_files().items() if name != stack]
    return [file for file in read if isinstance(file, source.StackFile)]


def _with_secrets(found: source.Source, catalog: Catalog, secret_keys: Collection[str] | None) -> source.Source:
    """Make Secrets of the values that belong to secrets, where no file at hand marks them."""
    values = dict(found.values)
    for path in stack_checks.secret_paths(catalog):
        top = str(path[0])
        if top in found.unmarked and (secret_keys is None or top in secret_keys):
            values[top] = _secret_at(values.get(top), path[1:], spell(path))
    return replace(found, values=values)


def _secret_at(value: Any, path: tuple[str | int, ...], key: str) -> Any:
    if not path:
        return Secret(value, key) if isinstance(value, str) else value
    if is_mapping(value) and path[0] in value:
        return {**value, path[0]: _secret_at(value[path[0]], path[1:], key)}
    return value


def faults_of(found: source.Source, catalog: Catalog) -> list[ConfigProblem]:
    """The faults of one stack's config by itself and against the catalog."""
    faults = [*stack_checks.check(found, catalog, []), *name_checks.check(catalog, found, [])]
    _config(found, faults)
    return faults


def _config(found: source.Source, faults: list[ConfigProblem]) -> StackConfig | None:
    faults += foreign_keys(found)
    try:
        return StackConfig.model_validate(own_values(found.values))
    except ValidationError as error:
        faults += model_faults(found, error)
        return None
