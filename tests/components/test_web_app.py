from __future__ import annotations

import pulumi
import pulumi_postgresql as postgresql
import pytest

from components.web_app import WebApp
from parity.config.parameters import Container, Stage, TrustedSource, Watch
from parity.resources.vercel_settings import BUILT
from parity.testing import Recorded, record, reveal
from parity_sandbox.standin.resources.project_wire import FLAGS
from tests.components.conftest import SETTINGS, releases, web_app_args

FIRST = releases().kept["r1"]


def declared(**changes: object) -> Recorded:
    return record(lambda: WebApp("shop", web_app_args(**changes)) and None)


@pytest.fixture(scope="module")
def app() -> Recorded:
    return declared()


def with_logins(live: str = "r2") -> Recorded:
    """The application with a login role for each generation."""

    def program() -> None:
        roles = {each: (postgresql.Role(f"login-g{each}", name=f"g{each}"),) for each in (1, 2)}
        WebApp("shop", web_app_args(credentials=roles, releases=releases(live)))

    return record(program)


def test_the_project_assigns_no_domain_by_itself_and_is_linked_to_the_repository(app: Recorded):
    project = app.one("shop-project")
    assert project.inputs["name"] == "shop-staging"
    assert project.inputs["autoAssignCustomDomains"] is False
    assert project.inputs["gitRepository"] == {"type": "github", "repo": "acme/shop", "productionBranch": "main"}
    assert project.inputs["resourceConfig"] == {"functionDefaultRegions": ["fra1"]}
    assert project.options["protect"] is True


def test_what_the_provider_sets_after_the_creation_is_declared(app: Recorded):
    undeclared = [name for name in FLAGS if name not in app.one("shop-project").inputs]
    assert undeclared == [], "a project whose creation ended after its first request would keep Vercel's own defaults"


def test_a_release_is_built_always_and_a_push_only_where_the_catalog_says_so(app: Recorded):
    project = app.one("shop-project").inputs
    assert (project["ignoreCommand"], project["previewDeploymentsDisabled"]) == ("exit 1", True)
    application = web_app_args().application.model_copy(update={"preview_deployments": True})
    assert declared(application=application).one("shop-project").inputs["previewDeploymentsDisabled"] is False


@pytest.mark.parametrize(
    ("protection", "sent"),
    [("none", "none"), ("preview", "standard_protection_new"), ("all", "all_deployments")],
)
def test_protection_is_always_said(protection: str, sent: str):
    project = declared(settings=SETTINGS.model_copy(update={"protection": protection})).one("shop-project")
    assert project.inputs["vercelAuthentication"] == {"deploymentType": sent}


def test_each_variable_is_a_resource_of_its_own_and_secrets_stay_secret(app: Recorded):
    found = {each.inputs["key"]: each for each in app.of_type("ProjectEnvironmentVariable").values()}
    assert {key: (each.inputs["sensitive"], each.inputs["targets"]) for key, each in found.items()} == {
        "PLAIN": (False, ["production", "preview"]),
        "BASE_URL": (False, ["production"]),
        "TOKEN": (True, ["production"]),
        "DATABASE_URL": (True, ["production"]),
    }
    assert reveal(found["TOKEN"].inputs["value"]) == "canary-token"
    assert reveal(found["DATABASE_URL"].inputs["value"]) == "canary-url"
    assert all(each.options["deleteBeforeReplace"] for each in found.values())
    assert app.of_type("ProjectEnvironmentVariables") == {}


def test_a_second_domain_redirects_for_good(app: Recorded):
    domains = {each.inputs["domain"]: each.inputs for each in app.of_type("ProjectDomain").values()}
    assert domains["www.example.com"]["redirect"] == "shop.example.com"
    assert domains["www.example.com"]["redirectStatusCode"] == 308
    assert "redirect" not in domains["shop.example.com"]
    assert "redirectStatusCode" not in domains["shop.example.com"]


def test_each_kept_release_is_a_production_deployment_that_says_what_it_is(app: Recorded):
    deployments = app.of_type("Deployment")
    assert set(deployments) == {"shop-deployment-r1", "shop-deployment-r2"}
    first = deployments["shop-deployment-r1"].inputs
    assert first["production"] is True
    assert first["ref"] == FIRST.commit
    assert first["deleteOnDestroy"] is True
    assert first["meta"] == {"release": "r1", "commit": FIRST.commit, "config": FIRST.config}
    assert reveal(first["environment"]) == {
        "PARITY_RELEASE": "r1",
        "PARITY_COMMIT": FIRST.commit,
        "PARITY_ENVIRONMENT": "staging",
    }


