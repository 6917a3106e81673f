"""The forms that values must have: host names, URLs, text without stray white space."""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic_core import PydanticCustomError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import LiteralString

COMMIT = r"^[0-9a-f]{40}$"
DIGEST = r"^[0-9a-f]{32}$"
FINGERPRINT = r"^[0-9a-f]{16}-[0-9a-f]{8}$"
DEPLOYMENT = r"^dpl_[A-Za-z0-9]+$"
RELEASE_ID = r"^r[1-9][0-9]{0,5}$"
URN = r"^urn:pulumi:[^:\s]+::[^:\s]+::\S+::\S.*$"
DATE = r"^\d{4}-\d{2}-\d{2}$"

_BRANCH = r"^[^\x00-\x20\x7f~^:\\]{1,200}$"
TEAM_SLUG = r"^[a-z0-9_][a-z0-9_-]{0,99}$"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_LONGEST_HOST = 253


def clean(text: str) -> str:
    """Give text back, or refuse it: empty, blank, or white space around it."""
    if not text.strip():
        raise PydanticCustomError("blank", "is empty")
    if text != text.strip():
        raise PydanticCustomError("white_space", "has white space at its beginning or end")
    if _CONTROL.search(text):
        raise PydanticCustomError("control", "holds a control character")
    return text


def branch_pattern(text: str) -> str:
    """Give a branch name pattern back, or refuse it: Git's rules for a branch's name, with `*`, `?` and `[...]`.

    GitHub matches a deployment branch policy's pattern with fnmatch against the branch's name; a pattern that breaks
    the rules of git-check-ref-format(1) matches no branch, so nothing could be deployed.
    """
    _match(_BRANCH, clean(text), "branch", "is not a branch name or a pattern of one (`main`, `release/*`)")
    if any(part in text for part in ("..", "//", "@{", "/.")) or text.endswith((".", "/", ".lock")) or text[0] in "./-":
        raise PydanticCustomError("branch", "is not a branch name or a pattern of one (`main`, `release/*`)")
    return text


def distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    """Give the names back, or refuse them where one stands twice."""
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise PydanticCustomError("twice", "names {name} twice", {"name": twice})
    return names


def team_slug(text: str) -> str:
    """Give the slug of a GitHub team back, or refuse it: as in the team's address, not its display name."""
    return _match(TEAM_SLUG, clean(text), "slug", "is not the slug of a GitHub team (lower case, digits, - and _)")


def hostname(text: str) -> str:
    """Give a host name or IP address back, or refuse it; lower case, without scheme, port or trailing dot."""
    clean(text)
    labels = text.split(".")
    named = len(text) <= _LONGEST_HOST and all(_LABEL.fullmatch(label) for label in labels)
    if not (named and not labels[-1].isdigit()) and not _is_address(text):
        raise PydanticCustomError("hostname", "is not a host name (lower case, no scheme, no port, no path)")
    return text


def pooler_user(text: str) -> str:
    """Give what a pooler takes for a user back, or refuse it: with `{role}` in it, and no other braces."""
    return _match(r"^[^{}\s]*\{role\}[^{}\s]*$", clean(text), "user", "has no {role} in it, or other braces or spaces")


def domain(text: str) -> str:
    """Give a domain back, or refuse it: a host name of at least two labels, no IP address."""
    hostname(text)
    if "." not in text or _is_address(text):
        raise PydanticCustomError("domain", "is not a domain (a name of at least two labels, such as shop.example.com)")
    return text


def url(text: str) -> str:
    """Give an `http://` or `https://` URL back, or refuse it; credentials in it are refused too."""
    clean(text)
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise PydanticCustomError("url", "is not a URL: {why}", {"why": str(error)}) from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or re.search(r"\s", text) or port == 0:
        raise PydanticCustomError("url", "is not a URL with http:// or https:// and a host")
    hostname(parts.hostname)
    if parts.username is not None or parts.password is not None:
        raise PydanticCustomError("url_credentials", "has a user name or password in its URL")
    return text


def https_url(text: str) -> str:
    """Give an `https://` URL back, or refuse it."""
    if not url(text).startswith("https://"):
        raise PydanticCustomError("url", "is not a URL with https://")
    return text


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def limit(number: int) -> int:
    """Give a limit of connections back, or refuse it: 0 lets no connection in; -1 is PostgreSQL's own for none."""
    if number == 0:
        raise PydanticCustomError("limit", "lets no connection in")
    return number


def day(text: str) -> str:
    """Give a day back, `YYYY-MM-DD`, or refuse it."""
    _match(DATE, text, "day", "is not a day `YYYY-MM-DD`")
    try:
        dt.date.fromisoformat(text)
    except ValueError as error:
        raise PydanticCustomError("day", "is no day of the calendar: {why}", {"why": str(error)}) from None
    return text


def _match(pattern: str, text: str, kind: LiteralString, what: LiteralString) -> str:
    if not re.fullmatch(pattern.removeprefix("^").removesuffix("$"), text):
        raise PydanticCustomError(kind, what)
    return text


def _of(pattern: str, kind: LiteralString, what: LiteralString) -> Callable[[str], str]:
    """Gives a text of this form back, or refuses it."""
    return lambda text: _match(pattern, text, kind, what)


commit = _of(COMMIT, "commit", "is not a commit of 40 hex digits, lower case")
digest = _of(DIGEST, "digest", "is not a config digest of 32 hex digits")
fingerprint = _of(FINGERPRINT, "fingerprint", "is not a fingerprint of 16 and 8 hex digits")
deployment = _of(DEPLOYMENT, "deployment", "is not the id of a deployment (`dpl_...`)")
release_id = _of(RELEASE_ID, "release_id", "is not a release id (`r1`, `r2`, ...)")
urn = _of(URN, "urn", "is not a URN (`urn:pulumi:<stack>::<project>::<type>::<name>`)")
