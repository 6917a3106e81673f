"""Every input of a deployment, changed by hand at Vercel, at four moments; and the page of them, docs/built-from.md."""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.program import Instance

PROJECT = "shop-staging"
ELSEWHERE = "https://elsewhere.example"
MOMENTS = ("before the plan", "between plan and build", "between build and switch", "after")
RIGHT, REFUSED, REPORTED = "put right", "refused", "reported"


@dataclass(frozen=True)
class Vercel:
    """Vercel as a person with a token changes it by hand."""

    instance: Instance
    name: str = PROJECT
    """Of the project."""

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Call the API; fails the test where it refuses."""
        environment = self.instance.environment()
        with httpx.Client(
            proxy=environment["HTTPS_PROXY"],
            verify=ssl.create_default_context(cafile=environment["SSL_CERT_FILE"]),
            headers={"authorization": f"Bearer {environment['VERCEL_API_TOKEN']}"},
            trust_env=False,
        ) as client:
            answer = client.request(method, f"https://api.vercel.com{path}", params={"slug": "storefront"}, json=body)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def project(self, **settings: Any) -> None:
        """Change settings of the project."""
        self.ask("PATCH", f"/v9/projects/{self.name}", settings)

    def variable(self, name: str) -> str:
        """The id of one of its variables."""
        rows = self.ask("GET", f"/v10/projects/{self.name}/env")["envs"]
        return next(row["id"] for row in rows if row["key"] == name)

    def change(self, name: str, **changes: Any) -> None:
        """Change one of its variables."""
        self.ask("PATCH", f"/v9/projects/{self.name}/env/{self.variable(name)}", changes)

    def remove(self, name: str) -> None:
        """Delete one of its variables."""
        self.ask("DELETE", f"/v9/projects/{self.name}/env/{self.variable(name)}")

    def add(self, **variable: Any) -> None:
        """Add a variable."""
        self.ask("POST", f"/v10/projects/{self.name}/env", {"target": ["production"], **variable})

    def relink(self, repository: str) -> None:
        """Link the project to another repository."""
        self.ask("DELETE", f"/v9/projects/{self.name}/link")
        self.ask("POST", f"/v9/projects/{self.name}/link", {"type": "github", "repo": repository})


class Input(NamedTuple):
    """One input of a deployment, how it is changed by hand, and what becomes of that at each of the moments."""

    name: str
    change: Callable[[Vercel], None]
    what: str
    """As findings name it."""
    becomes: tuple[str, str, str, str]

    @property
    def switched(self) -> str:
        """As the switch names it: a variable by its name, a setting as findings do."""
        return "".join(re.findall(r"[A-Z]+_[A-Z_]+", self.what)) or self.what


_DECLARED = (RIGHT, REFUSED, REFUSED, REPORTED)
_BY_HAND = (REFUSED, REFUSED, REFUSED, REPORTED)
_VARIABLE, _PROJECT = "ProjectEnvironmentVariable shop-variable-", "Project shop-project: "
_UNDECLARED = f"ProjectEnvironmentVariable {PROJECT}/"


def _variable(name: str, what: str, becomes: tuple[str, str, str, str], key: str, **changes: Any) -> Input:
    return Input(name, lambda vercel: vercel.change(key, **changes), f"{_VARIABLE}{key}: {what}", becomes)


def _undeclared(name: str, key: str, kind: str) -> Input:
    return Input(name, lambda vercel: vercel.add(key=key, value="1", type=kind), f"{_UNDECLARED}{key}", _BY_HAND)


def _setting(name: str, what: str, becomes: tuple[str, str, str, str], **settings: Any) -> Input:
    return Input(name, lambda vercel: vercel.project(**settings), _PROJECT + what, becomes)


INPUTS = (
    _variable("value of a plain variable", "value", _DECLARED, "NEXT_PUBLIC_BASE_URL", value=ELSEWHERE),
    _variable("value of a sensitive variable", "value", _DECLARED, "PAYMENT_SECRET_KEY", value="e" * 40),
    _variable("targets of a variable", "targets", _DECLARED, "SEARCH_RESULTS_LIMIT", target=["preview"]),
    Input(
        "a declared variable deleted",
        lambda vercel: vercel.remove("NEXT_TELEMETRY_DISABLED"),
        f"{_VARIABLE}NEXT_TELEMETRY_DISABLED",
        _DECLARED,
    ),
    _undeclared("an undeclared variable", "BY_HAND", "encrypted"),
    _undeclared("an undeclared sensitive variable", "BY_HAND_SENSITIVE", "sensitive"),
    _setting("framework", "framework", _DECLARED, framework="vite"),
    _setting("root directory", "rootDirectory", _DECLARED, rootDirectory="apps/admin"),
    _setting("Node version", "nodeVersion", _DECLARED, nodeVersion="20.x"),
    _setting("build command", "buildCommand", _BY_HAND, buildCommand="make evil"),
    _setting("install command", "installCommand", _BY_HAND, installCommand="make evil"),
    _setting("output directory", "outputDirectory", _BY_HAND, outputDirectory="elsewhere"),
    _setting("ignore command", "ignoreCommand", _DECLARED, commandForIgnoringBuildStep="exit 2"),
    _setting("function region", "resourceConfig", _DECLARED, resourceConfig={"functionDefaultRegions": ["iad1"]}),
    _setting(
        "files outside the root directory",
        "sourceFilesOutsideRootDirectory",
        _BY_HAND,
        sourceFilesOutsideRootDirectory=False,
    ),
    Input(
        "linked repository",
        lambda vercel: vercel.relink("storefront-example/other"),
        f"{_PROJECT}gitRepository",
        _DECLARED,
    ),
)


def group(moment: str, *outcomes: str) -> list[Input]:
    """The inputs of which a change at a moment ends so."""
    return [each for each in INPUTS if each.becomes[MOMENTS.index(moment)] in outcomes]


def page() -> str:
    """docs/built-from.md, of a table in which each entry held."""
    rows = "".join(f"| {each.name} | {' | '.join(each.becomes)} |\n" for each in INPUTS)
    count = len(INPUTS) * len(MOMENTS)
    return f"{_HEAD}{rows}\n{count} of {count} are put right, refused or reported.\n"


_HEAD = """\
# What a release is built from

