"""Where the project is and which stacks it has."""

from __future__ import annotations

import os
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parity.config import program
from parity.documents import is_mapping
from parity.errors import ProjectError

if TYPE_CHECKING:
    from parity.config.program import Program
    from parity.config.promotion import Order

SANDBOX_VARIABLE = "PARITY_SANDBOX"
"""Names the sandbox's folder where `--dir` does not."""


@dataclass(frozen=True)
class Project:
    """A folder with Pulumi.yaml and the stacks' files."""

    root: Path

    @property
    def name(self) -> str:
        """The project's name in Pulumi.yaml; raises ProjectError where the file cannot be read or names none."""
        path = self.root / "Pulumi.yaml"
        name = self.stack_document(path).get("name")
        if not isinstance(name, str):
            raise ProjectError("Pulumi.yaml has no name", where=str(path), remedy="begin it with `name: <project>`")
        return name

    @property
    def adds_config(self) -> bool:
        """Whether Pulumi.yaml has config for all stacks, or another folder for their files."""
        return bool(self.stack_document(self.root / "Pulumi.yaml").keys() & {"config", "stackConfigDir"})

    @property
    def program(self) -> Program:
        """The team's program, as pyproject.toml names it; raises ProjectError where it names none."""
        return program.load(self.root)

    def stack_files(self) -> dict[str, Path]:
        """The stacks' files by stack, in the order of their names; `promotion` has theirs."""
        return {path.name.split(".")[1]: path for path in sorted(self.root.glob("Pulumi.*.yaml"))}

    @property
    def promotion(self) -> Order:
        """The stacks in the order of promotion, as their files have it."""
        from parity.config import promotion  # noqa: PLC0415 - reads each file, which a start and TAB need not

        return promotion.read(self.root)

    def stack_document(self, path: Path) -> dict[str, Any]:
        """A stack's file as plain data; raises ProjectError where it cannot be read or is not a mapping."""
        from parity.config import yaml_form  # noqa: PLC0415 - a command's start, its help and TAB only list the files
        from parity.problems import ConfigProblem  # noqa: PLC0415

        text = yaml_form.read_text(path)
        if isinstance(text, ConfigProblem):
            raise ProjectError(f"{path.name} {text.what.rstrip('.')}", where=str(path), remedy=text.remedy)
        return deepcopy(_document(path, text))

    def sandbox_directory(self, given: Path | None) -> Path:
        """The sandbox's folder: what is given, else PARITY_SANDBOX, else `.sandbox` in the project."""
        chosen = given or Path(os.environ.get(SANDBOX_VARIABLE) or self.root / ".sandbox")
        return chosen.expanduser().absolute()


@lru_cache(maxsize=16)
def _document(path: Path, text: str) -> dict[str, Any]:
    """Kept, since a command reads Pulumi.yaml and a stack's file several times."""
    from ruamel.yaml import YAML  # noqa: PLC0415 - as above
    from ruamel.yaml.error import YAMLError  # noqa: PLC0415

    from parity.config import yaml_form  # noqa: PLC0415

    forms = yaml_form.check(path.name, text)
    if not forms.safe:
        first = forms.problems[0]
        raise ProjectError(f"{path.name} {first.what.rstrip('.')}", where=first.place, remedy=first.remedy)
    try:
        document: Any = YAML(typ="safe").load(text)  # pyright: ignore[reportUnknownMemberType] - it has no types
    except (YAMLError, ValueError) as error:
        problem, mark = getattr(error, "problem", None) or error, getattr(error, "problem_mark", None)
        where = str(path) if mark is None else f"{path}, line {mark.line + 1}"
        raise ProjectError(f"{path.name} cannot be read: {problem}", where=where, remedy="correct the file") from error
    if not is_mapping(document):
        raise ProjectError(f"{path.name} holds no mapping", where=str(path), remedy="begin it with `config:`")
    return document


def find_project(start: Path | None = None) -> Project:
    """The project at or above `start` (the working directory); raises ProjectError where there is none."""
    here = (start or Path.cwd()).absolute()
    for folder in (here, *here.parents):
        if (folder / "Pulumi.yaml").is_file():
            return Project(folder)
    raise ProjectError(
        "no Pulumi project was found",
        where=f"{here} and the folders above it hold no Pulumi.yaml",
        remedy="run the command in the project's folder",
    )