def test_the_live_release_is_asked_and_promoted_as_the_parameters_say(app: Recorded):
    live = app.one("shop-live").inputs
    assert live["release"] == "r2"
    assert live["commit"] == releases().kept["r2"].commit
    assert live["domains"] == ["shop.example.com"], "a redirect answers for no release"
    assert live["health"] == {"path": "/api/health", "timeoutSeconds": 10, "deadlineSeconds": 120}
    assert live["promoteDeadlineSeconds"] == 180
    assert reveal(live["protectionBypass"]) == "c" * 32
    assert live["deploymentId"].endswith("shop-deployment-r2#id")


def test_the_switch_knows_which_variables_are_declared_and_which_are_accepted(app: Recorded):
    live = app.one("shop-live").inputs
    assert live["newest"] is True
    assert live["variables"] == {"PLAIN": "1", "BASE_URL": "https://shop.example.com"}
    assert live["sensitiveVariables"] == ["TOKEN", "DATABASE_URL"]
    assert live["sensitiveWrites"] == {
        name: {"id": live["sensitiveWrites"][name]["id"], "value": mark}
        for name, mark in (("TOKEN", "mark-of-token"), ("DATABASE_URL", "mark-of-url"))
    }
    ids = {name: each["id"].rpartition("::")[2] for name, each in live["sensitiveWrites"].items()}
    assert ids == {name: f"shop-variable-{name}#id" for name in ("TOKEN", "DATABASE_URL")}
    assert live.get("acceptedVariables") is None
    accepted = {"ProjectEnvironmentVariable shop-staging/BY_HAND (production)": "2999-12-31"}
    assert declared(accepted=accepted).one("shop-live").inputs["acceptedVariables"] == accepted


def test_the_switch_knows_each_setting_that_gets_into_a_build_as_the_project_has_it(app: Recorded):
    project, live = app.one("shop-project").inputs, app.one("shop-live").inputs
    assert live["settings"] == {name: each for name, each in project.items() if name in BUILT}
    assert {"framework", "rootDirectory", "nodeVersion", "gitRepository"} <= live["settings"].keys()
    assert live.get("acceptedSettings") is None
    accepted = {"Project shop-project": {"buildCommand": "2999-12-31"}}
    assert declared(accepted_settings=accepted).one("shop-live").inputs["acceptedSettings"] == accepted


def test_a_deployment_waits_for_every_variable_and_its_own_credentials():
    recorded = with_logins()
    variables = set(recorded.of_type("ProjectEnvironmentVariable"))
    assert recorded.after("shop-deployment-r2") >= variables | {"login-g2", "shop-project"}
    assert "login-g1" not in recorded.after("shop-deployment-r2")


def test_the_switch_comes_last():
    recorded = with_logins()
    everything = (
        set(recorded.of_type("ProjectEnvironmentVariable"))
        | set(recorded.of_type("ProjectDomain"))
        | {"shop-project", "shop-bypass", "shop-deployment-r2", "login-g2"}
    )
    assert recorded.after("shop-live") >= everything
    assert not [each.name for each in recorded.resources if each.custom and "shop-live" in recorded.after(each.name)]


def test_an_old_deployment_goes_before_its_role():
    recorded = with_logins()
    assert "login-g1" in recorded.after("shop-deployment-r1"), "the engine deletes in the opposite order"
    assert "shop-deployment-r1" not in recorded.after("shop-live"), "the live release does not hang on an old one"


def test_the_live_release_may_be_any_kept_one():
    recorded = with_logins(live="r1")
    assert recorded.one("shop-live").inputs["deploymentId"].endswith("shop-deployment-r1#id")
    assert "login-g1" in recorded.after("shop-live")


def test_without_a_release_there_is_no_deployment_and_no_switch():
    recorded = declared(releases=releases(None, ()))
    assert recorded.of_type("Deployment") == {}
    assert recorded.of_type("LiveRelease") == {}
    assert set(recorded.of_type("ProjectDomain")) == {"domain-shop.example.com", "domain-www.example.com"}


def test_the_bypass_is_secret_and_not_vercels_own_resource(app: Recorded):
    assert reveal(app.one("shop-bypass").inputs["secret"]) == "c" * 32
    assert app.of_type("ProjectProtectionBypass") == {}, "its id would carry the secret"


def test_a_trusted_source_takes_the_place_of_the_bypass():
    application = web_app_args().application.model_copy(update={"trusted_source": TrustedSource(audience="ours")})
    recorded = declared(application=application, bypass=None)
    claims = {"aud": ["ours"], "environment": ["staging", "staging-preview"], "repository": ["acme/shop"]}
    assert recorded.one("shop-project").inputs["trustedSources"] == {
        "externalSources": [
            {
                "issuer": "https://token.actions.githubusercontent.com",
                "to": {"slugs": ["production"]},
                "claims": claims,
            }
        ]
    }
    live = recorded.one("shop-live").inputs
    assert (live["trustedAudience"], live.get("protectionBypass")) == ("ours", None)
    assert recorded.of_type("ProtectionBypass") == {}


