"""Reads live state from the vendors' storage and PostgreSQL's catalogues, with code of the tests alone."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import psycopg
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from crashlab import terraform
from crashlab.canonical import Names, Row, counted, differences
from crashlab.stack_file import DOMAIN, STACK
from support import pg_catalog

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable
    from pathlib import Path

    from crashlab.lab import Lab

_VENDORS = ("vercel", "github")
_SECRET_SIGNATURE = "4dabf18193072939515e22adb298388d"
_URL = re.compile(r"postgresql://(?P<user>[^:]+):(?P<password>[^@]+)@[^/]+/(?P<database>[^?]+)")
_PROVIDER_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_FIRST_USER_OID = 16384
_TIMES = {"created", "modified"}
NO_BEGINNING = "no beginning"
"""Stands for the command of a ledger's record that ends and never began."""


@dataclass(frozen=True)
class Reality:
    """Everything that exists, comparable between runs."""

    objects: Counter[tuple[str, str]] = field(repr=False)
    served: dict[str, str] = field(repr=False)
    """For each application that is live: its deployment, with the variables that it was built with."""

    def differences(self, undisturbed: Reality) -> list[str]:
        """How this differs from what an undisturbed run leaves; no values."""
        return differences(undisturbed.objects, self.objects)

    @property
    def digest(self) -> str:
        """The same for two realities that are the same."""
        return _digest(sorted((*key, count) for key, count in self.objects.items()))


def read(lab: Lab) -> Reality:
    """Read it."""
    texts = _texts(lab)
    return _live_state(texts, _postgres(lab, texts))


def stored(lab: Lab) -> list[Row]:
    """The vendors' objects."""
    return _rows(_texts(lab))


_Texts = tuple[tuple[str, str, str], ...]
"""Kind, key and document, as JSON, of each object: hashable, so that what follows from it is worked out once."""


def _texts(lab: Lab) -> _Texts:
    with closing(sqlite3.connect(f"file:{lab.store}?mode=ro", uri=True)) as connection:
        found = connection.execute("SELECT service, kind, id, body FROM documents ORDER BY service, kind, seq")
        return tuple((f"{service} {kind}", key, body) for service, kind, key, body in found if service in _VENDORS)


def _rows(texts: _Texts) -> list[Row]:
    return [Row(kind, key, json.loads(body)) for kind, key, body in texts]


def _postgres(lab: Lab, texts: _Texts) -> _Texts:
    """PostgreSQL's part. Often asked for, it is read again only where it or the vendors' objects may have changed."""
    moment = pg_catalog.moment(lab.instance.environment())
    known, found = _last_read.get(lab.folder, (None, ()))
    if known != (moment, texts):
        rows = [*_databases(lab), *_logins(lab, _rows(texts))]
        found = tuple((each.kind, each.key, json.dumps(each.document)) for each in rows)
        _last_read[lab.folder] = ((moment, texts), found)
    return found


_last_read: dict[Path, tuple[tuple[str, _Texts] | None, _Texts]] = {}
"""What was found last, and when, by the instance's folder."""


@functools.lru_cache(maxsize=4)
def _live_state(texts: _Texts, unmanaged: _Texts) -> Reality:
    rows = _rows(texts)
    return Reality(counted([*rows, *_rows(unmanaged)]), _served(rows, _names(texts)))


@functools.lru_cache(maxsize=4)
def _names(texts: _Texts) -> Names:
    return Names(_rows(texts))


def _databases(lab: Lab) -> Iterable[Row]:
    for kind, rows in pg_catalog.dump(lab.instance.environment()).items():
        for row in rows:
            if kind == "role settings" and int(row[0]) >= _FIRST_USER_OID:
                row[0] = "<database>"  # every database gets a number of its own
            yield Row(f"postgres {kind}", str(row[0]), [_in_order(each) for each in row])


def _in_order(value: Any) -> Any:
    """A list as PostgreSQL prints it; access lists stand in the order in which grants were made, which says nothing."""
    if isinstance(value, str) and value.startswith("{") and value.endswith("}"):
        return sorted(value[1:-1].split(","))
    return value


