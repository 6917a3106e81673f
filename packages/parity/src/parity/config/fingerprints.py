"""A secret's keyed fingerprint: changes with the value, survives another encryption, and says nothing without the key.

It stands in the stack's file under `parity:fingerprints`, so that a release's digest can be made, and checked, by
people and workflows that cannot decrypt the file.
"""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import TYPE_CHECKING

from parity.config import passwords
from parity.config.parameters import SensitiveVariable
from parity.config.secret import Secret
from parity.config.stack_models import NAMESPACE
from parity.problems import spell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parity.config.parameters import Catalog
    from parity.config.settings_model import Settings
    from parity.problems import ConfigProblem, Path

KEY = NAMESPACE + "fingerprints"
STACK_SECRET: Path = (NAMESPACE + "secret",)
"""Every password is derived from it, so it is fingerprinted as its own HMAC key, with nothing more."""

_INFO = b"parity/fingerprint/1"
"""What the key is derived for; a new number where the form changes."""

_LENGTH = 16
"""Hex digits: 64 bits tell any two values of one secret apart."""


def of(stack_secret: Secret, path: Path, value: Secret) -> str:
    """The fingerprint of the secret at a path of the stack's file, as `first_path` gives it.

    HMAC-SHA256 of the path and the value, keyed by HKDF-SHA256 of the stack secret (info `parity/fingerprint/1`), its
    first 16 hex digits. Raises SealedSecret where one of the two is not at hand.
    """
    text = "" if path == STACK_SECRET else value.reveal()
    key = passwords.expand(stack_secret, _INFO)
    return hmac.new(key, f"{spell(path)}\0{text}".encode(), sha256).hexdigest()[:_LENGTH]


def entry(mark: str, ciphertext: str) -> str:
    """What the file holds for a secret: its fingerprint, and 8 hex digits of the SHA-256 of the ciphertext it is of.

    The second part stands in no digest. It shows those without the key that the secret was encrypted again since.
    """
    return f"{mark}-{sha256(ciphertext.encode()).hexdigest()[:8]}"


def paths(catalog: Catalog, application: str | None = None) -> Iterator[Path]:
    """Where a secret stands that a release is built with: the stack's own, and each production variable.

    Of one application alone, where it is named.
    """
    yield STACK_SECRET
    for each in catalog.applications:
        for variable in each.variables:
            wanted = isinstance(variable, SensitiveVariable) and "production" in variable.targets
            if wanted and application in {None, each.name}:
                yield (NAMESPACE + "applications", each.name, "variables", variable.name)


def first_path(catalog: Catalog, path: Path) -> Path:
    """A secret's path under its application's first name: a fingerprint stays when the application is renamed."""
    first = {each.name: each.first_name for each in catalog.applications}
    return path if path == STACK_SECRET else (path[0], first.get(str(path[1]), path[1]), *path[2:])


def secret_at(settings: Settings, path: Path) -> Secret | None:
    """The secret at one of `paths`; None where an older text of the file has none there."""
    if path == STACK_SECRET:
        return settings.secret
    _, application, _, variable = path
    found = settings.applications[str(application)].values.get(str(variable))
    return found if isinstance(found, Secret) else None


def current(settings: Settings, path: Path) -> str | None:
    """The fingerprint of the value where it is open, else the one in the file; None where that is missing."""
    secret = secret_at(settings, path)
    if secret is None or secret.sealed or settings.secret.sealed:
        written = settings.fingerprints.get(spell(path))
        return written.partition("-")[0] if written else None
    return of(settings.secret, first_path(settings.catalog, path), secret)


def faults(settings: Settings, application: str) -> Iterator[ConfigProblem]:
    """Each secret that the application is built with whose fingerprint is missing or, where it is open, wrong."""
    remedy = f"Run `parity secret fingerprint {settings.stack}`, which needs the stack's passphrase or key."
    for path in paths(settings.catalog, application):
        written, secret = settings.fingerprints.get(spell(path)), secret_at(settings, path)
        what = ""
        if written is None:
            what = f"has no fingerprint under {KEY}."
        elif written.partition("-")[0] != current(settings, path):
            what = f"has another value than its fingerprint under {KEY}: it was not set by `parity secret set`."
        elif secret is not None and secret.sealed and written != entry(written.partition("-")[0], secret.ciphertext):
            what = f"was encrypted after its fingerprint under {KEY} was written, so the value may be another one."
        if what:
            yield settings.origin.fault(path, what, remedy)
