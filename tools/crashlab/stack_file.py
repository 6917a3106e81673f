"""The stack file of the crash tests, as each operation has it before and after."""

# ruff: noqa: E501 - sealed values are as long as they are

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from crashlab import small_catalog

if TYPE_CHECKING:
    from parity.config.parameters import Catalog

STACK = "staging"
DOMAIN = "shop.staging.storefront.example"
COMMITS = tuple(f"{digit}" * 40 for digit in "123456")
"""The commits that releases may name; all of them are pushed before the first operation."""


_TEXT = """\
encryptionsalt: v1:/Oy9Bd3XbTM=:v1:UUcpTpwbA9v3I0e9:xc0D32b4K4pHaXFuFhOWYYzP+7y4ZA==
config:
  parity:environment: staging
  parity:secret:
    secure: v1:ZT5RkOYHr9BIf4X6:jfSXPeANOTA75+8twHO156Wh4xS3E/5QNz5R8jF0OOeMyrNrmU5PLEeyFG4oCek2Z+Ibb8u2WQq5dXmyEA8IPg==
  parity:managesRepository: false
  parity:protect: false
  parity:applications:
    shop:
      domains:
        - name: {domain}
      protection: preview
      variables:
{limit}        PAYMENT_SECRET_KEY:
          secure: v1:w7QWA1m3g0GweBxm:KPKqbFsTL0lMQTexMXPOF6n0eKhuw17AGfOOZmkYLkaktZb5gPMrHbs7kfnHmBKbvV71LnykRlo+3PxBt4dCEGHAgTY=
  parity:databases:
    storefront:
      host: db.staging.storefront.example
      port: 5432
      sslmode: require
      connectionLimit: 60
      applicationConnectionLimit: 20
      credentials:
        migrator: {migrator}
        readonly: 1
  parity:delivery:
    reviewers:
      teams: []
    waitMinutes: 0
    preventSelfReview: false
    branches: [main]
  parity:logs:
    endpoint: https://logs.staging.storefront.example/drain
    secret:
      secure: v1:+vXIzzE3YkgPkkzY:9lQT6SAXhfob5Y8m4O3C+TqBjvgC61r+XkL1newn4T79SU9kL7lJX5hNDm5aT7lY
  parity:fingerprints:
    parity:secret: 022ee77df8f00414-d096bdf4
    parity:applications.shop.variables.PAYMENT_SECRET_KEY: b933949fd511a351-942366a9
  parity:releases:
    shop:
      live: {live}
      kept:
{kept}
  parity:exceptions: []
  parity:acknowledged: []
"""
UNKNOWN_DIGEST = "0" * 32
LIMIT = "SEARCH_RESULTS_LIMIT"


@dataclass(frozen=True)
class Kept:
    """One kept release."""

    commit: str
    credentials: int = 1
    digest: str = UNKNOWN_DIGEST


@dataclass(frozen=True)
class Config:
    """What of the stack's file, and of the catalog, the operations change."""

    live: str
    kept: dict[str, Kept] = field(default_factory=dict[str, Kept])
    limit: int | None = 20
    """The value of the variable LIMIT; None: it is not declared."""
    migrator: int = 1

    def text(self) -> str:
        """The file."""
        rows = [
            f"        {name}: {{commit: '{each.commit}', config: {each.digest!r}, credentials: {each.credentials}}}"
            for name, each in self.kept.items()
        ]
        limit = "" if self.limit is None else f"        {LIMIT}: {self.limit}\n"
        return _TEXT.format(domain=DOMAIN, limit=limit, migrator=self.migrator, live=self.live, kept="\n".join(rows))

    @property
    def catalog(self) -> Catalog:
        """The program's catalog."""
        return small_catalog.CATALOG if self.limit is not None else small_catalog.without(LIMIT)

    def program(self) -> str:
        """The file infra/catalog.py."""
        text = Path(small_catalog.__file__).read_text()
        return text if self.limit is not None else f'{text}\n\nCATALOG = without("{LIMIT}")\n'

    def with_digest(self, release: str, digest: str) -> Config:
        """The same with the digest of one release."""
        return replace(self, kept={**self.kept, release: replace(self.kept[release], digest=digest)})


R1 = Kept(COMMITS[0])
R2 = Kept(COMMITS[1])
ROTATED = Kept(COMMITS[1], credentials=2)

FIRST = Config("r1", {"r1": R1})
SECOND = Config("r2", {"r1": R1, "r2": ROTATED})
