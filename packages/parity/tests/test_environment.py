"""The environment that leads into the sandbox."""

from __future__ import annotations

from pathlib import Path

import pytest

from parity.local.environment import compose

SANDBOX = {
    "HTTPS_PROXY": "http://127.0.0.1:1001",
    "SSL_CERT_FILE": "/instance/ca/bundle.pem",
    "PGHOST": "127.0.0.1",
    "VERCEL_API_TOKEN": "v" * 24,
}


def composed(base):
    return compose({"HOME": "/root", **base}, SANDBOX, Path("/env"), [Path("/engine")])


@pytest.mark.parametrize(
    "name",
    [
        "PGHOSTADDR",
        "PGSERVICE",
        "PGPASSFILE",
        "GITHUB_OWNER",
        "GITHUB_BASE_URL",
        "PULUMI_ACCESS_TOKEN",
        "ALL_PROXY",
        "PYTHONDONTWRITEBYTECODE",
    ],
)
def test_nothing_of_another_account_gets_in(name):
    assert name not in composed({name: "elsewhere"})


def test_the_sandinstances_settings_win_over_the_shells():
    found = composed({"PGHOST": "db.example", "HTTPS_PROXY": "http://corporate", "VERCEL_API_TOKEN": "real"})
    assert {name: found[name] for name in SANDBOX} == SANDBOX
    assert found["HOME"] == "/root"


def test_programs_with_certificates_of_their_own_trust_the_sandbox_too():
    found = composed({"CURL_CA_BUNDLE": "/etc/ssl/elsewhere.pem"})
    for name in ("CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"):
        assert found[name] == "/instance/ca/bundle.pem"


def test_the_engine_takes_no_plugin_from_elsewhere():
    found = composed({"PULUMI_IGNORE_AMBIENT_PLUGINS": "false"})
    assert found["PULUMI_IGNORE_AMBIENT_PLUGINS"] == "true"
    assert found["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] == "true"


def test_the_programs_of_the_environment_come_first_on_path():
    found = composed({"PATH": "/usr/bin", "VIRTUAL_ENV": "/another"})
    assert found["PATH"] == "/env/bin:/engine:/usr/bin"
    assert found["VIRTUAL_ENV"] == "/env"
