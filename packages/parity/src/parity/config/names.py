"""Natural names: what each object is called in the world, from the catalog's names and the stack's.

Whatever a crash left behind is found again by these, so they are written here once and nowhere else.
"""

from __future__ import annotations

PROJECT_LIMIT = 100
"""Longest name of a Vercel project, characters (Vercel's API description)."""

POSTGRES_LIMIT = 63
"""Longest name in PostgreSQL, bytes; longer ones are cut off in silence (NAMEDATALEN)."""


def project(application: str, stack: str) -> str:
    """The Vercel project of an application."""
    return f"{application}-{stack}"


def database(name: str, stack: str) -> str:
    """The PostgreSQL database."""
    return f"{name}_{stack}"


def owner_role(name: str, stack: str) -> str:
    """The role that owns the schemas and what migrations create in them; it has no login."""
    return f"{name}_{stack}_owner"


def migrator_role(name: str, stack: str) -> str:
    """The role that runs migrations."""
    return f"{name}_{stack}_migrator"


def readonly_role(name: str, stack: str) -> str:
    """The role that may read everything."""
    return f"{name}_{stack}_readonly"


def access_role(name: str, stack: str, application: str) -> str:
    """The role that holds an application's privileges, for all generations; it has no login."""
    return f"{name}_{stack}_{application}"


def application_role(name: str, stack: str, application: str, generation: int) -> str:
    """The role that an application logs in with, in one generation."""
    return f"{name}_{stack}_{application}_g{generation}"


def log_drain(repository: str, stack: str) -> str:
    """The log drain of a stack."""
    return f"{repository}-{stack}"


def as_variable(name: str) -> str:
    """A name as part of an environment variable's: `back-office` becomes `BACK_OFFICE`."""
    return name.upper().replace("-", "_")
