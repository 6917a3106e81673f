"""A secret that two stacks share is found, whatever of it is at hand, and nothing of it is said."""

from __future__ import annotations

from itertools import count

import pytest

from packages.parity.tests.config.conftest import PLAIN
from parity.check import shared
from parity.config.project import Project
from parity.errors import ConfigError

STACK, DRAIN = "parity:secret", "parity:logs.secret"
PAYMENT = "parity:applications.shop.variables.PAYMENT_SECRET_KEY"
SESSION = "parity:applications.admin.variables.SESSION_SECRET"


@pytest.fixture
def own(project, monkeypatch):
    """The project, in which each secret of prod is another one."""
    numbers = count()
    for cipher in ("v1:stack", "v1:payment", "v1:session", "v1:drain"):
        monkeypatch.setitem(PLAIN, f"{cipher}-prod", f"{PLAIN[cipher]}-{next(numbers)}-prod")
        project.edit((f"secure: {cipher}\n", f"secure: {cipher}-prod\n"), stack="prod")
    project.fingerprint("prod")
    return project


def found(*settings):
    faults = shared.find(settings[0].catalog, [each.origin for each in settings])
    return [(fault.file, fault.key, fault) for _, _, fault in faults]


def test_secrets_of_their_own_are_no_fault(own):
    assert found(own.load("staging"), own.load("prod")) == []
    assert found(own.offline("staging"), own.offline("prod")) == []


@pytest.mark.parametrize("reading", ["load", "offline"])
def test_a_copied_file_is_found_open_or_sealed(project, reading):
    read = getattr(project, reading)
    keys = [key for _, key, _ in found(read("staging"), read("prod"))]
    assert keys == [STACK, DRAIN, PAYMENT, SESSION]


def test_the_same_value_sealed_again_is_found_by_its_fingerprint_where_the_stack_secret_is_shared(project, monkeypatch):
    for name, value in (("stack", PLAIN["v1:stack"]), ("payment", PLAIN["v1:payment"]), ("session", "another")):
        monkeypatch.setitem(PLAIN, f"v1:{name}-again", value)
        project.edit((f"secure: v1:{name}\n", f"secure: v1:{name}-again\n"), stack="prod")
    monkeypatch.setitem(PLAIN, "v1:drain-again", "another-drain-of-more-than-thirty-two-characters")
    project.edit(("secure: v1:drain\n", "secure: v1:drain-again\n"), stack="prod")
    project.fingerprint("prod")
    keys = [key for _, key, _ in found(project.offline("staging"), project.offline("prod"))]
    assert keys == [STACK, PAYMENT]
    project.edit(("secure: v1:payment-again\n", "secure: v1:payment-new\n"), stack="prod")
    keys = [key for _, key, _ in found(project.offline("staging"), project.offline("prod"))]
    assert keys == [STACK], "a fingerprint of an earlier ciphertext says nothing of this one"


def test_one_value_under_two_keys_names_both_and_the_command(own, monkeypatch):
    monkeypatch.setitem(PLAIN, "v1:session-prod", PLAIN["v1:payment"])
    own.fingerprint("prod")
    ((file, key, fault),) = found(own.load("staging"), own.load("prod"))
    assert (file, key) == ("Pulumi.prod.yaml", SESSION) or (file, key) == ("Pulumi.staging.yaml", PAYMENT)
    assert PAYMENT in f"{fault.what}{key}"
    assert SESSION in f"{fault.what}{key}"
    assert f"`parity secret set staging '{PAYMENT}'`" in fault.remedy
    assert PLAIN["v1:payment"] not in f"{fault}"
    assert found(own.offline("staging"), own.offline("prod")) == [], "sealed, nothing shows it"


def test_the_secret_is_replaced_where_nothing_is_live_else_in_the_earlier_stack(project):
    assert {file for file, _, _ in found(project.load("staging"), project.load("prod"))} == {"Pulumi.staging.yaml"}
    project.edit(("      live: r1\n", "      live: null\n"), stack="prod")
    (first, *_) = found(project.load("staging"), project.load("prod"))
    assert first[0] == "Pulumi.prod.yaml"
    assert first[2].remedy == "Replace it: `parity secret set prod 'parity:secret' --generate`."
    (first, *_) = found(project.load("prod"), project.load("staging"))
    assert first[0] == "Pulumi.prod.yaml"


def test_an_update_is_refused_by_the_files_alone_and_one_of_another_stack_is_not(own):
    catalog = own.offline("staging").catalog
    shared.require_own("staging", Project(own.folder).stack_files(), catalog)
    (own.folder / "Pulumi.qa.yaml").write_text((own.folder / "Pulumi.staging.yaml").read_text())
    shared.require_own("prod", Project(own.folder).stack_files(), catalog)
    for stack in ("staging", "qa"):
        with pytest.raises(ConfigError, match="is the same secret as parity:secret of"):
            shared.require_own(stack, Project(own.folder).stack_files(), catalog)


def test_that_passwords_follow_from_the_stack_secret_is_said_where_it_serves(project):
    (first, *_) = found(project.load("staging"), project.load("prod"))
    assert "database passwords are derived from it" in first[2].remedy
