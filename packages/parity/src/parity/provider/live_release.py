"""The LiveRelease resource: its inputs, what differs, and what create, update and read do."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from parity.documents import mapping
from parity.provider.built_with import Declared, Settings
from parity.provider.errors import BadInput, NotFound
from parity.provider.release import Health, Switch, Target, live_of
from parity.resources import kinds
from parity.resources.urn import Urn
from parity.resources.vercel import COMPARED
from parity.vendors import health
from parity.vendors.health import Pass
from parity.vendors.rolling import configured

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import httpx

    from parity.provider.vercel import Vercel

Document = dict[str, Any]

REPLACES = ("projectId",)
"""Another project is another LiveRelease."""

WATCHED = ("deploymentId", "release", "commit", "domains")
"""What an update is for. Changed limits, path, way to ask or variables are used at the next switch."""

REQUIRED = (
    "team", "projectId", "project", "deploymentId", "deploymentUrl", "release", "commit",
    "domains", "health", "promoteDeadlineSeconds",
)  # fmt: skip
_PREVIOUS = "previous"
"""Output: the deployment that was live before an attempt that did not end; empty once it ended."""


def faults_in(inputs: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with the form of the inputs, by name; values that are not known yet are None and pass."""
    health = inputs.get("health")
    missing = {"path", "timeoutSeconds", "deadlineSeconds"} - mapping(health).keys()
    return {"health": f"lacks {', '.join(sorted(missing))}"} if isinstance(health, dict) and missing else {}


def target_of(inputs: Mapping[str, Any], urn: str = "", compared: Mapping[str, Any] | None = None) -> Target:
    """The inputs as the switch takes them; with the URN, its messages name stack and application.

    `compared` is what the last release that passed was recorded with.
    """
    health = cast("Document", inputs["health"])
    return Target(
        team=str(inputs["team"]),
        project_id=str(inputs["projectId"]),
        project=str(inputs["project"]),
        deployment_id=str(inputs["deploymentId"]),
        host=str(inputs["deploymentUrl"]).removeprefix("https://").rstrip("/"),
        release=str(inputs["release"]),
        commit=str(inputs["commit"]),
        domains=tuple(str(domain) for domain in inputs["domains"]),
        health=Health(str(health["path"]), float(health["timeoutSeconds"]), float(health["deadlineSeconds"])),
        promote_deadline_seconds=float(inputs["promoteDeadlineSeconds"]),
        through=Pass.of(inputs),
        imported=inputs.get("imported") is True,
        rolling=inputs.get("rolling") is True,
        image=str(inputs.get("image") or ""),
        repository=str(inputs.get("repository") or ""),
        declared=_declared(inputs, urn, compared or {}) if inputs.get("newest") is True else None,
        **_names(urn, inputs),
    )


def _declared(inputs: Mapping[str, Any], urn: str, compared: Mapping[str, Any]) -> Declared:
    """What the newest release may be built with; of a variable that Vercel never shows, the name alone is known."""
    values, accepted = (cast("Document", inputs.get(name) or {}) for name in ("variables", "acceptedVariables"))
    hidden = cast("list[str]", inputs.get("sensitiveVariables") or [])
    known = {**{name: str(each) for name, each in values.items()}, **dict.fromkeys(hidden)}
    return Declared(
        str(inputs["project"]),
        known,
        {pattern: str(last) for pattern, last in accepted.items()},
        _settings(inputs, urn),
        cast("Document", inputs.get("sensitiveWrites") or {}),
        compared,
    )


def _settings(inputs: Mapping[str, Any], urn: str) -> Settings | None:
    declared = inputs.get("settings")
    if not declared:
        return None
    name, names = str(inputs["project"]), ()
    if urn:
        own = Urn.parse(urn)
        name = f"{own.name.removesuffix('-live')}-project"
        names = (str(replace(own, type=kinds.PROJECT, name=name)),)
    return Settings((f"Project {name}", *names), declared, cast("Document", inputs.get("acceptedSettings") or {}))


def _names(urn: str, inputs: Mapping[str, Any]) -> dict[str, str]:
    if not urn:
        return {}
    parsed = Urn.parse(urn)
    return {"stack": parsed.stack, "application": str(inputs.get("application") or kinds.application_of(parsed.name))}


def id_of(inputs: Mapping[str, Any]) -> str:
    """`<team>/<project id>`: a project may get another name."""
    return f"{inputs['team']}/{inputs['projectId']}"


async def switch(
    vercel: Vercel,
    inputs: Document,
    olds: Mapping[str, Any] | None,
    say: Callable[[str], None],
    *,
    web: httpx.AsyncClient | None = None,
    urn: str = "",
) -> Document:
    """Make the inputs' release live and give the outputs to record.

    Args:
        vercel: the API.
        inputs: complete and known.
        olds: what is recorded; None on create.
        say: shows progress.
        web: asks deployments and domains; a client of its own where none is given.
        urn: the resource's, for messages.

    Raises:
        ParityPluginError: see parity.provider.errors.
    """
    known = None if olds is None else frozenset(str(olds.get(name, "")) for name in ("deploymentId", _PREVIOUS))
    compared = cast("Document", (olds or {}).get(COMPARED) or {})
    client = web or health.web()

    def recorded(before: str) -> Document:
        return {**inputs, _PREVIOUS: before, COMPARED: attempt.compared or compared}

    target = target_of(inputs, urn, compared)
    attempt = Switch(vercel, client, target, resource_id=id_of(inputs), recorded=recorded, say=say)
    try:
        await attempt.run(known)
    finally:
        if web is None:
            await client.aclose()
    return recorded("")


async def read(vercel: Vercel, resource_id: str, state: Document, inputs: Document) -> tuple[str, Document, Document]:
    """What is really live: id, outputs and inputs; an empty id where the project or its live deployment is gone.

    `state` and `inputs` are empty on import, whose id is `<team>/<project name or id>`.
    """
    team, _, project = resource_id.partition("/")
    if not team or not project:
        raise BadInput(f"{resource_id!r} is no id of a LiveRelease: give `<team>/<project name or id>`.")
    try:
        document = await vercel.project(str(inputs.get("team", team)), str(inputs.get("projectId", project)))
    except NotFound:
        return "", {}, {}
    owner = str(inputs.get("team", team))
    rolls = configured(document)
    live = live_of(document, await vercel.rolling_release(owner, str(document["id"])) if rolls else None)
    if not live.deployment_id:
        return "", {}, {}
    if inputs.get("deploymentId") in (live.deployment_id, live.moving_to if rolls else live.deployment_id):
        return resource_id, state, inputs
    found = await _really_live(vercel, owner, live.deployment_id)
    place = {"team": team, "projectId": str(document.get("id", "")), "project": str(document.get("name", project))}
    now = {**place, **inputs, **found}
    return id_of(now), {**state, **now, _PREVIOUS: ""}, now


async def _really_live(vercel: Vercel, team: str, deployment: str) -> Document:
    """The live deployment's own account of itself; one that Parity did not make carries no release."""
    document = await vercel.deployment(team, deployment)
    meta = cast("Document", document.get("meta") or {})
    return {
        "deploymentId": deployment,
        "deploymentUrl": str(document.get("url", "")),
        "release": str(meta.get("release", "")) or "unknown",
        "commit": str(meta.get("commit", "")) or str(meta.get("githubCommitSha", "")) or "unknown",
    }
