"""The stand-in against the real plugin: the same programs, two sandboxes, the same requests and the same state.

Runs where PARITY_VERCEL_PLUGIN names the executable of a real pulumi-resource-vercel, released or built from
terraform-provider-vercel v5.10.0. What may differ is in tools/support/standin_page.py, and nowhere else.
"""

from __future__ import annotations

import json
import os
import re
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from parity.engine import toolchain
from parity.local.sandbox import Local
from parity_sandbox.standin import POLL_VARIABLE
from parity_toolchain import resolver
from support import standin_page
from support.program import Instance, copy_program
from support.standin import KEY, SEED, Bench, Names

if TYPE_CHECKING:
    from collections.abc import Iterator

VARIABLE = "PARITY_VERCEL_PLUGIN"
STEPS = ("made", "changed", "replaced", "clashing")
pytestmark = [
    pytest.mark.engine,
    pytest.mark.sandbox,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(VARIABLE not in os.environ, reason=f"{VARIABLE} names no real pulumi-resource-vercel"),
]


@dataclass
class Story:
    """What one plugin did, by step."""

    previews: dict[str, Any] = field(default_factory=dict)
    requests: dict[str, list[Any]] = field(default_factory=dict)
    states: dict[str, Any] = field(default_factory=dict)
    said: dict[str, Any] = field(default_factory=dict)


def tell(bench: Bench) -> Story:
    """Make, change, replace, fail, drift, repair, import and destroy."""
    story = Story()
    for step in STEPS:
        bench.pulumi("config", "set", "step", step).check_returncode()
        story.previews[step] = preview(bench)
        if step == "made":
            limit = {"service": "vercel", "method": "POST", "path": "^/v1/drains", "action": "status", "status": 429}
            bench.control.add_fault(**limit, retry_after=1)
        note(bench, story, step, bench.pulumi("up", "--yes", "--skip-preview", "--parallel", "1"))
    bench.pulumi("config", "set", "step", "replaced").check_returncode()
    note(bench, story, "same", bench.pulumi("preview", "--refresh", "--expect-no-changes", "--parallel", "1"))
    drift(bench)
    note(bench, story, "refreshed", bench.pulumi("refresh", "--yes", "--skip-preview", "--parallel", "1"))
    note(bench, story, "repaired", bench.pulumi("up", "--yes", "--skip-preview", "--parallel", "1"))
    for name, token, identifier in strangers(bench):
        given = ("import", token, name, identifier, "--generate-code=false", "--protect=false", "--yes")
        note(bench, story, f"imported {name}", bench.pulumi(*given, "--skip-preview"))
    note(bench, story, "destroyed", bench.pulumi("destroy", "--yes", "--skip-preview", "--parallel", "1"))
    return story


def note(bench: Bench, story: Story, step: str, done: Any) -> None:
    story.states[step] = {each["urn"]: each for each in bench.state()}
    story.requests[step] = bench.requests()
    # The bridge logs an error as "detail: summary" and fails with "summary: detail".
    errors = re.findall(r"Could not .* unexpected error: .*?(?=: Error creating|$)", done.stdout, re.MULTILINE)
    story.said[step] = (done.returncode, sorted({bench.names.named(each.strip()) for each in errors}))


