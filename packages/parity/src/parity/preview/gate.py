"""The gate: which changes are dangerous, and which of them the stack's file acknowledges by URN."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from parity.documents import items, mapping, rows, texts
from parity.masked import MASK
from parity.preview.plan import UNKNOWN, Absent, Property
from parity.problems import some
from parity.resources import kinds
from parity.resources.github import in_capitals
from parity.resources.urn import Urn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from parity.preview.plan import Change, Plan
    from parity.resources.kind import Key


@dataclass(frozen=True)
class Danger:
    """Why one change must not pass unseen."""

    urn: str
    rule: str
    """A key of `_RULES`."""
    what: str


@dataclass(frozen=True)
class Gate:
    """What the gate says of a plan."""

    blocking: tuple[Danger, ...]
    """Those that no acknowledgement names."""
    acknowledged: tuple[Danger, ...]
    stale: tuple[str, ...]
    """Entries of `parity:acknowledged` that name nothing dangerous in this plan."""

    @property
    def open(self) -> bool:
        """Whether the update may go on."""
        return not self.blocking


def judge(plan: Plan, acknowledged: Sequence[str]) -> Gate:
    """Judge a plan. `acknowledged` is what the stack's file has under `parity:acknowledged`."""
    found = list(dict.fromkeys(danger for change in plan.changes for danger in _dangers(change, plan)))
    named = set(acknowledged)
    dangerous = {danger.urn for danger in found}
    return Gate(
        blocking=tuple(each for each in found if each.urn not in named),
        acknowledged=tuple(each for each in found if each.urn in named),
        # A preview that did not come to its end may not have come to the change that an entry names.
        stale=tuple(urn for urn in dict.fromkeys(acknowledged) if urn not in dangerous) if plan.complete else (),
    )


def _dangers(change: Change, plan: Plan) -> list[Danger]:
    said = [(name, rule(change, plan)) for name, rule in _RULES.items()]
    return [Danger(change.urn, name, what) for name, what in said if what]


def _goes(change: Change) -> bool:
    """Whether the object in the world is taken away, for good or for a new one."""
    return change.operation in {"delete", "replace"} and not change.leftover


def _loss(change: Change, plan: Plan) -> str:
    loss = kinds.of(change.type).loss
    return f"{_verb(change)}: {loss}{_if_renamed(change, plan)}" if loss and _goes(change) else ""


def _unguarded(change: Change, _plan: Plan) -> str:
    gone = kinds.of(change.type).unguarded if change.operation == "delete" and not change.leftover else ""
    return f"deleted: {gone}" if gone else ""


_RENAMABLE = {kinds.PROJECT: "-project", kinds.DATABASE: "-database"}


def _if_renamed(change: Change, plan: Plan) -> str:
    """What to write instead where the name in the catalog may just have been changed by hand."""
    ending = _RENAMABLE.get(change.type)
    if not ending or change.operation != "delete":
        return ""
    made = [each.name for each in plan.changes if each.type == change.type and each.operation == "create"]
    if not made:
        return ""
    new, old = (name.removesuffix(ending) for name in (made[0], change.name))
    return f'; if {new} is {old} with another name, the catalog says so: `name="{new}", formerly="{old}"`'


def _verb(change: Change) -> str:
    if change.operation == "delete":
        return "deleted"
    forced = ", ".join(change.forced_by)
    return f"replaced because of {forced}" if forced else "replaced"


def _role_in_use(change: Change, plan: Plan) -> str:
    """A role is in use where something stays that was made with it and is not made again.

    A deployment keeps the URL that it was built with: one that stays needs its role even where the program no longer
    says so. What this very plan updates (a variable, the switch) moves to another role before anything is deleted.
    """
    if change.type != kinds.ROLE or not _goes(change):
        return ""
    users = [
        each
        for each in plan.resources.values()
        if change.urn in each.depends_before
        and each.operation in {"same", "option"}
        and Urn.parse(each.urn).type != kinds.DATABASE  # depends on every role, so that it is dropped before they are
    ]
    if not users:
        return ""
    names = sorted(Urn.parse(each.urn).name for each in users)
    use = "still uses" if len(names) == 1 else "still use"
    return f"{_verb(change)}, and {some(names, _NAMED)} {use} it"


_NAMED = 3


def _unprotected(change: Change, _plan: Plan) -> str:
    stays = change.operation in {"update", "option"}
    return (
        "its protection is removed: a later update may delete it" if stays and change.protected == (True, False) else ""
    )


