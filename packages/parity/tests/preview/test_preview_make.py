"""All of the report: what it knows of the pull request and of the workflow's run."""

from __future__ import annotations

import json

from parity.preview import make


def test_the_previewed_commit_is_the_pull_requests_own(tmp_path):
    path = tmp_path / "event.json"
    path.write_text(json.dumps({"pull_request": {"number": 4, "head": {"sha": "a" * 40}}}))
    assert make.event({"GITHUB_EVENT_PATH": str(path)})["pull_request"]["number"] == 4
    assert make.event({}) == {}


def test_the_run_is_known_inside_a_workflow_only():
    environment = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_RUN_NUMBER": "12",
        "GITHUB_RUN_ATTEMPT": "2",
        "GITHUB_RUN_ID": "99",
        "GITHUB_REPOSITORY": "acme/storefront",
        "GITHUB_SERVER_URL": "https://github.example",
    }
    run = make.workflow_run(environment)
    assert run is not None
    assert (run.number, run.attempt) == (12, 2)
    assert run.url == "https://github.example/acme/storefront/actions/runs/99/attempts/2"
    assert run.repository_url == "https://github.example/acme/storefront"
    assert make.workflow_run({}) is None
