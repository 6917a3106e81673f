from __future__ import annotations

import asyncio
import os
import subprocess
from typing import Any

import grpc
import pytest
from pulumi.provider.experimental import provider as sdk
from pulumi.provider.experimental.property_value import Computed, PropertyValue
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from packages.parity.tests.provider.conftest import TEAM, World, inputs
from parity.provider.errors import BadInput, Unfinished
from parity.provider.provider import ParityProvider, type_of
from parity.provider.values import Properties, plain_map, wire_map
from parity.resources import kinds
from support.paths import ROOT

URN = f"urn:pulumi:staging::storefront::parity:components:WebApp${kinds.LIVE}::shop-live"
SECRETS = ("protectionBypass",)


def wired(document: dict[str, Any], **unknown: Computed) -> Properties:
    return {**wire_map(document, SECRETS), **{name: PropertyValue(value) for name, value in unknown.items()}}


def provider(world: World | None = None) -> ParityProvider:
    return ParityProvider(world.vercel(), world.web()) if world else ParityProvider()


def diff(olds: dict[str, Any], news: Properties) -> sdk.DiffResponse:
    return asyncio.run(provider().diff(sdk.DiffRequest(URN, "id", wired(olds), news, [])))


def check(given: Properties, urn: str = URN) -> sdk.CheckResponse:
    return asyncio.run(provider().check(sdk.CheckRequest(urn, {}, given, b"")))


def test_complete_inputs_pass_and_the_bypass_is_secret():
    response = check(wire_map(inputs(), ()))
    assert not response.failures
    assert response.inputs["protectionBypass"].is_secret


def test_every_fault_is_said_at_once():
    given = inputs(deploymentId="", health={"path": "/"})
    del given["commit"]
    response = check(wire_map(given, ()))
    assert {each.property: each.reason for each in response.failures or []} == {
        "commit": "commit is missing.",
        "deploymentId": "deploymentId must not be empty.",
        "health": "health lacks deadlineSeconds, timeoutSeconds.",
    }


def test_what_is_not_known_yet_passes():
    assert not check(wired(inputs(), deploymentId=Computed())).failures


def test_a_bypass_of_another_form_is_refused_without_showing_it():
    urn = URN.replace(kinds.LIVE, kinds.BYPASS)
    response = check(wire_map({"team": TEAM, "projectId": "prj_1", "secret": "canary!"}, ("secret",)), urn)
    assert [each.reason for each in response.failures or []] == ["secret must be 32 letters and digits."]


def test_nothing_changed_is_no_update():
    assert diff({**inputs(), "previous": ""}, wired(inputs())).changes is False


@pytest.mark.parametrize(
    "changed",
    [
        {"health": {"path": "/other", "timeoutSeconds": 9, "deadlineSeconds": 9}},
        {"promoteDeadlineSeconds": 9},
        {"protectionBypass": "x" * 32},
        {"project": "renamed"},
        {"settings": {"framework": "nextjs"}, "acceptedSettings": {"Project *": {"buildCommand": ""}}},
        {"sensitiveVariables": ["KEY"], "sensitiveWrites": {"KEY": {"id": "env_1", "value": "one"}}},
    ],
)
def test_a_changed_limit_path_bypass_or_comparison_alone_sends_no_request(changed: dict[str, Any]):
    assert diff(inputs(), wired(inputs(**changed))).changes is False


@pytest.mark.parametrize(
    "changed", [{"deploymentId": "d3"}, {"release": "r3"}, {"commit": "f" * 40}, {"domains": ["new.example.com"]}]
)
def test_another_deployment_release_or_domain_is_an_update_in_place(changed: dict[str, Any]):
    response = diff(inputs(), wired(inputs(**changed)))
    assert response.changes is True
    assert response.replaces == []
    assert response.diffs == sorted(changed)


def test_a_deployment_that_is_not_made_yet_is_an_update():
    assert diff(inputs(), wired(inputs(), deploymentId=Computed())).diffs == ["deploymentId"]