def _plain(change: Change, plan: Plan) -> str:
    sensitive = change.of("sensitive")
    stays = change.operation in {"update", "replace"}
    turned = sensitive is not None and sensitive.before is True and sensitive.after is not True
    if change.type == kinds.VARIABLE and stays and turned:
        return "a sensitive variable turns plain: anyone in the Vercel team can read it"
    shown = [each.path for each in change.properties if _is_uncovered(each)]
    if shown and stays:
        return f"a secret turns plain: {', '.join(shown)}"
    if change.type == kinds.SECRET and change.operation == "delete" and _as_variable(change, plan):
        return "a GitHub secret turns into a variable of the same name, which everyone who reads the repository sees"
    return ""


def _is_uncovered(each: Property) -> bool:
    hidden = isinstance(each.after, Absent) or each.after in (MASK, UNKNOWN, None)
    return each.before == MASK and not hidden


def _as_variable(change: Change, plan: Plan) -> bool:
    name = in_capitals(change.before.get("secretName"))
    return any(
        other.type == kinds.GITHUB_VARIABLE
        and other.operation == "create"
        and in_capitals(other.after.get("variableName")) == name
        for other in plan.changes
    )


def _same_name(change: Change, _plan: Plan) -> str:
    kind = kinds.of(change.type)
    if change.operation != "replace" or change.deletes_first or kind.duplicated:
        # What a vendor takes twice under one name it deletes by id: the new one stays, and nothing is lost between.
        return ""
    if any(each.path in kind.secret.intersection(kind.distinct_by) for each in change.properties):
        return ""  # the secret distinguishes the two
    before, after = (_name(change.type, each) for each in (change.before, change.after))
    if not any(before) or before != after:
        return ""
    return (
        "the new one is made under the same name before the old one is deleted: the vendor may refuse it, or the "
        "deletion take the new one"
    )


def _name(type_: str, inputs: Mapping[str, Any]) -> Key:
    """The object's name in the world; `()` where it has none or it is not known yet."""
    kind = kinds.of(type_)
    known = kind.named and all(inputs.get(name) != UNKNOWN for name in kind.key_inputs())
    return kind.key_of(inputs) if known else ()


def _grant(change: Change, _plan: Plan) -> str:
    if change.type != kinds.GRANT or change.operation != "replace":
        return ""
    return f"{_verb(change)}: between the two the role has no privileges"


def _reviewer(change: Change, _plan: Plan) -> str:
    if change.type != kinds.ENVIRONMENT or change.operation not in {"update", "replace", "delete"}:
        return ""
    gone = sorted(_reviewers(change.before) - _reviewers(change.after))
    return f"who reviews a deployment is lost: {', '.join(gone)}" if gone else ""


def _reviewers(inputs: Mapping[str, Any]) -> set[str]:
    return {
        f"{kind.removesuffix('s')} {each}"
        for one in rows(inputs.get("reviewers"))
        for kind in ("teams", "users")
        for each in items(one.get(kind))
    }


def _asks_for_login(change: Change, _plan: Plan) -> str:
    """Vercel's protection of all deployments is that of the production domains too."""
    protection = change.of(_PROTECTION) or change.of("vercelAuthentication")
    if change.type != kinds.PROJECT or change.operation != "update" or protection is None:
        return ""
    found = mapping(change.after.get("vercelAuthentication")).get("deploymentType")
    return "its production domains ask their users for a login at Vercel from then on" if found == _ALL else ""


_PROTECTION, _ALL = "vercelAuthentication.deploymentType", "all_deployments"


def _moved_to_nothing(change: Change, plan: Plan) -> str:
    """A domain serves the live deployment of the project that it moves to."""
    target = _moves_to(change)
    if target is None or target in {each.before.get("projectId") for each in plan.of_type(kinds.LIVE)}:
        return ""
    return "moves to a project that has no live release yet: the domain serves nothing until it has one"


def _moves_to(change: Change) -> Any:
    """The project that a domain moves to; None where it moves to none."""
    project = change.of("projectId") if change.type == kinds.DOMAIN and change.operation == "update" else None
    return project.after if project else None


def _rights_given(change: Change, _plan: Plan) -> str:
    """PUBLIC is every role of the server, those of other stacks too."""
    if change.type not in _RIGHTS or change.operation == "delete" or str(change.after.get("role")).lower() != _PUBLIC:
        return ""
    new = sorted(set(texts(change.after.get("privileges"))) - set(texts(change.before.get("privileges"))))
    return f"gives {', '.join(new)} to PUBLIC: every role of the server" if new else ""


