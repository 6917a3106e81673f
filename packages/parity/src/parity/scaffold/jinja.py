"""What the template's files may call besides Copier's own: sealed example secrets and lists of names."""

from __future__ import annotations

from hashlib import sha1
from typing import TYPE_CHECKING, Any, cast

from jinja2.ext import Extension

from parity.scaffold import seal

if TYPE_CHECKING:
    from jinja2 import Environment


class Functions(Extension):
    """The functions of this template."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        cast("dict[str, Any]", environment.globals).update(encryption_salt=seal.salt, example_secret=seal.secret)
        cast("dict[str, Any]", environment.filters).update(names=names, identifier=identifier)


def names(text: str) -> list[str]:
    """The names in an answer, separated by commas or white space."""
    return text.replace(",", " ").split()


def identifier(name: str) -> str:
    """A name as PostgreSQL takes it without quotes."""
    return name.replace("-", "_")


def example_commit(project: str, application: str) -> str:
    """The commit of an example's first release, 40 hex digits: the sandbox serves any."""
    return sha1(f"{project}/{application}".encode(), usedforsecurity=False).hexdigest()
