"""Whether a deployment or a domain is healthy: asks its health page, and judges the answer.

A healthy application answers 200 and a JSON object with the `release` and `commit` that it was built from and
`database`: one entry for each database that it logs in to, with `ok`. The path is that of the catalog's `Health`. An
application that declares no database URL has none to report: an empty list is healthy, a missing one is not.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import httpx

from parity.config import passwords
from parity.documents import Document, is_list, items, mapping, rows, texts
from parity.vendors import job
from parity.vendors.http import VendorError, connection

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from parity.config.settings import Settings

BYPASS_HEADER = "x-vercel-protection-bypass"
TRUSTED_HEADER = "x-vercel-trusted-oidc-idp-token"
UNAUTHORIZED = 401
_OK, _FAILED = 200, 500
_AUTOMATION = "automation-bypass"
"""Vercel's scope of a secret that lets a program's requests through."""


@dataclass(frozen=True)
class Pass:
    """What lets a request through Vercel's protection: a secret, or a job's token; nothing where both are empty."""

    secret: str = field(default="", repr=False)
    audience: str = ""
    """That of the token, where the jobs are a trusted source."""

    @classmethod
    def of(cls, inputs: Mapping[str, Any]) -> Self:
        """LiveRelease's, opened."""
        return cls(str(inputs.get("protectionBypass") or ""), str(inputs.get("trustedAudience") or ""))

    @property
    def inputs(self) -> dict[str, str]:
        """As LiveRelease takes it."""
        given = {"protectionBypass": self.secret, "trustedAudience": self.audience}
        return {name: value for name, value in given.items() if value}

    async def headers(self, environment: Mapping[str, str] | None = None) -> dict[str, str]:
        """The header of one request; none outside of a job that is to give a token; raises VendorError."""
        environ = os.environ if environment is None else environment
        if self.audience:
            return {TRUSTED_HEADER: await job.token(self.audience, environ)} if job.is_here(environ) else {}
        return {BYPASS_HEADER: self.secret} if self.secret else {}


NOTHING = Pass()
"""Where nothing keeps a request out, or it is not known what lets it in."""


def pass_of(settings: Settings, application: str) -> Pass:
    """What the deployments of an application are asked with; nothing where it is a secret and that is sealed."""
    trusted = settings.catalog.application(application).trusted_source
    if trusted is not None:
        return Pass(audience=trusted.audience)
    secret = passwords.bypass(settings.secret, settings.names.project(application))
    return NOTHING if secret.sealed else Pass(secret.reveal())


def passing(through: Pass, project: Mapping[str, Any]) -> Pass:
    """What passes a project's protection now, by Vercel's document: what is declared, or else what was before.

    The two differ between the merge that declares another way and the update that makes it.
    """
    passes, sources = mapping(project.get("protectionBypass")), mapping(project.get("trustedSources"))
    secrets = [own for own, each in passes.items() if mapping(each).get("scope") == _AUTOMATION]
    rules = [each for source in mapping(sources.get("oidcProviders")).values() for each in rows(source)]
    audiences = [name for each in rules for name in texts(mapping(each.get("claims")).get("aud"))]
    if through.secret in secrets or through.audience in audiences:
        return through
    found = [*(Pass(each) for each in secrets), *(Pass(audience=each) for each in audiences)]
    return next(iter(found), through)


