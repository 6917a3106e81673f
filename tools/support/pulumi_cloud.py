"""Pulumi Cloud's API on loopback: what the engine calls for a stack's state, secrets, updates and history.

The routes and documents are those of pulumi/pkg's backend/httpstate/client and sdk's common/apitype, v3.259.0. Of the
capabilities (`GET /api/capabilities`) it offers to encrypt several values at once alone, so that the engine sends
complete checkpoints and no journal.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
import threading
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken

from support.json_server import JsonHandler, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

TOKEN = "pul-0123456789abcdef0123456789abcdef01234567"
ORGANIZATION = "acme"
_ACCOUNT = "acme-robot"
_NOTHING = {"version": 3, "deployment": {"manifest": {"time": "0001-01-01T00:00:00Z", "magic": "", "version": ""}}}
_LEASE_SECONDS = 300
_KINDS = "preview|update|refresh|destroy"


class _Refused(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class Update:
    """One update, preview, refresh, destroy or import."""

    kind: str
    document: dict[str, Any]
    """As the history has it (apitype.UpdateInfo)."""
    status: str = "not started"


@dataclass
class Stack:
    """What is kept of one stack."""

    tags: dict[str, str]
    states: list[dict[str, Any]] = field(default_factory=lambda: [_NOTHING])
    """By version; the last is the newest."""
    updates: dict[str, Update] = field(default_factory=dict[str, Update])
    active: str = ""
    """The update that holds the stack."""
    key: Fernet = field(default_factory=lambda: Fernet(Fernet.generate_key()))


@dataclass
class Cloud:
    """What the account holds."""

    url: str = ""
    stacks: dict[tuple[str, ...], Stack] = field(default_factory=dict[tuple[str, ...], Stack])
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def variables(self) -> dict[str, str]:
        """With which the engine finds it."""
        return {"PULUMI_BACKEND_URL": self.url, "PULUMI_ACCESS_TOKEN": TOKEN}

    def stack(self, *name: str) -> Stack:
        """The stack of an organization and a project."""
        if name not in self.stacks:
            raise _Refused(404, f"Not Found: Stack '{'/'.join(name)}' not found")
        return self.stacks[name]

    # --- The account and its stacks -----------------------------------------------------------------------------------

    def user(self, _: Any) -> Any:
        """`GET /api/user`."""
        organizations = [{"githubLogin": each, "name": each} for each in (_ACCOUNT, ORGANIZATION)]
        return {"githubLogin": _ACCOUNT, "name": _ACCOUNT, "organizations": organizations}

    def listed(self, _: Any) -> Any:
        """`GET /api/user/stacks`."""
        # While an update runs, the time of the last one is zero.
        times = {name: 0 if each.active else int(time.time()) for name, each in self.stacks.items()}
        return {"stacks": [_named(name) | {"lastUpdate": last} for name, last in times.items()]}

    def create(self, given: Any, *project: str) -> Any:
        """`POST` of a stack to its project."""
        name = (*project, given["stackName"])
        if name in self.stacks:
            raise _Refused(409, "Conflict: A stack with that name already exists")
        self.stacks[name] = Stack(given.get("tags") or {})
        return {}

    def shown(self, _: Any, *name: str) -> Any:
        """`GET` of a stack."""
        found = self.stack(*name)
        return {
            **_named(name),
            "tags": found.tags,
            "version": len(found.states) - 1,
            "activeUpdate": found.active,
        }

    def exported(self, _: Any, *name: str) -> Any:
        """`GET` of the newest state."""
        return self.stack(*name).states[-1]

    def imported(self, given: Any, *name: str) -> Any:
        """`POST` of a state."""
        found = self.stack(*name)
        self._require_free(found)
        identity = self._begun(found, "import", {})
        found.states.append(given)
        self._ended(found.updates[identity], "succeeded")
        return {"updateId": identity}

    # --- Secrets ------------------------------------------------------------------------------------------------------

    def encrypted(self, given: Any, *name: str) -> Any:
        """`POST` of a text to be sealed with the stack's key."""
        return {"ciphertext": _sealed(self.stack(*name), given["plaintext"])}

    def decrypted(self, given: Any, *name: str) -> Any:
        """`POST` of one to be opened."""
        return {"plaintext": _opened(self.stack(*name), given["ciphertext"])}

    def all_encrypted(self, given: Any, *name: str) -> Any:
        """The same of several."""
        return {"ciphertexts": [_sealed(self.stack(*name), each) for each in given["plaintexts"]]}

    def all_decrypted(self, given: Any, *name: str) -> Any:
        """The same of several."""
        return {"plaintexts": {each: _opened(self.stack(*name), each) for each in given["ciphertexts"]}}

    # --- Updates ------------------------------------------------------------------------------------------------------

    def begin(self, given: Any, *path: str) -> Any:
        """`POST` of a preview, update, refresh or destroy."""
        identity = self._begun(self.stack(*path[:3]), path[3], given)
        return {"updateID": identity}

    def start(self, _: Any, *path: str) -> Any:
        """`POST` to one that was begun: it holds the stack, but for a preview."""
        found, update = self._update(path)
        if update.kind != "preview":
            self._require_free(found)
            found.active = path[-1]
            found.states.append(found.states[-1])
        update.status = "running"
        update.document["version"] = len(found.states) - 1
        return {
            "version": len(found.states) - 1,
            "token": "lease",
            "tokenExpiration": int(time.time()) + _LEASE_SECONDS,
        }

    def state_of(self, _: Any, *path: str) -> Any:
        """`GET` of an update."""
        return {"status": self._update(path)[1].status, "events": [], "continuationToken": None}

    def checkpoint(self, given: Any, *path: str) -> Any:
        """`PATCH` of its state."""
        found, update = self._update(path)
        if found.active != path[-1] or update.status != "running":
            raise _Refused(409, "Conflict: The update is not in progress")
        found.states[-1] = {name: given[name] for name in ("version", "features", "deployment") if name in given}

    def event(self, _: Any, *path: str) -> Any:
        """`POST` of what the engine shows, which is not kept."""
        self._update(path)

    def renew(self, _: Any, *path: str) -> Any:
        """`POST` for more time."""
        self._update(path)
        return {"token": "lease", "tokenExpiration": int(time.time()) + _LEASE_SECONDS}

    def complete(self, given: Any, *path: str) -> Any:
        """`POST` of its end."""
        found, update = self._update(path)
        found.active = "" if found.active == path[-1] else found.active
        self._ended(update, given["status"])

    def cancel(self, _: Any, *path: str) -> Any:
        """`POST` by another one: it does not hold the stack any more."""
        self.complete({"status": "failed"}, *path)

    def history(self, _: Any, *name: str) -> Any:
        """`GET` of the updates, newest first."""
        updates = self.stack(*name).updates.values()
        return {"updates": [each.document for each in reversed(updates) if each.kind != "preview"]}

    def _update(self, path: tuple[str, ...]) -> tuple[Stack, Update]:
        found = self.stack(*path[:3])
        return found, found.updates[path[-1]]

    @staticmethod
    def _require_free(found: Stack) -> None:
        if found.active:
            raise _Refused(409, "Conflict: Another update is currently in progress.")

    @staticmethod
    def _begun(found: Stack, kind: str, given: Any) -> str:
        metadata = given.get("metadata") or {}
        identity = str(uuid.uuid4())
        found.updates[identity] = Update(
            kind,
            {
                "kind": kind, "result": "in-progress", "message": metadata.get("message", ""), "version": 0,
                "startTime": int(time.time()), "endTime": 0, "environment": metadata.get("environment") or {},
                "config": given.get("config") or {}, "resourceChanges": {},
            },
        )  # fmt: skip
        return identity

    @staticmethod
    def _ended(update: Update, status: str) -> None:
        update.status = status
        update.document |= {"result": status, "endTime": int(time.time())}


