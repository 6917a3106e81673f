"""The whole environment of a program that is to meet the sandbox: the shell's, without what leads elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

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
    # Set where images are built. Here it would have each of an update's five Pythons compile its modules anew: seconds.
    "PYTHONDONTWRITEBYTECODE",
)

_CA_VARIABLES = ("CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
"""Where curl, Python's requests and Node look for certificates; Go, OpenSSL and httpx read SSL_CERT_FILE."""


def compose(
    base: Mapping[str, str], sandbox: Mapping[str, str], python: Path, folders: Sequence[Path]
) -> dict[str, str]:
    """`base` without what leads elsewhere, plus what leads into the sandbox.

    Args:
        base: The shell's environment.
        sandbox: The sandbox's own variables, as `parity_sandbox.lifecycle.environment` gives them.
        python: The virtual environment that runs the program; its programs come first on PATH.
        folders: What comes next on PATH: the engine's.
    """
    kept = {name: value for name, value in base.items() if name not in _FOREIGN and not name.startswith("PG")}
    path = ":".join([str(python / "bin"), *(str(folder) for folder in folders), base.get("PATH", "/usr/bin:/bin")])
    return {
        **kept,
        **sandbox,
        **dict.fromkeys(_CA_VARIABLES, sandbox["SSL_CERT_FILE"]),
        # The plugins are in the sandbox's PULUMI_HOME: nothing else is to be looked for, or fetched.
        "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "VIRTUAL_ENV": str(python),
        "PATH": path,
    }
