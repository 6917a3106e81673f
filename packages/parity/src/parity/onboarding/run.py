"""`parity import`: plan, then files, then state. Each step can be repeated, and no vendor is written to."""

from __future__ import annotations

import dataclasses
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from parity import redact
from parity.config import digest, fingerprints, stack_edit
from parity.config.settings import secrets_of
from parity.config.stack_models import NAMESPACE
from parity.errors import ProjectError
from parity.onboarding import compose, left, source_text, world
from parity.problems import spell
from parity.recover import dependencies
from parity.recover import run as recovery
from parity.recover.model import Options
from parity.releases import stack_file, stack_values

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from parity.config.project import Project
    from parity.config.secret import Secret
    from parity.console import Screen
    from parity.evaluate.stack import Stack
    from parity.onboarding.compose import Draft
    from parity.onboarding.left import Left
    from parity.onboarding.wanted import Wanted
    from parity.recover.model import Recovered

_EXCEPTIONS = f"{NAMESPACE}exceptions"


@dataclass(frozen=True)
class Prepared:
    """What would be written, and why the rest is left."""

    draft: Draft
    left: Mapping[str, Left]
    written: tuple[str, ...] = field(default=())
    """Files that were written."""
    kept: tuple[str, ...] = field(default=())
    """Files of an earlier run, left as they are."""


def prepare(
    project: Project, wanted: Wanted, environment: Mapping[str, str], screen: Screen, clear: Collection[str] = ()
) -> Prepared:
    """Read everything and make the draft; changes nothing.

    Raises:
        UnreadError, RefusedError: as `world.read`.
        ParityError: the program or a vendor failed.
    """
    with screen.step("Read what exists") as step:
        step.waiting("Vercel, GitHub and PostgreSQL")
        there = world.read(wanted, environment)
        step.done(f"{len(there.state.found)} objects, {sum(there.state.calls.values())} calls, all of them reading")
    draft = compose.compose(wanted, there, clear)
    redact.current().learn({each for config in draft.configs.values() for each in secrets_of(config)})
    found: dict[str, Left] = {}
    for stack in wanted.stacks:
        with screen.step(f"Compare with what {stack} would declare") as step:
            found[stack] = left.compare(project, draft, stack, environment)
            step.done(f"{found[stack].imported} exist, {len(found[stack].written)} are written by the first update")
    configs = {stack: {**config, _EXCEPTIONS: list(found[stack].exceptions)} for stack, config in draft.configs.items()}
    for stack, config in configs.items():
        left.require_fits(stack, config)
    return Prepared(dataclasses.replace(draft, configs=configs), found)


def write(project: Project, prepared: Prepared, stacks: Mapping[str, Stack], screen: Screen) -> Prepared:
    """Write the catalog and the stacks' files; a file that an earlier run wrote stays, any other is kept aside.

    Raises:
        UpdateError: the engine could not seal a secret.
    """
    texts = {project.root / project.program.catalog_file: lambda: source_text.python(prepared.draft.catalog)}
    texts |= {
        project.root / f"Pulumi.{name}.yaml": lambda stack=stack: _stack_text(stack, prepared.draft)
        for name, stack in stacks.items()
    }
    written: list[str] = []
    kept: list[str] = []
    for path, text in texts.items():
        near = str(path.relative_to(project.root))
        if _is_ours(path):
            kept.append(near)
            continue
        with screen.step(f"Write {near}") as step:
            made = text()
            _keep_aside(path)
            path.write_text(made, encoding="utf-8")
            step.done(f"{len(made.splitlines())} lines")
        written.append(near)
    return dataclasses.replace(prepared, written=tuple(written), kept=tuple(kept))


def _keep_aside(path: Path) -> None:
    """Keep a file that import did not write, once."""
    aside = path.with_name(f"{path.name}.before-import")
    if path.exists() and not aside.exists():
        shutil.copy2(path, aside)


def _stack_text(stack: Stack, draft: Draft) -> str:
    """A stack's file with its secrets sealed by the stack's own provider, and their fingerprints."""
    stack.pulumi.ensure_stack(stack.name)
    path = stack.project.root / f"Pulumi.{stack.name}.yaml"
    header = stack_edit.header(path.read_text(encoding="utf-8")) if path.exists() else ""
    config = draft.configs[stack.name]

    def seal(secret: Secret) -> str:
        nonlocal header
        sealed, header = stack_values.encrypted(stack, header, secret.reveal())
        return sealed

    text = source_text.yaml(stack.name, config, seal)
    settings = left.opened(draft, stack.name)
    made = {
        path: fingerprints.current(settings, path)
        for path in fingerprints.paths(draft.catalog)
        if spell(path) not in draft.unread[stack.name]
    }
    text = stack_values.with_fingerprints(f"Pulumi.{stack.name}.yaml", text, made)
    return text.replace("config:\n", f"{header}config:\n", 1)


def record(stack: Stack, screen: Screen) -> Recovered:
    """Import into the state all that the stack's file declares and that exists; initialises the stack where needed.

    Raises:
        ConfigError: a secret is not set yet; with the command that sets each.
        ParityError: as `parity recover`.
    """
    stack.pulumi.ensure_stack(stack.name)
    _note_digests(stack)
    return recovery.run(dependencies.real(stack), screen, Options(preview=False))


def imported(project: Project) -> list[str]:
    """The stacks whose files import wrote; raises ProjectError where there is none."""
    found = [name for name, path in project.stack_files().items() if _is_ours(path)]
    if not found:
        raise ProjectError("import has written no stack's file", where=str(project.root), remedy="run it with --write")
    return found


def _is_ours(path: Path) -> bool:
    """Whether import wrote a file."""
    return path.exists() and source_text.MARK in path.read_text(encoding="utf-8")[:500]


def _note_digests(stack: Stack) -> None:
    """Write the digest of each release that was there before: it needs every secret, so only now it is known."""
    settings, path = stack.settings(), stack.project.stack_files()[stack.name]
    text = read = stack_file.read_text(path)
    for application, releases in settings.releases.items():
        for _, release in releases.in_order:
            if release.deployment:
                made = digest.config_digest(settings, application, release.credentials)
                lines = text.splitlines(keepends=True)
                text = "".join(
                    line.replace(release.config, made) if release.deployment in line else line for line in lines
                )
    stack_file.replace_text(path, read, text)