def _named(name: tuple[str, ...]) -> dict[str, str]:
    """A stack's name as each document of it has it."""
    return dict(zip(("orgName", "projectName", "stackName"), name, strict=True))


def _sealed(stack: Stack, text: str) -> str:
    return base64.b64encode(stack.key.encrypt(text.encode())).decode()


def _opened(stack: Stack, text: str) -> str:
    try:
        return stack.key.decrypt(base64.b64decode(text)).decode()
    except InvalidToken:
        raise _Refused(400, "Bad Request: invalid ciphertext") from None


_STACK = "/api/stacks/([^/]+)/([^/]+)/([^/]+)"
_ONE = f"{_STACK}/(?:{_KINDS})/([^/]+)"
_ROUTES: tuple[tuple[str, str, Callable[..., Any]], ...] = (
    ("GET", "/api/capabilities", lambda *_: {"capabilities": [{"capability": "batch-encrypt"}]}),
    ("GET", "/api/user", Cloud.user),
    ("GET", "/api/user/organizations/default", lambda *_: {"GitHubLogin": ORGANIZATION}),
    ("GET", "/api/user/stacks", Cloud.listed),
    ("POST", "/api/stacks/([^/]+)/([^/]+)", Cloud.create),
    ("GET", _STACK, Cloud.shown),
    ("GET", f"{_STACK}/export", Cloud.exported),
    ("POST", f"{_STACK}/import", Cloud.imported),
    ("POST", f"{_STACK}/encrypt", Cloud.encrypted),
    ("POST", f"{_STACK}/decrypt", Cloud.decrypted),
    ("POST", f"{_STACK}/decrypt/log-(?:batch-)?decryption", lambda *_: {}),
    ("POST", f"{_STACK}/batch-encrypt", Cloud.all_encrypted),
    ("POST", f"{_STACK}/batch-decrypt", Cloud.all_decrypted),
    ("POST", f"{_STACK}/({_KINDS})", Cloud.begin),
    ("POST", _ONE, Cloud.start),
    ("GET", _ONE, Cloud.state_of),
    ("PATCH", f"{_ONE}/checkpoint", Cloud.checkpoint),
    ("POST", f"{_ONE}/events(?:/batch)?", Cloud.event),
    ("POST", f"{_ONE}/renew_lease", Cloud.renew),
    ("POST", f"{_ONE}/complete", Cloud.complete),
    ("POST", f"{_ONE}/cancel", Cloud.cancel),
    ("GET", f"{_STACK}/updates", Cloud.history),
)


class _Handler(JsonHandler):
    cloud: Cloud

    def _do(self) -> None:
        body = self.body()
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        try:
            with self.cloud.lock:
                found = self._handled(self.path.partition("?")[0], json.loads(body) if body else None)
            self.answer(200, found)
        except _Refused as refused:
            self.answer(refused.status, {"code": refused.status, "message": str(refused)})

    do_GET = do_POST = do_PATCH = _do  # noqa: N815 - the names that the base class looks up

    def _handled(self, path: str, given: Any) -> Any:
        if self.headers.get("authorization") not in {f"token {TOKEN}", "update-token lease"}:
            raise _Refused(401, "Unauthorized: No credentials provided or are invalid.")
        for method, pattern, handler in _ROUTES:
            if method == self.command and (match := re.fullmatch(pattern, path)):
                return handler(self.cloud, given, *match.groups())
        raise _Refused(404, f"Not Found: {self.command} {path}")


@contextmanager
def served() -> Generator[Cloud]:
    """Serve an empty account until the block ends."""
    cloud = Cloud()
    with serving(_Handler, cloud=cloud) as cloud.url:
        yield cloud
