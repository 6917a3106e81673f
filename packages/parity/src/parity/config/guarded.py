"""What migrations leave that runs code or decides on rows: triggers, rules, policies, definers' routines.

Of a routine only its name counts, since a type has several. Where a statement names no schema, it may mean any.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from parity.config.sql_tree import Node, found, names, table_of, tree
from parity.config.statements import place
from parity.documents import is_mapping, items, mapping

if TYPE_CHECKING:
    from collections.abc import Iterable

DEFINER = "security definer"
_ROUTINES = {"OBJECT_FUNCTION", "OBJECT_PROCEDURE", "OBJECT_ROUTINE"}
_ON_TABLE = {"OBJECT_TRIGGER": "trigger", "OBJECT_RULE": "rule", "OBJECT_POLICY": "policy"}
_MAKES = {
    "CreateTrigStmt": ("trigger", "relation", "trigname"),
    "RuleStmt": ("rule", "relation", "rulename"),
    "CreatePolicyStmt": ("policy", "table", "policy_name"),
}
_RLS, _FORCED = "row level security", "forced row level security"
_SECURITY = {
    "AT_EnableRowSecurity": (_RLS, True), "AT_DisableRowSecurity": (_RLS, False),
    "AT_ForceRowSecurity": (_FORCED, True), "AT_NoForceRowSecurity": (_FORCED, False),
}  # fmt: skip


class Made(NamedTuple):
    """One object, by the names of the inventory's queries."""

    kind: str
    schema: str
    """Empty where the statement names none, or the kind is in none."""
    table: str
    """Empty where it is on no table."""
    name: str
    """Empty of a table's row level security."""

    def is_as(self, kind: str, schema: str, name: str) -> bool:
        """Whether the inventory's kind, schema and name (`table.trigger`, `function(text)`) are this object's."""
        own = ".".join(each for each in (self.table, self.name) if each)
        called = name.partition("(")[0] if kind == DEFINER else name
        return (self.kind, own) == (kind, called) and self.schema in {schema, ""}

    def fits(self, **parts: str) -> bool:
        """Whether it has these parts; a schema that is not named fits every one."""
        return all(
            getattr(self, name) == value or (name == "schema" and not (self.schema and value))
            for name, value in parts.items()
        )


@dataclass
class Guarded:
    """The objects that statements leave, each with the statement that made it last."""

    made: dict[Made, str] = field(default_factory=dict[Made, str])
    certain: bool = True
    """Whether the statements name all that goes: a `DO` block, a procedure and `CASCADE` do not."""

    def follow(self, form: str, node: Node, text: str) -> None:
        """Do what one statement does."""
        self.certain = self.certain and form not in {"DoStmt", "CallStmt"} and not _cascades(node)
        if form in _MAKES:
            kind, table, name = _MAKES[form]
            on = table_of(mapping(node.get(table)))
            self.made[Made(kind, on.schema, on.table, str(node[name]))] = text
        elif form == "CreatePublicationStmt":
            self.made[Made("publication", "", "", str(node["pubname"]))] = text
        elif form == "CreateCastStmt":
            self.made[Made("cast", "", "", _cast(node["sourcetype"], node["targettype"]))] = text
        elif form in {"CreateFunctionStmt", "AlterFunctionStmt"}:
            self._routine(node, text)
        elif form == "AlterTableStmt":
            self._security(node, text)
        elif form == "DropStmt":
            for each in items(node.get("objects")):
                self._gone(**_dropped(str(node["removeType"]), mapping(each)))
        elif form in {"RenameStmt", "AlterObjectSchemaStmt"}:
            self._renamed(node)

    def _gone(self, **parts: str) -> None:
        self.made = {each: text for each, text in self.made.items() if not (parts and each.fits(**parts))}

    def _routine(self, node: Node, text: str) -> None:
        schema, name = _pair(names(node.get("funcname") or mapping(node.get("func")).get("objname")))
        options = found([node.get("options"), node.get("actions")], "DefElem")
        stated = [mapping(each.get("arg")) for each in options if each.get("defname") == "security"]
        if stated or "funcname" in node:  # made again without the words it runs with its caller's rights
            self._gone(kind=DEFINER, schema=schema, name=name)
        if any(mapping(each.get("Boolean")).get("boolval") for each in stated):
            self.made[Made(DEFINER, schema, "", name)] = text

    def _security(self, node: Node, text: str) -> None:
        table = table_of(mapping(node.get("relation")))
        for each in found(node.get("cmds"), "AlterTableCmd"):
            kind, on = _SECURITY.get(str(each["subtype"]), ("", False))
            self._gone(kind=kind, schema=table.schema, table=table.table)
            if on:
                self.made[Made(kind, table.schema, table.table, "")] = text

    def _renamed(self, node: Node) -> None:
        parts, to = _moved(node)
        moved = {each: text for each, text in self.made.items() if parts and each.fits(**parts)}
        self._gone(**parts)
        self.made |= {each._replace(**to): text for each, text in moved.items()}


