"""What import makes of accounts: which object is which, what is refused, what is a secret, and the files' text."""

from __future__ import annotations

import runpy
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.catalog import CATALOG
from parity.config import hardening, source, yaml_form
from parity.config.parameters import Application, Container, PlainVariable
from parity.config.secret import Secret
from parity.config.stack_models import STEPS
from parity.config.telemetry import Sampling, Tracing
from parity.console import Screen
from parity.errors import RefusedError, UsageError
from parity.inventory.model import LiveObject, ReadFailure, VendorState, live_object
from parity.onboarding import compose, left, run, secrets, show, source_text, wanted, world
from parity.onboarding.world import World
from parity.resources import kinds
from support.amounts import everything
from support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECTS = ("prod/web=acme-web", "staging/web=acme-next")
COMMIT = "1f" * 20


def asked(projects: tuple[str, ...] = PROJECTS, **more: Any) -> wanted.Wanted:
    given: dict[str, Any] = {"databases": (), "environments": (), **more}
    named, order = (given["databases"], given["environments"]), given.get("promotes_from", ())
    return wanted.parse("acme", "acme-inc/shop", projects, *named, promotes_from=order)


def project(name: str, **changes: Any) -> LiveObject:
    properties = {
        "name": name,
        "framework": "nextjs",
        "rootDirectory": None,
        "nodeVersion": "22.x",
        "gitRepository": {"type": "github", "repo": "acme-inc/shop", "productionBranch": "trunk"},
        "resourceConfig": {"functionDefaultRegions": ["fra1"]},
        "vercelAuthentication": {"deploymentType": "all_deployments"},
        **changes,
    }
    return live_object(kinds.PROJECT, f"prj_{name}", "", properties)


def inside(type_: str, name: str, /, **properties: Any) -> LiveObject:
    return live_object(type_, "id", "", {"projectId": f"prj_{name}", **properties}, project=name)


def variable(name: str, key: str, value: str | None, *targets: str) -> LiveObject:
    shown = {} if value is None else {"value": value}
    given = {"key": key, "sensitive": value is None, "targets": list(targets or ("production",)), **shown}
    return inside(kinds.VARIABLE, name, **given)


def account(name: str, domain: str, **changes: Any) -> Iterator[LiveObject]:
    yield project(name, **changes)
    yield inside(kinds.DOMAIN, name, domain=domain)
    yield inside(kinds.DOMAIN, name, domain=f"{name}.vercel.app")
    periods = {"expirationPreview": "6m", "expirationCanceled": "1m", "expirationErrored": "90 days"}
    yield inside(kinds.RETENTION, name, **periods)
    yield inside(kinds.LIVE, name, deploymentId=f"dpl_{name.replace('-', '')}", commit=COMMIT, release="unknown")


def read(*more: LiveObject, **changes: Any) -> World:
    found = (*account("acme-web", "acme.example", **changes), *account("acme-next", "next.acme.example"), *more)
    return World(VendorState(found), {"": ("db.acme.example", 5432)})


# --- Which is which ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"projects": ("web=acme",)}, "is not in its form"),
        ({"projects": ("prod/web=a", "staging/web=a")}, "names one twice"),
        ({"projects": ()}, "no project is given"),
        ({"projects": ("prod/web=a", "prod/admin=b", "staging/web=c")}, "nothing is given for staging/admin"),
        ({"databases": ("prod/main=a",)}, "nothing is given for staging/main"),
        (
            {"databases": ("prod/main=a@one", "staging/main=b")},
            "main is in one stack on one and in another on the server of PGHOST",
        ),
        ({"databases": ("prod/main=a@One", "staging/main=b@One")}, "'One' is no server's name"),
        ({"databases": ("prod/main=a@one", "staging/main=a@two")}, "names one twice"),
        ({"environments": ("Production",)}, "is not in its form"),
        ({"environments": ("qa=Production",)}, "no project is of qa"),
        ({"promotes_from": ("prod",)}, "is not in its form"),
        ({"promotes_from": ("prod=qa",)}, "no project is of qa"),
        ({"promotes_from": ("prod=staging", "staging=prod")}, "a circle: prod from staging from prod"),
    ],
)
def test_what_cannot_be_meant_is_refused(given: dict[str, Any], what: str):
    with pytest.raises(UsageError, match=what):
        asked(given.pop("projects", PROJECTS), **given)


