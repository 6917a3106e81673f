"""`parity up`: the engine's update, recorded, with what is live at its end."""

from __future__ import annotations

from typing import Annotated

import typer

from parity.cli.arguments import Arguments
from parity.cli.commands.options import (
    Acknowledge,
    Digest,
    Json,
    Message,
    Parallel,
    Plan,
    Refresh,
    Stack,
    Target,
    Wait,
    Yes,
    engine_options,
    put,
)


def up(
    stack: Stack,
    yes: Yes = False,
    plan: Plan = None,
    digest: Digest = None,
    acknowledge: Acknowledge = None,
    diff: Annotated[bool, typer.Option("--diff", help="Show every changed property before asking.")] = False,
    refresh: Refresh = None,
    target: Target = None,
    parallel: Parallel = None,
    message: Message = None,
    wait: Wait = 0,
    as_json: Json = False,
) -> None:
    """Update a stack, record it, and say what is live then.

    The plan is made and shown, and applied once it is approved: by an answer in the terminal, by --yes, or because it
    is the saved plan of --plan. Exits 8 where the answer is no, 11 where a dangerous change is not acknowledged, 12
    where a policy refuses, 14 where the saved plan, or anything that it depends on, is not what was approved; then
    nothing was changed. Where the catalog declares a watch, it lasts until that is over, and exits 17 where the release
    was bad. Ctrl-C ends the update at a safe point; a second one ends it at once.
    """
    asked = Arguments()
    asked.stack(stack)
    asked.exclusive(yes=yes, plan=plan is not None)
    asked.exclusive(plan=plan is not None, target=bool(target))
    asked.exclusive(plan=plan is not None, refresh=refresh is not None)
    if digest and plan is None:
        asked.add("--digest", "--digest is given without --plan", "give the file of the plan too: --plan FILE")
    asked.require()
    from parity.cli.session import stack_of
    from parity.evaluate.stack import open_ahead

    found = stack_of(asked.project, stack)
    open_ahead(found)
    if not wait:
        found.pulumi.start_program()  # it loads while this process does
    from parity.console import Screen
    from parity.inventory import domain_health
    from parity.releases import preconditions
    from parity.releases import watch as watching
    from parity.updates import holding, update
    from parity.updates.approval import Approval

    approval = Approval(yes, plan, digest, tuple(acknowledge or ()), diff)
    options = engine_options(refresh=refresh, target=target, parallel=parallel, message=message)
    note = {"why": message} if message else {}
    screen = Screen()
    approval.require_way(stack)
    holding.wait_for_turn(found, screen, wait)
    done = update.run(found, screen, approval, options=options, note=note, require=preconditions.builds)
    ended = watching.watch(found, screen, update=done.id)
    lines = [f"Live now: {domain_health.sentence(done.live)}"]
    put({**done.document(), "watches": [each.document() for each in ended]}, lines, as_json=as_json)
    watching.require(stack, ended)
