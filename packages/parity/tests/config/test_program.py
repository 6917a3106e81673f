"""A team's program is loaded by the names in its pyproject.toml; what is missing there is said with the remedy."""

import sys
import types

import pytest

from parity.config import program
from parity.errors import ProjectError


def project(folder, text):
    (folder / "pyproject.toml").write_text(text)
    return folder


def test_what_is_named_is_loaded_and_the_rest_has_defaults(tmp_path):
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "things.py").write_text("CATALOG = 'the catalog'\n")
    found = program.load(project(tmp_path, '[tool.parity]\ncatalog = "shared.things:CATALOG"\n'))
    assert found.catalog() == "the catalog"
    assert (found.build_name, found.catalog_file) == ("infra.build:build", "shared/things.py")


MISSING = {
    "no table": ("[project]\nname = 'x'\n", "no project of Parity's"),
    "no TOML": ("[tool.parity\n", "cannot be read"),
    "no module": ('[tool.parity]\ncatalog = "nowhere.at_all:CATALOG"\n', "no module nowhere"),
    "no attribute": ('[tool.parity]\ncatalog = "json:CATALOG"\n', "json has no CATALOG"),
    "an older template": ('[tool.parity]\ntemplate = "0.1"\n', "of template 0.1"),
    "a newer template": ('[tool.parity]\ntemplate = "0.3.1"\n', "of template 0.3.1"),
    "no version": ('[tool.parity]\ntemplate = "new"\n', "no version"),
}


@pytest.mark.parametrize(("text", "said"), MISSING.values(), ids=MISSING)
def test_what_cannot_be_loaded_is_said_with_a_remedy(text, said, tmp_path):
    with pytest.raises(ProjectError, match=said) as caught:
        program.load(project(tmp_path, text)).catalog()
    assert caught.value.remedy
    assert "pyproject.toml" in str(caught.value.where)


def test_no_file_at_all_is_said_too(tmp_path):
    with pytest.raises(ProjectError, match="cannot be read") as caught:
        program.load(tmp_path)
    assert "parity init" in str(caught.value.remedy)


@pytest.mark.parametrize("version", ["0.2", "0.2.0", "0.2.17"])
def test_a_patch_of_the_served_template_is_served(version, tmp_path):
    program.load(project(tmp_path, f'[tool.parity]\ntemplate = "{version}"\n'))


def test_a_module_that_another_thread_imports_meanwhile_does_not_disturb_it(tmp_path, monkeypatch):
    (tmp_path / "declared").mkdir()
    (tmp_path / "declared" / "__init__.py").write_text("CATALOG = 'its own'\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(sys.modules, "declared", types.ModuleType("declared"))
    monkeypatch.setattr(sys.modules["declared"], "__file__", "/elsewhere/declared/__init__.py", raising=False)
    decide = program._is_of_another

    def meanwhile(module, top, root):
        monkeypatch.setitem(sys.modules, f"meanwhile_{len(sys.modules)}", types.ModuleType("meanwhile"))
        return decide(module, top, root)

    monkeypatch.setattr(program, "_is_of_another", meanwhile)
    assert program.load(project(tmp_path, '[tool.parity]\ncatalog = "declared:CATALOG"\n')).catalog() == "its own"