SHAPES = {
    "no such project": ({}, (), "has no project acme-web"),
    "another repository": (
        {"gitRepository": {"type": "github", "repo": "acme-inc/other"}},
        (),
        "linked to acme-inc/other, not to acme-inc/shop. A catalog has one repository",
    ),
    "a staging that is a custom environment": (
        {},
        (inside(kinds.CUSTOM_ENVIRONMENT, "acme-web", name="staging"),),
        "serves more than prod: custom environment staging. A stack is a project of its own",
    ),
    "a staging that is a branch": (
        {},
        (inside(kinds.DOMAIN, "acme-web", domain="beta.acme.example", gitBranch="beta"),),
        "domain beta.acme.example of a branch",
    ),
    "an old Node": ({"nodeVersion": "18.x"}, (), "it runs Node 18.x"),
    "no framework": ({"framework": None}, (), "has no framework preset"),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_that_the_program_cannot_have_is_refused_with_the_way_on(shape: str):
    changes, more, what = SHAPES[shape]
    there = read(*more, **changes)
    if shape == "no such project":
        there = World(VendorState(tuple(each for each in there.state.found if each.key[0] != "acme-web")), {})
    assert [each for each in world.refusals(asked(), there) if what in each]


def test_all_reasons_come_at_once(monkeypatch: pytest.MonkeyPatch):
    there = read(nodeVersion="18.x", framework=None)
    monkeypatch.setattr(world, "_vendors", lambda *_: _given(there))
    with pytest.raises(RefusedError) as caught:
        world.read(asked(), {})
    assert "18.x" in caught.value.what
    assert "framework" in caught.value.what


async def _given(there: World) -> list[VendorState]:
    return [there.state]


def test_a_world_that_the_program_can_have_is_not_refused():
    assert list(world.refusals(asked(), read())) == []


# --- The draft --------------------------------------------------------------------------------------------------------


def both(key: str, one: str | None, other: str | None, *targets: str) -> tuple[LiveObject, LiveObject]:
    return variable("acme-web", key, one, *targets), variable("acme-next", key, other, *targets)


def declared(*more: LiveObject, clear: tuple[str, ...] = ()) -> tuple[compose.Draft, dict[str, Any]]:
    draft = compose.compose(asked(), read(*more), clear)
    [application] = draft.catalog.applications
    return draft, {each.name: each for each in application.variables}


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        ("true", "true", "plain"),
        ("true", "false", "per-stack"),
        ("https://a.example", "https://b.example", "per-stack"),
        ("canary!of/some+kind=0123456789", "true", "sensitive"),
        (None, "true", "sensitive"),
    ],
)
def test_a_variable_is_of_the_kind_that_its_values_show(one: str | None, other: str | None, kind: str):
    draft, variables = declared(*both("MODE", one, other, "production", "preview"))
    assert (variables["MODE"].kind, variables["MODE"].targets) == (kind, ("production", "preview"))
    unread = [key for stack in ("prod", "staging") for key in draft.unread[stack]]
    assert unread == (["parity:applications.web.variables.MODE"] if one is None else [])


def test_what_seems_a_secret_is_sealed_unless_a_person_says_otherwise():
    tokens = both("API_TOKEN", "abc", "abc")
    _, variables = declared(*tokens)
    assert (variables["API_TOKEN"].kind, variables["API_TOKEN"].shown) == ("sensitive", True)
    _, variables = declared(*tokens, clear=("API_TOKEN",))
    assert variables["API_TOKEN"].kind == "plain"


@pytest.mark.parametrize(
    "left",
    [
        variable("acme-web", "ONLY_PROD", "x"),
        variable("acme-web", "lower", "x"),
        variable("acme-web", "STRAY", " x"),
        variable("acme-web", "OF_PREVIEWS", "x", "preview"),
        inside(kinds.VARIABLE, "acme-web", key="B", value="x", sensitive=False, targets=["production"], gitBranch="b"),
    ],
)
def test_what_the_catalog_cannot_have_is_left(left: LiveObject):
    _, variables = declared(left)
    assert variables == {}


def test_names_domains_and_what_is_live_are_those_that_are_there():
    redirect = inside(kinds.DOMAIN, "acme-web", domain="www.acme.example", redirect="acme.example")
    draft, _ = declared(redirect)
    config = draft.configs["prod"]
    web = config["parity:applications"]["web"]
    assert web["project"] == "acme-web"
    assert web["domains"] == [{"name": "acme.example"}, {"name": "www.acme.example", "redirect": "acme.example"}]
    assert web["protection"] == "all"
    assert config["parity:releases"]["web"]["kept"]["r1"]["deployment"] == "dpl_acmeweb"
    assert config["parity:releases"]["web"]["live"] == "r1"
    assert set(config["parity:postponed"]) == STEPS
    assert draft.catalog.repository.default_branch == "trunk"
    assert [each["parity:managesRepository"] for each in draft.configs.values()] == [True, False]
    [application] = draft.catalog.applications
    assert (application.retention.preview, application.retention.canceled) == ("6m", "1m")
    assert application.root_directory is None


