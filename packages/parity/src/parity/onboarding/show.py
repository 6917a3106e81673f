"""Says what import would do, or did, and what a person does next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parity.config import promotion
from parity.config.hardening import HARDENING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from parity.console import Screen
    from parity.onboarding.run import Prepared
    from parity.recover.model import Recovered


def prepared(screen: Screen, found: Prepared) -> None:
    """The draft, stack by stack."""
    for line in _lines(found):
        screen.out.print(line, soft_wrap=True, markup=False, highlight=False)


def _lines(found: Prepared) -> Iterator[str]:
    draft = found.draft
    yield from (f"Written: {each}" for each in found.written)
    yield from (f"Left as an earlier run wrote it: {each}" for each in found.kept)
    yield f"In the clear: {', '.join(dict.fromkeys(draft.clear)) or 'no variable'}"
    yield f"Sealed: {', '.join(dict.fromkeys(draft.sealed)) or 'no variable'} (--clear VARIABLE: it is no secret)"
    yield from (f"Not known, and not declared: {each}" for each in draft.unknown)
    for stack, left in found.left.items():
        yield _order(stack, found)
        yield f"{stack}: {left.imported} objects exist and are imported"
        yield from (f"  the first update writes {each}" for each in left.written)
        yield from (
            f"  left as it is: {each['resource']} {each['property']}: {each['reason']}" for each in left.exceptions
        )
        yield from (f"  {each}" for each in draft.proposed[stack])
        yield from (f"  no API shows it: parity secret set {stack} '{key}'" for key in draft.unread[stack])
    yield "Put off (parity:postponed), to be taken one at a time:"
    yield from (f"  {step.name}: {step.does}. {step.breaks}" for step in HARDENING)
    if found.written or found.kept:
        yield "Next: the commands above, if any; then parity import --state"
    else:
        yield "Nothing was changed. Next: the same command with --write in the place of --plan"


def _order(stack: str, found: Prepared) -> str:
    """Where a stack's releases come from, and how to say otherwise."""
    if above := found.draft.configs[stack].get(promotion.KEY):
        return f"{stack}: takes its releases from {above}"
    others = [each for each in found.left if each != stack]
    return f"{stack}: is a root, releases are recorded there" + (
        f" (--promotes-from {stack}={others[0]}: it takes them from {others[0]})" if others else ""
    )


def document(found: Prepared) -> dict[str, Any]:
    """For `--json`; no secret."""
    return {
        "written": list(found.written),
        "kept": list(found.kept),
        "clear": list(dict.fromkeys(found.draft.clear)),
        "sealed": list(dict.fromkeys(found.draft.sealed)),
        "unknown": list(found.draft.unknown),
        "stacks": {
            stack: {
                "promotes_from": found.draft.configs[stack].get(promotion.KEY),
                "imported": left.imported,
                "written": list(left.written),
                "left": list(left.exceptions),
                "proposed": list(found.draft.proposed[stack]),
                "unread": list(found.draft.unread[stack]),
            }
            for stack, left in found.left.items()
        },
    }


def recorded(screen: Screen, done: Sequence[Recovered]) -> None:
    """What is in the states."""
    for each in done:
        counts = f"{len(each.plan.of('import'))} imported, {len(each.plan.of('same'))} recorded before"
        screen.out.print(f"{each.stack}: {counts}; nothing was changed at a vendor", markup=False)
        for asked in each.plan.of("manual"):
            screen.out.print(f"  {asked.urn}: {asked.why}. {asked.remedy}", soft_wrap=True, markup=False)
        screen.out.print(f"Next: parity preview {each.stack}", markup=False)
