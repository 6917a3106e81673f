"""Every input of a deployment, changed by hand at Vercel, at three moments; and the table of them in docs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from support.program import Instance

PROJECT = "admin-staging"
ELSEWHERE = "https://elsewhere.example"
MOMENTS = ("before the build", "between build and switch", "after")


@dataclass(frozen=True)
class Vercel:
    """Vercel as a person with a token changes it by hand."""

    instance: Instance

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Call the API; fails the test where it refuses."""
        environment = self.instance.environment()
        with httpx.Client(
            proxy=environment["HTTPS_PROXY"],
            verify=environment["SSL_CERT_FILE"],
            headers={"authorization": f"Bearer {environment['VERCEL_API_TOKEN']}"},
            trust_env=False,
        ) as client:
            answer = client.request(method, f"https://api.vercel.com{path}", params={"slug": "storefront"}, json=body)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def project(self, **settings: Any) -> None:
        """Change settings of the project."""
        self.ask("PATCH", f"/v9/projects/{PROJECT}", settings)

    def variable(self, name: str) -> str:
        """The id of one of its variables."""
        rows = self.ask("GET", f"/v10/projects/{PROJECT}/env")["envs"]
        return next(row["id"] for row in rows if row["key"] == name)

    def change(self, name: str, **changes: Any) -> None:
        """Change one of its variables."""
        self.ask("PATCH", f"/v9/projects/{PROJECT}/env/{self.variable(name)}", changes)

    def remove(self, name: str) -> None:
        """Delete one of its variables."""
        self.ask("DELETE", f"/v9/projects/{PROJECT}/env/{self.variable(name)}")

    def add(self, **variable: Any) -> None:
        """Add a variable."""
        self.ask("POST", f"/v10/projects/{PROJECT}/env", {"target": ["production"], **variable})

    def relink(self, repository: str) -> None:
        """Link the project to another repository."""
        self.ask("DELETE", f"/v9/projects/{PROJECT}/link")
        self.ask("POST", f"/v9/projects/{PROJECT}/link", {"type": "github", "repo": repository})


@dataclass(frozen=True)
class Input:
    """One input of a deployment, and how it is changed by hand."""

    name: str
    change: Callable[[Vercel], None]
    variable: bool
    """Whether it is one of the project's variables: a later switch compares those."""


INPUTS = (
    Input("value of a plain variable", lambda v: v.change("NEXT_PUBLIC_BASE_URL", value=ELSEWHERE), True),
    Input("value of a sensitive variable", lambda v: v.change("SESSION_SECRET", value="e" * 40), True),
    Input("targets of a variable", lambda v: v.change("NEXT_TELEMETRY_DISABLED", target=["preview"]), True),
    Input("a declared variable deleted", lambda v: v.remove("NEXT_TELEMETRY_DISABLED"), True),
    Input("an undeclared variable", lambda v: v.add(key="EXTRA", value="1", type="encrypted"), True),
    Input("an undeclared sensitive variable", lambda v: v.add(key="EXTRA", value="1", type="sensitive"), True),
    Input("framework", lambda v: v.project(framework="vite"), False),
    Input("root directory", lambda v: v.project(rootDirectory="apps/shop"), False),
    Input("Node version", lambda v: v.project(nodeVersion="20.x"), False),
    Input("build command", lambda v: v.project(buildCommand="make evil"), False),
    Input("install command", lambda v: v.project(installCommand="make evil"), False),
    Input("output directory", lambda v: v.project(outputDirectory="elsewhere"), False),
    Input("ignore command", lambda v: v.project(commandForIgnoringBuildStep="exit 1"), False),
    Input("function region", lambda v: v.project(resourceConfig={"functionDefaultRegions": ["iad1"]}), False),
    Input("files outside the root directory", lambda v: v.project(sourceFilesOutsideRootDirectory=False), False),
    Input("linked repository", lambda v: v.relink("storefront-example/other"), False),
)


def page(found: Mapping[tuple[str, str], str]) -> str:
    """The table of what became of each change, by input and moment."""
    rows = [f"| {each.name} | " + " | ".join(found[each.name, moment] for moment in MOMENTS) + " |" for each in INPUTS]
    return "\n".join((_HEAD, *rows, "", _TAIL.format(count=len(found)), ""))


def chosen(*, everything: bool) -> Iterable[tuple[Input, str]]:
    """The cases to try: all of them, or a sample of every outcome."""
    if everything:
        return [(each, moment) for each in INPUTS for moment in MOMENTS]
    by_name = {each.name: each for each in INPUTS}
    return [
        (by_name["value of a sensitive variable"], "before the build"),
        (by_name["an undeclared variable"], "before the build"),
        (by_name["value of a plain variable"], "between build and switch"),
        (by_name["build command"], "after"),
    ]


_HEAD = """\
# What a release is built from

Every input of a deployment was changed by hand at Vercel, one at a time, on the real engine in the sandbox, at three
moments of `parity release staging admin --commit COMMIT --live --up --yes`. `PARITY_BUILT_FROM=all PARITY_WRITE_DOCS=1`
with `packages/parity/tests/sandbox/test_built_from.py` tries them all and writes this page; without, a sample is tried.

- *put right*: the same update wrote what is declared before it made the deployment, whose variables are the declared
  ones.
- *refused*: nothing was changed, or nothing was switched; the message names the input and the remedy.
- *reported*: the deployment was made before the change and does not hold it; `parity drift` names the input.

| input | before the build | between build and switch | after |
| --- | --- | --- | --- |"""
_TAIL = "{count} of {count} are put right, refused or reported."