@pytest.mark.parametrize(
    ("repositories", "file"),
    [((), "Dockerfile.vercel"), (("containerfile",), "Containerfile.vercel"), (("by-hand",), "Dockerfile.vercel")],
)
def test_a_container_is_declared_as_its_registry_shows_it(repositories: tuple[str, ...], file: str):
    registry = [inside(kinds.REGISTRY, "acme-web", name=each, public=False) for each in repositories]
    shares = [
        inside(kinds.REGISTRY_SHARE, "acme-web", repository=each, grantedTeamSlug="friends") for each in repositories
    ]
    ports = [variable(name, "PORT", "8080") for name in ("acme-web", "acme-next")]
    there = read(*registry, *shares, *ports, framework="container")
    [application] = compose.compose(asked(), there).catalog.applications
    shared = ("friends",) if file.partition(".")[0].lower() in repositories else ()
    assert application.container == Container(file=file, port=8080, shared_with=shared)  # pyright: ignore[reportArgumentType]


def traced(name: str, *rules: dict[str, Any]) -> LiveObject:
    return inside(kinds.TRACING, name, samplingRules=list(rules))


def rule(rate: float, path: str | None = None) -> dict[str, Any]:
    return {"rate": rate, "environment": None, "requestPath": path}


def test_tracing_is_declared_where_every_project_has_it():
    alone, every = [traced("acme-web", rule(1, "/pay"), rule(0.1))], [traced("acme-next")]
    assert declared(*alone)[0].catalog.telemetry.tracing is None, "it would be turned on where it is off"
    found = declared(*alone, *every)[0].catalog.telemetry.tracing
    assert found == Tracing(sampling=(Sampling(rate=1, request_path="/pay"), Sampling(rate=0.1)))


def alert(name: str, *projects: str, **changes: Any) -> LiveObject:
    given = {
        "name": name,
        "ruleScope": {"type": "include", "projectIds": list(projects)},
        "triggers": [{"type": "error_anomaly", "filter": "statusGroup:5xx"}],
        "matchMinimumSeverityLevel": "high",
        "notificationSettings": {"enableTeamOwnerNotifications": False},
        **changes,
    }
    return live_object(kinds.ALERT, "alr_1", "", given)


def test_a_trace_drain_and_an_alert_that_are_there_are_proposed():
    drain = {
        "name": "to-otlp", "endpoint": "https://otlp.acme.example", "deliveryFormat": "json", "projectIds": [],
        "headers": {"authorization": "canary"}, "samplingRules": [],
    }  # fmt: skip
    odd = alert("Other", "prj_acme-next", triggers=[{"type": "error_anomaly", "filter": None}])
    draft, _ = declared(live_object(kinds.TRACE_DRAIN, "drn_1", "", drain), alert("API errors!", "prj_acme-web"), odd)
    first, second = draft.proposed["prod"]
    assert first == (
        "TraceDrain to-otlp is there: to declare one like it: in infra/catalog.py Telemetry(..., "
        'trace_drain=TraceDrain(delivery_format="json", headers=("authorization",))), in Pulumi.prod.yaml '
        "parity:traces.endpoint: https://otlp.acme.example, `parity secret set prod 'parity:traces.secret'`, "
        "`parity secret set prod 'parity:traces.headers.authorization'`"
    )
    assert second == (
        "AlertRule API errors! is there: to declare one like it: in infra/catalog.py Telemetry(..., alerts=(Alert("
        'name="api-errors", triggers=(AlertTrigger(type="error_anomaly", filter="statusGroup:5xx"),), owners=False),))'
    )
    _, other = draft.proposed["staging"]
    assert "the catalog has no such one (needs a filter with a statusGroup" in other
    assert draft.catalog.telemetry.alerts == ()


@pytest.mark.parametrize(
    ("shares", "declared_"),
    [
        (((5, 15), (50, None), (100, None)), "stages=(Stage(percent=5, minutes=15), Stage(percent=50))"),
        (((2.5, None), (100, None)), ""),
    ],
)
def test_stages_that_are_there_are_proposed_as_stages_of_a_watch(shares: Any, declared_: str):
    stages = [{"targetPercentage": share, "duration": minutes} for share, minutes in shares]
    draft, _ = declared(inside(kinds.ROLLING_RELEASE, "acme-web", advancementType="automatic", stages=stages))
    (said,) = draft.proposed["prod"]
    assert said.startswith("ProjectRollingRelease acme-web is there: ")
    watch = f'to declare one like it: in infra/catalog.py Application(name="web", ..., watch=Watch({declared_}))'
    assert said.endswith(watch if declared_ else "and it stays as it is")
    assert draft.proposed["staging"] == ()


