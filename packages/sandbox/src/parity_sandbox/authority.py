"""The local certificate authority: kept across restarts, a certificate for each host made when it is asked for."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

import certifi
import trustme

from parity_sandbox.layout import Layout, write_private

_UNNAMED = "sandbox.invalid"


class Authority:
    """Signs the certificates of every host that the sandbox answers for."""

    def __init__(self, ca: trustme.CA) -> None:
        """Sign with `ca`."""
        self._ca = ca
        self._contexts: dict[str, ssl.SSLContext] = {}

    def server_context(self) -> ssl.SSLContext:
        """A context for the TLS port: it presents the certificate of the host that the client names (SNI)."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._certify(context, _UNNAMED)
        context.sni_callback = self._present
        return context

    def _certify(self, context: ssl.SSLContext, host: str) -> None:
        self._ca.issue_cert(host).configure_cert(context)  # pyright: ignore[reportUnknownMemberType] - pyOpenSSL is none

    def _present(self, connection: ssl.SSLObject, host: str | None, _context: ssl.SSLContext) -> None:
        if host is not None:
            connection.context = self._context_for(host.lower())

    def _context_for(self, host: str) -> ssl.SSLContext:
        known = self._contexts.get(host)
        if known is None:
            known = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._certify(known, host)
            self._contexts[host] = known
        return known


def load_authority(layout: Layout) -> Authority:
    """The authority kept in the sandbox's folder; made, with its bundle, where there is none yet."""
    certificate, key = layout.authority / "ca.pem", layout.authority / "ca.key"
    if certificate.exists() and key.exists():
        ca = trustme.CA.from_pem(certificate.read_bytes(), key.read_bytes())
    else:
        ca = trustme.CA(organization_name="Parity sandbox")
        write_private(key, ca.private_key_pem.bytes().decode())
        write_private(certificate, ca.cert_pem.bytes().decode())
        layout.bundle.unlink(missing_ok=True)
    if not layout.bundle.exists():
        write_private(layout.bundle, certificate.read_text() + _roots())
    return Authority(ca)


def _roots() -> str:
    """The system's root certificates, or certifi's where the system keeps them in no single file."""
    system = ssl.get_default_verify_paths().openssl_cafile
    path = Path(system) if system and os.access(system, os.R_OK) else Path(certifi.where())
    return path.read_text(encoding="utf-8")