def left(texts: Iterable[str]) -> Guarded:
    """What migrations leave, given their SQL, oldest first; raises as `sql_tree.tree`."""
    guarded = Guarded()
    for sql in texts:
        for raw in tree(sql):
            ((form, node),) = mapping(raw["stmt"]).items()
            guarded.follow(form, mapping(node), place(sql, raw)[1])
    return guarded


def _dropped(kind: str, dropped: Node) -> dict[str, str]:
    """The parts of what a statement drops."""
    name = names(mapping(dropped.get("List")).get("items"))
    if kind in _ON_TABLE:
        schema, table = _pair(name[:-1])
        return {"kind": _ON_TABLE[kind], "schema": schema, "table": table, "name": name[-1]}
    if kind in {"OBJECT_TABLE", "OBJECT_VIEW"}:
        return dict(zip(("schema", "table"), _pair(name), strict=True))
    if kind in _ROUTINES:
        schema, name_ = _pair(names(mapping(dropped.get("ObjectWithArgs")).get("objname")))
        return {"kind": DEFINER, "schema": schema, "name": name_}
    if kind == "OBJECT_CAST":
        return {"kind": "cast", "name": _cast(*(each["TypeName"] for each in dropped["List"]["items"]))}
    if kind == "OBJECT_PUBLICATION":
        return {"kind": "publication", "name": names([dropped])[0]}
    return {}


def _cascades(node: object) -> bool:
    if is_mapping(node):
        return node.get("behavior") == "DROP_CASCADE" or any(_cascades(each) for each in node.values())
    return any(_cascades(each) for each in items(node))


def _moved(node: Node) -> tuple[dict[str, str], dict[str, str]]:
    """The parts of what a statement renames or puts into another schema, and what changes."""
    kind = str(node.get("renameType") or node.get("objectType"))
    on = table_of(mapping(node.get("relation")))
    new = {"schema": str(node["newschema"])} if "newschema" in node else {"name": str(node.get("newname"))}
    if kind in {"OBJECT_TABLE", "OBJECT_VIEW"}:
        return {"schema": on.schema, "table": on.table}, {"table": new["name"]} if "name" in new else new
    if kind in _ON_TABLE:
        return {"kind": _ON_TABLE[kind], "schema": on.schema, "table": on.table, "name": str(node["subname"])}, new
    if kind in _ROUTINES:
        return _dropped(kind, mapping(node.get("object"))), new
    return {}, {}


def _pair(name: list[str]) -> tuple[str, str]:
    """Schema (empty: none is named) and name."""
    return (name[-2] if len(name) > 1 else "", name[-1])


def _cast(source: object, target: object) -> str:
    """`(text as mood)`, as the inventory names it."""
    first, second = (names(mapping(each).get("names"))[-1] for each in (source, target))
    return f"({first} as {second})"
