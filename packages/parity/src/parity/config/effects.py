"""What each form of statement does to the releases that run; docs/migrations.md has the table.

`expand` adds: what every release reads and writes stays as it is. `data` moves rows. `contract` takes away, renames,
narrows or tightens; so does every form that is not named here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from parity.config.sql_tree import Node, Part, names, table_of, tables
from parity.documents import items, mapping

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Effect = Literal["expand", "data", "contract"]
EFFECTS: tuple[Effect, ...] = ("expand", "data", "contract")
"""From what is safe at any time to what is safe only once nothing needs what goes."""


def gravest(found: Iterable[Effect]) -> Effect:
    """The one that is safe last; `expand` of none."""
    return EFFECTS[max(map(EFFECTS.index, found), default=0)]


_EXPAND = {
    "ClusterStmt", "CommentStmt", "CompositeTypeStmt", "ConstraintsSetStmt", "CreateDomainStmt", "CreateEnumStmt",
    "CreateExtensionStmt", "CreateRangeStmt", "CreateSchemaStmt", "CreateSeqStmt", "CreateStatsStmt", "CreateStmt",
    "CreateTableAsStmt", "LockStmt", "NotifyStmt", "ReindexStmt", "VacuumStmt", "VariableSetStmt",
}  # fmt: skip
_DATA = {"CopyStmt", "DeleteStmt", "InsertStmt", "MergeStmt", "RefreshMatViewStmt", "UpdateStmt"}
_OPAQUE = {"CallStmt", "CreateTrigStmt", "DoStmt", "RuleStmt"}
"""Forms that run code which the parser does not see, now or at each write."""

_EXPAND_ACTIONS = {
    "AT_AttachPartition", "AT_ClusterOn", "AT_DropCluster", "AT_DropNotNull", "AT_DropOids", "AT_ReplicaIdentity",
    "AT_ResetOptions", "AT_ResetRelOptions", "AT_SetAccessMethod", "AT_SetCompression", "AT_SetLogged", "AT_SetOptions",
    "AT_SetRelOptions", "AT_SetStatistics", "AT_SetStorage", "AT_SetTableSpace", "AT_ValidateConstraint",
}  # fmt: skip
"""Actions of ALTER TABLE (PostgreSQL 17) after which every query of before does what it did."""

_OF_COLUMN = {
    "AT_AddIdentity", "AT_AlterColumnType", "AT_ColumnDefault", "AT_DropColumn", "AT_DropExpression", "AT_DropIdentity",
    "AT_SetExpression", "AT_SetIdentity", "AT_SetNotNull",
}  # fmt: skip
"""Actions whose name is a column's."""

_FILLS = {"AT_AddConstraint", "AT_ColumnDefault", "AT_DropIdentity", "AT_SetNotNull"}
"""Actions after which an insert that leaves the column out may fail."""


@dataclass(frozen=True)
class Does:
    """One thing that a statement does."""

    effect: Effect = "contract"
    takes: frozenset[Part] = frozenset()
    """What goes or gets narrower."""
    opaque: bool = False


def of(form: str, node: Node) -> Does:
    """What a statement does, the gravest of its actions first."""
    if form in _SPECIAL:
        return _SPECIAL[form](node)
    if form in _EXPAND | _DATA:
        return Does("expand" if form in _EXPAND else "data")
    return Does(takes=tables(node), opaque=form in _OPAQUE)


def _altered(node: Node) -> Does:
    every = list(_actions(node))
    effect = gravest(each.effect for each in every)
    return Does(effect, frozenset(part for each in every if each.effect == effect for part in each.takes))


def _actions(node: Node) -> Iterator[Does]:
    table = table_of(mapping(node.get("relation")))
    of_table = node.get("objtype") not in {"OBJECT_TYPE", "OBJECT_VIEW"}
    for each in items(node.get("cmds")):
        command = mapping(mapping(each).get("AlterTableCmd"))
        subtype = str(command.get("subtype"))
        safe = subtype in _EXPAND_ACTIONS
        safe |= subtype == "AT_ColumnDefault" and bool(command.get("def"))
        safe |= subtype == "AT_AddColumn" and _may_be_left_out(mapping(mapping(command.get("def")).get("ColumnDef")))
        yield Does("expand" if safe and of_table else "contract", _parts(table, subtype, command))


_FILLED = {"CONSTR_DEFAULT", "CONSTR_GENERATED"}
_UNIQUE = {"CONSTR_PRIMARY", "CONSTR_UNIQUE"}
_NEEDED = {"CONSTR_NOTNULL", "CONSTR_PRIMARY"}
_SERIAL = {"bigserial", "serial", "serial2", "serial4", "serial8", "smallserial"}


def _may_be_left_out(column: Node) -> bool:
    """Whether the inserts of a release that does not know the column still succeed, the second one too."""
    given = {str(mapping(mapping(each).get("Constraint")).get("contype")) for each in items(column.get("constraints"))}
    numbered = "CONSTR_IDENTITY" in given or bool(_SERIAL & set(names(mapping(column.get("typeName")).get("names"))))
    return numbered or not (given & _UNIQUE if given & _FILLED else given & _NEEDED)


def _parts(table: Part, subtype: str, command: Node) -> frozenset[Part]:
    """The columns that an action is about, or the table."""
    constraint = mapping(mapping(command.get("def")).get("Constraint"))
    named = [*names(constraint.get("keys")), *names(constraint.get("fk_attrs"))]
    named += [str(command["name"])] if subtype in _OF_COLUMN else []
    return frozenset(Part(table.schema, table.table, each, subtype in _FILLS) for each in named or [""])


