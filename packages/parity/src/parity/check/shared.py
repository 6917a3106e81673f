"""Secrets that two stacks share: by value where both are open, else by what the files alone show of it."""

from __future__ import annotations

import hmac
import secrets
from hashlib import sha256
from itertools import combinations
from typing import TYPE_CHECKING

from parity.config import fingerprints
from parity.config.secret import Secret
from parity.config.stack_checks import secret_paths
from parity.documents import mapping
from parity.problems import spell

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from parity.config.settings import Settings
    from parity.problems import ConfigProblem, Path

_KEY = secrets.token_bytes(32)
"""Of this process alone: what it makes of two values says equal or different, and nothing else."""

Mark = tuple[object, ...]


def find(stacks: Sequence[Settings]) -> Iterator[tuple[str, str, ConfigProblem]]:
    """Each secret that two stacks have in common, with the two stacks; nothing of a value is in it.

    Sealed values are equal where one file was copied from the other, ciphertext and all, or where their fingerprints
    are; only open ones (`--secrets`) show every equality.

    Args:
        stacks: in the order of promotion.
    """
    marked = {each.stack: dict(_marked(each)) for each in stacks}
    for one, other in combinations(stacks, 2):
        for mine, own in marked[one.stack].items():
            for theirs, found in marked[other.stack].items():
                if own & found:
                    yield one.stack, other.stack, _fault((one, mine), (other, theirs))


def _marked(settings: Settings) -> Iterator[tuple[Path, frozenset[Mark]]]:
    for path in secret_paths(settings.catalog):
        secret: Any = settings.origin.values
        for part in path:
            secret = mapping(secret).get(str(part))
        if isinstance(secret, Secret):
            yield path, frozenset(_marks(settings, path, secret))


def _marks(settings: Settings, path: Path, secret: Secret) -> Iterator[Mark]:
    """What two secrets have in common only if they are equal."""
    if secret.ciphertext:
        yield "ciphertext", secret.ciphertext
    if not secret.sealed:
        yield "value", hmac.new(_KEY, secret.reveal().encode(), sha256).hexdigest()
    elif written := settings.fingerprints.get(spell(path)):
        mark = written.partition("-")[0]
        if written == fingerprints.entry(mark, secret.ciphertext):
            yield "fingerprint", path, mark


def _fault(one: tuple[Settings, Path], other: tuple[Settings, Path]) -> ConfigProblem:
    """The fault, in the stack whose secret is to be replaced: one without a live release, else the earlier one."""
    (kept, there), (settings, path) = (one, other) if not _serves(other[0]) else (other, one)
    what = f"is the same secret as {spell(there)} of {kept.stack}: who has one of the two stacks' has the other's."
    return settings.origin.fault(path, what, _remedy(settings, path))


def _serves(settings: Settings) -> bool:
    return any(each.live for each in settings.releases.values())


def _remedy(settings: Settings, path: Path) -> str:
    words = f"Replace it: `parity secret set {settings.stack} '{spell(path)}'`"
    if path in set(secret_paths(settings.catalog, generated=True)):
        words = f"Replace it: `parity secret set {settings.stack} '{spell(path)}' --generate`"
    if path == fingerprints.STACK_SECRET and _serves(settings):
        return f"{words}, and follow docs/runbooks/rotated-secret.md: database passwords are derived from it."
    return f"{words}."