def test_what_not_every_plan_has_stops_nothing_where_it_cannot_be_read(monkeypatch: pytest.MonkeyPatch):
    failure = ReadFailure("Vercel", "the alert rules", "GET /alerts", 402, "upgrade", frozenset({kinds.ALERT}), ())
    there = read()
    refused = World(VendorState(there.state.found, (failure,)), there.addresses)
    monkeypatch.setattr(world, "_vendors", lambda *_: _given(refused))
    draft = compose.compose(asked(), world.read(asked(), {}))
    assert draft.unknown == ("the alert rules could not be read: Vercel: GET /alerts: status 402: upgrade",)


def test_the_order_of_promotion_is_written_and_said_and_none_is_guessed():
    for order, above in (((), None), (("prod=staging",), "staging")):
        draft = compose.compose(asked(promotes_from=order), read())
        assert [each.get("parity:promotesFrom") for each in draft.configs.values()] == [above, None]
        found = run.Prepared(draft, {stack: left.Left((), (), 0) for stack in draft.configs})
        stacks = show.document(found)["stacks"]
        assert [each["promotes_from"] for each in stacks.values()] == [above, None]
        out = StringIO()
        show.prepared(Screen(stdout=out), found)
        said = "prod: takes its releases from staging" if above else "(--promotes-from prod=staging: it takes"
        assert said in out.getvalue()


# --- Secrets ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "clear"),
    [
        ("PAGE_SIZE", "20", True),
        ("FEATURE", "true", True),
        ("BASE_URL", "https://acme.example/path", True),
        ("NEXT_PUBLIC_MAPS_KEY", "AIzaSyD-0123456789abcdefghij", True),
        ("REGION", "eu-central-1", True),
        ("API_KEY", "short", False),
        ("THING", "postgresql://a:canary@h/d", False),
        ("THING", "https://user:canary@h/", False),
        ("THING", "https://hooks.example/x?sig=canary", False),
        ("THING", "sk_live_0123456789abcdefghij", False),
        ("SESSION_SECRET", "true", False),
    ],
)
def test_a_value_is_clear_only_where_nothing_of_it_is_like_a_secret(name: str, value: str, clear: bool):
    assert secrets.may_be_clear(name, value) is clear


# --- The files --------------------------------------------------------------------------------------------------------


def test_a_catalog_is_written_as_ruff_would_and_reads_back(tmp_path: Path):
    values = (
        "https://acme.example/" + "a" * 150,
        "tea and coffee " * 12 + "more",
        "see https://acme.example/" + "b" * 150,
    )
    long = [PlainVariable(name=f"LONG_{number}", value=value) for number, value in enumerate(values)]
    first, *others = CATALOG.applications
    odd = Application.model_validate({**dict(first), "variables": (*first.variables, *long), "root_directory": None})
    telemetry = CATALOG.telemetry.model_copy(update={"tracing": Tracing(sampling=(Sampling(rate=0.5),))})
    catalog = CATALOG.model_copy(update={"applications": (odd, *others), "telemetry": telemetry})
    path = tmp_path / "catalog.py"
    path.write_text(source_text.python(catalog))
    assert runpy.run_path(str(path))["CATALOG"] == catalog
    config = ["--config", str(ROOT / "pyproject.toml"), str(path)]
    commands = [["ruff", "format", "--check", *config], ["ruff", "check", "--ignore", "INP001", *config]]
    for program, *options in (*commands, *([["pyright", str(path)]] if everything() else [])):
        command = [str(Path(sys.executable).parent / program), *options]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + path.read_text()


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 10**6)
    | st.text(st.characters(codec="utf-8", exclude_categories=["C"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "B-c", "on", "r1"]), inner),
    max_leaves=8,
)


@given(VALUES)
def test_a_stacks_file_reads_back_as_what_was_written_by_any_reading_of_yaml(value: Any):
    text = source_text.yaml(
        "prod", {"parity:x": {"k": value}, "parity:s": Secret("v", "s")}, lambda secret: f"v1:{secret.reveal()}"
    )
    assert yaml_form.check("Pulumi.prod.yaml", text).problems == ()
    read = source.parse("Pulumi.prod.yaml", text)
    assert isinstance(read, source.StackFile), read
    assert read.values["parity:x"] == {"k": value}
    assert read.values["parity:s"].ciphertext == "v1:v"


def test_a_secret_that_no_api_shows_is_not_written():
    config = {"parity:v": {"A": Secret(source_text.NOT_SHOWN, "a")}, "parity:n": Secret(source_text.NOT_SHOWN, "n")}
    assert source_text.yaml("prod", config, lambda _: "sealed").splitlines()[3:] == ["  parity:v: {}"]


def test_every_step_says_what_it_breaks():
    assert {each.name for each in hardening.HARDENING} == STEPS
    assert all(each.does and each.breaks.endswith(".") for each in hardening.HARDENING)
