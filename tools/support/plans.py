"""Small plans, made of steps in the form that `pulumi preview --json` gives them."""

from __future__ import annotations

from typing import Any

from parity.git import Base, Commit
from parity.preview import gate, parse
from parity.preview.origin import Origin, Origins
from parity.preview.report import Proof, Report, Run, serving

STACK = "prod"
ROOT = f"urn:pulumi:{STACK}::storefront"
SIGNATURE = "4dabf18193072939515e22adb298388d"
DATABASE = "postgresql:index/database:Database"
ROLE = "postgresql:index/role:Role"
GRANT = "postgresql:index/grant:Grant"
PROJECT = "vercel:index/project:Project"
DOMAIN = "parity:index:ProjectDomain"
VARIABLE = "vercel:index/projectEnvironmentVariable:ProjectEnvironmentVariable"
DEPLOYMENT = "vercel:index/deployment:Deployment"
LIVE = "parity:index:LiveRelease"

Document = dict[str, Any]


def urn(type_: str, name: str, component: str = "parity:components:WebApp") -> str:
    return f"{ROOT}::{component}${type_}::{name}"


def state(
    type_: str,
    name: str,
    inputs: Document,
    *,
    outputs: Document | None = None,
    protect: bool = False,
    dependencies: tuple[str, ...] = (),
    delete: bool = False,
) -> Document:
    return {
        "urn": urn(type_, name),
        "type": type_,
        "id": f"id-{name}",
        "inputs": inputs,
        "outputs": outputs or {},
        "protect": protect,
        "delete": delete,
        "parent": f"{ROOT}::parity:components:WebApp::shop",
        "dependencies": list(dependencies),
    }


def step(
    op: str,
    old: Document | None = None,
    new: Document | None = None,
    *,
    diff: tuple[str, ...] = (),
    replace: tuple[str, ...] = (),
    detailed: dict[str, str] | None = None,
) -> Document:
    found: Document = {"op": op, "urn": (new or old or {})["urn"]}
    if old:
        found["oldState"] = old
    if new:
        found["newState"] = new
    if diff:
        found["diffReasons"] = list(diff)
    if replace:
        found["replaceReasons"] = list(replace)
    if detailed:
        found["detailedDiff"] = {path: {"kind": kind} for path, kind in detailed.items()}
    return found


def create(type_: str, name: str, inputs: Document, **more: Any) -> Document:
    return step("create", None, state(type_, name, inputs, **more))


def delete(type_: str, name: str, inputs: Document, **more: Any) -> Document:
    return step("delete", state(type_, name, inputs, **more))


def update(
    type_: str, name: str, before: Document, after: Document, diff: tuple[str, ...] = (), **more: Any
) -> Document:
    return step("update", state(type_, name, before, **more), state(type_, name, after, **more), diff=diff)


def same(type_: str, name: str, inputs: Document, **more: Any) -> Document:
    return step("same", state(type_, name, inputs, **more), state(type_, name, inputs, **more))


def replacement(
    type_: str, name: str, before: Document, after: Document, *, because: str, first: str, protect: bool = False
) -> list[Document]:
    """`first`: `delete` or `create`."""
    old, new = state(type_, name, before, protect=protect), state(type_, name, after, protect=protect)
    gone = step("delete-replaced", old, replace=(because,))
    made = step("create-replacement", old, new, replace=(because,))
    done = step("replace", old, new, replace=(because,))
    return [gone, done, made] if first == "delete" else [made, done, gone]


def plan(*steps: Document | list[Document], events: tuple[Document, ...] = (), failed: bool = False):
    """As the engine gives it: every step in the events, one `replace` in the digest for the three of a replacement."""
    flat = [each for part in steps for each in (part if isinstance(part, list) else [part])]
    taken = tuple({"resourcePreEvent": {"metadata": {"op": each["op"], "urn": each["urn"]}}} for each in flat)
    shown = [each for each in flat if each["op"] not in {"create-replacement", "delete-replaced"}]
    return parse.parse(STACK, {"steps": shown}, (*taken, *events), failed=failed)


HEAD = Commit("a" * 40, "More connections")
BASE = Base(Commit("b" * 40, "The storefront as it is live"), "the last update")
RUN = Run(12, 1, "https://github.com/acme/storefront/actions/runs/99/attempts/1", "https://github.com/acme/storefront")


def report(found: Any, *, acknowledged: tuple[str, ...] = (), run: Run | None = RUN, key: str = "") -> Report:
    """A report of a plan; with `key` every change follows that key of the stack's file."""
    units = {("unit",): Origin("config", key, 44, (HEAD,), "60", "80")} if key else {}
    places = {("::".join(each.urn.split("::")[2:]), ""): (("unit",),) for each in found.changes} if key else {}
    return Report(
        stack=STACK,
        started="2026-11-24T21:00:00Z",
        head=HEAD,
        plan=found,
        gate=gate.judge(found, acknowledged),
        origins=Origins("Pulumi.prod.yaml", BASE, places, units),
        serving=serving(found),
        proof=Proof("same", "staging and prod declare the same"),
        run=run,
    )