def preview(bench: Bench) -> list[Any]:
    done = bench.pulumi("preview", "--json", "--parallel", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    bench.state()
    steps = [each for each in json.loads(done.stdout)["steps"] if ":index/" in each["urn"]]
    return [
        bench.names.named(
            {
                "urn": each["urn"],
                "op": each["op"],
                "differs": sorted(each.get("diffReasons") or []),
                "replaces": sorted(each.get("replaceReasons") or []),
                "outputs": each.get("newState", {}).get("outputs"),
            }
        )
        for each in steps
    ]


def drift(bench: Bench) -> None:
    """Change a variable and take a domain away behind the program's back."""
    outputs = {each["urn"].rpartition("::")[2]: each["id"] for each in raw(bench)}
    with vercel(bench) as client:
        project, plain = outputs["full"], outputs["plain"]
        client.patch(f"/v10/projects/{project}/env/{plain}", json={"comment": "by hand"}).raise_for_status()
        client.patch(f"/v9/projects/{project}", json={"buildCommand": "make"}).raise_for_status()
        client.delete(f"/v9/projects/{project}/domains/{outputs['redirect']}").raise_for_status()
        client.delete(f"/v1/projects/{outputs['bare']}/rolling-release/config").raise_for_status()
        registry = f"/v1/vcr/repository/{outputs['images']}"
        client.patch(registry, params={"projectId": project}, json={"public": False}).raise_for_status()
        client.delete(f"{registry}/permissions/all", params={"projectId": project}).raise_for_status()


def strangers(bench: Bench) -> list[tuple[str, str, str]]:
    """Things made by hand, with the ids to import them by."""
    with vercel(bench) as client:
        project = client.post("/v8/projects", json={"name": "stranger", "framework": "astro"}).json()["id"]
        variable = {"key": "BY_HAND", "value": "v", "type": "encrypted", "target": ["preview"], "comment": "c"}
        made = client.post(f"/v10/projects/{project}/env", json=variable).json()["created"]["id"]
        client.post(f"/v10/projects/{project}/domains", json={"name": "stranger.acme.example"}).raise_for_status()
        team = client.get("/v2/teams/acme").json()["id"]
        pictures = {"projectId": project, "name": "pictures"}
        repository = client.post("/v1/vcr/repository", json=pictures).json()["repository"]["id"]
        shared = f"/v1/vcr/repository/{repository}/permissions"
        client.post(shared, params={"projectId": project}, json={"teamId": team}).raise_for_status()
    bench.names.known |= {project: "<id of stranger>", made: "<id of by-hand>", repository: "<id of pictures>"}
    return [
        ("stranger", "vercel:index/project:Project", f"{team}/{project}"),
        ("by-hand", "vercel:index/projectEnvironmentVariable:ProjectEnvironmentVariable", f"{project}/{made}"),
        ("address", "vercel:index/projectDomain:ProjectDomain", f"{project}/stranger.acme.example"),
        ("pictures", "vercel:index/vcrRepository:VcrRepository", f"{team}/{project}/pictures"),
        (
            "lent",
            "vercel:index/vcrRepositoryPermission:VcrRepositoryPermission",
            f"{team}/{project}/pictures/{team}",
        ),
        ("kept", "vercel:index/projectDeploymentRetention:ProjectDeploymentRetention", project),
    ]


def vercel(bench: Bench) -> httpx.Client:
    environment = bench.environment
    return httpx.Client(
        base_url="https://api.vercel.com",
        proxy=environment["HTTPS_PROXY"],
        verify=ssl.create_default_context(cafile=environment["SSL_CERT_FILE"]),
        trust_env=False,
        params={"slug": SEED["vercel"]["teams"][0]["slug"]},
        headers={"authorization": f"Bearer {environment['VERCEL_API_TOKEN']}"},
    )


def raw(bench: Bench) -> list[dict[str, Any]]:
    done = bench.pulumi("stack", "export")
    return [each for each in json.loads(done.stdout)["deployment"]["resources"] if ":index/" in each["type"]]


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory) -> tuple[Story, Story]:
    """The real plugin's story and the stand-in's."""
    plugin = Path(os.environ[VARIABLE])
    assert plugin.is_file(), f"{VARIABLE} names {plugin}, which is no file"
    folder = resolver.resolve().folder
    reported: list[Story] = []
    for name, executable in (("real", plugin), ("standin", None)):
        bench = Bench(tmp_path_factory.mktemp(name) / "bench", folder, executable)
        try:
            reported.append(tell(bench.start()))
        finally:
            bench.stop()
    return reported[0], reported[1]


STACK = "staging"


