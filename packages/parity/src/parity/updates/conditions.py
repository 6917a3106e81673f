"""What a plan depends on: read when the plan is made, read again before it is applied, and compared by name."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any

from parity.config.program import FOLDERS
from parity.evaluate.resource import SecretInput
from parity.resources import kinds
from parity.resources.urn import short_urn
from parity.updates import world_guard

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from parity.engine.state import State
    from parity.inventory.model import LiveObject, LiveState

Conditions = dict[str, str]
"""A fingerprint by name. Names are for people: `infra/build.py`, `the state`, `the live object of <URN>`."""

_WRITTEN = frozenset({kinds.VARIABLE, kinds.SECRET, kinds.DRAIN, kinds.TRACE_DRAIN})
"""Kinds with a value that no interface shows: when it was last written stands for it."""

LIVE, OTHER_VARIABLE = "the live object of ", "the undeclared variable "
PRIVILEGES = "the list of privileges in PostgreSQL"
"""How the names of what exists begin."""

_FILES = ("Pulumi.yaml", "pyproject.toml", "uv.lock")
_ABSENT = "not there"


def of_files(root: Path, stack: str) -> Conditions:
    """The program's files and the stack's: a SHA-256 for each, by its path in the project."""
    paths = [root / name for name in (*_FILES, f"Pulumi.{stack}.yaml")]
    for folder in FOLDERS:
        paths += sorted(
            path for path in (root / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts
        )
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else _ABSENT
        for path in paths
    }


def of_state(state: State) -> Conditions:
    """The recorded state: its resources and the operations that did not end, without times and versions of its form."""
    kept = [
        [each.document for each in state.resources],
        [[each.operation, each.resource.urn] for each in state.pending],
    ]
    return {"the recorded state": hashlib.sha256(canonical(kept)).hexdigest()}


def of_programs(programs: Mapping[str, Path]) -> Conditions:
    """Plugins that a person chose, by name, each by its file: it is taken whatever version it says."""
    return {
        f"the program of plugin {name}": hashlib.sha256(path.read_bytes()).hexdigest()
        for name, path in programs.items()
    }


def of_live_state(live_state: LiveState, key: bytes) -> Conditions:
    """What exists: each declared resource's live objects, and what a deployment would be built with besides.

    `key` keys the fingerprints, since a live object may hold a secret: 32 bytes derived from the stack secret.
    """
    found: Conditions = world_guard.of_account(live_state.account)
    for urn, objects in live_state.under.items():
        found[f"{LIVE}{urn}"] = _fingerprint(objects, key)
    for each in live_state.unmanaged:
        # Everything else that is unmanaged may come and go, such as previews of a push; a variable gets into a build.
        if each.type == kinds.VARIABLE:
            found[f"{OTHER_VARIABLE}{'/'.join(map(str, each.key))}"] = _fingerprint((each,), key)
    for failure in live_state.read_failures:
        found[f"the inventory of {failure.what}"] = "could not be read"
    rights = sorted(canonical(each.__dict__).decode() for each in live_state.privileges)
    found[PRIVILEGES] = hmac.new(key, "\n".join(rights).encode(), hashlib.sha256).hexdigest()
    return found


def _fingerprint(objects: tuple[LiveObject, ...], key: bytes) -> str:
    if not objects:
        return _ABSENT
    text = canonical([[each.id, dict(each.properties), dict(each.beyond), _written(each)] for each in objects])
    return hmac.new(key, text, hashlib.sha256).hexdigest()


def _written(each: LiveObject) -> str:
    return str(each.written_at) if each.hidden and each.type in _WRITTEN else ""


def canonical(value: Any) -> bytes:
    """JSON with one spelling: sorted keys, no spaces; a secret input by its value, other types by their text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=_plain).encode()


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, SecretInput) else str(value)


def differences(planned: Mapping[str, str], found: Mapping[str, str]) -> Iterator[str]:
    """What is not as it was when the plan was made, a phrase each, in the plan's order."""
    for name, fingerprint in planned.items():
        now = found.get(name, _ABSENT)
        if now == fingerprint:
            continue
        said = _said(name)
        if now == _ABSENT:
            yield f"{said} is gone"
        elif fingerprint == _ABSENT:
            yield f"{said} exists now"
        elif len(fingerprint) < _DIGITS:
            yield f"{said} is {now}, and was {fingerprint}"
        else:
            yield f"{said} has changed"
    yield from (f"{_said(name)} is new" for name in found if name not in planned)


def _said(name: str) -> str:
    return f"{LIVE}{short_urn(name.removeprefix(LIVE))}" if name.startswith(LIVE) else name


_DIGITS = 64
"""Of a fingerprint; what is shorter is said as it is."""
