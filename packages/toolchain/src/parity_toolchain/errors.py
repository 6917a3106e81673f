"""What can go wrong on the way to an engine, in one tree.

    EngineError
    ├── NoEngine           no source gave the command line at the version that is needed
    ├── NoPlugin           no source gave a provider's plugin
    ├── BadSetting         an environment variable that steers the resolver has a value that cannot work
    ├── DownloadFailed     a download ended with an error or took too long
    │   └── Unreachable    its host does not answer, so that no other download need be tried
    ├── BadModules         a Go module of engine/modules cannot be read, or no longer pins what it must
    ├── BadLock            a lock file that an image is made from cannot be read, or pins something too little
    ├── BuildFailed        a build from Go modules ended with an error or took too long
    ├── BuildBusy          another process held the build's lock for too long
    ├── NoGo               there is no Go that is new enough, and none could be installed
    ├── PluginNotInstalled a plugin could not be put into a PULUMI_HOME
    ├── ProgramSilent      a program did not end within its limit, and was ended
    └── ProgramNotStarted  a program could not be started at all

Each message says what happened, where, and what to do.
"""

from __future__ import annotations


class EngineError(Exception):
    """The engine cannot be had or used; the message is meant for the user."""


class NoEngine(EngineError):
    """Every source of the command line was tried and none gave it."""


class NoPlugin(EngineError):
    """Every source of a plugin was tried and none gave it."""


class BadSetting(EngineError):
    """An environment variable that steers the resolver names something that is not there, or not allowed."""


class DownloadFailed(EngineError):
    """The official installer or `pulumi plugin install` did not give what was asked for."""


class Unreachable(DownloadFailed):
    """A host that downloads come from cannot be reached from here."""


class BadModules(EngineError):
    """A go.mod below engine/modules lacks a line that the build depends on."""


class BadLock(EngineError):
    """A lock file that an image is made from lacks what it must pin, or pins something that cannot be used."""


class BuildFailed(EngineError):
    """A build step ended with an error, took too long, or gave a program that does not work."""


class BuildBusy(EngineError):
    """Another process builds the same thing and does not come to an end."""


class NoGo(EngineError):
    """A build is needed and there is no Go to build with."""


class PluginNotInstalled(EngineError):
    """`pulumi plugin install` refused a file, or left nothing behind."""


class ProgramSilent(EngineError):
    """A program ran into its time limit."""


class ProgramNotStarted(EngineError):
    """A program is not there, or the system refuses to run it."""
