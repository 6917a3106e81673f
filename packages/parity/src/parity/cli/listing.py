"""The commands as a static table: name, job, one-line summary and where each is; read without loading any of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Listing:
    """One command or group of commands."""

    name: str
    job: str
    """What a person wants to do with it: a heading of `parity --help`."""
    summary: str
    """The first line of its own help, which a test holds equal to this one."""
    module: str
    """Below `parity.cli.commands`."""
    attribute: str
    """The function, or the `typer.Typer` of a group."""


_SEE, _CHANGE, _BACK, _THERE, _SET_UP = JOBS = (
    "See what would change",
    "Change",
    "Go back",
    "What is there",
    "Set up",
)
"""The headings, in the order of the help."""

LISTINGS: tuple[Listing, ...] = (
    Listing("check", _SEE, "Prove that stacks differ only in what their files say.", "check", "check"),
    Listing("preview", _SEE, "Show what an update would do, why, and from which commit.", "preview", "preview"),
    Listing("comment", _SEE, "Post a stack's preview to its pull request.", "comment", "comment"),
    Listing("release", _CHANGE, "Record the next release of an application.", "releases", "release"),
    Listing("promote", _CHANGE, "Release in one stack what is live and healthy in another.", "releases", "promote"),
    Listing("live", _CHANGE, "Make a kept release live: one switch, no build.", "releases", "live"),
    Listing("secret", _CHANGE, "Set a secret of a stack's file, and its fingerprint.", "values", "secret"),
    Listing("config", _CHANGE, "Set a plain value of a stack's file.", "values", "config"),
    Listing("rename", _CHANGE, "Rename an application or a database; what exists stays.", "rename", "app"),
    Listing("up", _CHANGE, "Update a stack, record it, and say what is live then.", "up", "up"),
    Listing("deliver", _CHANGE, "Update a stack as a workflow does, and require health.", "releases", "deliver"),
    Listing("prune", _CHANGE, "Drop the oldest kept releases.", "releases", "prune"),
    Listing("watch", _CHANGE, "Watch a release to the end of its time; a bad one goes back.", "watch", "watch"),
    Listing("hold", _CHANGE, "Keep a stack or an application from going forward.", "hold", "hold"),
    Listing("lift", _CHANGE, "End a hold.", "hold", "lift"),
    Listing("adopt", _CHANGE, "Import objects that nothing manages yet.", "drift", "adopt_"),
    Listing("rollback", _BACK, "Make a kept release live again: one switch, no build.", "releases", "rollback"),
    Listing("recover", _BACK, "Reconcile record and reality after an interrupted update.", "recover", "recover"),
    Listing("status", _THERE, "Show what is live where, and what needs a person.", "status", "status"),
    Listing("serve", _THERE, "Serve the status as a page, on this machine alone.", "status", "serve"),
    Listing("releases", _THERE, "Show the kept releases, which is live, and its health.", "releases", "releases"),
    Listing("drift", _THERE, "Compare what is declared, recorded and really there.", "drift", "drift"),
    Listing("drift-issue", _THERE, "Keep a stack's drift in one GitHub issue.", "drift", "drift_issue"),
    Listing("drift-watch", _THERE, "Require that the audit has run by its schedule.", "drift", "drift_watch"),
    Listing("log", _THERE, "Show every operation: who, why, and how it ended.", "log", "log"),
    Listing("show", _THERE, "Show one operation: each property before and after, and why.", "log", "show"),
    Listing("diff", _THERE, "Show what differs in the world between two operations.", "log", "diff"),
    Listing("blame", _THERE, "Say which operation gave a property its value, and why.", "blame", "blame"),
    Listing("bisect", _THERE, "Find the smallest set of changes that makes a probe fail.", "bisect", "bisect"),
    Listing("traces", _THERE, "Send the operations that no collector has yet.", "traces", "traces"),
    Listing("postmortem", _THERE, "Draft a post-mortem from the record alone.", "postmortem", "postmortem"),
    Listing("init", _SET_UP, "Make a project from the template.", "init", "init"),
    Listing("stack", _SET_UP, "List the stacks in their order, and make a new one.", "stacks", "stack"),
    Listing("import", _SET_UP, "Take over what exists: plan, files, state.", "import_", "import_"),
    Listing("upgrade", _SET_UP, "Merge the template's changes into the project.", "upgrade", "upgrade"),
    Listing("migration", _SET_UP, "Render the revisions of Alembic or Django to SQL.", "migration", "app"),
    Listing("credential", _SET_UP, "Make a database login for a job, and end it.", "credential", "app"),
    Listing("demo", _SET_UP, "Bring every stack up in the sandbox, from nothing.", "demo", "demo"),
    Listing("sandbox", _SET_UP, "Run the local sandbox, and programs against it.", "sandbox", "app"),
    Listing("engine", _SET_UP, "Find the Pulumi engine and its plugins, or build them.", "engine", "app"),
    Listing("image", _SET_UP, "Build a job's container image, and compare two.", "image", "app"),
    Listing("doctor", _SET_UP, "Say what is used, from where, and what is missing.", "doctor", "doctor"),
)
"""In the order of the help, job by job."""
