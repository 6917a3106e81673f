"""How Vercel and GitHub are spoken to: address, token, headers, and the team that each request names."""

from __future__ import annotations

from parity.vendors.http import Service

VERCEL_TOKEN = "VERCEL_API_TOKEN"  # noqa: S105 - the variable's name
GITHUB_TOKEN = "GITHUB_TOKEN"  # noqa: S105 - the variable's name
GITHUB_TOKENS = ("GH_TOKEN", GITHUB_TOKEN)
"""Variables that hold a token for GitHub; the first that is set wins, as for GitHub's own `gh`. The GitHub provider
reads the second alone, so that a workflow can give the two jobs two tokens."""


def vercel(token: str, team: str = "") -> Service:
    """Vercel's API as one team sees it; without a team each request names its own (`team`)."""
    return Service(
        "Vercel", "https://api.vercel.com", {"Authorization": f"Bearer {token}"}, in_team(team) if team else {}
    )


def in_team(team: str) -> dict[str, str]:
    """The parameter that names a team: Vercel takes an id and a slug in two different ones."""
    return {"teamId": team} if team.startswith("team_") else {"slug": team}


def github(token: str, address: str = "") -> Service:
    """GitHub's API; `address` is another one on GitHub Enterprise Server, as a runner's GITHUB_API_URL says."""
    headers = {
        "Authorization": f"Bearer {token}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    return Service("GitHub", address or "https://api.github.com", headers, {})
