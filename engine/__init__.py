"""Finds the Pulumi engine and its plugins, and builds them from published Go modules where no release can be had."""

from engine.errors import EngineError
from engine.model import Attempt, Engine, Plugin, PluginVersion, Program, Versions
from engine.plugins import install_plugins
from engine.resolver import resolve

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
