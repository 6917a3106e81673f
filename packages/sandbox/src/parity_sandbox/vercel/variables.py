"""Environment variables of projects: what may be written, what conflicts, what a deployment is given."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable

from parity_sandbox.context import Context, random_id
from parity_sandbox.narrowing import items
from parity_sandbox.store import Document
from parity_sandbox.vercel import wire
from parity_sandbox.vercel.errors import BadRequest, NotFound
from parity_sandbox.vercel.world import SERVICE, USER, World

TARGETS = ("production", "preview", "development")
VISIBILITIES = ("config", "secret")
"""What the command line asks whether a value may be read again; kept and given back."""
TYPES = ("system", "secret", "encrypted", "plain", "sensitive")

SHAPE: wire.Shape = {
    "key": "string",
    "value": "string",
    "type": "string",
    "target": "*",
    "gitBranch": "string?",
    "comment": "string?",
    "customEnvironmentIds": "array",
    "decrypted": "boolean?",
    "visibility": "string?",
}

_CONFLICT = (
    "Another Environment Variable with the same name and environment target already exists. "
    "Choose a different name or target, or edit the existing one."
)


def create(world: World, project: Document, given: Document, *, upsert: bool = False) -> Document:
    """Add a variable to a project.

    Args:
        world: The scope of the request.
        project: The project's document.
        given: The variable as the request gives it.
        upsert: Whether a variable with the same key, target and branch is changed instead.

    Raises:
        BadRequest: where a property does not fit; with code ENV_CONFLICT where the variable exists.
    """
    variable = _checked(project, given, required=("key", "value", "type"))
    if not variable["target"] and not variable["customEnvironmentIds"]:
        raise BadRequest("Invalid request: missing required property `target`.")
    other = _conflicting(world, project, variable)
    if other is not None:
        if upsert:
            return _write(world, {**other, **variable})
        raise _conflict(variable, other)
    now = world.now
    stored: Document = {
        "id": random_id("", 16),
        "projectId": project["id"],
        "createdAt": now,
        "updatedAt": now,
        "createdBy": USER["id"],
        "updatedBy": None,
        **variable,
    }
    return world.env.insert(stored["id"], stored)


def create_all(
    world: World, project: Document, given: list[Document], *, upsert: bool
) -> tuple[list[Document], list[Document]]:
    """Add several; returns the made ones and, for each refused one, `{"error": {...}}`. Shape faults refuse all."""
    created: list[Document] = []
    failed: list[Document] = []
    for each in given:
        try:
            created.append(create(world, project, each, upsert=upsert))
        except BadRequest as error:
            if error.code != "ENV_CONFLICT":
                raise
            failed.append(error.document())
    return created, failed


def update(world: World, project: Document, variable_id: str, given: Document) -> Document:
    """Change a variable; what is absent stays; `updatedAt` always moves. Raises NotFound, BadRequest."""
    stored = find(world, project, variable_id)
    changes = _checked(project, given, required=())
    changes = {name: value for name, value in changes.items() if name in given}
    if stored["type"] == "sensitive" and changes.get("type", "sensitive") != "sensitive" and "value" not in changes:
        raise BadRequest("You cannot change the type of a Sensitive Environment Variable without a new value.")
    changed = {**stored, **changes}
    other = _conflicting(world, project, changed)
    if other is not None:
        raise _conflict(changed, other)
    return _write(world, changed)


def find(world: World, project: Document, variable_id: str) -> Document:
    """The project's variable with that id; raises NotFound."""
    stored = world.env.get(variable_id)
    if stored is None or stored["projectId"] != project["id"]:
        raise NotFound("Environment Variable not found.", code="not_found")
    return stored


def of_project(world: World, project: Document) -> list[Document]:
    """All variables of a project, oldest first."""
    return world.env.find(projectId=project["id"])


def snapshot(
    variables: Iterable[Document], *, target: str, branch: str | None, custom_environment: str | None
) -> dict[str, str]:
    """What a deployment of `target` is given: name to value. A variable for its git branch wins over a general one."""
    general: dict[str, str] = {}
    special: dict[str, str] = {}
    for each in variables:
        if custom_environment is not None:
            chosen = custom_environment in each["customEnvironmentIds"]
        else:
            chosen = target in each["target"]
        if not chosen:
            continue
        if each["gitBranch"] is None:
            general[each["key"]] = each["value"]
        elif each["gitBranch"] == branch:
            special[each["key"]] = each["value"]
    return {**general, **special}