def _logins(lab: Lab, rows: list[Row]) -> Iterable[Row]:
    """Whether each URL that any object holds logs in: a password's hash cannot be compared."""
    tried: dict[str, bool] = {}
    for row in rows:
        for match in _URL.finditer(json.dumps(row.document)):
            url = match.group()
            if url not in tried:
                tried[url] = _logs_in(lab, **match.groupdict())
            yield Row("postgres login", match["user"], {"in": row.kind, "ok": tried[url]})


def _logs_in(lab: Lab, user: str, password: str, database: str) -> bool:
    try:
        with psycopg.connect(
            host="127.0.0.1",
            port=lab.instance.local.running().ports.postgres,
            user=user,
            password=password,
            dbname=database,
            sslmode="disable",
        ):
            return True
    except psycopg.OperationalError:
        return False


def _served(rows: list[Row], names: Names) -> dict[str, str]:
    """The live deployments' releases: commit, config and every variable's value."""
    deployments = {row.key: row.document for row in rows if row.kind == "vercel deployments"}
    served: dict[str, str] = {}
    for row in rows:
        if row.kind == "vercel projects":
            live = cast("dict[str, Any] | None", (row.document.get("targets") or {}).get("production"))
            if live is not None:
                deployment = deployments.get(live["id"], {})
                served[row.document["name"]] = names.text(
                    {"meta": deployment.get("meta"), "variables": (deployment.get("snapshot") or {}).get("variables")}
                )
    return served


@dataclass(frozen=True)
class Answer:
    """What a user of the domain gets."""

    status: int | None
    release: str | None
    commit: str | None
    logins: bool


def ask(lab: Lab) -> Answer:
    """Ask the live domain, through the sandbox's proxy, as a user's browser would."""
    import ssl  # noqa: PLC0415

    import httpx  # noqa: PLC0415

    environment = lab.instance.environment()
    trust = ssl.create_default_context(cafile=environment["SSL_CERT_FILE"])
    with httpx.Client(proxy=environment["HTTPS_PROXY"], verify=trust, trust_env=False, timeout=20) as http:
        try:
            answer = http.get(f"https://{DOMAIN}/api/health")
        except httpx.HTTPError:
            return Answer(None, None, None, logins=False)
    body = answer.json() if answer.headers.get("content-type", "").startswith("application/json") else {}
    logins = body.get("database") or []
    return Answer(
        answer.status_code, body.get("release"), body.get("commit"), bool(logins) and all(each["ok"] for each in logins)
    )


@dataclass(frozen=True)
class Record:
    """What the engine has recorded and locked, comparable between runs."""

    text: str = field(repr=False)
    locks: int
    pending: int
    never_began: int = 0
    """The ledger's records that end and never began."""

    @property
    def digest(self) -> str:
        """The same for two records that are the same."""
        return _digest([self.text, self.locks])


def record(lab: Lab) -> Record:
    """Read it from the backend's files: the state unsealed, the end of the history, the ledger's newest records."""
    latest = checkpoint(lab)
    # The engine takes every file there for a lock, but for those that its file store adds to each.
    held = (lab.backend / ".pulumi" / "locks").rglob("*")
    locks = sum(each.is_file() and each.suffix != ".attrs" for each in held)
    names = _names(_texts(lab))
    other = lab.backend / terraform.STATE
    if other.exists():
        resources = json.loads(other.read_text() or "{}").get("resources", [])
        return Record(names.text(_plain(resources, None)), locks, 0)
    if latest is None:
        return Record("no checkpoint", locks, 0)
    key = _key(lab, latest)
    kept = {
        name: sorted(_PROVIDER_ID.sub("*", names.text(_plain(each, key))) for each in latest.get(name) or [])
        for name in ("resources", "pending_operations")
    }
    ledger = _ledger(lab)
    never_began = sum(row[0] == NO_BEGINNING for row in ledger)
    return Record(json.dumps([kept, _history(lab), ledger]), locks, len(kept["pending_operations"]), never_began)


