"""What comes with an extra of `pulumi-parity`, and the error that names the extra where it is not installed."""

from __future__ import annotations

from importlib.util import find_spec

from parity.errors import UsageError

EXTRAS = {
    "parity_sandbox": ("sandbox", "the sandbox"),
    "obstore": ("s3", "the client of object stores"),
    "botocore": ("s3", "the reader of AWS's credentials"),
    "parity_policy": ("policy", "the policy pack"),
    "dockerfile": ("containers", "the parser of Dockerfiles"),
    "pgparse": ("migrations", "PostgreSQL's parser, which reads migrations"),
    "opentelemetry": ("otlp", "the exporter of OpenTelemetry"),
    "copier": ("template", "Copier, which renders a project from the template"),
}
"""By the package that is imported: the extra that brings it, and what it is."""


def installed(package: str) -> bool:
    """Whether a package of an extra can be imported; nothing is imported for it."""
    return find_spec(package) is not None


def missing(error: ModuleNotFoundError) -> UsageError | None:
    """The error to show for an import that failed, or None where no extra brings what was imported."""
    extra, what = EXTRAS.get((error.name or "").partition(".")[0], (None, None))
    if extra is None:
        return None
    return UsageError(f"{what} is not installed", remedy=remedy(extra))


def remedy(extra: str) -> str:
    """The command that installs an extra."""
    return f"pip install 'pulumi-parity[{extra}]'"
