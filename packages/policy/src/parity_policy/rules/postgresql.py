"""Rules for PostgreSQL's resources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parity_policy.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_GRANTS = ("postgresql:index/grant:Grant", "postgresql:index/defaultPrivileges:DefaultPrivileges")
_ROLE = "postgresql:index/role:Role"

_POWERS = {
    "superuser": "may do anything on the server",
    "createRole": "may make and change roles",
    "createDatabase": "may make databases",
    "replication": "may read everything by replication",
    "bypassRowLevelSecurity": "passes by row level security",
}


def _powers(props: Mapping[str, Any]) -> Iterator[str]:
    for name, what in _POWERS.items():
        if props.get(name) is True:
            yield f"{what} ({name}): no role of an application or a migration needs it"


def _login(props: Mapping[str, Any]) -> Iterator[str]:
    if props.get("login") is True and props.get("password") is None and props.get("passwordWo") is None:
        yield "may log in and has no password"


def _dropped(props: Mapping[str, Any]) -> Iterator[str]:
    if props.get("skipDropRole") is True:
        yield "would stay on the server with its password after it is deleted: leave skip_drop_role off"


def _objects(props: Mapping[str, Any]) -> Iterator[str]:
    if props.get("objects"):
        yield "names `objects`: each change of them replaces the grant, and meanwhile the role has no privileges"


def _public(props: Mapping[str, Any]) -> Iterator[str]:
    privileges = props.get("privileges")
    if str(props.get("role")).lower() == "public" and privileges:
        yield f"gives {', '.join(map(str, privileges))} to every role of the server (PUBLIC)"


def _option(props: Mapping[str, Any]) -> Iterator[str]:
    if props.get("withGrantOption") is True:
        yield "lets the role hand its privileges on, where nothing here sees it: leave with_grant_option off"


def _cascade(props: Mapping[str, Any]) -> Iterator[str]:
    if props.get("dropCascade") is True:
        yield "would drop what is in it or uses it: leave drop_cascade off"


RULES = (
    Rule("postgresql-no-powers", "Roles have privileges on objects, never on the server.", (_ROLE,), _powers),
    Rule("postgresql-login-has-password", "Whoever logs in has a password.", (_ROLE,), _login),
    Rule("postgresql-roles-go", "A role that is no longer declared is dropped.", (_ROLE,), _dropped),
    Rule("postgresql-grants-all", "Grants are for all objects of a kind.", _GRANTS, _objects),
    Rule("postgresql-public-has-nothing", "PUBLIC has no privileges.", _GRANTS, _public),
    Rule("postgresql-no-grant-option", "Privileges are given here alone.", _GRANTS, _option),
    Rule(
        "postgresql-no-cascade",
        "Deleting a schema or an extension never takes data with it.",
        ("postgresql:index/schema:Schema", "postgresql:index/extension:Extension"),
        _cascade,
    ),
)