def fingerprint(lab: Lab) -> str:
    """Digests of live state, record and stack file: equal for two moments from which everything goes on alike."""
    return f"{read(lab).digest} {record(lab).digest} {_digest(lab.stack_file.read_text())}"


def checkpoint(lab: Lab) -> dict[str, Any] | None:
    """The state as the engine has written it; None where it never did."""
    path = lab.backend / ".pulumi" / "stacks" / "storefront" / f"{STACK}.json"
    return json.loads(path.read_text())["checkpoint"].get("latest") or {} if path.exists() else None


def _history(lab: Lab) -> list[str]:
    """Kind and result of the newest entry of the engine's history: all of it that distinguishes two states."""
    found = sorted((lab.backend / ".pulumi" / "history" / "storefront" / STACK).glob("*.history.json"))
    if not found:
        return []
    newest = json.loads(found[-1].read_text())
    return [newest["kind"], newest["result"]]


def _ledger(lab: Lab) -> list[list[Any]]:
    """Command, result and unfinished operations of each record since the last that ended well, and of what is amiss."""
    found: dict[str, list[Any]] = {}
    for path in sorted((lab.backend / ".parity" / "ledger" / "storefront" / STACK).glob("*.json")):
        document = json.loads(path.read_text())
        if path.name.endswith(".1-begin.json"):
            found[path.name.partition(".1-")[0]] = [document["command"], document.get("intent"), "unfinished"]
        else:
            open_ones = [each["urn"] for each in document.get("operations") or [] if not each["done"]]
            row = found.setdefault(path.name.partition(".2-")[0], [NO_BEGINNING, None, ""])
            row[2:] = [document["result"], sorted(open_ones)]
    rows = list(found.values())
    good = [place for place, row in enumerate(rows) if row[2] == "succeeded"]
    since = good[-1] if good else 0
    return [row for place, row in enumerate(rows) if place >= since or row[0] == NO_BEGINNING]


@functools.cache
def _derived(passphrase: str, salt: str) -> bytes:
    """The key of Pulumi's passphrase provider: PBKDF2 with SHA-256, a million rounds, 32 bytes (its source)."""
    return hashlib.pbkdf2_hmac("sha256", passphrase.encode(), base64.b64decode(salt), 1_000_000, 32)


def _key(lab: Lab, latest: dict[str, Any]) -> AESGCM | None:
    provider = latest.get("secrets_providers") or {}
    if provider.get("type") != "passphrase":
        return None
    salt = provider["state"]["salt"].split(":")[1]
    return AESGCM(_derived(lab.instance.environment()["PULUMI_CONFIG_PASSPHRASE"], salt))


def _opened(text: str, key: AESGCM | None) -> str:
    """A sealed value in the clear, `v1:<nonce>:<sealed>`."""
    assert key is not None, "a sealed value, and no key to it"
    _, nonce, sealed = text.split(":")
    return key.decrypt(base64.b64decode(nonce), base64.b64decode(sealed), None).decode()


def _plain(value: Any, key: AESGCM | None) -> Any:
    """Sealed values opened, and of the times only whether there is any: recover's own records have none."""
    if isinstance(value, dict):
        mapping = cast("dict[str, Any]", value)
        if _SECRET_SIGNATURE in mapping:
            if "ciphertext" not in mapping:
                return {"sealed": mapping.get("plaintext")}
            return {"sealed": _opened(str(mapping["ciphertext"]), key)}
        skipped = {"sourcePosition", "stackTrace", *_TIMES}
        noted = {"noted": "<time>"} if _TIMES & set(mapping) else {}
        return {name: _plain(each, key) for name, each in mapping.items() if name not in skipped} | noted
    if not isinstance(value, list):
        return value
    found = [_plain(each, key) for each in cast("list[Any]", value)]
    # Dependencies come in the order in which Python's outputs were awaited.
    return sorted(found) if all(isinstance(each, str) for each in found) else found


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:16]
