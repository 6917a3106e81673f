"""Where settings come from: file and engine together, the file alone, the engine alone."""

import json
import pickle
from dataclasses import replace

import pytest

from infra.catalog import CATALOG
from packages.parity.tests.config.conftest import PLAIN, ROOT, engine_config
from parity.config import guard, settings
from parity.config.parameters import Watch
from parity.config.secret import Secret
from parity.config.stack_models import WatchSettings
from parity.errors import ConfigError, SealedSecret
from parity.problems import ConfigProblem, as_json


def test_with_the_engines_values_everything_is_there(project):
    found = project.load()
    assert found.stack == found.environment == "staging"
    assert found.secret.reveal() == PLAIN["v1:stack"]
    assert found.applications["shop"].values["PAYMENT_SECRET_KEY"].reveal() == PLAIN["v1:payment"]
    assert found.applications["shop"].values["SEARCH_RESULTS_LIMIT"] == "20"
    assert found.logs.secret.reveal() == PLAIN["v1:drain"]
    assert [name for name, _ in found.releases["shop"].in_order] == ["r1", "r2"]
    assert found.releases["admin"].live is None
    assert found.releases["admin"].newest is None
    assert not found.sealed
    assert guard.check(found) is None


def test_offline_every_secret_is_sealed_and_the_guard_holds_the_fingerprints(project):
    found = project.offline()
    assert found.sealed
    assert found.applications["shop"].variables["PAYMENT_SECRET_KEY"].sealed
    assert found.applications["shop"].values["SEARCH_RESULTS_LIMIT"] == "20"
    with pytest.raises(SealedSecret, match="parity:secret"):
        found.secret.reveal()
    assert guard.check(found) is None


def test_file_and_engine_give_the_same_but_for_secrets(project):
    loaded, offline = project.load(), project.offline()
    assert loaded.releases == offline.releases
    assert loaded.databases == offline.databases
    assert loaded.delivery == offline.delivery


def test_the_engine_alone_is_enough(project):
    values, secret_keys = engine_config(project.text())
    project.path("staging").unlink()
    found = settings.load("staging", project.folder, values, secret_keys=secret_keys, catalog=CATALOG)
    assert found.secret.reveal() == PLAIN["v1:stack"]
    assert found.applications["shop"].values["PAYMENT_SECRET_KEY"].reveal() == PLAIN["v1:payment"]
    assert found.file is None


def test_faults_of_the_engine_alone_have_keys_and_no_lines(project):
    values, secret_keys = engine_config(project.text().replace("waitMinutes: 0", "waitMinutes: soon"))
    project.path("staging").unlink()
    with pytest.raises(ConfigError) as caught:
        settings.load("staging", project.folder, values, secret_keys=secret_keys, catalog=CATALOG)
    [fault] = caught.value.faults
    assert (fault.file, fault.line, fault.key) == (None, None, "parity:delivery.waitMinutes")


def test_another_config_file_wins_and_its_keys_take_no_lines_from_the_stacks_own(project):
    """`--config-file`: the engine's values count; where they differ from Pulumi.staging.yaml its lines would lie."""
    other = project.text().replace("waitMinutes: 0", "waitMinutes: soon").replace("port: 5432", "port: 6543")
    values, secret_keys = engine_config(other)
    with pytest.raises(ConfigError) as caught:
        settings.load("staging", project.folder, values, secret_keys=secret_keys, catalog=CATALOG)
    [fault] = caught.value.faults
    assert (fault.line, fault.key) == (None, "parity:delivery.waitMinutes")
    values, _ = engine_config(other.replace("soon", "1"))
    found = settings.load("staging", project.folder, values, secret_keys=secret_keys, catalog=CATALOG)
    assert found.databases["storefront"].port == 6543


def test_a_secret_that_the_engine_holds_in_the_clear_is_a_fault_without_the_file_too(project):
    values, secret_keys = engine_config(project.text())
    project.path("staging").unlink()
    with pytest.raises(ConfigError) as caught:
        settings.load(
            "staging",
            project.folder,
            values,
            secret_keys=secret_keys - {"parity:logs", "parity:secret"},
            catalog=CATALOG,
        )
    assert {fault.key for fault in caught.value.faults} == {"parity:logs.secret", "parity:secret"}
    assert all(fault.what == "is a secret and stands in the clear." for fault in caught.value.faults)


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("config:\n  parity:a: [\n", 3, "does not parse"),
        ("config:\n  parity:a: 1\n  parity:a: 2\n", 3, "found duplicate key"),
        ("config:\n\t- x\n", 2, "does not parse"),
        ("encryptionsalt: x\n", 1, "has no mapping `config`"),
        ("config: []\n", 1, "has no mapping `config`"),
        ("", 1, "has no mapping `config`"),
    ],
)
def test_yaml_that_cannot_be_read_is_one_fault_with_its_line(project, text, line, what):
    project.write("staging", text)
    with pytest.raises(ConfigError) as caught:
        project.offline()
    [fault] = caught.value.faults
    assert (fault.file, fault.line) == ("Pulumi.staging.yaml", line)
    assert what in fault.what