@pytest.fixture(scope="module")
def own_programs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Story, Story]:
    """The project's own program with the real plugin and with the stand-in."""
    reported: list[Story] = []
    for name, plugin in (("real", os.environ[VARIABLE]), ("standin", None)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(POLL_VARIABLE, "0.5")
            if plugin is None:
                patch.delenv(VARIABLE)
                sources = {each.name: each.source for each in toolchain.resolve().plugins}
                assert sources["vercel"] == "stand-in", "a real plugin is on PATH"
            reported.append(run_own_program(tmp_path_factory.mktemp(name)))
    return reported[0], reported[1]


def run_own_program(folder: Path) -> Story:
    """Bring one stack up, refresh it, and take it down."""
    project = copy_program(folder / "program")
    local = Local(project, folder / "instance")
    local.directory.mkdir()
    (local.directory / "credentials.json").write_text(json.dumps({"fingerprint_key": KEY}))
    (local.directory / "credentials.json").chmod(0o600)
    story, instance, names = Story(), Instance(project, local), Names()
    try:
        local.up()
        local.equip(toolchain.resolve())
        instance.up(STACK, "--parallel", "1").ok()
        exported = json.loads(instance.pulumi("stack", "export", "--show-secrets", "--stack", STACK).ok().stdout)
        resources = [each for each in exported["deployment"]["resources"] if each["type"].startswith("vercel:")]
        for each in resources:
            names.learn(each)
        story.states["up"] = {each["urn"]: names.kept(each) for each in resources}
        story.requests["up"] = names.calls(instance.requests())
        seen = instance.last_request()
        instance.pulumi("preview", "--refresh", "--expect-no-changes", "--stack", STACK).ok()
        story.requests["refreshed"] = names.calls(instance.requests(seen))
        seen = instance.last_request()
        instance.destroy(STACK).ok()
        story.requests["destroyed"] = names.calls(instance.requests(seen))
    finally:
        local.down(wipe=True)
    return story


def test_the_story_went_as_it_should(stories: tuple[Story, Story]):
    for story in stories:
        ended = {step: code for step, (code, _) in story.said.items()}
        assert {step for step, code in ended.items() if code} == {"clashing"}, story.said


def test_both_send_the_same_requests_in_the_same_order(stories: tuple[Story, Story]):
    real, standin = stories
    for step, requests in real.requests.items():
        assert in_order(standin.requests[step]) == in_order(requests), step
        assert unordered(standin.requests[step]) == unordered(requests), step


def test_both_leave_the_same_state(stories: tuple[Story, Story]):
    real, standin = stories
    assert unknown_differences(real, standin) == {}


def test_the_projects_own_program_sends_the_same_and_leaves_the_same(own_programs: tuple[Story, Story]):
    real, standin = own_programs
    assert len(real.states["up"]) > 10, "the program makes more than that at Vercel"
    for step, requests in real.requests.items():
        assert unordered(standin.requests[step]) == unordered(requests), step
    assert unknown_differences(real, standin) == {}


def test_both_foresee_the_same(stories: tuple[Story, Story]):
    real, standin = stories
    for step, foreseen in real.previews.items():
        assert standin.previews[step] == foreseen, step


def test_both_fail_with_the_same_words(stories: tuple[Story, Story]):
    real, standin = stories
    assert real.said["clashing"][1], "the real plugin said nothing"
    assert standin.said == real.said


def unknown_differences(real: Story, standin: Story) -> dict[str, Any]:
    """What differs in the states and is not in the list, by step, resource and path."""
    return {
        f"{step} {urn} {path}": values
        for step, state in real.states.items()
        for urn in state | standin.states[step]
        for path, values in differing(state.get(urn), standin.states[step].get(urn))
        if not standin_page.allowed(path)
    }


def in_order(requests: list[Any]) -> list[Any]:
    """All but deletions, which the engine orders as it likes where nothing depends on another."""
    destroying = any(method == "DELETE" and "/v8/projects/<id of full>?" in path for method, path, _ in requests)
    return [] if destroying else [each for each in requests if each[0] != "DELETE"]


def unordered(requests: list[Any]) -> list[str]:
    return sorted(json.dumps(each, sort_keys=True) for each in requests)


def differing(one: Any, other: Any, path: str = "") -> Iterator[tuple[str, tuple[Any, Any]]]:
    """Where two documents differ, and in what."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in one | other:
            yield from differing(one.get(name), other.get(name), f"{path}.{name}".lstrip("."))
    elif one != other:
        yield path, (one, other)
