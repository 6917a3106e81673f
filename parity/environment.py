"""The environment through which the engine and every other program reach the sandbox: nothing else is set anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

PASSPHRASE = "parity-sandbox"  # noqa: S105 - encrypts the example's own secrets; public by design
"""The passphrase of the example stacks' secrets. Own stacks take a secrets provider of their own (see the README)."""

DATABASE = "postgres"
"""The database that Pulumi's administrator connects to first."""

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
    # The virtual environment of the shell is not the one that runs the program.
    "VIRTUAL_ENV",
    "PYTHONHOME",
    "PYTHONPATH",
)


@dataclass(frozen=True)
class Reach:
    """What a program must know to reach a running sandbox."""

    directory: Path
    proxy_port: int
    control_port: int
    postgres_port: int
    ca_bundle: Path
    """The sandbox's CA and the system's roots, PEM."""
    vercel_token: str
    github_token: str
    postgres_user: str
    postgres_password: str

    @property
    def control_url(self) -> str:
        """The control API and status page."""
        return f"http://127.0.0.1:{self.control_port}"

    @property
    def proxy_url(self) -> str:
        """The CONNECT proxy."""
        return f"http://127.0.0.1:{self.proxy_port}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """The values that must not be shown."""
        return (self.vercel_token, self.github_token, self.postgres_password)

    @property
    def pulumi_home(self) -> Path:
        """The engine's own home, with the plugins."""
        return self.directory / "pulumi"

    @property
    def backend(self) -> Path:
        """The folder of the state backend."""
        return self.directory / "backend"


def variables(reach: Reach) -> dict[str, str]:
    """Everything that leads a program into the sandbox, but for PATH."""
    proxy, bundle = reach.proxy_url, str(reach.ca_bundle)
    loopback = "127.0.0.1,localhost"
    return {
        "HTTPS_PROXY": proxy,
        "HTTP_PROXY": proxy,
        "https_proxy": proxy,
        "http_proxy": proxy,
        "NO_PROXY": loopback,
        "no_proxy": loopback,
        # Go and OpenSSL, curl, requests, Node.
        "SSL_CERT_FILE": bundle,
        "CURL_CA_BUNDLE": bundle,
        "REQUESTS_CA_BUNDLE": bundle,
        "NODE_EXTRA_CA_CERTS": bundle,
        "PULUMI_BACKEND_URL": reach.backend.as_uri(),
        "PULUMI_HOME": str(reach.pulumi_home),
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "VERCEL_API_TOKEN": reach.vercel_token,
        "GITHUB_TOKEN": reach.github_token,
        "PGHOST": "127.0.0.1",
        "PGPORT": str(reach.postgres_port),
        "PGUSER": reach.postgres_user,
        "PGPASSWORD": reach.postgres_password,
        "PGSSLMODE": "disable",
        "PGDATABASE": DATABASE,
        "PARITY_SANDBOX": str(reach.directory),
    }


def compose(base: Mapping[str, str], reach: Reach, folders: Sequence[Path]) -> dict[str, str]:
    """`base` without what leads elsewhere, plus the sandbox's variables, with `folders` first on PATH."""
    kept = {name: value for name, value in base.items() if name not in _FOREIGN and not name.startswith("PG")}
    path = ":".join([*(str(folder) for folder in folders), base.get("PATH", "/usr/bin:/bin")])
    return {**kept, **variables(reach), "PATH": path}
