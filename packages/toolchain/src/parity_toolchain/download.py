"""Downloads the released engine and plugins, each with a time limit, and gives up at once where no host answers."""

from __future__ import annotations

import functools
import json
import re
import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parity_toolchain.cache import keep
from parity_toolchain.errors import DownloadFailed, Unreachable
from parity_toolchain.process import follow, run
from parity_toolchain.versions import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from parity_toolchain.model import PluginVersion

_NETWORK = re.compile(
    r"no such host|connection refused|i/o timeout|network is unreachable|proxyconnect|Forbidden", re.IGNORECASE
)
"""Go's network errors, as `pulumi plugin install` prints them."""

_MEMORY = "unreachable.json"
_MEMORY_SECONDS = 3600.0

_PASSED_ON = ("PATH", "HOME", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE")
"""The environment of the installer, which is a third party's script: no token. Proxy variables come on top."""


@dataclass(frozen=True)
class Site:
    """Where the official installer is, and how long anything may take."""

    installer: str = "https://get.pulumi.com"
    connect: float = 10.0
    """Seconds to connect, and to wait for each part of the script."""
    limit: float = 300.0
    """Seconds for the installer, which loads some 150 MB."""
    plugin_limit: float = 180.0
    """Seconds for one plugin."""


OFFICIAL = Site()


@dataclass(frozen=True)
class Download:
    """Something that a host gives, which the cache keeps."""

    entry: str
    """Its name in the cache."""
    program: str
    """Its executable, from the entry's folder."""
    version: str
    source: str
    """Where it comes from, for the record of what was tried: `from ADDRESS `, or empty."""
    make: Callable[[Path], None]
    """Fills the entry's folder; raises Unreachable where the host does not answer, else DownloadFailed."""


def cli(version: str, environ: Mapping[str, str], progress: Callable[[str], None], site: Site) -> Download:
    """The CLI, by the official installer, which is not asked yet."""
    make = functools.partial(_install_cli, version=version, environ=environ, progress=progress, site=site)
    return Download(f"download-pulumi-{version}", "bin/pulumi", version, f"from {site.installer} ", make)


def plugin(
    asked: PluginVersion, cli: Path, environ: Mapping[str, str], progress: Callable[[str], None], site: Site
) -> Download:
    """A plugin, by the CLI, which is not asked yet."""
    make = functools.partial(_install_plugin, plugin=asked, cli=cli, environ=environ, progress=progress, site=site)
    return Download(f"download-{asked.folder}", f"plugins/{asked.folder}/{asked.program}", asked.version, "", make)


def remember(cache: Path, site: Site, environ: Mapping[str, str], reason: str) -> None:
    """Note in the cache that a site cannot be reached, so that the next run need not wait to find it out again."""
    keep(cache / _MEMORY, {"way": _way(site, environ), "time": time.time(), "reason": reason})


def remembered(cache: Path, site: Site, environ: Mapping[str, str]) -> str | None:
    """Why a site could not be reached less than an hour ago; None where it could, or nothing is known."""
    try:
        note = json.loads((cache / _MEMORY).read_text())
        way, age, reason = note["way"], time.time() - note["time"], note["reason"]
    except (FileNotFoundError, ValueError, KeyError):
        # Not there, or written by another version of this: nothing is known.
        return None
    if way != _way(site, environ) or not 0 <= age < _MEMORY_SECONDS:
        return None
    return f"tried {age / 60:.0f} minutes ago: {reason}"


def _way(site: Site, environ: Mapping[str, str]) -> list[str | None]:
    """What decides whether a site can be reached: its address and the proxy before it."""
    return [site.installer, _proxy(environ)]


def _proxy(environ: Mapping[str, str]) -> str | None:
    return environ.get("HTTPS_PROXY") or environ.get("https_proxy") or None


def reach(site: Site, environ: Mapping[str, str]) -> bytes:
    """The installer's text. Ends in time even where the host sends it byte by byte.

    Raises:
        Unreachable: The host does not answer.
        DownloadFailed: It answers with no installer.
    """
    import ssl  # noqa: PLC0415 - each command searches the cache, and hardly one downloads

    import httpx  # noqa: PLC0415 - as above

    deadline = time.monotonic() + 3 * site.connect
    body = b""
    roots = environ.get("SSL_CERT_FILE")
    verify = ssl.create_default_context(cafile=roots) if roots else True
    try:
        with (
            # trust_env: the environment that counts is the one given, not the process's own.
            httpx.Client(
                timeout=site.connect, follow_redirects=True, trust_env=False, proxy=_proxy(environ), verify=verify
            ) as client,
            client.stream("GET", site.installer) as response,
        ):
            for part in response.iter_bytes():
                body += part
                if time.monotonic() > deadline:
                    raise Unreachable(f"{site.installer} sends its installer too slowly")
    except httpx.TransportError as error:
        raise Unreachable(f"{site.installer} cannot be reached from here: {error}") from error
    if not response.is_success:
        raise DownloadFailed(f"{site.installer} answers {response.status_code}, and no installer")
    return body


def _install_cli(
    folder: Path, *, version: str, environ: Mapping[str, str], progress: Callable[[str], None], site: Site
) -> None:
    script = folder / "install.sh"
    script.write_bytes(reach(site, environ))
    temporary = folder / "tmp"
    temporary.mkdir()
    progress(f"pulumi {version}: downloading it with the official installer")
    options = ["--version", version, "--install-root", str(folder), "--no-edit-path"]
    done = follow(
        ["sh", str(script), *options],
        limit=site.limit,
        environ={**_reduced(environ), "TMPDIR": str(temporary)},
        on_beat=lambda elapsed: progress(f"pulumi {version}: still downloading, {elapsed:.0f} s"),
    )
    if done.code != 0:
        raise DownloadFailed(f"the official installer failed (exit code {done.code}): {done.complaint}")
    said = said_version(folder / "bin" / "pulumi", environ)
    if said != parse(version):
        raise DownloadFailed(f"the official installer gave version {said}, not {version}")
    script.unlink()
    shutil.rmtree(temporary)


def said_version(cli: Path, environ: Mapping[str, str], limit: float = 20.0) -> tuple[int, int, int] | None:
    """The version that a CLI says it has; None where its answer holds none."""
    answer = run([str(cli), "version"], limit=limit, environ={**environ, "PULUMI_SKIP_UPDATE_CHECK": "true"})
    return parse(answer.stdout)


def _install_plugin(
    folder: Path,
    *,
    plugin: PluginVersion,
    cli: Path,
    environ: Mapping[str, str],
    progress: Callable[[str], None],
    site: Site,
) -> None:
    label = f"plugin {plugin.name} {plugin.version}"
    progress(f"{label}: downloading it")
    command = [str(cli), "plugin", "install", "resource", plugin.name, plugin.version, "--exact"]
    command += ["--server", plugin.server] if plugin.server else []
    lines: list[str] = []
    done = follow(
        command,
        limit=site.plugin_limit,
        environ={**environ, "PULUMI_HOME": str(folder), "PULUMI_SKIP_UPDATE_CHECK": "true"},
        # Away from any Pulumi.yaml, whose `plugins` would be read.
        cwd=folder,
        on_line=lines.append,
        on_beat=lambda elapsed: progress(f"{label}: still downloading, {elapsed:.0f} s"),
    )
    if done.code != 0:
        kind = Unreachable if _NETWORK.search("\n".join(lines)) else DownloadFailed
        raise kind(f"`pulumi plugin install` failed (exit code {done.code}): {done.complaint}")
    if not (folder / "plugins" / plugin.folder / plugin.program).is_file():
        raise DownloadFailed(f"`pulumi plugin install` ended well and left no {plugin.program}")


def _reduced(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if name in _PASSED_ON or name.lower().endswith("_proxy")}
