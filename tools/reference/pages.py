"""The reference pages that are made from the code itself: every command, every route of the sandbox, every rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parity.check.rules import RULES
from parity.cli.lazy_group import load
from parity.cli.listing import JOBS, LISTINGS
from parity_sandbox import github, vercel

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEAD = """# Commands

Generated from the commands by `make docs`; do not edit. Grouped as `parity --help` groups them; every command takes
`-h`.

Where the shell names no state backend (`pulumi login`, `PULUMI_BACKEND_URL`) and no account, and the checkout's sandbox
runs, a command uses the sandbox and says so in its first line, on standard error. With anything of an account
configured it never does.

Exit codes: 0 done; 1 a finding or any other fault; 2 wrong use or a fault in the project's files; 3 the sandbox does
not run; 4 the sandbox failed; 5 the engine or a plugin cannot be had; 6 a Pulumi command failed; 7 what is live does
not answer as it should; 8 refused, because it would do harm as things are; 9 another update of the stack runs; 10 a
person has to decide or repair something first; 11 a dangerous change is not acknowledged; 12 a policy refuses; 13
Vercel or GitHub refused what was asked, or did not answer; 14 the plan, or what it depends on, is not what was
approved; 15 the update is done, and a vendor did not keep what it accepted; 16 a hold stands; 17 the watch after a
switch found the release bad; 20 what is there is not what was declared; 21 something could not be read; 22 the record
of operations is not as it was written. `parity sandbox exec` ends with its program's exit code.
"""


def commands() -> Iterator[tuple[str, Any]]:
    """Every command as its full name (`parity sandbox up`) and its click command, in the order of the help."""
    for job in JOBS:
        yield from _of(job)


def _of(job: str) -> Iterator[tuple[str, Any]]:
    for each in LISTINGS:
        if each.job == job:
            yield from _walk(f"parity {each.name}", load(each))


def _walk(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    children = getattr(command, "commands", None)
    if children is None:
        yield name, command
        return
    for child, each in children.items():
        if not each.hidden:
            yield from _walk(f"{name} {child}", each)


def commands_page() -> str:
    """The page, Markdown."""
    parts = [_HEAD]
    for job in JOBS:
        parts += [f"## {job}\n", *(_section(name, command) for name, command in _of(job))]
    return "\n".join(parts).rstrip() + "\n"


def _section(name: str, command: Any) -> str:
    shown = [parameter for parameter in command.params if not getattr(parameter, "hidden", False)]
    usage = " ".join([name, *(_usage(parameter) for parameter in shown)])
    lines = [f"### {name}", "", str(command.help or "").strip(), "", "```", usage, "```", ""]
    if shown:
        lines += ["| | |", "| --- | --- |", *(_row(parameter) for parameter in shown), ""]
    return "\n".join(lines)


def _usage(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return parameter.metavar or parameter.name.upper()
    option = max(parameter.opts, key=len)
    text = option if parameter.is_flag else f"{option} {parameter.metavar or parameter.name.upper()}"
    return text if parameter.required else f"[{text}]"


def _row(parameter: Any) -> str:
    name = parameter.metavar or parameter.name.upper()
    if parameter.param_type_name == "option":
        name = ", ".join(parameter.opts)
    help_text = str(parameter.help or "").replace("|", "\\|")
    default = parameter.default
    shown = "" if default is None or default is False or parameter.required else f" Default: `{default}`."
    return f"| `{name}` | {help_text}{shown} |"


_ROUTES_HEAD = """# Routes of the sandbox

Generated from the vendors' tables in `sandbox/` by `make docs`; do not edit. A route that is not here answers 501 and
names itself. Vercel's paths are answered in every version; the newest is listed. The source is the operation in the
vendor's own API description, or the provider's file that calls it.
"""


def routes_page() -> str:
    """The page of the sandbox's routes, with each one's source and known differences, Markdown."""
    parts = [_ROUTES_HEAD]
    for title, routes in (
        ("Vercel", vercel.ROUTES),
        ("Vercel's container registry", vercel.REGISTRY_ROUTES),
        ("GitHub", (*github.ROUTES, github.GRAPHQL)),
    ):
        parts += [
            f"## {title}: {len(routes)} routes\n",
            "| route | source | differs from the vendor |",
            "| --- | --- | --- |",
        ]
        for route in sorted(routes, key=lambda route: (route.template, route.method)):
            differences = " ".join(route.differences).replace("|", "\\|")
            parts.append(f"| `{route.method} {route.template}` | {route.source} | {differences} |")
        parts.append("")
    return "\n".join(parts)


def rules_page() -> str:
    """The page of what a provider computes, Markdown."""
    head = """# What a provider computes

Generated from `parity/check/rules.py` and the descriptors in `parity/resources/` by `make docs`; do not edit.
`parity check --live` compares what two stacks really have; these properties differ because a provider decides them, and
are shown as *computed*, with the reason. Ids need no rule: an id stands for the resource that has it, so two properties
that name each stack's own project are the same.

| type | property | why it differs |
| --- | --- | --- |
"""
    rows = (f"| `{_cell(rule.type)}` | `{_cell(rule.property)}` | {rule.why} |" for rule in RULES)
    return head + "\n".join(rows) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
