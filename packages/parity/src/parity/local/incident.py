"""An incident for the record of a demonstration: a release with a wrong value fails its users, and is taken back."""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING

from parity.backend.stack_backend import open_backend
from parity.config import stack_edit
from parity.config.parameters import PerStackVariable
from parity.config.stack_models import NAMESPACE
from parity.console import Screen
from parity.releases import stack_file, steps, switch, switches
from parity.updates import update
from parity.updates.approval import Approval
from parity.vendors import health

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parity.config.settings import Settings
    from parity.evaluate.stack import Stack
    from parity.local.sandbox import Local
    from parity.releases.steps import Change

_WRONG = {"integer": "0", "url": "https://wrong.example", "hostname": "wrong.example", "string": "wrong"}
"""By the type of a variable, a value that a person could set by mistake; the first is tried first."""
_REQUESTS = 5


def make(stack: Stack, local: Local, screen: Screen) -> None:
    """Release a wrong value in the sandbox, let users meet it, and go back by one call.

    Nothing is done where the record has more than demonstrations, or where no application has a variable that can be
    set wrong. The stack's file is as before at the end, also where this fails or is interrupted: then the next update
    takes back what it left.

    Raises:
        ParityError: an update failed.
    """
    settings, ledger = stack.sealed_settings(), open_backend(stack).ledger
    found = _chosen(settings)
    if ledger is None or found is None or any(each.begin["command"] != "demo" for each in ledger.newest()):
        return
    application, variable, value = found
    url = next(f"https://{each.name}" for each in settings.applications[application].domains if not each.redirect)
    path, quiet = stack.project.stack_files()[stack.name], Screen(stdout=io.StringIO(), stderr=io.StringIO())
    text = stack_file.read_text(path)
    with screen.step("An incident, for the record") as step:
        try:
            step.waiting(f"a release of {application} with {variable} {value}")
            bad = _release(stack, application, variable, value)
            project = settings.names.project(application)
            local.client().add_build_rule(match={"project": project, "release": bad.release}, errors=1.0)
            update.run(stack, quiet, Approval(yes=True), note={"why": f"{variable} {value}"})
            failed = asyncio.run(_failed(url, stack.pulumi.environment))
            step.waiting("the switch back")
            back = switches.rollback(stack, application, None, checked=True)
            stack_file.write(back.file)
            made = switch.make(stack, back.switch, quiet) if back.switch is not None else {}
        finally:
            stack_file.replace_text(path, stack_file.read_text(path), text)
            local.client().clear_build_rules()
        step.waiting("the update that records it")
        facts = {"command": "rollback", "why": back.title, **made}
        update.run(stack, quiet, Approval(yes=True), note=facts, going_back=application)
        step.done(
            f"{bad.release} of {application} in {stack.name}, with {variable} {value}, failed {failed} of {_REQUESTS} "
            f"requests; {back.release} is live again"
        )


def _chosen(settings: Settings) -> tuple[str, str, str] | None:
    """The application, the variable and its wrong value."""
    for type_, value in _WRONG.items():
        for each in settings.catalog.applications:
            for variable in each.variables:
                if isinstance(variable, PerStackVariable) and variable.type == type_:
                    return each.name, variable.name, value
    return None


def _release(stack: Stack, application: str, variable: str, value: str) -> Change:
    """Set the value, and record a release of the live one's commit with it."""
    path = stack.project.stack_files()[stack.name]
    read = stack_file.read_text(path)
    key = (f"{NAMESPACE}applications", application, "variables", variable)
    stack_file.replace_text(path, read, stack_edit.put(path.name, read, key, value, over=True))
    releases = steps.load(stack).releases[application]
    commit = releases.kept[releases.live or ""].commit
    change = steps.release(stack, application, commit, rotate=False, live=True)
    stack_file.write(change.file)
    return change


async def _failed(url: str, environment: Mapping[str, str]) -> int:
    """Ask as users do; gives how many requests failed."""
    async with health.web(environment) as web:
        return sum([(await web.get(url)).is_server_error for _ in range(_REQUESTS)])