def _index(node: Node) -> Does:
    table = table_of(mapping(node.get("relation")))
    named = (str(mapping(mapping(each).get("IndexElem")).get("name") or "") for each in items(node.get("indexParams")))
    parts = frozenset(Part(table.schema, table.table, each) for each in named)
    return Does("contract" if node.get("unique") else "expand", parts)


_HELD = {"OBJECT_POLICY", "OBJECT_RULE", "OBJECT_TRIGGER"}
"""What belongs to a table and is named after it."""


def _dropped(node: Node) -> Does:
    lists = (names(mapping(mapping(each).get("List")).get("items")) for each in items(node.get("objects")))
    held = node.get("removeType") in _HELD
    places = [each[:-1] if held else each for each in lists]
    return Does(takes=frozenset(Part(each[-2] if each[:-1] else "", each[-1]) for each in places if each))


def _renamed(node: Node) -> Does:
    if node.get("renameType") == "OBJECT_INDEX":
        return Does("expand")
    table = table_of(mapping(node.get("relation")))
    column = str(node.get("subname")) if node.get("renameType") == "OBJECT_COLUMN" else ""
    return Does(takes=frozenset({Part(table.schema, table.table, column)} if table.table else ()))


def _replaced(node: Node) -> Does:
    """CREATE adds; OR REPLACE puts code in the place of code."""
    return Does(takes=tables(node.get("view")), opaque=True) if node.get("replace") else Does("expand")


def _defined(node: Node) -> Does:
    new = node.get("kind") in {"OBJECT_AGGREGATE", "OBJECT_COLLATION", "OBJECT_TYPE"} and not node.get("replace")
    return Does("expand" if new else "contract")


_SPECIAL: dict[str, Callable[[Node], Does]] = {
    "AlterEnumStmt": lambda node: Does("contract" if node.get("oldVal") else "expand"),
    "AlterTableStmt": _altered,
    "CreateFunctionStmt": _replaced,
    "DefineStmt": _defined,
    "DropStmt": _dropped,
    "GrantStmt": lambda node: Does("expand") if node.get("is_grant") else Does(takes=tables(node)),
    "IndexStmt": _index,
    "RenameStmt": _renamed,
    "SelectStmt": lambda node: Does("expand") if node.get("intoClause") else Does(opaque=True),
    "ViewStmt": _replaced,
}


# --- What no migration may hold ---------------------------------------------------------------------------------------

_CATALOGS = {
    "AlterDatabaseSetStmt", "AlterDatabaseStmt", "AlterDefaultPrivilegesStmt", "AlterExtensionStmt", "AlterRoleSetStmt",
    "AlterRoleStmt", "AlterSubscriptionStmt", "AlterSystemStmt", "AlterTableMoveAllStmt", "CreateExtensionStmt",
    "CreateRoleStmt", "CreateSchemaStmt", "CreateSubscriptionStmt", "CreateTableSpaceStmt", "CreatedbStmt",
    "DropOwnedStmt", "DropRoleStmt", "DropSubscriptionStmt", "DropTableSpaceStmt", "DropdbStmt", "GrantRoleStmt",
    "ReassignOwnedStmt",
}  # fmt: skip
_WIDE = {"REINDEX_OBJECT_DATABASE", "REINDEX_OBJECT_SCHEMA", "REINDEX_OBJECT_SYSTEM"}


def refused(form: str, node: Node) -> str:
    """Why a migration may not hold a statement; empty where it may."""
    return _REFUSED[form](node) if form in _REFUSED else _OF_CATALOG if form in _CATALOGS else ""


def declares(form: str, node: Node) -> str:
    """The schema or extension that a statement makes, `schema shop`; empty where it makes none."""
    makes = {"CreateSchemaStmt": ("schema", "schemaname"), "CreateExtensionStmt": ("extension", "extname")}
    kind, name = makes.get(form, ("", ""))
    return f"{kind} {node.get(name)}" if kind and not node.get("schemaElts") else ""


_OF_CATALOG = "is about a role, a schema, an extension or a database: the catalog declares those"
_OWNER = "leaves the owner role, to which everything that a migration makes belongs"
_DROPPED_IN_SCHEMA = {"OBJECT_SCHEMA", "OBJECT_EXTENSION"}


def _sets(node: Node) -> str:
    leaves = node.get("name") in {"role", "session_authorization"} or node.get("kind") == "VAR_RESET_ALL"
    return _OWNER if leaves else ""


def _detaches(node: Node) -> str:
    commands = (mapping(mapping(each).get("AlterTableCmd")) for each in items(node.get("cmds")))
    concurrent = any(mapping(mapping(each.get("def")).get("PartitionCmd")).get("concurrent") for each in commands)
    return "cannot be tried again where it ended halfway: detach without CONCURRENTLY" if concurrent else ""


def _unnamed(node: Node) -> str:
    lost = node.get("concurrent") and not node.get("idxname")
    return "makes an index without a name, which could not be found where it fails: give it one" if lost else ""


_REFUSED: dict[str, Callable[[Node], str]] = {
    "AlterTableStmt": _detaches,
    "CopyStmt": lambda node: "" if node.get("filename") else "copies from or to a client, and there is none: INSERT",
    "DiscardStmt": lambda _: _OWNER,
    "DropStmt": lambda node: _OF_CATALOG if node.get("removeType") in _DROPPED_IN_SCHEMA else "",
    "IndexStmt": _unnamed,
    "ReindexStmt": lambda node: "is about many objects: name one table or index" if node.get("kind") in _WIDE else "",
    "TransactionStmt": lambda _: "begins or ends a transaction: each file is one already",
    "VariableSetStmt": _sets,
}
