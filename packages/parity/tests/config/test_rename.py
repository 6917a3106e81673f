"""A rename changes the catalog's and the stacks' texts, and nothing of what is declared for the world."""

import ast
import subprocess

import pytest
from ruamel.yaml import YAML

from infra.catalog import CATALOG
from parity.config import guard
from parity.config.parameters import Catalog
from parity.config.project import Project as Found
from parity.config.rename import Rename
from parity.config.settings_model import Settings
from parity.errors import ProjectError, UsageError
from parity.evaluate.declared import declared
from support.paths import ROOT

SHOP, MAIN = Rename("Application", "shop", "store"), Rename("Database", "storefront", "main_db")
SOURCE = (ROOT / "infra" / "catalog.py").read_text()


def catalog_of(text: str) -> Catalog:
    found: dict[str, Catalog] = {}
    exec(compile(text, "catalog", "exec"), found)  # noqa: S102 - the module that the command wrote
    return found["CATALOG"]


def recorded(project) -> None:
    """Have the stacks' files as they are in Git."""
    for words in (("init", "-q"), ("add", "."), ("commit", "-q", "-m", "Before")):
        command = ("git", "-c", "user.name=P", "-c", "user.email=p@example.com", *words)
        subprocess.run(command, cwd=project.folder, check=True)


def test_nothing_that_is_declared_changes(project):
    before = declared(Found(ROOT), project.load())
    source = MAIN.in_catalog("catalog.py", SHOP.in_catalog("catalog.py", SOURCE))
    project.write("staging", MAIN.in_stack_file("f", SHOP.in_stack_file("f", project.text())))
    settings = project.load(catalog=catalog_of(source))
    after = declared(Found(ROOT), settings)
    assert before.resources.keys() == after.resources.keys()
    changed = {
        name: {key for key in {**one.inputs, **other.inputs} if one.inputs.get(key) != other.inputs.get(key)}
        for (name, one), other in zip(before.resources.items(), after.resources.values(), strict=True)
        if one.inputs != other.inputs
    }
    assert {name.rpartition("::")[2]: keys for name, keys in changed.items()} == {"shop-live": {"application"}}
    assert {each.name for each in settings.catalog.applications} == {"store", "admin"}


def test_the_release_guard_is_content_whether_secrets_are_open_or_sealed(project):
    catalog = catalog_of(SHOP.in_catalog("catalog.py", SOURCE))
    project.write("staging", SHOP.in_stack_file("f", project.text()))
    guard.check(project.load(catalog=catalog))
    guard.check(project.offline(catalog=catalog))


def test_a_rename_by_hand_is_blocked_and_what_the_message_says_is_the_way_on(project):
    def by_hand(name: str) -> Settings:
        return project.offline(
            catalog=catalog_of(SOURCE.replace('            name="shop",\n', f"            {name}\n"))
        )

    before = project.text()
    after = before.replace("\n    shop:\n", "\n    store:\n").replace("applications.shop.", "applications.store.")
    project.write("staging", after)
    with pytest.raises(ProjectError) as caught:
        guard.check(by_hand('name="store",'))
    assert "formerly" not in str(caught.value), "without Git nothing is known of the old name"
    project.write("staging", before)
    recorded(project)
    project.write("staging", after)
    with pytest.raises(ProjectError) as caught:
        guard.check(by_hand('name="store",'))
    assert 'write `formerly="shop"` behind its name in infra/catalog.py' in str(caught.value)
    guard.check(by_hand('name="store", formerly="shop",'))


def test_what_changed_in_a_release_of_before_the_rename_is_named_and_no_other_rename(project):
    recorded(project)
    source = MAIN.in_catalog("catalog.py", SHOP.in_catalog("catalog.py", SOURCE))
    text = MAIN.in_stack_file("f", SHOP.in_stack_file("f", project.text()))
    for before, after in (("https://shop.staging.example.com", "https://new.example.com"), ("host: ", "host: new.")):
        assert before in text
        text = text.replace(before, after)
    project.write("staging", text)
    with pytest.raises(ProjectError) as caught:
        guard.check(project.offline(catalog=catalog_of(source)))
    said = str(caught.value)
    assert "of store was recorded with other config. Changed since" in said
    assert "parity:applications.store.variables.NEXT_PUBLIC_BASE_URL" in said
    assert "parity:databases.main_db.host" in said
    assert "formerly" not in said


