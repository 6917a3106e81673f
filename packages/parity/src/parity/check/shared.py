"""Secrets that two stacks share: by value where both are open, else by what the files alone show of it."""

from __future__ import annotations

import hmac
import secrets
from hashlib import sha256
from itertools import combinations
from typing import TYPE_CHECKING

from parity.config import fingerprints, source
from parity.config.secret import Secret
from parity.config.stack_checks import secret_paths
from parity.config.stack_models import NAMESPACE
from parity.documents import mapping
from parity.errors import ConfigError
from parity.problems import spell

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path as FilePath
    from typing import Any

    from parity.config.parameters import Catalog
    from parity.config.source import Source
    from parity.problems import ConfigProblem, Path

_KEY = secrets.token_bytes(32)
"""Of this process alone: what it makes of two values says equal or different, and nothing else."""

_RELEASES = f"{NAMESPACE}releases"

Mark = tuple[object, ...]


def require_own(stack: str, paths: Mapping[str, FilePath], catalog: Catalog) -> None:
    """Raise ConfigError where the stacks' files show that a stack has a secret of another one; no key is needed."""
    read = {name: source.read_file(path) for name, path in paths.items()}
    files = [source.from_file(name, file) for name, file in read.items() if isinstance(file, source.StackFile)]
    if faults := tuple(fault for one, other, fault in find(catalog, files) if stack in {one, other}):
        raise ConfigError(faults)


def find(catalog: Catalog, stacks: Sequence[Source]) -> Iterator[tuple[str, str, ConfigProblem]]:
    """Each secret that two stacks have in common, with the two stacks; nothing of a value is in it.

    Sealed values are equal where one file was copied from the other, ciphertext and all, or where their fingerprints
    are, which are keyed by each stack's own secret; only open ones (`--secrets`) show every equality.

    The stacks are in the order of promotion.
    """
    marked = {each.stack: dict(_marked(catalog, each)) for each in stacks}
    for one, other in combinations(stacks, 2):
        for mine, own in marked[one.stack].items():
            for theirs, found in marked[other.stack].items():
                if own & found:
                    yield one.stack, other.stack, _fault(catalog, (one, mine), (other, theirs))


def _marked(catalog: Catalog, stack: Source) -> Iterator[tuple[Path, frozenset[Mark]]]:
    for path in secret_paths(catalog):
        secret: Any = stack.values
        for part in path:
            secret = mapping(secret).get(str(part))
        if isinstance(secret, Secret):
            yield path, frozenset(_marks(stack, path, secret))


def _marks(stack: Source, path: Path, secret: Secret) -> Iterator[Mark]:
    """What two secrets have in common only if they are equal."""
    if secret.ciphertext:
        yield "ciphertext", secret.ciphertext
    if not secret.sealed:
        yield "value", hmac.new(_KEY, secret.reveal().encode(), sha256).hexdigest()
    elif written := mapping(stack.values.get(fingerprints.KEY)).get(spell(path)):
        mark = str(written).partition("-")[0]
        if written == fingerprints.entry(mark, secret.ciphertext):
            yield "fingerprint", path, mark


def _fault(catalog: Catalog, one: tuple[Source, Path], other: tuple[Source, Path]) -> ConfigProblem:
    """The fault, in the stack whose secret is to be replaced: one without a live release, else the earlier one."""
    (kept, there), (stack, path) = (one, other) if not _serves(other[0]) else (other, one)
    what = f"is the same secret as {spell(there)} of {kept.stack}: who has one of the two stacks' has the other's."
    return stack.fault(path, what, _remedy(catalog, stack, path))


def _serves(stack: Source) -> bool:
    return any(mapping(each).get("live") for each in mapping(stack.values.get(_RELEASES)).values())


def _remedy(catalog: Catalog, stack: Source, path: Path) -> str:
    words = f"Replace it: `parity secret set {stack.stack} '{spell(path)}'`"
    if path in set(secret_paths(catalog, generated=True)):
        words = f"Replace it: `parity secret set {stack.stack} '{spell(path)}' --generate`"
    if path == fingerprints.STACK_SECRET and _serves(stack):
        return f"{words}, and follow docs/runbooks/rotated-secret.md: database passwords are derived from it."
    return f"{words}."