def pulled(variables: Iterable[Document]) -> list[Document]:
    """The variables with what a client may read: a sensitive one's value is empty."""
    return [{**each, "value": "" if each["type"] == "sensitive" else each["value"]} for each in variables]


def view(variable: Document, *, decrypt: bool) -> Document:
    """The variable as Vercel shows it: a sensitive value never, an encrypted one only when asked."""
    shown = {name: value for name, value in variable.items() if name not in {"value", "projectId"}}
    if shown["gitBranch"] is None:
        del shown["gitBranch"]
    if shown["comment"] is None:
        del shown["comment"]
    if variable["type"] == "plain" or (decrypt and variable["type"] != "sensitive"):
        return {**shown, "value": variable["value"], "decrypted": True}
    if variable["type"] == "sensitive":
        return {**shown, "value": "", "decrypted": False}
    return {**shown, "value": _sealed(variable), "decrypted": False}


def _sealed(variable: Document) -> str:
    """An opaque text in place of the value, as Vercel's ciphertext; it says nothing of the value."""
    opaque = hashlib.sha256(f"{variable['id']} {variable['updatedAt']}".encode()).hexdigest()
    return base64.b64encode(json.dumps({"v": "v2", "epk": opaque[:32], "c": opaque}).encode()).decode()


def _checked(project: Document, given: Document, required: tuple[str, ...]) -> Document:
    wire.check(given, SHAPE, required)
    targets: list[str] = [given["target"]] if isinstance(given.get("target"), str) else items(given, "target")
    for each in targets:
        wire.one_of("target", each, TARGETS)
    if "type" in given:
        wire.one_of("type", given["type"], TYPES)
    if given.get("visibility") is not None:
        wire.one_of("visibility", given["visibility"], VISIBILITIES)
    key = given.get("key", "X")
    if not key or not (key[0].isalpha() or key[0] == "_") or not key.replace("_", "").isalnum():
        raise BadRequest(
            "The name contains invalid characters. Only letters, digits, and underscores are allowed. Furthermore, the "
            f"name should not start with a digit. Received: `{key}`."
        )
    if given.get("type") == "sensitive" and "development" in targets:
        raise BadRequest(
            "You cannot set a Sensitive Environment Variable's target to development.",
            key=given.get("key"),
        )
    if given.get("gitBranch") and targets and targets != ["preview"]:
        raise BadRequest("You can only set a Git branch for Environment Variables that target Preview.")
    custom: list[str] = list(items(given, "customEnvironmentIds"))
    for environment in custom:
        if not any(known["id"] == environment for known in project.get("customEnvironments", [])):
            raise BadRequest(f"Custom environment `{environment}` was not found.", code="custom_environment_not_found")
    result: Document = {
        "target": [each for each in TARGETS if each in targets],
        "customEnvironmentIds": custom,
        "gitBranch": given.get("gitBranch"),
        "comment": given.get("comment"),
    }
    result.update({name: given[name] for name in ("key", "value", "type", "visibility") if name in given})
    return result


def _conflicting(world: World, project: Document, variable: Document) -> Document | None:
    for other in of_project(world, project):
        if other["id"] == variable.get("id") or other["key"] != variable["key"]:
            continue
        if other["gitBranch"] != variable["gitBranch"]:
            continue
        if set(other["target"]) & set(variable["target"]):
            return other
        if set(other["customEnvironmentIds"]) & set(variable["customEnvironmentIds"]):
            return other
    return None


def _conflict(variable: Document, other: Document) -> BadRequest:
    details: Document = {
        "key": variable["key"],
        "envVarId": other["id"],
        "envVarKey": variable["key"],
        "target": variable["target"],
    }
    if variable["gitBranch"] is not None:
        details["gitBranch"] = variable["gitBranch"]
    return BadRequest(_CONFLICT, code="ENV_CONFLICT", **details)


def _write(world: World, variable: Document) -> Document:
    variable["updatedAt"] = max(world.now, variable["updatedAt"] + 1)
    variable["updatedBy"] = USER["id"]
    return world.env.put(variable["id"], variable)


def secrets(context: Context) -> list[Document]:
    """Every sensitive variable, opened, for tests: `{kind, id, projectId, project, key, target, value}`."""
    store = context.store
    names = {each["id"]: each["name"] for each in store.collection(SERVICE, "projects").all()}
    return [
        {
            "kind": "environment variable",
            "id": each["id"],
            "projectId": each["projectId"],
            "project": names.get(each["projectId"]),
            "key": each["key"],
            "target": each["target"],
            "value": each["value"],
        }
        for each in store.collection(SERVICE, "env").all()
        if each["type"] == "sensitive"
    ]
