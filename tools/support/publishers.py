"""What a release is published to, on loopback: PyPI, a container registry, GitHub's releases and its OIDC issuer.

A CONNECT proxy leads the job's own tools (uv, skopeo, gh) here. Each host answers as far as a release asks it:
- pypi.org, upload.pypi.org: https://docs.pypi.org/api/upload, https://docs.pypi.org/trusted-publishers/internals;
- ghcr.io: https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md, pull and push;
- api.github.com, uploads.github.com: releases, their files, attestations;
- oidc.test: a job's token of the OIDC issuer, which each job has an address of its own for.
"""

from __future__ import annotations

import base64
import email
import hashlib
import json
import re
import secrets
import ssl
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import trustme

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

HOSTS = ("pypi.org", "upload.pypi.org", "ghcr.io", "api.github.com", "uploads.github.com", "oidc.test")
IDENTITY = {"repository": "storefront-example/storefront", "workflow": "release.yml", "environment": "pypi"}
"""Whom PyPI knows as the publisher of each package."""


class Refused(Exception):
    """An answer other than 200: its status and what it says."""

    def __init__(self, status: int, said: str = "", **headers: str) -> None:
        super().__init__(said)
        self.status, self.headers = status, headers


@dataclass
class Published:
    """What has come to each service."""

    may: Callable[[str, str], str | None]
    """Takes a job's token and a permission; gives the job where the job may write that, else None."""
    claims: Callable[[str], dict[str, str]]
    """What the issuer says of the job with this token, besides its audience."""
    files: dict[str, bytes] = field(default_factory=dict[str, bytes])
    """At PyPI."""
    blobs: dict[str, bytes] = field(default_factory=dict[str, bytes])
    manifests: dict[str, tuple[str, bytes]] = field(default_factory=dict[str, tuple[str, bytes]])
    """At the registry, by `name:reference`: media type and text."""
    releases: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """At GitHub; `assets` has each file's text by its name."""
    attested: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """The statements that GitHub was asked to keep."""
    refuse: str = ""
    """A file of which PyPI takes nothing that has this in its name."""
    spoil: bool = False
    """Whether the registry keeps another manifest than it was given."""
    identities: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    uploaders: set[str] = field(default_factory=set[str])


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    published: Published
    context: ssl.SSLContext
    host = ""

    def do_CONNECT(self) -> None:
        self.host = self.path.partition(":")[0]
        if self.host not in HOSTS:
            self.send_error(403)
            return
        self.send_response(200)
        self.end_headers()
        self.connection = self.context.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
        self.close_connection = False

    def do_GET(self) -> None:
        """Any method of a host's."""
        url = urlsplit(self.path)
        length = int(self.headers.get("content-length", 0))
        asked = Asked(self.published, self.command, url.path, parse_qs(url.query), self._body(length), self.headers)
        try:
            status, headers, said = 200, dict[str, str](), asked.answer(self.host)
        except Refused as error:
            status, headers, said = error.status, error.headers, str(error)
        body = (
            said if isinstance(said, bytes) else said.encode() if isinstance(said, str) else json.dumps(said).encode()
        )
        kind = "application/json" if isinstance(said, dict | list) else "text/plain"
        self.send_response(status)
        for name, value in {"content-type": asked.kind or kind, "content-length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_POST = do_PUT = do_PATCH = do_GET  # noqa: N815 - the base class's names

    def _body(self, length: int) -> bytes:
        if self.headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(length)
        parts = list[bytes]()
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@dataclass
class Asked:
    """One request."""

    to: Published
    method: str
    path: str
    query: dict[str, list[str]]
    body: bytes
    headers: Any
    kind: str = ""
    """The answer's content type, where it is neither JSON nor text."""

    def answer(self, host: str) -> Any:
        """The answer of that host; raises Refused for another status than 200."""
        first = {
            "pypi.org": self._pypi,
            "upload.pypi.org": self._pypi,
            "ghcr.io": self._registry,
            "api.github.com": self._github,
            "uploads.github.com": self._asset,
            "oidc.test": self._identity,
        }
        return first[host]()

    def _token(self) -> str:
        kind, _, given = self.headers.get("authorization", "").partition(" ")
        return base64.b64decode(given).decode().partition(":")[2] if kind.lower() == "basic" else given

    def _require(self, permission: str) -> str:
        job = self.to.may(self._token(), permission)
        if job is None:
            raise Refused(403, f"no job that may write {permission}")
        return job

    def _identity(self) -> dict[str, str]:
        self._require("id_token")
        value = secrets.token_hex(16)
        self.to.identities[value] = {**self.to.claims(self._token()), "aud": self.query["audience"][0]}
        return {"value": value}

    def _pypi(self) -> Any:
        if self.path == "/_/oidc/audience":
            return {"audience": "pypi"}
        if self.path == "/_/oidc/mint-token":
            claims = self.to.identities.get(json.loads(self.body)["token"])
            if claims != {**IDENTITY, "aud": "pypi"}:
                raise Refused(422, f"valid token, but no corresponding publisher: {claims}")
            token = f"pypi-{secrets.token_hex(8)}"
            self.to.uploaders.add(token)
            return {"success": True, "token": token}
        if self.path == "/_/oidc/burn-token":
            self.to.uploaders.discard(json.loads(self.body)["token"])
            return {}
        if self.method == "POST":
            return self._upload()
        name = self.path.strip("/").rpartition("/")[2]
        files = {each: data for each, data in self.to.files.items() if re.match(rf"{name.replace('-', '_')}-\d", each)}
        if not files:
            raise Refused(404)
        self.kind = "application/vnd.pypi.simple.v1+json"
        rows = [
            {
                "filename": each,
                "url": f"https://pypi.org/{each}",
                "hashes": {"sha256": hashlib.sha256(data).hexdigest()},
            }
            for each, data in files.items()
        ]
        return {"meta": {"api-version": "1.1"}, "name": name, "files": rows}

    def _upload(self) -> str:
        if self._token() not in self.to.uploaders:
            raise Refused(403, "invalid or non-existent authentication information")
        head = f"content-type: {self.headers['content-type']}\r\n\r\n".encode()
        form = {
            str(part.get_param("name", header="content-disposition")): part
            for part in email.message_from_bytes(head + self.body).get_payload()
            if not isinstance(part, str)
        }
        name, data = str(form["content"].get_filename()), form["content"].get_payload(decode=True)
        assert isinstance(data, bytes)
        if self.to.refuse and self.to.refuse in name:
            raise Refused(400, "File could not be taken")
        if (
            str(form["sha256_digest"].get_payload()).strip() != hashlib.sha256(data).hexdigest()
            or name in self.to.files
        ):
            raise Refused(400, "File already exists, or its digest is another one")
        self.to.files[name] = data
        return ""

    def _registry(self) -> Any:
        if "authorization" not in self.headers:
            raise Refused(401, www_authenticate='Basic realm="ghcr.io"')
        self._require("packages")
        if self.path == "/v2/":
            return {}
        name, kind, reference = re.fullmatch(r"/v2/(.*)/(blobs|manifests|tags)/(.*)", self.path).groups()  # type: ignore[union-attr]
        if kind == "tags":
            known = (each.rpartition(":") for each in self.to.manifests)
            return {"name": name, "tags": [tag for image, _, tag in known if image == name]}
        return self._blob(name, reference) if kind == "blobs" else self._manifest(name, reference)

    def _blob(self, name: str, reference: str) -> bytes:
        if self.method in {"GET", "HEAD"}:
            if reference not in self.to.blobs:
                raise Refused(404)
            self.kind = "application/octet-stream"
            return self.to.blobs[reference]
        upload = reference.removeprefix("uploads/") or secrets.token_hex(8)
        data = self.to.blobs.pop(upload, b"") + self.body
        digest = self.query.get("digest", [upload])[0]
        if digest != upload and digest != f"sha256:{hashlib.sha256(data).hexdigest()}":
            raise Refused(400, "DIGEST_INVALID")
        self.to.blobs[digest] = data
        if digest != upload:
            raise Refused(201, location=f"/v2/{name}/blobs/{digest}")
        raise Refused(202, location=f"/v2/{name}/blobs/uploads/{upload}", range=f"0-{max(len(data) - 1, 0)}")

    def _manifest(self, name: str, reference: str) -> bytes:
        key = f"{name}:{reference}"
        if self.method == "PUT":
            missing = [
                each for each in re.findall(rb"sha256:[0-9a-f]{64}", self.body) if each.decode() not in self.to.blobs
            ]
            if missing:
                raise Refused(404, f"MANIFEST_BLOB_UNKNOWN {missing}")
            text = self.body + b"\n" if self.to.spoil else self.body
            self.to.manifests[key] = (self.headers["content-type"], text)
            raise Refused(201, location=self.path, docker_content_digest=f"sha256:{hashlib.sha256(text).hexdigest()}")
        if key not in self.to.manifests:
            raise Refused(404)
        self.kind, text = self.to.manifests[key]
        return text

    def _github(self) -> Any:
        place = self.path.removeprefix(f"/repos/{IDENTITY['repository']}")
        if self.method == "POST" and place == "/attestations":
            job = self._require("attestations")
            said = json.loads(self.body)
            identity = self.to.identities.get(said["bundle"].pop("identity"), {})
            if identity.get("aud") != "sigstore":
                raise Refused(422, "not signed")
            self.to.attested.append({"job": job, **said["bundle"]})
            raise Refused(201, "{}")
        if self.method == "POST" and place == "/releases":
            self._require("contents")
            asked = json.loads(self.body)
            if any(each["tag_name"] == asked["tag_name"] for each in self.to.releases):
                raise Refused(422, json.dumps({"message": "Validation Failed"}))
            number = len(self.to.releases) + 1
            upload = f"https://uploads.github.com/{number}{{?name,label}}"
            url = f"https://api.github.com/repos/{IDENTITY['repository']}/releases/{number}"
            self.to.releases.append({**asked, "id": number, "assets": {}})
            raise Refused(201, json.dumps({**asked, "id": number, "upload_url": upload, "url": url, "assets": []}))
        if self.method == "PATCH" and (found := re.fullmatch(r"/releases/(\d+)", place)):
            self._require("contents")
            release = self.to.releases[int(found[1]) - 1]
            release |= json.loads(self.body)
            return {name: value for name, value in release.items() if name != "assets"}
        raise Refused(404, json.dumps({"message": "Not Found"}))

    def _asset(self) -> Any:
        self._require("contents")
        self.to.releases[int(self.path.strip("/")) - 1]["assets"][self.query["name"][0]] = self.body
        raise Refused(201, "{}")


@contextmanager
def served(published: Published, authority: Path) -> Generator[str]:
    """Serve until the block ends, with an authority whose certificate is written there; gives the proxy's address."""
    root = trustme.CA()
    root.cert_pem.write_to_path(authority)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    root.issue_cert(*HOSTS).configure_cert(context)
    handler = type("Handler", (_Handler,), {"published": published, "context": context})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
