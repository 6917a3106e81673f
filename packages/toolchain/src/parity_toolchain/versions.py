"""Reads which versions are needed, from the installed SDKs, and compares versions."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import re
from pathlib import Path

from parity_toolchain.errors import BadSetting
from parity_toolchain.model import PluginVersion, Versions

SDKS = ("pulumi_github", "pulumi_postgresql", "pulumiverse_vercel")
"""The provider SDKs that the program uses; each carries a `pulumi-plugin.json`."""

_VERSION = re.compile(r"\bv?(\d+)\.(\d+)\.(\d+)(?![\d.])")


def installed() -> Versions:
    """The versions that the SDKs of this Python environment ask for.

    Raises:
        BadSetting: An SDK is not installed.
    """
    return Versions(_distribution("pulumi"), tuple(_plugin(package) for package in SDKS))


def parse(text: str) -> tuple[int, int, int] | None:
    """The first `1.2.3` or `v1.2.3` in a text; what follows a hyphen (a prerelease) is left out."""
    match = _VERSION.search(text)
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def fits(found: tuple[int, int, int], required: str) -> bool:
    """Whether a version can stand in for the required one: same major, and not older."""
    asked = parse(required)
    return asked is not None and found[0] == asked[0] and found >= asked


def _distribution(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError as error:
        raise BadSetting(f"the Python package {name} is not installed here: run `make setup`") from error


def _plugin(package: str) -> PluginVersion:
    # Found, not imported: importing an SDK takes a second.
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise BadSetting(f"the Python package {package} is not installed here: run `make setup`")
    document = json.loads((Path(spec.origin).parent / "pulumi-plugin.json").read_text())
    return PluginVersion(document["name"], document["version"], document.get("server"))
