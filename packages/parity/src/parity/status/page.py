"""The status as one HTML page that needs nothing else: no request, and no script to be read.

What a commit, a branch or a vendor says is escaped by the templates, and its secrets are masked before; the page's
policy allows its own style and script by their digests, and nothing else.
"""

from __future__ import annotations

import base64
import functools
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from parity.printed import CODE
from parity.redact import masked
from parity.status.attention import counted, needs
from parity.status.model import shown
from parity.status.operations import SHORT

if TYPE_CHECKING:
    from parity.status.model import Status

_HERE = Path(__file__)
_HEALTH = {
    "healthy": ("good", "✓ healthy"),
    "failing": ("bad", "✗ failing"),
    "unknown": ("warn", "? unknown"),
    "nothing live": ("", "- nothing live"),
}
_RUNNING = {"none": "", "running": "warn", "interrupted": "bad", "unknown": "warn"}


def page(status: Status) -> str:
    """The page."""
    return rendered(
        "status/page.html",
        title=f"{status.project}: status",
        status=status,
        needs=needs(status),
        links={f"{each.what}: {each.link.text}": each.link.url for each in status.waiting},
        names=dict.fromkeys(row.name for stack in status.stacks for row in stack.applications),
        health=_HEALTH,
        running=_RUNNING,
        SHORT=SHORT,
    )


def rendered(template: str, **values: Any) -> str:
    """A page of `status/layout.html`.

    Args:
        template: its file, from the package's folder.
        values: what the template shows; `title` is the window's.
    """
    style, script = (_HERE.with_suffix(ending).read_text(encoding="utf-8") for ending in (".css", ".js"))
    policy = (
        f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(script)}; "
        "base-uri 'none'; form-action 'none'"
    )
    own = {"policy": policy, "style": Markup(style), "script": Markup(script)}  # noqa: S704 - files of this package
    return _environment().get_template(template).render(**values, **own)


@functools.cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_HERE.parents[1]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    made.filters.update(shown=shown, counted=counted, code=_code)
    return made


def _shown(value: object) -> object:
    """What a template shows, its secrets masked; what a part of it has made is masked already."""
    return masked(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _code(text: str) -> Markup:
    """Text in which what stands between backticks is code."""
    return Markup(CODE.sub(r"<code>\1</code>", str(escape(masked(text)))))  # noqa: S704 - it is escaped


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
