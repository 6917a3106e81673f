"""The statements of a migration's file: where each begins, what it does, and whether it runs in a transaction."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from parity.config import effects
from parity.config.sql_tree import Node, Part, found, names, table_of, tree
from parity.documents import items, mapping

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parity.config.effects import Effect

_SHOWN = 70
"""Characters of a statement that a message shows."""


@dataclass(frozen=True)
class Outside:
    """A statement that PostgreSQL refuses in a transaction, and where what its failure leaves is found."""

    does: Literal["create index", "drop index", "reindex", "vacuum"]
    at: str = ""
    """The table, or the index where the statement names one that exists, as SQL takes it."""
    index: str = ""
    """The name of the index that it makes."""


@dataclass(frozen=True)
class Statement:
    """One statement of a file."""

    line: int
    """Where it begins, from 1."""
    text: str = field(repr=False)
    effect: Effect
    opaque: bool = False
    """Whether it runs code that the parser does not see, so that the author's word counts."""
    takes: frozenset[Part] = frozenset()
    """Of `contract`: what goes or gets narrower."""
    outside: Outside | None = None
    fault: str = ""
    """Why no migration may hold it; empty where one may."""
    declares: str = ""
    """What the catalog declares and it makes, `schema shop`; a tool's own history may hold it, and it is not run."""

    def __str__(self) -> str:
        """Its first words, on one line."""
        words = " ".join(self.text.split())
        return words if len(words) <= _SHOWN else f"{words[: _SHOWN - 3]}..."


def parse(sql: str) -> tuple[Statement, ...]:
    """The statements of a file, in order; raises as `sql_tree.tree`.

    A table that it makes itself is no matter to any release.
    """
    made: set[Part] = set()
    return tuple(_statement(sql, each, made) for each in tree(sql))


def run(inputs: Mapping[str, Any]) -> tuple[Statement, ...]:
    """The statements of a migration, by its resource's inputs, that are run: not what the catalog declares.

    Raises: as `parse`.
    """
    return tuple(each for each in parse(str(inputs["sql"])) if not (inputs.get("tool") and each.declares))


def _statement(sql: str, raw: Mapping[str, object], made: set[Part]) -> Statement:
    line, text = place(sql, raw)
    ((form, body),) = mapping(raw["stmt"]).items()
    node = mapping(body)
    if form in {"CreateStmt", "CreateTableAsStmt"}:
        made.add(table_of(mapping(node.get("relation") or mapping(node.get("into")).get("rel"))))
    does = effects.of(form, node)
    takes = does.takes if does.effect == "contract" else frozenset[Part]()
    new = bool(takes) and {Part(each.schema, each.table) for each in takes} <= made
    return Statement(
        line,
        text,
        "expand" if new else does.effect,
        does.opaque and not new,
        frozenset() if new else takes,
        _outside(form, node),
        effects.refused(form, node),
        effects.declares(form, node),
    )


def place(sql: str, raw: Mapping[str, object]) -> tuple[int, str]:
    """Line and text of a statement; the parser counts bytes, and what stands before it as its own."""
    coded = sql.encode()
    start, length = (int(str(raw.get(name) or 0)) for name in ("stmt_location", "stmt_len"))
    text = coded[start : start + length if length else len(coded)].decode()
    bare = _without_comments(text)
    return sql.count("\n", 0, len(coded[:start].decode()) + len(text) - len(bare)) + 1, bare.rstrip()


def _without_comments(text: str) -> str:
    rest = text.lstrip()
    while rest.startswith(("--", "/*")):
        end = rest.find("\n") if rest.startswith("--") else _end_of_comment(rest)
        rest = rest[end:].lstrip() if end >= 0 else ""
    return rest


def _end_of_comment(text: str) -> int:
    """Where a comment ends that may hold others."""
    depth, at = 0, 0
    while at < len(text):
        pair = text[at : at + 2]
        depth += {"/*": 1, "*/": -1}.get(pair, 0)
        at += 2 if pair in {"/*", "*/"} else 1
        if depth == 0:
            return at
    return -1


def _outside(form: str, node: Node) -> Outside | None:
    table = table_of(mapping(node.get("relation"))).quoted
    if form == "IndexStmt" and node.get("concurrent"):
        return Outside("create index", table, str(node.get("idxname")))
    if form == "DropStmt" and node.get("concurrent"):
        name = names(mapping(mapping(items(node.get("objects"))[0]).get("List")).get("items"))
        return Outside("drop index", Part(name[-2] if name[:-1] else "", name[-1]).quoted)
    options = {each.get("defname") for each in found(node.get("params"), "DefElem")}
    if form == "ReindexStmt" and "concurrently" in options:
        return Outside("reindex", table)
    return Outside("vacuum") if form == "VacuumStmt" and node.get("is_vacuumcmd") else None
