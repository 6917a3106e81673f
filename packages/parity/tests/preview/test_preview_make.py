"""The report as a whole: what was said is shown without secrets, and where there is no plan it says why."""

from __future__ import annotations

import json
from types import SimpleNamespace

from parity.evaluate.graph import SecretInput
from parity.preview import make
from parity.preview.plan import Plan, Violation

CANARY = "canary-" + "x" * 40


class Stack:
    """A stack whose secrets are at hand, or are not."""

    def __init__(self, *, opens):
        self.opens = opens
        self.pulumi = SimpleNamespace(environment={"VERCEL_API_TOKEN": f"token-{CANARY}"})

    def settings(self):
        if not self.opens:
            raise make.ProjectError("the passphrase is wrong")

    def declared(self, _):
        return SimpleNamespace(resources={"x": SimpleNamespace(inputs={"value": SecretInput(CANARY)})})


SAID = Plan(
    "prod",
    (),
    {},
    0,
    violations=(Violation("urn", "p", "mandatory", f"holds {CANARY}"),),
    errors=(f"the provider refused {CANARY}",),
    warnings=(f"token-{CANARY} is old",),
)


def test_what_a_provider_echoes_is_taken_out():
    found = make._redacted(SAID, Stack(opens=True))
    assert CANARY not in repr(found)
    assert found.errors == ("the provider refused [secret]",)


def test_where_the_secrets_cannot_be_opened_the_tokens_still_go():
    found = make._redacted(SAID, Stack(opens=False))
    assert "token-" not in found.warnings[0]


def test_the_previewed_commit_is_the_pull_requests_own(tmp_path):
    path = tmp_path / "event.json"
    path.write_text(json.dumps({"pull_request": {"number": 4, "head": {"sha": "a" * 40}}}))
    assert make.event({"GITHUB_EVENT_PATH": str(path)})["pull_request"]["number"] == 4
    assert make.event({}) == {}


def test_the_run_is_known_inside_a_workflow_only():
    environment = {
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
    assert make.workflow_run({}) is None
