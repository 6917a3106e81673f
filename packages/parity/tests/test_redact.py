"""Secrets go out of text in every form in which an error may quote them."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

from parity import redact
from parity.evaluate.graph import Graph
from parity.evaluate.resource import Resource, SecretInput
from parity.evaluate.secrets import secrets_of
from parity.masked import MASK
from parity.redact import Redactor

SECRET = "p@ss/word+canary"


def graph(inputs):
    resource = Resource("urn", "type", "name", "", True, inputs, frozenset(), {}, "", {})
    return Graph("storefront", "staging", {"urn": resource}, {}, {})


def test_a_secret_goes_in_the_clear_quoted_and_inside_a_url():
    redactor = Redactor(secrets_of(graph({"password": SecretInput(SECRET), "name": "harmless-name"})))
    said = f'cannot log in with {SECRET}, postgresql://a:p%40ss%2Fword%2Bcanary@db/x, "harmless-name"'
    assert redactor.text(said) == 'cannot log in with [secret], postgresql://a:[secret]@db/x, "harmless-name"'


def test_a_secret_url_s_password_goes_alone_too():
    redactor = Redactor(secrets_of(graph({"value": SecretInput("postgresql://role:topsecret@db:5432/x")})))
    assert redactor.text("password topsecret is wrong") == "password [secret] is wrong"


def test_secrets_are_found_however_deep():
    redactor = Redactor(secrets_of(graph({"a": [{"b": SecretInput({"c": ["deep-secret"]})}]})))
    assert redactor.text("deep-secret") == "[secret]"


def test_what_is_said_in_the_clear_elsewhere_is_no_secret():
    redactor = Redactor(
        secrets_of(graph({"name": "staging-x", "environment": SecretInput({"E": "staging-x", "P": SECRET})}))
    )
    assert redactor.text(f"staging-x {SECRET}") == "staging-x [secret]"


def test_the_environment_s_tokens_go():
    assert Redactor(environment={"GITHUB_TOKEN": "ghp_token"}).text("Bearer ghp_token") == "Bearer [secret]"


def test_a_short_secret_does_not_take_words_apart():
    assert Redactor(secrets_of(graph({"a": SecretInput("ab")}))).text("table") == "table"


def test_the_redactor_shows_nothing_itself():
    assert SECRET not in repr(Redactor(secrets_of(graph({"password": SecretInput(SECRET)}))))


def test_the_passwords_of_every_server_go():
    redactor = Redactor(
        environment={"PGPASSWORD": "first-secret", "PGPASSWORD_ANALYTICS": "second-secret", "PGHOST": "h"}
    )
    assert redactor.text("first-secret second-secret at h") == "[secret] [secret] at h"


def test_what_one_thread_learns_no_other_writes(capsys):
    """A bucket's keys are learned where it is opened, which is in a thread where several things are read at once."""
    with redact.command(), ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: redact.current().learn([SECRET])).result()
        sys.stdout.write(f"it said {SECRET}\n")
        pool.submit(sys.stdout.write, f"it said {SECRET}\n").result()
    assert capsys.readouterr().out == f"it said {MASK}\n" * 2
