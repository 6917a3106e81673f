"""The sandbox's own pulumi-resource-vercel, for where the released one cannot be had; `install` puts it in place."""

from __future__ import annotations

from parity_sandbox.standin.install import POLL_VARIABLE, VERSION, install, is_stand_in

__all__ = ["POLL_VARIABLE", "VERSION", "install", "is_stand_in"]
