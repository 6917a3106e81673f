"""The environment that leads into the sandbox."""

from __future__ import annotations

from pathlib import Path

import pytest

from parity.environment import Reach, compose, variables

REACH = Reach(
    directory=Path("/box"),
    proxy_port=1001,
    control_port=1002,
    postgres_port=1003,
    ca_bundle=Path("/box/ca/bundle.pem"),
    vercel_token="v" * 24,
    github_token="ghp_x",
    postgres_user="parity_admin",
    postgres_password="pg-password",
)


def test_every_program_is_sent_through_the_proxy_and_trusts_the_sandbox():
    found = variables(REACH)
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"):
        assert found[name] == "http://127.0.0.1:1001"
    for name in ("SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"):
        assert found[name] == "/box/ca/bundle.pem"
    assert found["NO_PROXY"] == "127.0.0.1,localhost"


def test_the_engine_keeps_its_state_and_plugins_in_the_sandbox():
    found = variables(REACH)
    assert found["PULUMI_BACKEND_URL"] == "file:///box/backend"
    assert found["PULUMI_HOME"] == "/box/pulumi"


@pytest.mark.parametrize(
    "name",
    ["PGHOSTADDR", "PGSERVICE", "PGPASSFILE", "GITHUB_OWNER", "GITHUB_BASE_URL", "PULUMI_ACCESS_TOKEN", "ALL_PROXY"],
)
def test_nothing_of_another_account_gets_in(name):
    assert name not in compose({name: "elsewhere", "HOME": "/root"}, REACH, [])


def test_own_settings_win_over_the_shells():
    shell = {"PGHOST": "db.example", "HTTPS_PROXY": "http://corporate", "VERCEL_API_TOKEN": "real", "HOME": "/root"}
    found = compose(shell, REACH, [Path("/env/bin"), Path("/engine")])
    assert (found["PGHOST"], found["HTTPS_PROXY"]) == ("127.0.0.1", "http://127.0.0.1:1001")
    assert found["VERCEL_API_TOKEN"] == "v" * 24
    assert found["HOME"] == "/root"


def test_the_environments_programs_come_first_on_path():
    found = compose({"PATH": "/usr/bin"}, REACH, [Path("/env/bin"), Path("/engine")])
    assert found["PATH"] == "/env/bin:/engine:/usr/bin"