def test_every_child_belongs_to_the_component(app: Recorded):
    component = app.of_type("parity:components:WebApp")["shop"]
    domains = app.of_type("parity:components:Domains")["domains"]
    assert {each.parent for each in app.resources if each.custom} == {component.urn, domains.urn}
    assert {each.type for each in app.resources if each.parent == domains.urn} == {"parity:index:ProjectDomain"}
    assert set(app.graph.component_outputs[component.urn]) == {"projectId", "projectName", "live"}


def test_no_secret_leaves_its_marking(app: Recorded):
    text = repr([(each.inputs, each.options) for each in app.resources])
    assert "canary" not in text
    assert "c" * 32 not in text
    assert len(list(app.secrets())) >= 4


def test_the_recorder_sees_a_secret_that_lost_its_marking():
    def program() -> None:
        pulumi.ComponentResource("test:index:Leak", "leak")
        postgresql.Role("leak", name="leak", search_paths=["canary-in-the-clear"])

    assert "canary" in repr([each.inputs for each in record(program).resources])


# --- In a container ---

CONTAINER = web_app_args().application.model_copy(
    update={"framework": "container", "container": Container(port=8080, shared_with=("friends",))}
)


def test_with_stages_the_project_has_them_before_the_switch_and_keeps_pages_with_their_release(app: Recorded):
    stages = (Stage(percent=5), Stage(percent=50))
    application = web_app_args().application.model_copy(update={"watch": Watch(stages=stages)})
    staged = declared(application=application)
    rolling = staged.one("shop-rolling")
    assert rolling.inputs["advancementType"] == "manual-approval", "the watch approves each"
    assert [each["targetPercentage"] for each in rolling.inputs["stages"]] == [5, 50, 100]
    assert rolling.options["deleteBeforeReplace"], "a project has one: the old one's deletion would take the new one"
    assert "shop-rolling" in staged.after("shop-live")
    assert staged.one("shop-live").inputs["rolling"] is True
    assert staged.one("shop-project").inputs["skewProtection"] == "12 hours", "Vercel would set its own"
    for watch in (None, Watch()):
        plain = declared(application=application.model_copy(update={"watch": watch}))
        assert plain.of_type("ProjectRollingRelease") == {}
        assert "rolling" not in plain.one("shop-live").inputs
        assert "skewProtection" not in plain.one("shop-project").inputs


@pytest.fixture(scope="module")
def container() -> Recorded:
    return declared(application=CONTAINER)


def test_a_containers_images_have_a_repository_that_is_private_and_shared_by_name(container: Recorded):
    registry = container.one("shop-registry")
    assert (registry.inputs["name"], registry.inputs["public"]) == ("dockerfile", False)
    assert registry.options["protect"] is True
    shared = container.one("shop-registry-friends").inputs
    assert (shared["repository"], shared["grantedTeamSlug"]) == ("dockerfile", "friends")
    file = Container(file="Containerfile.vercel")
    other = declared(application=CONTAINER.model_copy(update={"container": file}))
    assert other.one("shop-registry").inputs["name"] == "containerfile"
    assert other.of_type("VcrRepositoryPermission") == {}


def test_each_release_of_a_container_has_its_image_by_the_commits_tag(container: Recorded):
    images = container.of_type("ReleaseImage")
    assert {each.inputs["release"]: each.inputs["tag"] for each in images.values()} == {
        name: release.commit[:12] for name, release in releases().kept.items()
    }
    first = images["shop-image-r1"].inputs
    assert first["deploymentId"].endswith("shop-deployment-r1#id")
    assert first["address"].endswith("shop-registry#url")
    assert "digest" not in first, "the provider alone knows it"
    live = container.one("shop-live").inputs
    assert live["image"].endswith("shop-image-r2#digest")
    assert live["repository"] == "dockerfile"


def test_a_release_that_was_there_before_has_no_image_of_its_own():
    kept = releases().kept | {"r1": FIRST.model_copy(update={"deployment": "dpl_" + "1" * 24})}
    found = declared(application=CONTAINER, releases=releases().model_copy(update={"kept": kept}))
    assert set(found.of_type("ReleaseImage")) == {"shop-image-r2"}


def test_what_is_no_container_has_no_registry(app: Recorded):
    assert {name: app.of_type(name) for name in ("VcrRepository", "ReleaseImage")} == {
        "VcrRepository": {},
        "ReleaseImage": {},
    }
    assert not {"image", "repository"} & app.one("shop-live").inputs.keys()
