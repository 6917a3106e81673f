"""The Migration resource: one file of SQL that an update runs once, as the migrator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parity.provider.errors import BadInput, MigrationOtherwise

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from parity.documents import Document

REPLACES = ("database",)
"""In another database it is run again; one that has got another name holds its record, and nothing is run."""

WATCHED = ("server",)
"""Where another server has the database of that name, an update makes sure that it is applied there."""

REQUIRED = (
    "database", "file", "effect", "sql", "sha256", "role", "password", "number", "lockTimeoutMilliseconds", "attempts",
)  # fmt: skip


def changed(olds: Mapping[str, Any], news: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with inputs that follow recorded ones: what was applied keeps its text."""
    known = str(olds.get("sha256") or "")
    if not known or known == news["sha256"] or olds.get("database") != news["database"]:
        return {}
    return {"sha256": f"is not that of what was applied: {MigrationOtherwise.words(news, known)}"}


def id_of(inputs: Mapping[str, Any]) -> str:
    """`<database>/<number>`, the number with four digits."""
    return f"{inputs['database']}/{int(inputs['number']):04}"


async def apply(inputs: Document, say: Callable[[str], None]) -> Document:
    """Run the file where it is not applied, and give the outputs to record; raises as `migration_run.run`."""
    from parity.provider import migration_run  # noqa: PLC0415 - a plugin that runs none starts without psycopg

    await migration_run.run(inputs, say)
    return dict(inputs)


async def read(resource_id: str, state: Document, inputs: Document) -> tuple[str, Document, Document]:
    """What the database's record says of it; an empty id where it is not applied."""
    from parity.provider import migration_run  # noqa: PLC0415 - as above

    if not inputs:
        raise BadInput(f"{resource_id!r} needs no import: an update finds what is applied.")
    applied = await migration_run.applied(inputs)
    if applied is None:
        return "", {}, {}
    return resource_id, {**state, "sha256": applied}, {**inputs, "sha256": applied}
