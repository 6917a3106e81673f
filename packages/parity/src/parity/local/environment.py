"""Where a shell's environment leads: to accounts, or nowhere; and the environment that leads into the sandbox."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from parity.engine.store import login_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_BACKEND = ("PULUMI_BACKEND_URL", "PULUMI_ACCESS_TOKEN")
_VENDORS = (
    # What gives a right at a vendor or names a server: any of these set means accounts of the user's own.
    "VERCEL_API_TOKEN",
    "GITHUB_TOKEN",
    "GH_TOKEN",
    "GITHUB_APP_PEM_FILE",
    "PGHOST",
    "PGSERVICE",
    "PGPASSWORD",
)

_FOREIGN = (
    # Another account's settings must not reach the sandbox, nor the sandbox's users another account.
    "ALL_PROXY",
    "all_proxy",
    "PULUMI_ACCESS_TOKEN",
    "PULUMI_CONFIG_PASSPHRASE_FILE",
    "PULUMI_STACK",
    "VERCEL_TEAM",
    "VERCEL_TEAM_ID",
    "GITHUB_OWNER",
    "GITHUB_ORGANIZATION",
    "GITHUB_BASE_URL",
    "GITHUB_APP_ID",
    "GITHUB_APP_INSTALLATION_ID",
    "GITHUB_APP_PEM_FILE",
    "GH_TOKEN",
    # The program runs in the project's own environment.
    "PYTHONHOME",
    "PYTHONPATH",
    # Set where images are built. Here each of an update's five Pythons would compile its modules again: seconds.
    "PYTHONDONTWRITEBYTECODE",
)

_CA_VARIABLES = ("CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
"""Where curl, Python's requests and Node find certificates; Go, OpenSSL and httpx read SSL_CERT_FILE."""


def compose(
    base: Mapping[str, str], sandbox: Mapping[str, str], python: Path, folders: Sequence[Path]
) -> dict[str, str]:
    """`base` without what leads elsewhere, plus what leads into the sandbox.

    `python` is the virtual environment that runs the program; its programs come first on PATH, then the `folders`.
    """
    kept = {name: value for name, value in base.items() if name not in _FOREIGN and not name.startswith("PG")}
    path = ":".join([str(python / "bin"), *(str(folder) for folder in folders), base.get("PATH", "/usr/bin:/bin")])
    return {
        **kept,
        **sandbox,
        **dict.fromkeys(_CA_VARIABLES, sandbox["SSL_CERT_FILE"]),
        # The plugins are in the sandbox's PULUMI_HOME: nothing else is to be searched for, or fetched.
        "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "VIRTUAL_ENV": str(python),
        "PATH": path,
    }


def backends(environment: Mapping[str, str], project_file: Mapping[str, Any]) -> list[str]:
    """What names a state backend, as a message says it: variables, Pulumi.yaml or a login; empty where none does."""
    found = [name for name in _BACKEND if environment.get(name)]
    if cast("Mapping[str, Any]", project_file.get("backend") or {}).get("url"):
        found.append("backend.url in Pulumi.yaml")
    path = login_file(environment)
    if _is_logged_in(path):
        found.append(f"a login in {path}")
    return found


def accounts(environment: Mapping[str, str]) -> list[str]:
    """The variables that lead to a vendor's account or server."""
    return [name for name in _VENDORS if environment.get(name)]


def _is_logged_in(path: Path) -> bool:
    try:
        return bool(json.loads(path.read_text(encoding="utf-8")).get("current"))
    except FileNotFoundError:
        return False
    except (OSError, ValueError, AttributeError):
        # There is a login of some kind, which Pulumi itself then judges.
        return True
