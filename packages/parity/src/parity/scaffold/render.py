"""Renders a project from a template's folder and the answers, by Copier; and reads the answers a project keeps."""

from __future__ import annotations

import tempfile
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from copier import run_copy
from copier.errors import CopierError, InteractiveSessionError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from parity.errors import ProjectError, UsageError
from parity.scaffold import parts

if TYPE_CHECKING:
    from collections.abc import Mapping

ANSWERS = ".copier-answers.yml"
"""The file in a project that says what it was made from."""
VERSION_KEY = "template_version"


def version() -> str:
    """The version of this installation and of its template, for example `0.2.0`."""
    return installed_version("pulumi-parity")


def series(of: str) -> str:
    """The first two numbers of a version: what a project depends on."""
    return ".".join(of.split(".")[:2])


def fresh(target: Path, answers: Mapping[str, str], *, defaults: bool) -> None:
    """Render a new project with this installation's template into the empty folder `target`.

    What `answers` lacks is asked for in the terminal, or taken with `defaults`.

    Raises:
        UsageError: an answer is not in its form, or is missing where there is no terminal to ask in.
    """
    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder)
        parts.assemble(template, version())
        _render(template, target, answers, version(), defaults=defaults)


def again(template: Path, target: Path, answers: Mapping[str, str], of: str) -> None:
    """Render what a project with these answers gets from an assembled template of the version `of`."""
    _render(template, target, answers, of, defaults=True)


def _render(template: Path, target: Path, answers: Mapping[str, str], of: str, *, defaults: bool) -> None:
    try:
        run_copy(
            str(template),
            target,
            data={**answers, VERSION_KEY: of, "series": series(of)},
            user_defaults={"name": target.name},
            defaults=defaults,
            overwrite=True,
            quiet=True,
            unsafe=True,  # its Jinja extension is this package's own
        )
    except InteractiveSessionError as error:
        raise UsageError(
            "there is no terminal to ask in",
            where="parity init",
            remedy="give each answer as an option, or take the defaults with --defaults",
        ) from error
    except (CopierError, ValueError) as error:
        raise UsageError(str(error).replace("\n", " "), where="parity init", remedy="correct the answer") from error


def answers(project: Path) -> dict[str, str]:
    """What a project was made with: its answers, and the template's version under `template_version`.

    Raises:
        ProjectError: the file is not there, does not parse, or names no version.
    """
    path = project / ANSWERS
    remedy = "restore it from the project's history; `parity init` writes it"
    try:
        document: Any = YAML(typ="safe").load(path)  # pyright: ignore[reportUnknownMemberType] - it has no types
    except (OSError, YAMLError) as error:
        raise ProjectError(f"{ANSWERS} cannot be read: {error}", where=str(path), remedy=remedy) from error
    if not isinstance(document, dict) or VERSION_KEY not in document:
        raise ProjectError(f"{ANSWERS} has no {VERSION_KEY}", where=str(path), remedy=remedy)
    return {str(key): str(value) for key, value in cast("dict[str, Any]", document).items()}