def _rights_taken(change: Change, plan: Plan) -> str:
    """Rights go from PUBLIC, or from a role that stays and by which someone logs in."""
    if change.type == kinds.GRANT and change.operation == "create":
        return _public_revoked(change, plan)
    if change.type not in _RIGHTS or change.operation not in {"update", "replace", "delete"}:
        return ""
    role = str(change.before.get("role"))
    kept = set[str]() if change.operation == "delete" else set(texts(change.after.get("privileges")))
    gone = sorted(set(texts(change.before.get("privileges"))) - kept)
    if not gone or _database_goes(change, plan):
        return ""
    users = ["everyone"] if role.lower() == _PUBLIC else _logins_of(role, plan)
    return (
        f"takes {', '.join(gone)} from {role}, whose rights {', '.join(users[:_NAMED])} logs in with" if users else ""
    )


def _public_revoked(change: Change, plan: Plan) -> str:
    """A new grant to PUBLIC revokes what it does not list, in a database that undeclared logins use."""
    database, role = str(change.after.get("database")), str(change.after.get("role"))
    users = plan.users.get(database, ()) if role.lower() == _PUBLIC else ()
    if not users:
        return ""
    kept = ", ".join(sorted(set(texts(change.after.get("privileges"))))) or "nothing"
    return (
        f"leaves PUBLIC {kept} on the {change.after.get('objectType')} in {database}, which {some(users, _NAMED)} use "
        "and nothing here declares"
    )


def _logins_of(role: str, plan: Plan) -> list[str]:
    """The logins that stay and have the role's rights: itself and its members, by the roles' names."""
    found: list[str] = []
    for each in plan.of_type(kinds.ROLE):
        inputs = each.before
        stays = each.operation not in {"delete", "create"}
        name, member_of = str(inputs.get("name")), texts(inputs.get("roles"))
        if stays and inputs.get("login") and (name == role or role in member_of):
            found.append(name)
    return sorted(found)


def _database_goes(change: Change, plan: Plan) -> bool:
    """Whether the database goes too; its own loss is said once, by itself."""
    gone = [each for each in plan.changes if each.type == kinds.DATABASE and _goes(each)]
    return any(each.before.get("name") == change.before.get("database") for each in gone)


_PUBLIC = "public"
_RIGHTS = frozenset({kinds.GRANT, kinds.DEFAULT})

_RULES: dict[str, Callable[[Change, Plan], str]] = {
    "loss": _loss,
    "unguarded": _unguarded,
    "role-in-use": _role_in_use,
    "protected": lambda change, _: f"protected and {_verb(change)}" if change.protected[0] and _goes(change) else "",
    "unprotected": _unprotected,
    "plain": _plain,
    "same-name": _same_name,
    "grant": _grant,
    "reviewer": _reviewer,
    "moved-to-nothing": _moved_to_nothing,
    "asks-for-login": _asks_for_login,
    "rights-given": _rights_given,
    "rights-taken": _rights_taken,
    # Kept releases would not work with what is left, and cannot be gone back to.
    "contracts": lambda change, plan: plan.needs.get(change.urn, ""),
    # A statement takes long on a large table, under a lock that others wait for.
    "holds-up": lambda change, plan: plan.locks.get(change.urn, ""),
}


def caution(change: Change) -> str:
    """Why a reviewer should look at a change that the gate lets pass; empty where there is no reason."""
    if change.type == kinds.LIVE and change.operation in {"create", "update", "replace"}:
        switched = change.of("deploymentId") or change.of("release")
        return "switches what users see" if change.operation == "create" or switched else ""
    if _moves_to(change) is not None:
        return "moves to another project, and from then on serves what is live there"
    if change.operation == "delete":
        return "deleted" if not change.leftover else "deletes what an earlier replacement left"
    if change.operation == "replace":
        return _verb(change)
    if change.operation == "forget":
        return "leaves the state, and stays where it is without an owner"
    return _fewer_privileges(change)


def _fewer_privileges(change: Change) -> str:
    privileges = change.of("privileges")
    if privileges is None:
        return ""
    gone = sorted(set(texts(privileges.before)) - set(texts(privileges.after)))
    return f"takes away {', '.join(gone)}" if gone else ""