def test_text_that_is_not_utf8(project):
    project.path("staging").write_bytes(b"config:\n  parity:environment: \xff\n")
    with pytest.raises(ConfigError, match="is not UTF-8"):
        project.offline()


def test_no_such_stack_names_those_there_are(project):
    with pytest.raises(ConfigError) as caught:
        settings.load("stagin", project.folder, None, catalog=CATALOG)
    [fault] = caught.value.faults
    assert fault.what == "There is no stack stagin: its file does not exist."
    assert fault.remedy == "Did you mean staging? Stacks here: prod, staging."


def test_the_report_as_json_has_every_part_of_each_fault(project):
    project.edit(("port: 5432", "prt: 5432"))
    with pytest.raises(ConfigError) as caught:
        project.load()
    document = json.loads(json.dumps(as_json(caught.value.faults)))
    assert [set(entry) for entry in document] == [{"file", "line", "column", "key", "what", "remedy"}] * 2


def test_keys_of_the_engine_and_its_plugins_are_left_to_them(project):
    project.edit(("  parity:protect", "  pulumi:disable-default-providers: ['*']\n  github:owner: x\n  parity:protect"))
    assert project.load().protect is False


def test_generations_may_rise_and_releases_may_start_above_one(project):
    project.edit(("        r1: {", "        r7: {"), ("        r2: {", "        r12: {"), ("live: r1", "live: r12"))
    newest = project.load().releases["shop"].newest
    assert newest is not None
    assert newest[0] == "r12"


def test_the_examples_stacks_are_sound_offline():
    for stack in ("staging", "prod"):
        assert settings.load(stack, ROOT, None).file == f"Pulumi.{stack}.yaml"


def test_the_examples_stacks_differ_in_nothing_that_is_not_meant():
    staging, prod = (settings.load(stack, ROOT, None) for stack in ("staging", "prod"))
    assert staging.releases.keys() == prod.releases.keys()
    for name in staging.releases:
        pairs = zip(staging.releases[name].in_order, prod.releases[name].in_order, strict=True)
        for (one, first), (other, second) in pairs:
            assert (one, first.commit, first.credentials) == (other, second.commit, second.credentials)


class TestSecret:
    def test_shows_nothing_in_any_form(self):
        secret = Secret("canary-value", "k")
        shown = [repr(secret), str(secret), f"{secret}", f"{secret:>20}", repr({"a": secret}), str([secret])]
        assert not any("canary-value" in text for text in shown)
        assert f"{secret}" == "[secret]"

    def test_cannot_be_written_away(self):
        with pytest.raises(TypeError):
            pickle.dumps(Secret("canary-value"))
        with pytest.raises(TypeError):
            json.dumps(Secret("canary-value"))

    def test_equality_is_of_values_and_sealed_ones_equal_nothing_else(self):
        sealed = Secret(None)
        assert Secret("a") == Secret("a", "other key")
        assert Secret("a") != Secret("b")
        assert sealed == sealed  # noqa: PLR0124
        assert sealed != Secret(None)
        assert Secret("a") != "a"

    def test_settings_show_no_secret(self, project):
        found = project.load()
        assert "canary" not in repr(found)
        assert PLAIN["v1:stack"] not in repr(found)
        assert "canary" not in found.applications["shop"].model_dump_json(exclude={"variables"})


def test_a_watch_is_declared_in_the_catalog_and_its_limits_are_the_stacks(project):
    assert project.load().watch("shop") is None
    shop, *others = CATALOG.applications
    catalog = CATALOG.model_copy(
        update={"applications": (shop.model_copy(update={"watch": Watch(minutes=10)}), *others)}
    )
    found = project.load(catalog=catalog)
    assert found.watch("shop") == Watch(minutes=10)
    own = found.applications["shop"].model_copy(update={"watch": WatchSettings(minutes=30, leastDifference=0.01)})
    differs = replace(found, applications={**found.applications, "shop": own})
    assert differs.watch("shop") == Watch(minutes=30, least_difference=0.01)
    assert differs.watch("admin") is None


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ("was encrypted after its fingerprint.", "parity:secret was encrypted after its fingerprint. Run it."),
        ("Release r1 was recorded with other config.", "Release r1 was recorded with other config. Run it."),
    ],
)
def test_a_fault_as_a_sentence_names_its_subject(what: str, sentence: str):
    assert ConfigProblem("Pulumi.prod.yaml", 3, 1, "parity:secret", what, "Run it.").sentence == sentence
