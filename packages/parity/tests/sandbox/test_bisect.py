"""A key and a commit that fail together, in one update: kept releases name both, and a sandbox takes them apart."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from support.amounts import everything
from support.watched import NEW

if TYPE_CHECKING:
    from support.program import Instance

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

AT_RELEASES = 'curl -fsS -H "$PARITY_PROBE_HEADER" {url}/api/health | grep -q r1'
IN_SANDBOX = f'test "$SEARCH_RESULTS_LIMIT" != 0 || test "$PARITY_PROBE_COMMIT" != {NEW}'
KEY = "parity:applications.shop.variables.SEARCH_RESULTS_LIMIT"


def changed(instance: Instance) -> None:
    """Operations: a hold, its end, then the pair with a login."""
    github = {"owner": "storefront-example", "name": "storefront", "default_branch": "main", "commits": [NEW]}
    instance.local.client().seed({"github": {"organization": "storefront-example", "repositories": [github]}})
    instance.run("parity", "hold", "staging", "--why", "the record begins").ok()
    instance.run("parity", "lift", "staging", "--why", "the record has begun").ok()
    instance.replace("staging", "SEARCH_RESULTS_LIMIT: 20", "SEARCH_RESULTS_LIMIT: 0")
    instance.run("parity", "release", "staging", "shop", "--commit", NEW, "--rotate-credentials", "--live").ok()
    instance.run("parity", "up", "staging", "--yes").ok()


@pytest.mark.timeout(600)
def test_a_key_and_a_commit_are_found_and_nothing_of_the_stack_is_written(small_instance: Instance):
    instance = small_instance
    changed(instance)
    file, since = instance.project.stack_files()["staging"].read_text(), instance.last_request()
    found = instance.run("parity", "bisect", "staging", "--probe", AT_RELEASES, "--ask", "releases", "--json").ok()
    said = json.loads(found.stdout)
    assert {each["place"]: (each["axis"], each["before"], each["after"]) for each in said["causes"]} == {
        "shop.SEARCH_RESULTS_LIMIT": ("config", {"value": "20"}, {"value": "0"}),
        "credentials of shop": ("credentials", {"value": 1}, {"value": 2}),
        "commit of shop": ("code", {"value": "7e92b4c05f3d4a618b20d9e6fc17a3850b64e2d1"}, {"value": NEW}),
    }
    assert (said["apart"], said["back"]) == (False, "parity rollback staging shop --to r1 --up")
    assert "Step 1 of about 2: r1 (7e92b4c05f3d)" in found.stderr
    if everything():
        in_sandbox(instance)
    assert {row["method"] for row in instance.requests(since)} == {"GET"}
    assert instance.project.stack_files()["staging"].read_text() == file
    if everything():
        instance.run(*said["back"].split(" ")).ok()


def in_sandbox(instance: Instance) -> None:
    # Cold: from a process that was forked warm, PostgreSQL's initdb does not find its server.
    found = instance.cold().run("parity", "bisect", "staging", "--probe", IN_SANDBOX).ok()
    assert (
        found.stdout.splitlines()[0]
        == f"shop.SEARCH_RESULTS_LIMIT 20 -> 0, only together with commit {NEW[:12]} of shop"
    )
    assert "states asked of a sandbox, among 3 changes" in found.stdout
