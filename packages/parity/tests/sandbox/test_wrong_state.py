"""An update of the wrong state, or in another account than the last, stops before its first call: a real engine."""

from __future__ import annotations

import json
import ssl
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from parity.vendors import services

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.program import Instance, Run

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]


def refused(instance: Instance, words: str, *options: str) -> Run:
    """An update that must stop with these words and without a changing call."""
    last = instance.last_request()
    run = instance.run("parity", "up", "prod", "--yes", *options)
    assert run.code == 8, run.said
    assert words in " ".join(run.said.split()), run.said
    assert [each for each in instance.requests(last) if each["method"] != "GET"] == []
    return run


@contextmanager
def changed(path: Path, text: str) -> Iterator[None]:
    before = path.read_text()
    assert before != text
    path.write_text(text)
    yield
    path.write_text(before)


def test_the_wrong_state_or_account_stops_before_the_first_call(small_instance: Instance):
    instance = small_instance
    environment = instance.environment()
    context = ssl.create_default_context(cafile=environment["SSL_CERT_FILE"])
    service = services.github(environment[services.GITHUB_TOKEN])
    with httpx.Client(
        base_url=service.base_url, headers=dict(service.headers), proxy=environment["HTTPS_PROXY"], verify=context
    ) as client:
        old = "/repos/storefront-example/storefront"
        client.patch(old, json={"name": "storefront-renamed"}).raise_for_status()
        run = instance.run("parity", "up", "prod", "--yes").ok()
        assert "is called storefront-example/storefront-renamed now" in " ".join(run.said.split()), run.said

        state = instance.local.directory / "backend/.pulumi/stacks/storefront/prod.json"
        document = json.loads(state.read_text())
        document["checkpoint"]["latest"]["resources"] = []
        with changed(state, json.dumps(document)):
            assert "parity recover prod" in refused(instance, "exist already, and the state is empty").said
        with changed(state, state.read_text().replace(":prod::", ":staging::")):
            refused(instance, "the state holds resources of storefront/staging")

        made = client.post("/orgs/storefront-example/repos", json={"name": "storefront", "auto_init": True})
        number = made.raise_for_status().json()["id"]
        for team in client.get("/orgs/storefront-example/teams").raise_for_status().json():
            access = f"/orgs/storefront-example/teams/{team['slug']}{old}"
            client.put(access, json={"permission": "push"}).raise_for_status()
    assert f"--acknowledge repository={number}" in refused(instance, "the GitHub repository's id is").said