def test_renamed_twice_the_first_name_stays(project):
    again = Rename("Application", "store", "kiosk")
    text = again.in_catalog("catalog.py", SHOP.in_catalog("catalog.py", SOURCE))
    (kiosk, _) = catalog_of(text).applications
    assert (kiosk.name, kiosk.formerly) == ("kiosk", "shop")


STACK_FILES = {
    "flow style": ("config:\n  parity:applications: {shop: {project: x}, admin: {}}\n", ["store", "admin"]),
    "quoted": ("config:\n  parity:applications:\n    'shop': {project: x}  # ours\n", ["store"]),
    "it is not there": ("config:\n  parity:applications:\n    admin: {}\n", ["admin"]),
}


@pytest.mark.parametrize(("text", "names"), STACK_FILES.values(), ids=STACK_FILES)
def test_a_stacks_file_is_edited_as_it_is_written(text, names):
    after = SHOP.in_stack_file("Pulumi.x.yaml", text)
    assert list(YAML(typ="safe").load(after)["config"]["parity:applications"]) == names
    assert after.count("\n") == text.count("\n")
    assert SHOP.in_stack_file("Pulumi.x.yaml", after) == after


def test_names_of_roles_and_fingerprints_follow(project):
    project.edit(("readonly: 1", "readonly: 1\n      names: {applications: {shop: {access: web}}}"))
    config = YAML(typ="safe").load(SHOP.in_stack_file("f", project.text()))["config"]
    assert config["parity:databases"]["storefront"]["names"]["applications"] == {"store": {"access": "web"}}
    assert "parity:applications.store.variables.PAYMENT_SECRET_KEY" in config["parity:fingerprints"]


def test_a_file_that_has_both_names_is_refused():
    with pytest.raises(ProjectError, match="names store too"):
        SHOP.in_stack_file("f", "config:\n  parity:applications: {shop: {}, store: {}}\n")


CATALOGS = {
    "computed": 'NAME = "shop"\nApplication(name=NAME)\n',
    "twice": 'Application(name="shop")\nApplication(name="shop")\n',
    "the new one is there": 'Application(name="shop")\nApplication(name="store")\n',
}


@pytest.mark.parametrize("text", CATALOGS.values(), ids=CATALOGS)
def test_a_catalog_that_cannot_be_edited_safely_says_what_to_write(text):
    with pytest.raises(ProjectError) as caught:
        SHOP.in_catalog("infra/catalog.py", text)
    assert 'name="store", formerly="shop"' in str(caught.value.remedy)


def test_a_catalog_on_one_line_and_with_other_letters_keeps_its_form():
    text = 'x = "Ärger"; p = parameters.Application(name="shop", framework="nextjs")\n'
    after = SHOP.in_catalog("c", text)
    assert after == 'x = "Ärger"; p = parameters.Application(name="store", formerly="shop", framework="nextjs")\n'
    assert SHOP.in_catalog("c", after) == after
    ast.parse(after)


REFUSED = {
    "not there": (Rename("Application", "shp", "store"), "no application shp"),
    "taken": (Rename("Application", "shop", "admin"), "admin is taken"),
    "no name": (Rename("Database", "storefront", "No Name"), "no name of that form"),
    "none such": (Rename("Database", "other", "main_db"), "no database other"),
}


@pytest.mark.parametrize(("rename", "said"), REFUSED.values(), ids=REFUSED)
def test_a_name_that_is_not_free_is_refused_before_a_file_is_read(rename, said):
    with pytest.raises(UsageError, match=said) as caught:
        rename.require_free(CATALOG)
    assert caught.value.remedy


def test_a_first_name_is_not_free_again(project):
    catalog = catalog_of(SHOP.in_catalog("catalog.py", SOURCE))
    with pytest.raises(UsageError, match="first declared as"):
        Rename("Application", "admin", "shop").require_free(catalog)
    both = catalog.model_copy(update={"applications": (*catalog.applications, CATALOG.applications[0].model_copy())})
    with pytest.raises(Exception, match="have the first name shop"):
        project.load(catalog=both)
