"""The failures that a fault asks for, in the words by which GitHub's clients know them."""

from __future__ import annotations

import pytest

from parity_sandbox.faults import FaultRule
from parity_sandbox.github import failure
from parity_sandbox.services import Service

NOW = 1_800_000_123.0


@pytest.mark.parametrize("status", [403, 429])
def test_the_hourly_limit_says_when_it_ends(status):
    document, headers = failure(status, {"x-ratelimit-remaining": "0"}, NOW)
    assert document["message"].startswith("API rate limit exceeded")
    assert headers["x-ratelimit-remaining"] == "0"
    assert NOW < int(headers["x-ratelimit-reset"]) <= NOW + 3600


@pytest.mark.parametrize(("status", "headers"), [(429, {}), (429, {"retry-after": "2"}), (403, {"retry-after": "2"})])
def test_the_secondary_limit_is_known_by_its_documentation(status, headers):
    document, sent = failure(status, headers, NOW)
    assert document["documentation_url"].endswith("secondary-rate-limits")
    assert sent == headers


@pytest.mark.parametrize(("status", "said"), [(401, "Bad credentials"), (403, "not accessible"), (404, "Not Found")])
def test_a_refusal_that_is_no_limit_says_so(status, said):
    document, headers = failure(status, {}, NOW)
    assert said in document["message"]
    assert "rate" not in document["documentation_url"]
    assert headers == {}


def test_a_fault_of_the_sandbox_is_answered_in_github_s_words():
    async def nothing(scope, receive, send):
        raise AssertionError(scope)

    answer = Service("github", nothing, frozenset()).fault_answer(FaultRule(status=429, retry_after=1))
    assert b"secondary rate limit" in answer.body
    assert (b"retry-after", b"1") in answer.headers