def test_another_project_is_another_resource():
    assert diff(inputs(), wired(inputs(projectId="prj_2"))).replaces == ["projectId"]


def test_a_preview_makes_no_call_and_needs_no_token(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("VERCEL_API_TOKEN", raising=False)
    given = wired(inputs(), deploymentId=Computed())
    created = asyncio.run(provider().create(sdk.CreateRequest(URN, given, 0, preview=True)))
    assert created.resource_id == "team_abc/prj_1"
    unknown = asyncio.run(
        provider().create(sdk.CreateRequest(URN, wired(inputs(), projectId=Computed()), 0, preview=True))
    )
    assert unknown.resource_id == ""
    asyncio.run(provider().update(sdk.UpdateRequest(URN, "id", wired(inputs()), given, 0, [], preview=True)))


def test_create_and_update_make_it_live_and_keep_the_secret_marked():
    world = World()
    created = asyncio.run(provider(world).create(sdk.CreateRequest(URN, wired(inputs()), 0, preview=False)))
    assert created.resource_id == "team_abc/prj_1"
    assert created.properties["protectionBypass"].is_secret
    news = wired(inputs("d1", "r1"))
    updated = asyncio.run(
        provider(world).update(sdk.UpdateRequest(URN, "id", created.properties, news, 0, [], preview=False))
    )
    assert world.live == "d1"
    assert plain_map(updated.properties)["release"] == "r1"


def test_what_is_waited_for_is_shown():
    shown: list[tuple[str, str]] = []
    world = World()
    each = ParityProvider(world.vercel(), world.web(), notify=lambda urn, message: shown.append((urn, message)))
    asyncio.run(each.create(sdk.CreateRequest(URN, wired(inputs()), 0, preview=False)))
    assert [urn for urn, _ in shown] == [URN, URN]
    assert shown[0][1].startswith("Asking https://d2.vercel.app/api/health: Release r2 of shop-staging")
    assert shown[1][1].startswith("Promoting: Release r2")


def test_deleting_the_switch_sends_no_request():
    world = World()
    asyncio.run(provider(world).delete(sdk.DeleteRequest(URN, "id", wired(inputs()), 0)))
    assert world.calls == []


def test_another_type_is_refused_by_name():
    with pytest.raises(BadInput, match="parity:index:Other"):
        type_of("parity:components:WebApp$parity:index:Other")


def test_an_unfinished_switch_is_raised_with_what_to_record():
    with pytest.raises(Unfinished) as caught:
        asyncio.run(
            provider(World(stuck="in-progress")).create(sdk.CreateRequest(URN, wired(inputs()), 0, preview=False))
        )
    assert caught.value.properties["deploymentId"] == "d2"


# --- The executable ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def served() -> Any:
    """The plugin as the engine starts it, with no way to Vercel: a proxy without a listener."""
    environment = {**os.environ, "VERCEL_API_TOKEN": "x" * 24, "HTTPS_PROXY": "http://127.0.0.1:9"}
    with subprocess.Popen(
        [ROOT / "plugin/pulumi-resource-parity", "127.0.0.1:1", "--logtostderr"],
        stdout=subprocess.PIPE,
        env=environment,
        text=True,
        cwd=ROOT / "infra",
    ) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield provider_pb2_grpc.ResourceProviderStub(channel)
        process.terminate()


def test_the_executable_serves_from_any_folder(served: Any):
    request = provider_pb2.ConfigureRequest(acceptSecrets=True)
    assert served.Configure(request).acceptSecrets is True


def test_an_error_reaches_the_engine_as_its_own_text(served: Any):
    with pytest.raises(grpc.RpcError) as caught:
        served.Read(provider_pb2.ReadRequest(urn=URN, id="shop-staging"))
    assert caught.value.details() == "'shop-staging' is no id of a LiveRelease: give `<team>/<project name or id>`."
