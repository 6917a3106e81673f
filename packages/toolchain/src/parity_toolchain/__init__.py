"""Finds the Pulumi engine and its plugins, and builds them from published Go modules where no release can be had."""

from parity_toolchain.errors import EngineError
from parity_toolchain.model import Attempt, Engine, Plugin, PluginVersion, Program, Versions
from parity_toolchain.plugins import install_plugins
from parity_toolchain.resolver import resolve

__all__ = [
    "Attempt",
    "Engine",
    "EngineError",
    "Plugin",
    "PluginVersion",
    "Program",
    "Versions",
    "install_plugins",
    "resolve",
]
