"""Statuses made by hand: one in which all is well, and one in which everything is wrong, said in hostile texts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from parity.status.model import (
    Application,
    Drift,
    Held,
    Kept,
    Link,
    Operation,
    Parity,
    Stack,
    Status,
    Unknown,
    Waiting,
)

NOW = datetime(2026, 11, 30, 7, 30, tzinfo=UTC)
HOSTILE = "</td></style><script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">\"'&amp;`"
"""A commit's subject, a branch's name, a vendor's word."""
LIFT = "parity lift prod --application shop --why TEXT"
WEB = "https://github.com/acme/storefront"


def application(name: str, **changed: object) -> Application:
    made = Application(
        name=name,
        live="r4",
        commit="3f" * 20,
        subject="Say how many results there are",
        commit_url=f"{WEB}/commit/{'3f' * 20}",
        pull_request=Link("#41", f"{WEB}/pull/41"),
        since=NOW - timedelta(hours=3),
        built=NOW - timedelta(hours=4),
        health="healthy",
        faults=(),
        domains=(f"{name}.storefront.example",),
        kept=(Kept("r3", "2e" * 20, "READY"), Kept("r4", "3f" * 20, "READY")),
    )
    return replace(made, **changed)


def operation(number: int, stack: str, **changed: object) -> Operation:
    made = Operation(
        id=f"20261130T07{number:02d}00.000Z-0000000{number}",
        stack=stack,
        command="deliver",
        started=NOW - timedelta(minutes=30 * number),
        seconds=41.2,
        result="succeeded",
        actor="ada",
        why="",
        moves=("shop r3 → r4",),
        links=(
            Link("3f3f3f3f3", f"{WEB}/commit/{'3f' * 20}"),
            Link("#41", f"{WEB}/pull/41"),
            Link("run", f"{WEB}/actions/runs/7"),
        ),
    )
    return replace(made, **changed)


def calm() -> Status:
    audited = Drift(NOW - timedelta(hours=2), {"served": 0, "rights": 0, "secrets": 0, "rest": 0}, 0, "drift/staging")
    staging = Stack(
        "staging", None, (application("shop"), application("admin")), audited, running="none",
        operations=(operation(1, "staging"),),
    )  # fmt: skip
    proved = Parity("staging", clean=True, said="staging and prod are the same but for what their files say")
    prod = replace(staging, name="prod", promotes_from="staging", parity=proved, operations=(operation(2, "prod"),))
    return Status("storefront", NOW, (staging, prod))


def troubled() -> Status:
    """Every need, every unknown, and hostile text wherever text from outside is shown."""
    base = calm()
    staging, prod = base.stacks
    failing = application(
        "shop", health="failing", faults=(f"https://shop.storefront.example answers 500 {HOSTILE}",),
        subject=HOSTILE, behind="staging", commit_url="javascript:document.title='taken'",
    )  # fmt: skip
    nothing = application(
        "admin", live=None, commit="", subject="", commit_url="", pull_request=None, since=None, built=None,
        health="nothing live", kept=(), domains=("admin." + "long-label." * 8 + "storefront.example",),
    )  # fmt: skip
    said = f"staging and prod are not the same: 2 unexplained differences {HOSTILE}"
    killed = operation(3, "prod", result="killed", why=HOSTILE, moves=(f"shop r4 → {HOSTILE}",), seconds=None)
    prod = replace(
        prod,
        applications=(failing, nothing),
        drift=Drift(NOW - timedelta(days=2), {"served": 1, "rights": 2, "secrets": 0, "rest": 4}, 1, "drift/prod"),
        parity=Parity("staging", clean=False, said=said),
        running="interrupted",
        running_why="process 4711 of ada on host, since 2026-11-30 06:00:00 UTC: its run is over",
        holds=(Held("shop", f"held by ada since 2026-11-30 06:00 UTC, until it is lifted: {HOSTILE}", LIFT),),
        ending=("the exception for Role shop-old ends 2026-12-03",),
        operations=(killed, *prod.operations),
        unknown=(Unknown("all of shop", f"vercel: GET /v9/projects: status 500: {HOSTILE}", "parity releases prod"),),
    )
    dark = Stack("qa", "staging", unknown=(Unknown("the record", "the backend does not open", "parity recover qa"),))
    waiting = (
        Waiting("run waits for an approval", "", Link(f"promote: {HOSTILE}", f"{WEB}/actions/runs/9")),
        Waiting("pull request waits for a review", "prod", Link(f"#42 {HOSTILE}", f"{WEB}/pull/42")),
    )
    unknown = (Unknown("pull requests and what waits", "neither GH_TOKEN nor GITHUB_TOKEN is set"),)
    ending = ("GitHub's token ends 2026-12-02 10:00 UTC",)
    return replace(base, stacks=(staging, dark, prod), waiting=waiting, ending=ending, unknown=unknown)
