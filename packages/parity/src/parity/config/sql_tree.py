"""Reads the tree that PostgreSQL's own parser (libpg_query) makes of SQL: tables and columns by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

from parity.documents import is_list, is_mapping, items, mapping

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Node = dict[str, Any]


class Unparsed(Exception):
    """PostgreSQL's parser refuses the text; says why, in its own words."""

    def __init__(self, message: str, line: int) -> None:
        """Take the parser's words and the line, from 1."""
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, order=True)
class Part:
    """A table or one of its columns."""

    schema: str
    """Empty where the statement names none."""
    table: str
    column: str = ""
    """Empty for the table itself."""
    filled: bool = field(default=False, compare=False)
    """Whether what fills it is taken, so that an insert that leaves it out needs it too."""

    def __str__(self) -> str:
        return ".".join(each for each in (self.schema, self.table, self.column) if each)

    @property
    def quoted(self) -> str:
        """The table as SQL takes it."""
        return ".".join('"' + each.replace('"', '""') + '"' for each in (self.schema, self.table) if each)


def tree(sql: str) -> list[Node]:
    """The parser's statements.

    Raises:
        Unparsed: PostgreSQL's parser refuses the text.
        ModuleNotFoundError: the extra `migrations` is not installed.
    """
    parser: Any = import_module("pgparse")  # at the point of use: only a catalog with migrations has it installed
    try:
        return [mapping(each) for each in items(parser.parse(sql))]
    except parser.PGQueryError as error:
        raise Unparsed(error.message, sql.count("\n", 0, max(error.position - 1, 0)) + 1) from None


def table_of(relation: Mapping[str, Any]) -> Part:
    """The table of a RangeVar."""
    return Part(str(relation.get("schemaname") or ""), str(relation.get("relname") or ""))


def names(value: object) -> list[str]:
    """The texts in a list of the parser's strings."""
    return [str(mapping(mapping(each).get("String")).get("sval")) for each in items(value)]


def found(node: object, name: str) -> Iterator[Node]:
    """Every node of a name, at any depth."""
    if is_mapping(node):
        yield from (mapping(each) for key, each in node.items() if key == name)
    for each in node.values() if is_mapping(node) else items(node):
        if is_mapping(each) or is_list(each):
            yield from found(each, name)


def tables(node: object) -> frozenset[Part]:
    """Every table that a statement names, at any depth."""
    if is_mapping(node):
        own = {table_of(node)} if "relname" in node else set[Part]()
        return frozenset(own.union(*(tables(each) for each in node.values())))
    return frozenset(each for one in items(node) for each in tables(one))


def columns(node: object) -> frozenset[str]:
    """Every column that a query names, at any depth; `*` where it takes all."""
    last = (items(each.get("fields"))[-1:] for each in found(node, "ColumnRef"))
    read = {"*" if "A_Star" in mapping(one) else names([one])[0] for each in last for one in each}
    read |= {str(each["name"]) for form in ("ResTarget", "IndexElem") for each in found(node, form) if each.get("name")}
    read |= {one for each in found(node, "JoinExpr") for one in names(each.get("usingClause"))}
    rows = {each.table for each in tables(node)} | {str(each.get("aliasname")) for each in found(node, "alias")}
    natural = any(each.get("isNatural") for each in found(node, "JoinExpr"))
    return frozenset(read | ({"*"} if natural or read & rows else set()))


def filled(node: object) -> dict[Part, bool]:
    """The tables that a query writes rows into, and whether it says by name which columns it fills."""
    written = {table_of(mapping(each.get("relation"))): bool(each.get("cols")) for each in found(node, "InsertStmt")}
    others = (each for form in ("MergeStmt", "CopyStmt") for each in found(node, form))
    return written | {table_of(mapping(each.get("relation"))): False for each in others}
