"""Records the example's first release of each application, so that a new project has something live in the sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parity.config import digest, fingerprints, settings
from parity.config.project import Project
from parity.config.size import as_text
from parity.documents import is_mapping, mapped
from parity.releases import stack_file, stack_values
from parity.scaffold import jinja, seal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def record(root: Path, name: str) -> None:
    """Record release r1 of every application in every stack of the new project `name` in `root`, and make it live.

    The fingerprints of its secrets are written first.

    Raises:
        ConfigError: the catalog or a stack's file has faults, for example a name that grows too long in a stack.
    """
    project = Project(root)
    for stack, path in project.stack_files().items():
        document = project.stack_document(path)["config"]
        declared = settings.load(stack, root, opened(document, name, stack))
        made = {each: fingerprints.current(declared, each) for each in fingerprints.paths(declared.catalog)}
        text = stack_file.read_text(path)
        stack_file.replace_text(path, text, stack_values.with_fingerprints(path.name, text, made))
        file = stack_file.load(path)
        for application in declared.releases:
            file, _ = stack_file.add_release(
                file,
                application,
                commit=jinja.example_commit(name, application),
                config=digest.config_digest(declared, application, 1),
                credentials=1,
                live=True,
            )
        stack_file.write(file)


def opened(config: Mapping[str, Any], name: str, stack: str) -> dict[str, str]:
    """A stack file's config as the engine gives it: secrets opened, mappings and lists as JSON."""

    def leaf(each: Any) -> Any:
        return seal.opened(str(each["secure"]), name, stack) if is_mapping(each) else each

    sealed = {key: mapped(value, leaf, lambda each: each.keys() == {"secure"}) for key, value in config.items()}
    return {key: as_text(value) for key, value in sealed.items()}
