"""Actions secrets: sealed with a real key, never given back; and variables."""

from __future__ import annotations

import base64

import pytest
from nacl.public import PublicKey, SealedBox

from parity_sandbox.github import secrets
from support.github_api import REPO


def sealed(key: dict, value: str) -> dict:
    box = SealedBox(PublicKey(base64.b64decode(key["key"])))
    return {"encrypted_value": base64.b64encode(box.encrypt(value.encode())).decode(), "key_id": key["key_id"]}


@pytest.fixture(params=["repository", "environment"])
def base(request, api, environment) -> str:
    return f"{REPO}/actions/secrets" if request.param == "repository" else f"{environment}/secrets"


def write(api, base: str, name: str, value: str, *, expect: int) -> None:
    key = api("GET", f"{base}/public-key").json()
    api("PUT", f"{base}/{name}", sealed(key, value), expect=expect)


def test_a_secret_is_opened_and_kept_and_never_given_back(api, base):
    write(api, base, "DATABASE_URL", "postgresql://canary", expect=201)
    (kept,) = secrets(api.context)
    assert kept["value"] == "postgresql://canary"
    assert kept["environment"] == ("prod" if "environments" in base else None)
    answers = [api("GET", base).text, api("GET", f"{base}/DATABASE_URL").text]
    assert all("canary" not in each and "value" not in each for each in answers), answers


def test_each_write_moves_the_time_even_within_one_second(api, base):
    write(api, base, "A", "1", expect=201)
    first = api("GET", f"{base}/A").json()
    write(api, base, "A", "2", expect=204)
    second = api("GET", f"{base}/A").json()
    assert second["updated_at"] > first["updated_at"]
    assert second["created_at"] == first["created_at"]
    assert [each["value"] for each in secrets(api.context)] == ["2"]


def test_names_are_kept_in_upper_case_and_found_in_any(api, base):
    write(api, base, "token_one", "x", expect=201)
    assert api("GET", f"{base}/ToKeN_oNe").json()["name"] == "TOKEN_ONE"
    api("DELETE", f"{base}/token_ONE", expect=204)
    api("GET", f"{base}/TOKEN_ONE", expect=404)


@pytest.mark.parametrize("name", ["1ST", "WITH-HYPHEN", "GITHUB_THING"])
def test_names_that_github_does_not_take_are_refused(api, base, name):
    write(api, base, name, "x", expect=422)
    assert secrets(api.context) == []


def test_a_box_for_another_key_is_refused_by_its_key_id(api, base):
    key = api("GET", f"{base}/public-key").json() | {"key_id": "12345678901234567"}
    refused = api("PUT", f"{base}/A", sealed(key, "x"), expect=422)
    assert "improperly encrypted" in refused.json()["message"]


def test_what_is_no_box_is_kept_without_a_value(api, base):
    key = api("GET", f"{base}/public-key").json()
    plain = base64.b64encode(b"not sealed").decode()
    api("PUT", f"{base}/A", {"encrypted_value": plain, "key_id": key["key_id"]}, expect=201)
    assert [each["value"] for each in secrets(api.context)] == [None]


def test_a_body_without_the_key_is_refused_in_github_s_words(api, base):
    refused = api("PUT", f"{base}/A", {"encrypted_value": "c2VjcmV0"}, expect=422)
    assert refused.json()["message"] == 'Invalid request.\n\n"key_id" wasn\'t supplied.'


def test_every_environment_has_a_key_of_its_own(api, environment):
    api("PUT", f"{REPO}/environments/staging", {})
    bases = (f"{REPO}/actions/secrets", f"{environment}/secrets", f"{REPO}/environments/staging/secrets")
    assert len({api("GET", f"{each}/public-key").json()["key"] for each in bases}) == 3


def test_the_provider_s_path_by_id_reaches_the_same_secrets(api, environment):
    write(api, f"{environment}/secrets", "A", "1", expect=201)
    number = api("GET", REPO).json()["id"]
    assert api("GET", f"/repositories/{number}/environments/prod/secrets/a").json()["name"] == "A"


@pytest.fixture(params=["repository", "environment"])
def variables(request, api, environment) -> str:
    return f"{REPO}/actions/variables" if request.param == "repository" else f"{environment}/variables"


def test_a_variable_is_made_read_changed_and_deleted(api, variables):
    api("POST", variables, {"name": "level", "value": "1"}, expect=201)
    first = api("GET", f"{variables}/LEVEL").json()
    assert (first["name"], first["value"]) == ("LEVEL", "1")
    api("PATCH", f"{variables}/level", {"value": "2"}, expect=204)
    second = api("GET", f"{variables}/LEVEL").json()
    assert second["value"] == "2"
    assert second["updated_at"] > first["updated_at"]
    api("DELETE", f"{variables}/level", expect=204)
    api("GET", f"{variables}/LEVEL", expect=404)


def test_a_second_variable_of_the_same_name_is_a_conflict(api, variables):
    api("POST", variables, {"name": "LEVEL", "value": "1"}, expect=201)
    refused = api("POST", variables, {"name": "level", "value": "2"}, expect=409)
    assert refused.json()["message"] == "Already exists - Variable already exists"
    assert api("GET", f"{variables}/LEVEL").json()["value"] == "1"


def test_a_renamed_variable_does_not_take_another_s_place(api, variables):
    for name in ("A", "B"):
        api("POST", variables, {"name": name, "value": name}, expect=201)
    api("PATCH", f"{variables}/A", {"name": "B"}, expect=409)
    api("PATCH", f"{variables}/A", {"name": "C"}, expect=204)
    assert [each["name"] for each in api("GET", variables).json()["variables"]] == ["B", "C"]


def test_a_value_past_48_kilobytes_is_refused(api, variables):
    api("POST", variables, {"name": "BIG", "value": "x" * (48 * 1024 + 1)}, expect=422)
    api("POST", variables, {"name": "BIG", "value": "x" * 48 * 1024}, expect=201)


def test_variables_are_paged_in_tens(api, variables):
    for number in range(25):
        api("POST", variables, {"name": f"V{number:02}", "value": "x"}, expect=201)
    first = api("GET", variables)
    assert first.json()["total_count"] == 25
    assert [each["name"] for each in first.json()["variables"]] == [f"V{number:02}" for number in range(10)]
    links = first.links
    assert set(links) == {"next", "last"}
    assert links["last"]["url"] == f"https://api.github.com{variables}?page=3"
    last = api("GET", variables, query={"page": "3"})
    assert len(last.json()["variables"]) == 5
    assert set(last.links) == {"prev", "first"}
    assert len(api("GET", variables, query={"per_page": "30"}).json()["variables"]) == 25
