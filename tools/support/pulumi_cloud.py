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
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

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
    calls: list[str] = field(default_factory=list[str])
    """Method and path of each request."""
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
        names = ("orgName", "projectName", "stackName")
        rows = [dict(zip(names, each, strict=True)) for each in self.stacks]
        # While an update runs, the time of the last one is zero.
        times = [{"lastUpdate": 0 if each.active else int(time.time())} for each in self.stacks.values()]
        return {"stacks": [row | time_ for row, time_ in zip(rows, times, strict=True)]}

    def exists(self, _: Any, *project: str) -> Any:
        """`HEAD` of a project."""
        if not any(each[:2] == project for each in self.stacks):
            raise _Refused(404, "Not Found: Project not found")

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
        org, project, stack = name
        return {
            "orgName": org, "projectName": project, "stackName": stack, "tags": found.tags,
            "version": len(found.states) - 1, "activeUpdate": found.active,
        }  # fmt: skip

    def removed(self, _: Any, *name: str) -> Any:
        """`DELETE` of a stack."""
        self.stack(*name)
        del self.stacks[name]

    def tagged(self, given: Any, *name: str) -> Any:
        """`PATCH` of a stack's tags."""
        self.stack(*name).tags = given

    def exported(self, _: Any, *name: str) -> Any:
        """`GET` of the newest state."""
        return self.stack(*name).states[-1]

    def exported_before(self, _: Any, *name: str) -> Any:
        """`GET` of a state by its version."""
        return self.stack(*name[:3]).states[int(name[3])]

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

    def latest(self, _: Any, *name: str) -> Any:
        """`GET` of the newest one."""
        found = self.history(None, *name)["updates"]
        if not found:
            raise _Refused(404, "Not Found: No updates found")
        return {"info": found[0], "version": found[0]["version"]}

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
    ("HEAD", "/api/stacks/([^/]+)/([^/]+)", Cloud.exists),
    ("POST", "/api/stacks/([^/]+)/([^/]+)", Cloud.create),
    ("GET", _STACK, Cloud.shown),
    ("DELETE", _STACK, Cloud.removed),
    ("PATCH", f"{_STACK}/tags", Cloud.tagged),
    ("GET", f"{_STACK}/export", Cloud.exported),
    ("GET", f"{_STACK}/export/(\\d+)", Cloud.exported_before),
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
    ("GET", f"{_STACK}/updates/latest", Cloud.latest),
)


class _Handler(BaseHTTPRequestHandler):
    cloud: Cloud
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _do(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        path = self.path.partition("?")[0]
        try:
            with self.cloud.lock:
                self.cloud.calls.append(f"{self.command} {path}")
                self._answer(200, self._handled(path, json.loads(body) if body else None))
        except _Refused as refused:
            self._answer(refused.status, {"code": refused.status, "message": str(refused)})

    do_GET = do_POST = do_PATCH = do_DELETE = do_HEAD = _do  # noqa: N815 - the names that the base class looks up

    def _handled(self, path: str, given: Any) -> Any:
        if self.headers.get("authorization") not in {f"token {TOKEN}", "update-token lease"}:
            raise _Refused(401, "Unauthorized: No credentials provided or are invalid.")
        for handler, values in self._found(path):
            return handler(self.cloud, given, *values)
        raise _Refused(404, f"Not Found: {self.command} {path}")

    def _found(self, path: str) -> Iterator[tuple[Callable[..., Any], tuple[str, ...]]]:
        for method, pattern, handler in _ROUTES:
            if method == self.command and (match := re.fullmatch(pattern, path)):
                yield handler, match.groups()

    def _answer(self, status: int, document: Any) -> None:
        body = b"" if document is None or self.command == "HEAD" else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@contextmanager
def served() -> Generator[Cloud]:
    """Serve an empty account until the block ends."""
    cloud = Cloud()
    handler = type("Handler", (_Handler,), {"cloud": cloud})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        cloud.url = f"http://127.0.0.1:{server.server_port}"
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield cloud
        finally:
            server.shutdown()
