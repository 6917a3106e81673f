"""The sandbox's random tokens and passwords, made once for each folder."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from parity_sandbox.context import random_id
from parity_sandbox.layout import read_json, write_json

if TYPE_CHECKING:
    from pathlib import Path

JOBS = "pipelines.actions.githubusercontent.com"
"""The host at which a job asks for its OIDC token."""

_VERCEL_TOKEN_LENGTH = 24  # Vercel's provider refuses any other length


@dataclass(frozen=True, repr=False)
class Credentials:
    """Every secret of one sandbox; none of them is valid anywhere else."""

    vercel_token: str
    github_token: str
    postgres_superuser: str
    """Password of `postgres`, which only the sandbox itself uses."""
    postgres_administrator: str
    """Password of `parity_admin`, which Pulumi uses."""
    control_token: str
    """Opens `/_sandbox/secrets`."""
    fingerprint_key: str
    """Keys the fingerprints that stand for secret values in the state and the request log."""


def load_credentials(path: Path) -> Credentials:
    """The credentials kept at `path`; made and written, mode 0600, where there are none yet."""
    known = read_json(path) or {}
    fresh = Credentials(
        vercel_token=random_id("", _VERCEL_TOKEN_LENGTH),
        github_token=random_id("ghp_", 36),
        postgres_superuser=random_id("", 32),
        postgres_administrator=random_id("", 32),
        control_token=random_id("", 32),
        fingerprint_key=random_id("", 32),
    )
    names = {field.name for field in fields(Credentials)}
    credentials = Credentials(**{**asdict(fresh), **{key: value for key, value in known.items() if key in names}})
    if asdict(credentials) != known:
        write_json(path, asdict(credentials))
    return credentials


def of_a_job(github_token: str, **job: str) -> dict[str, str]:
    """What GitHub gives a job that may ask for an OIDC token: its address names the job (parity_sandbox.oidc)."""
    query = urlencode({"api-version": "2.0", **job})
    return {
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"https://{JOBS}/token?{query}",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": github_token,
    }
