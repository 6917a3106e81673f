"""A stack is made from another one's file: what it keeps, what it must not, and what a death leaves."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest

from parity.config import fingerprints, settings, yaml_edit
from parity.config.placeholders import MARK
from parity.config.secret import Secret
from parity.console import Screen
from parity.errors import ConfigError, ProjectError, UpdateError
from parity.local import demo_stack
from parity.redact import Redactor
from parity.releases import new_stack
from support.amounts import examples
from support.program import copy_program


@pytest.fixture
def project(tmp_path):
    return copy_program(tmp_path / "program")


@dataclass
class Engine:
    """A backend and an engine that seals by writing the value backwards; it dies before a call, and stays dead."""

    project: object
    dies_before: int = -1
    at_the_backend: list[str] = field(default_factory=lambda: ["staging", "prod"])
    calls: list[tuple[str, ...]] = field(default_factory=list)
    name: str = "qa"

    @property
    def pulumi(self):
        return SimpleNamespace(
            stacks=lambda: self.at_the_backend,
            ensure_stack=self.at_the_backend.index,
            redactor=Redactor(),
            environment={},
            cwd=self.project.root,
        )

    def sibling(self, name):
        return Engine(self.project, name=name)

    def sealed_settings(self):
        return settings.load(self.name, self.project.root, None)

    def ask(self, *arguments, given=""):
        if 0 <= self.dies_before <= len(self.calls):
            raise UpdateError("killed")
        self.calls.append(arguments)
        path = self.project.root / "Pulumi.qa.yaml"
        match arguments[:2]:
            case ("stack", "init"):
                self.at_the_backend.append("qa")
                path.write_text("encryptionsalt: v1:qa\n")
            case ("stack", "rm"):
                self.at_the_backend.remove("qa")
                path.unlink()
            case ("config", "set"):
                file = Path(arguments[-1])
                salt = "" if "encryptionsalt" in file.read_text() else "encryptionsalt: v1:again\n"
                file.write_text(
                    f"{salt}{file.read_text()}".replace("{}", f"{{parity:value: {{secure: {given[::-1]}}}}}")
                )
        return ""


def made(project, *, engine=None, like="staging", fill=None):
    """The text of Pulumi.qa.yaml."""
    draft = new_stack.draft(project, "qa", like)
    new_stack.make(engine or Engine(project), draft.filled(fill) if fill else draft)
    return (project.root / "Pulumi.qa.yaml").read_text()


def faults(project, stack="qa"):
    with pytest.raises(ConfigError) as caught:
        settings.load(stack, project.root, None)
    return {each.key: each for each in caught.value.faults}


def test_the_file_has_the_form_and_the_comments_of_the_other_one(project):
    text, before = made(project), (project.root / "Pulumi.staging.yaml").read_text()
    comments = [re.findall(r"# .*", each) for each in (before, text)]
    assert comments[1] == [each.replace("Staging: what", "Qa: what") for each in comments[0]]
    keys = [re.findall(r"^ *[\w:]+:", each, re.MULTILINE) for each in (before, text)]
    assert set(keys[0]) - set(keys[1]) == {"        r1:"}
    assert set(keys[1]) - set(keys[0]) == {"  parity:promotesFrom:"}


def test_nothing_that_only_one_stack_may_have_is_kept(project):
    config = yaml_edit.load(made(project))["config"]
    assert config["parity:environment"] == "qa"
    assert config["parity:promotesFrom"] == "staging"
    assert config["parity:managesRepository"] is False
    assert config["parity:releases"] == {name: {"live": None, "kept": {}} for name in ("shop", "admin")}
    assert config["parity:exceptions"] == config["parity:acknowledged"] == []
    old = (project.root / "Pulumi.staging.yaml").read_text()
    ciphertexts = re.findall(r"secure: (\S+)|-(\w{8})$", old, re.MULTILINE)
    assert len(ciphertexts) == 7
    assert [each for pair in ciphertexts for each in pair if each and each in made_text(project)] == []


def made_text(project):
    return (project.root / "Pulumi.qa.yaml").read_text()


def test_what_a_person_knows_is_refused_until_it_is_filled_in_each_with_its_command(project):
    made(project)
    found = faults(project)
    names = "parity:applications.shop.domains"
    assert set(found) == {
        f"{names}[0].name",
        f"{names}[1].name",
        f"{names}[1].redirect",
        "parity:applications.shop.variables.NEXT_PUBLIC_BASE_URL",
        "parity:applications.shop.variables.PAYMENT_SECRET_KEY",
        "parity:applications.admin.domains[0].name",
        "parity:applications.admin.variables.NEXT_PUBLIC_BASE_URL",
        "parity:databases.storefront.host",
        "parity:logs.endpoint",
    }
    assert found[f"{names}[0].name"].what == f"is not filled in: {MARK} instead of shop.staging.storefront.example."
    assert found[f"{names}[0].name"].remedy == f"Set it: `parity config set qa '{names}[0].name' VALUE`."
    secret = found["parity:applications.shop.variables.PAYMENT_SECRET_KEY"]
    assert secret.remedy.startswith("Set it: `parity secret set qa ")
    assert all(made_text(project).splitlines()[each.line - 1].count(MARK) == 1 for each in found.values())


def test_a_variable_that_names_the_other_stack_is_to_be_filled_in_and_no_other(project):
    path = project.root / "infra" / "catalog.py"
    path.write_text(
        path.read_text().replace(
            'PerStackVariable(name="SEARCH_RESULTS_LIMIT", type="integer")',
            'PerStackVariable(name="QUEUE"), PerStackVariable(name="COLOR")',
        )
    )
    for stack in ("staging", "prod"):
        file = project.root / f"Pulumi.{stack}.yaml"
        lines = f"        QUEUE: orders-{stack}\n        COLOR: upstaging\n"
        file.write_text(re.sub(r" +SEARCH_RESULTS_LIMIT: \d+\n", lines, file.read_text()))
    made(project)
    assert "parity:applications.shop.variables.QUEUE" in faults(project)
    assert "parity:applications.shop.variables.COLOR" not in faults(project)


def test_filled_in_it_has_no_fault_and_its_fingerprints_are_its_own(project):
    made(project, fill=lambda value: value.replace("staging", "qa"))
    found = settings.load("qa", project.root, None)
    assert found.applications["shop"].domains[1].redirect == "shop.qa.storefront.example"
    assert set(found.fingerprints) == {
        "parity:secret",
        "parity:applications.shop.variables.PAYMENT_SECRET_KEY",
        "parity:applications.admin.variables.SESSION_SECRET",
    }


def test_the_fingerprints_of_a_renamed_application_are_those_of_its_first_name(project):
    path = project.root / "infra" / "catalog.py"
    path.write_text(path.read_text().replace('name="admin"', 'name="office", formerly="admin"'))
    for file in project.root.glob("Pulumi.*.yaml"):
        file.write_text(
            re.sub(r"^(    |    parity:applications\.)admin", r"\1office", file.read_text(), flags=re.MULTILINE)
        )
    config = yaml_edit.load(made(project))["config"]
    stack_secret, session = (
        Secret(each["secure"][::-1])
        for each in (config["parity:secret"], config["parity:applications"]["office"]["variables"]["SESSION_SECRET"])
    )
    first = ("parity:applications", "admin", "variables", "SESSION_SECRET")
    written = config["parity:fingerprints"]["parity:applications.office.variables.SESSION_SECRET"]
    assert written.partition("-")[0] == fingerprints.of(stack_secret, first, session)


def test_names_of_what_is_there_already_are_dropped(project):
    path = project.root / "Pulumi.staging.yaml"
    text = path.read_text()
    text = text.replace(
        "      protection: preview  # prod", "      project: acme-shop\n      protection: preview  # prod"
    )
    text = text.replace(
        "        readonly: 1\n", "        readonly: 1\n      names:\n        database: acme\n        owner: boss\n"
    )
    text = text.replace("    branches: [main]\n", "    branches: [main]\n    environment: Acme\n")
    path.write_text(text)
    config = yaml_edit.load(made(project))["config"]
    assert "project" not in config["parity:applications"]["shop"]
    assert "names" not in config["parity:databases"]["storefront"]
    assert "environment" not in config["parity:delivery"]
    assert not {"acme", "Acme"} & set(re.findall(r"\w+", made_text(project)))


def test_a_stack_whose_names_a_vendor_would_refuse_is_not_begun(project):
    engine = Engine(project)
    with pytest.raises(ConfigError, match="makes the Vercel project shop-QA"):
        new_stack.draft(project, "QA", "staging")
    assert engine.calls == []


def test_a_stack_that_is_there_stays(project):
    with pytest.raises(ProjectError, match="there is a stack prod already"):
        new_stack.require_free(project, "prod")


@pytest.mark.parametrize(
    ("header", "option"),
    [
        ("encryptionsalt: v1:x\n", ("--secrets-provider", "passphrase")),
        (
            "secretsprovider: awskms://alias/x?region=eu\nencryptedkey: abc\n",
            ("--secrets-provider", "awskms://alias/x?region=eu"),
        ),
        ("", ()),
    ],
)
def test_the_secrets_provider_is_of_the_same_kind_with_a_key_of_its_own(project, header, option):
    path = project.root / "Pulumi.staging.yaml"
    path.write_text(re.sub(r"^encryptionsalt: .*\n", header, path.read_text(), flags=re.MULTILINE))
    engine = Engine(project)
    text = made(project, engine=engine)
    assert engine.calls[0] == ("stack", "init", "--no-select", *option)
    assert re.findall(r"^(?:encryp|secretsp).*", text, re.MULTILINE) == ["encryptionsalt: v1:qa"]


@pytest.mark.parametrize("calls", range(0, 4, examples(2, 1)))
def test_where_it_dies_nothing_half_counts_and_a_second_run_ends_it(project, calls):
    others = {path: path.read_text() for path in project.root.glob("Pulumi.*.yaml")}
    dead = Engine(project, dies_before=calls)
    with pytest.raises(UpdateError, match="killed"):
        made(project, engine=dead)
    path = project.root / "Pulumi.qa.yaml"
    assert not path.exists() or path.read_text() == "encryptionsalt: v1:qa\n"
    new_stack.require_free(project, "qa")
    made(project, engine=Engine(project, at_the_backend=dead.at_the_backend), fill=lambda value: f"{value}.qa")
    assert {path: path.read_text() for path in others} == others
    assert "config:" in path.read_text()


def test_where_the_engine_refuses_what_was_begun_goes_again(project, monkeypatch):
    engine = Engine(project)
    monkeypatch.setattr(new_stack.stack_values, "encrypted", lambda *_: (_ for _ in ()).throw(UpdateError("no key")))
    with pytest.raises(UpdateError, match="no key"):
        made(project, engine=engine)
    assert engine.calls[-1] == ("stack", "rm", "--yes")
    assert engine.at_the_backend == ["staging", "prod"]
    assert not (project.root / "Pulumi.qa.yaml").exists()


def test_where_another_process_has_ended_it_meanwhile_nothing_of_it_goes(project, monkeypatch):
    engine, path = Engine(project), project.root / "Pulumi.qa.yaml"

    def encrypted(*_):
        path.write_text("config: {}\n")
        raise UpdateError("late")

    monkeypatch.setattr(new_stack.stack_values, "encrypted", encrypted)
    with pytest.raises(UpdateError, match="late"):
        made(project, engine=engine)
    assert path.read_text() == "config: {}\n"
    assert "qa" in engine.at_the_backend


def test_no_secret_is_said(project, capsys):
    engine = Engine(project)
    made(project, engine=engine)
    said = capsys.readouterr()
    assert said.out + said.err == ""
    sealed = re.findall(r"secure: (\S+)", made_text(project))
    assert len(set(sealed)) == 3
    assert all(len(each) == 43 for each in sealed)


def test_the_demonstration_fills_one_in_updates_it_and_promotes_what_is_live_before_it(project, monkeypatch):
    done = []

    def promote(source, target, application, **_):
        done.append(f"{source.name} -> {target.name}: {application}")
        return SimpleNamespace(title=application, file=application)

    def update(*_):
        done.append("update")
        return 1

    monkeypatch.setattr(demo_stack.steps, "promote", promote)
    monkeypatch.setattr(demo_stack.stack_file, "write", lambda file: done.append(f"{file} written"))
    screen = Screen(stdout=io.StringIO(), stderr=io.StringIO())
    assert demo_stack.bring_up(Engine(project), "staging", update, screen) == 2
    each = [f"staging -> qa: {name}, {name} written" for name in ("shop", "admin")]
    assert ", ".join(done) == ", ".join(["update", *each, "update"])
