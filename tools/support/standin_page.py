"""The tables of docs/standin.md: the resources, and every known difference between the stand-in and the real plugin.

The comparison allows these differences and no other.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from parity_sandbox.standin.resources import RESOURCES
from parity_sandbox.standin.resources.shared import GET_PROJECT
from parity_sandbox.standin.schema import Call

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parity_sandbox.standin.schema import Field, Resource


@dataclass(frozen=True)
class Difference:
    """One known difference."""

    where: Literal["state", "behaviour"]
    """`state`: the comparison leaves out what `pattern` matches; `behaviour`: outside of what it runs."""
    what: str
    pattern: str = ""
    """Matches a dotted path in a resource's state, as `outputs.__defaults`."""


KNOWN = (
    Difference(
        "state",
        "The bridge keeps `__pulumi_raw_state_delta` among a resource's outputs, a note to itself of how to turn them "
        "back into Terraform's state. The stand-in neither writes nor needs it, and passes over one that it finds.",
        r"^outputs\.__pulumi_raw_state_delta$",
    ),
    Difference(
        "behaviour",
        "Resources, functions and properties outside of the table are an error that names them. Of a project these "
        "are `environments`, `gitRepository.deployHooks`, `trustedSources.projects` and `passport`; of a deployment "
        "`files` and `pathPrefix`; of a variable `valueWo`, `valueWoVersion` and `visibility`. The real plugin passes "
        "over unknown properties in silence.",
    ),
    Difference(
        "behaviour",
        "The digits at the end of a name that is made up differ; a name that the program gives is the same.",
    ),
    Difference(
        "behaviour",
        "Refusals by Check name the same property and rule in other words.",
    ),
    Difference(
        "behaviour",
        "Secret inputs that Vercel quotes in an error are shown as `[secret]`; the real plugin shows them.",
    ),
    Difference(
        "behaviour",
        "A GET that breaks on a connection which answered before is sent once more; Go does so for each connection "
        "of its own, which the stand-in does not tell apart.",
    ),
    Difference(
        "behaviour",
        "A deployment or domain that is waited for is read every 5 s, or every PARITY_STANDIN_POLL_SECONDS.",
    ),
    Difference("behaviour", "`User-Agent` is `parity-standin`."),
)


def allowed(path: str) -> bool:
    """Whether a difference at this path of a resource's state is known."""
    return any(each.where == "state" and re.search(each.pattern, path) for each in KNOWN)


def differences() -> str:
    """The list of differences, Markdown."""
    return "".join(f"- {each.what}\n" for each in KNOWN)


def resources() -> str:
    """The resources, their calls and what replaces them, Markdown."""
    lines = ["| resource | calls | replaced when these change | secret |", "| --- | --- | --- | --- |"]
    for token, each in RESOURCES.items():
        calls = "<br>".join(f"`{call.method} {call.path}`" for call in _calls(each))
        replaced = ", ".join(f"`{name}`" for name, field in each.fields.items() if field.replace and field.is_input)
        secret = ", ".join(f"`{name}`" for name in _secret_names(each.fields)) or "none"
        lines.append(f"| {token.rpartition(':')[2]} | {calls} | {replaced or 'nothing'} | {secret} |")
    return "\n".join(lines) + "\n"


def _calls(resource: Resource) -> list[Call]:
    """The calls that the resource's module names, and that for its project where it has the shared lookup send it."""
    named = vars(sys.modules[resource.create.__module__])
    looked_up = [GET_PROJECT] if "require_project" in named else []
    return list(dict.fromkeys([*looked_up, *(each for each in named.values() if isinstance(each, Call))]))


def _secret_names(fields: Mapping[str, Field], where: str = "") -> list[str]:
    names: list[str] = []
    for name, each in fields.items():
        inner = each.element.fields if each.element is not None else each.fields
        names += [f"{where}{name}"] if each.secret else _secret_names(inner, f"{where}{name}.")
    return names
