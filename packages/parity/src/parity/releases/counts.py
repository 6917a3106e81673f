"""Reads how many requests and errors each deployment answered, from the URL that a team names (docs/watch.md).

`GET <url>?from=<ISO 8601, UTC>&to=<the same>` answers 200 and
`{"deployments": {"dpl_...": {"requests": 120, "errors": 3}}}`. A deployment that answered nothing may be absent.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import httpx

from parity import redact
from parity.documents import is_mapping, mapping
from parity.releases.evidence import Counts

if TYPE_CHECKING:
    from datetime import datetime

TOKEN = "PARITY_COUNTS_TOKEN"  # noqa: S105 - a variable's name
"""Sent as `Authorization: Bearer ...` where it is set."""
_OK = 200


class UnreadCounts(Exception):
    """The counts could not be read; says why, without the URL's query."""


async def read(web: httpx.AsyncClient, url: str, deployment: str, since: datetime, until: datetime) -> Counts:
    """The counts of a deployment in a window; raises UnreadCounts: there was no answer, or it is not of that form."""
    token = os.environ.get(TOKEN, "")
    redact.current().learn([token] if token else [])
    window = {"from": since.isoformat(), "to": until.isoformat()}
    try:
        answer = await web.get(
            httpx.URL(url).copy_merge_params(window), headers={"authorization": f"Bearer {token}"} if token else {}
        )
        if answer.status_code != _OK:
            raise UnreadCounts(f"it answered {answer.status_code}")
        return _counts(answer.json()["deployments"].get(deployment, {}))
    except httpx.HTTPError as error:
        raise UnreadCounts(f"no answer ({type(error).__name__})") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnreadCounts(
            f"the answer is not of the form that docs/watch.md gives ({type(error).__name__})"
        ) from error


def _counts(given: object) -> Counts:
    row = mapping(given)
    if not is_mapping(given) or (row and not {"requests", "errors"} <= row.keys()):
        raise ValueError("a deployment has `requests` and `errors`")
    requests, errors = row.get("requests", 0), row.get("errors", 0)
    integers = all(isinstance(each, int) and not isinstance(each, bool) for each in (requests, errors))
    if not integers or not 0 <= errors <= requests:
        raise ValueError("errors are a number from 0 to that of the requests")
    return Counts(requests, errors)