A release is built from what was declared, or it does not become live, or that is said. Every input of a deployment was
changed by hand at Vercel, on the real engine in the sandbox, at four moments of `parity release staging shop --live
--up`. Those of one moment that end alike were changed in one run, and each had to be named:

- *before the plan*, as drift that is there when the command starts;
- *between plan and build*, while Vercel holds the request that makes the deployment: the deployment gets the change;
- *between build and switch*, as soon as the deployment is made: it does not have the change;
- *after* the release is live.

- **put right**: the same update writes what is declared before it makes the deployment, which is as declared.
- **refused**: nothing is changed, or nothing is switched and users keep the old release. The message names the input
  and a remedy; run as printed, it ends with a release that is as declared.
- **reported**: what is live does not hold the change; `parity drift` names it.

The switch is the last comparison, just before the one promote call, and makes two reads for it: the deployment and the
project's variables; it has the project's document already.

- *Settings*: the project's are those declared, and so are those that Vercel shows of the deployment (`projectSettings`:
  framework, Node version, commands, output directory; and the repository's id). A setting that was changed and changed
  back in between is found there. Vercel shows no root directory, regions or files outside of a deployment: of those the
  project's count. A setting that nothing declares may be accepted as drift in `parity:exceptions`.
- *Values that Vercel shows*: as declared, and not written since the build.
- *Values that Vercel never shows*: each has the id that is recorded, and the time of its last write that the last
  release had when it passed, unless an update has written it since: then its id or its declared value is another one.
  Only Vercel's times are compared, with each other. Where the same update writes a new value, Vercel gives no time of
  that write, so a write by hand in the seconds between it and the build is not seen.

An update that is refused so says that its deployment was built otherwise, and `parity drift` and `parity releases` say
so as long as it is kept, also where the change came after the build: a setting has no time of its last change.

A variable that the program no longer declares is removed before the deployment is made: the engine deletes last. The
plan says so. Kept releases hold their own variables, so that going back needs none of it.

Plain `pulumi up` makes no comparison before the build, and the same one before the switch.

[The road](road.md) says when each comparison is made. A test makes this page and holds it:
`PARITY_BUILT_FROM=all PARITY_WRITE_DOCS=1 .venv/bin/pytest packages/parity/tests/sandbox/test_built_from.py`; without
`PARITY_BUILT_FROM=all` it tries the last column.

| input | before the plan | between plan and build | between build and switch | after |
| --- | --- | --- | --- | --- |
"""
