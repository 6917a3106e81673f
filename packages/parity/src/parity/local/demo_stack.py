"""A stack that the demonstration makes: `parity stack new` with example values, and what is live before it promoted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from parity.releases import new_stack, stack_file, steps

if TYPE_CHECKING:
    from collections.abc import Callable

    from parity.console import Screen
    from parity.evaluate.stack import Stack

_HOST = re.compile(r"^(\w+://)?")


def bring_up(stack: Stack, like: str, update: Callable[[Stack, Screen], int], screen: Screen) -> int:
    """Update a stack, made from another one where it is new, and promote what it has none of; gives what changed.

    Where it was cut short, the stack's file is there, and the next run goes on.
    """
    if stack.name not in stack.project.stack_files():
        _make(stack, like, screen)
    stack.pulumi.ensure_stack(stack.name)
    changed = update(stack, screen)
    return changed + update(stack, screen) if _promoted(stack, screen) else changed


def _make(stack: Stack, like: str, screen: Screen) -> None:
    with screen.step(f"New stack {stack.name}, from {like}") as step:
        draft = new_stack.draft(stack.project, stack.name, like)
        new_stack.make(stack, draft.filled(lambda value: example(value, like, stack.name)))
        step.done(f"{draft.file} is new: delete it where the stack is not to stay")


def _promoted(stack: Stack, screen: Screen) -> bool:
    """Promote each application that is not live yet; gives whether there was one."""
    settings = stack.sealed_settings()
    waiting = [name for name, each in settings.releases.items() if each.live is None]
    if settings.promotes_from is None or not waiting:
        return False
    source = stack.sibling(settings.promotes_from)
    for application in waiting:
        change = steps.promote(source, stack, application, commit=None, again=False, rotate=False)
        screen.out.print(f"{change.title}.", soft_wrap=True, highlight=False)
        stack_file.write(change.file)
    return True


def example(value: str, like: str, name: str) -> str:
    """What a stack could have where another one has `value`: its name in the place of the other's, or before it."""
    renamed = re.sub(rf"(?<![A-Za-z0-9]){re.escape(like)}(?![A-Za-z0-9])", name, value)
    return renamed if renamed != value else _HOST.sub(rf"\g<0>{name}.", value)