@dataclass(frozen=True)
class Answer:
    """What a host said, or why it said nothing."""

    status: int | None = None
    """None where there was no answer."""
    body: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Empty where the answer is no JSON object."""
    error: str = ""
    """The kind of a failure to connect."""

    @property
    def release(self) -> str:
        """The release that answered; empty where none did."""
        return _word(self.body.get("release"))

    @property
    def commit(self) -> str:
        """The commit that answered; empty where none did."""
        return _word(self.body.get("commit"))

    @property
    def asks_database(self) -> bool:
        """Whether it says anything of a database."""
        return bool(self.body.get("database"))

    def served(self) -> str:
        """What is wrong with the answer of a deployment that knows no release; empty where nothing is.

        One that was there before Parity need not have a health page: any answer but a failure of its own will do.
        """
        if self.status is None or self.status == UNAUTHORIZED or self.status >= _FAILED:
            return self.fault()
        return ""

    def fault(self, release: str | None = None, commit: str = "", *, database: bool = True) -> str:
        """What is wrong with the answer, without any text of its own that could hold a secret; empty where nothing is.

        The release must answer, where one is named, of that commit (40 hex digits), and every login to a database work.
        """
        if self.status is None:
            return f"no answer ({self.error})"
        said = f"{self.status} with {self.summary()}" if self.body else f"{self.status} without a JSON object"
        if self.status == UNAUTHORIZED:
            return f"{said} (deployment protection refused the bypass secret, or the job's token)"
        if self.status != _OK or not self.body:
            return said
        if not self.release:
            return f"{said}, wanted the name of a release"
        if release is not None and (self.body.get("release"), self.body.get("commit")) != (release, commit):
            return f"{said}, wanted release {release} of commit {commit[:12]}"
        if database and not logs_in(self.body.get("database")):
            return f"{said}, wanted a working login to every database"
        return ""

    def logins(self) -> str:
        """The databases and roles that the application logged in to, in words."""
        return ", ".join(f"{row.get('database')} as {row.get('role')}" for row in self._logins if row.get("ok") is True)

    def summary(self) -> str:
        """The parts of the answer that are known to be harmless."""
        well = {True: "ok", False: "failed"}
        parts = [f"release {self.release or '?'}", f"commit {self.commit or '?'}"]
        parts += [f"{_word(row.get('variable')) or '?'} {well[row.get('ok') is True]}" for row in self._logins]
        if not isinstance(self.body.get("database"), list):
            parts.append(f"database {'ok' if logs_in(self.body.get('database')) else 'not ok'}")
        return ", ".join(parts)

    @property
    def _logins(self) -> list[Document]:
        return [mapping(each) for each in items(self.body.get("database"))]


def logs_in(said: Any) -> bool:
    """Whether `database` says that every login works: true, an object with `ok`, or a list of such (empty: none)."""
    if is_list(said):
        return all(logs_in(each) for each in said)
    return said is True or mapping(said).get("ok") is True


async def ask(web: httpx.AsyncClient, url: str, *, through: Pass = NOTHING, seconds: float = 15) -> Answer:
    """Ask a health page once, at a deployment's own host or a domain, with a client that follows no redirects.

    A failure to connect, or to get a job's token, is an answer too.
    """
    try:
        answer = await web.get(url, headers=await through.headers(), timeout=seconds)
    except VendorError as failure:
        return Answer(error=str(failure))
    except httpx.HTTPError as failure:
        return Answer(error=type(failure).__name__)
    try:
        return Answer(answer.status_code, mapping(answer.json()))
    except ValueError:
        return Answer(answer.status_code)


async def ask_as_taken(
    web: httpx.AsyncClient, url: str, through: Pass, taken: Callable[[], Awaitable[Pass]], seconds: float
) -> Answer:
    """Ask once, and where protection refuses it once more with what it takes now (`passing`); the rest as in `ask`."""
    answer = await ask(web, url, through=through, seconds=seconds)
    if answer.status != UNAUTHORIZED or (now := await taken()) == through:
        return answer
    return await ask(web, url, through=now, seconds=seconds)


def web(environment: Mapping[str, str] | None = None) -> httpx.AsyncClient:
    """A client that asks deployments and domains: the environment's proxy and certificates, no redirects followed."""
    return connection(environment, follow_redirects=False)


def _word(value: Any) -> str:
    """A word of an application's answer, if it is one: nothing else of it is shown."""
    word = str(value or "")[:40]
    return word if word.replace("-", "").replace("_", "").isalnum() else ""
