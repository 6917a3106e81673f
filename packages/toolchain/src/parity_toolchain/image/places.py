"""What every part of an image agrees on: its platform, its user, and where things are in it."""

ARCHITECTURE = "amd64"
"""The one that the base's packages are pinned for."""

PYTHON = "3.11"
"""The base's interpreter."""

PACKAGES = f"usr/local/lib/python{PYTHON}/dist-packages"
"""Where the base's interpreter finds installed packages."""

CERTIFICATES = "etc/ssl/certs/ca-certificates.crt"

INPUTS = "usr/local/share/parity/image.json"
"""The file in an image with the digest of its inputs: an image cannot hold its own."""

USER = 1001
"""User and group: those of GitHub's hosted runners, so that a job can write what the runner mounts."""

ENGINE_HOME = "opt/pulumi"
"""PULUMI_HOME, with the plugins."""
