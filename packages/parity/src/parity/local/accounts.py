"""`parity doctor --accounts`: whether the accounts that this shell leads to are ready for the program."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from parity.errors import ParityError, ProjectError, UpdateError
from parity.evaluate.stack import Stack, ambient
from parity.local.finding import Check
from parity.vendors import preflight

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parity.config.parameters import Catalog
    from parity.config.project import Project


def vendors(catalog: Catalog) -> Iterator[Check]:
    """Vercel's team, GitHub's repository and PostgreSQL's server, each opened with the environment's own variables."""
    for each in preflight.look(catalog, os.environ):
        if each.fault is None:
            yield Check(each.name, "ok", each.where, source="account")
        else:
            detail = f"{each.fault.key} {each.fault.what}"
            yield Check(each.name, "fault", detail, source="account", remedy=each.fault.remedy)


def backend(project: Project) -> Iterator[Check]:
    """Where state is kept, and whether each stack there can be opened: its secrets decrypted, its config read."""
    pulumi = ambient(project)
    try:
        who = pulumi.whoami()
    except UpdateError as error:
        yield Check("backend", "fault", str(error), source="account", remedy="pulumi login")
        return
    yield Check("backend", "ok", f"{who.get('url', '')} as {who.get('user', '')}", source="account")
    for stack in project.stack_files():
        yield _opened(Stack(stack, project, pulumi))


def _opened(stack: Stack) -> Check:
    name = f"secrets {stack.name}"
    try:
        stack.settings()
    except ProjectError as error:
        return Check(name, "note", error.what, source="account", remedy=error.remedy)
    except ParityError as error:
        remedy = "export PULUMI_CONFIG_PASSPHRASE, or log in to the stack's secrets provider"
        return Check(name, "fault", error.what, source="account", remedy=remedy)
    return Check(name, "ok", f"of {_file(stack)} decrypted, every value as it must be", source="account")


def _file(stack: Stack) -> str:
    return stack.project.stack_files()[stack.name].name
