"""Ids and times in GitHub's forms: numbers that grow, global node ids, second-exact UTC times."""

from __future__ import annotations

import base64
import secrets
from datetime import UTC, datetime

from parity_sandbox.context import Context

_STEP = 977
"""How far apart two ids of a kind may be; the true distance is random, as on a service that others use too."""

_FIRST = {
    "organizations": 214_000_000,
    "users": 215_000_000,
    "teams": 13_200_000,
    "repositories": 1_103_000_000,
    "environments": 10_200_000_000,
    "gates": 58_000_000,
    "deployment_branch_policies": 46_000_000,
    "rulesets": 10_400_000,
    "labels": 9_600_000_000,
    "issues": 3_650_000_000,
    "issue_comments": 3_570_000_000,
    "pulls": 2_990_000_000,
    "deploy_keys": 133_000_000,
    "webhooks": 583_000_000,
    "runners": 21,
    "runs": 19_600_000_000,
    "workflows": 208_000_000,
}

_INT32 = 1 << 32
_SHORT_STRING = 32
_BYTE = 128


def fresh(context: Context, kind: str) -> int:
    """A new id for an object of `kind`: larger than every one before, never given twice."""
    count = context.store.next_number(f"github:{kind}")
    return _FIRST[kind] + count * _STEP + secrets.randbelow(_STEP)


def node_id(prefix: str, *parts: int | str) -> str:
    """A global node id as GitHub makes them: a prefix for the type, then a MessagePack array in base64url.

    The array begins with 0; then come the ids that lead to the object, outermost first
    (https://docs.github.com/graphql/guides/migrating-graphql-global-node-ids).
    """
    packed = _pack([0, *parts])
    return f"{prefix}_{base64.urlsafe_b64encode(packed).rstrip(b'=').decode()}"


def _pack(values: list[int | str]) -> bytes:
    return bytes([0x90 + len(values)]) + b"".join(_pack_one(value) for value in values)


def _pack_one(value: int | str) -> bytes:
    if isinstance(value, str):
        raw = value.encode()
        return (bytes([0xA0 + len(raw)]) if len(raw) < _SHORT_STRING else bytes([0xD9, len(raw) % 256])) + raw
    if value < _BYTE:
        return bytes([value])
    if value < _INT32:
        return b"\xce" + value.to_bytes(4, "big")
    return b"\xcf" + value.to_bytes(8, "big")


def key_id() -> str:
    """An id of a public key: a number of 18 or 19 digits, as a string."""
    return str(secrets.randbelow(9 * 10**18 - 10**17) + 10**17)


def sha() -> str:
    """A commit's or a tree's name: 40 hex digits."""
    return secrets.token_hex(20)


def now(context: Context) -> str:
    """The present in GitHub's form, `2026-11-23T20:44:13Z`."""
    return moment(context.clock())


def moment(seconds: float) -> str:
    """A time, seconds since 1970, in GitHub's form."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def after(context: Context, earlier: str) -> str:
    """The present, but at least one second after `earlier`, so that every write moves the time that is shown."""
    floor = datetime.fromisoformat(earlier).timestamp() + 1
    return moment(max(context.clock(), floor))
