"""The digest holds every input of a deployment, the guard stops on each; passwords are derived as documented."""

import base64
import dataclasses
import hmac
import json
import subprocess
import sys
import types
import typing
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import BaseModel

from parity.config import digest, fingerprints, guard, passwords
from parity.config.parameters import (
    Application,
    Catalog,
    Container,
    Database,
    DatabaseNames,
    DatabaseUrlVariable,
    Health,
    PerStackVariable,
    PlainVariable,
    Repository,
    Retention,
    SensitiveVariable,
    Telemetry,
    Timeouts,
)
from parity.config.secret import Secret
from parity.config.stack_models import GivenNames, Pooler, StackConfig
from parity.errors import ConfigError, StaleRelease
from support.not_in_digest import NOT_IN_DIGEST


def models_below(model: type[BaseModel]) -> list[type[BaseModel]]:
    found = [model]
    for each in found:
        for hint in typing.get_type_hints(each).values():
            found += [inner for inner in models_in(hint) if inner not in found]
    return found


def models_in(hint: Any) -> list[type[BaseModel]]:
    if isinstance(hint, type) and not isinstance(hint, types.GenericAlias):
        return [hint] if issubclass(hint, BaseModel) else []
    return [model for part in typing.get_args(hint) for model in models_in(part)]


FIELDS = {
    f"{model.__name__}.{name}"
    for root in (Catalog, StackConfig)
    for model in models_below(root)
    for name in model.model_fields
}

CONTAINERS = {
    "Catalog.repository",
    "Catalog.applications",
    "Catalog.databases",
    "Application.variables",
    "StackConfig.applications",
    "StackConfig.databases",
    "StackConfig.secret",
    "GivenNames.applications",
}
"""Fields that hold other models' (each counted for itself), and the stack secret, which keys the digest."""


def catalog_with(settings, **changes):
    return dataclasses.replace(settings, catalog=settings.catalog.model_copy(update=changes))


def shop_with(settings, **changes):
    shop, admin = settings.catalog.applications
    return catalog_with(settings, applications=(shop.model_copy(update=changes), admin))


def variable_with(settings, kind, **changes):
    shop = settings.catalog.applications[0]
    variables = tuple(each.model_copy(update=changes) if isinstance(each, kind) else each for each in shop.variables)
    return shop_with(settings, variables=variables)


def own_with(settings, **changes):
    own = settings.applications["shop"].model_copy(update=changes)
    return dataclasses.replace(settings, applications={**settings.applications, "shop": own})


def value_with(settings, name, value):
    return own_with(settings, variables={**settings.applications["shop"].variables, name: value})


def database_with(settings, **changes):
    own = settings.databases["storefront"].model_copy(update=changes)
    return dataclasses.replace(settings, databases={"storefront": own})


def pooler(settings, **changes):
    """At the server's own address, but for the changes."""
    own = settings.databases["storefront"]
    return Pooler.model_validate({"host": own.host, "port": own.port, **changes})


def named(settings, **given):
    """The database and its roles by names that the stack's file gives."""
    return database_with(settings, names=GivenNames.model_validate(given))


def patterned(settings, **patterns):
    database = settings.catalog.databases[0].model_copy(update={"names": DatabaseNames(**patterns)})
    return catalog_with(settings, databases=(database,))


def renamed(settings, **changes):
    """A variable under another name keeps its value."""
    variables = {**settings.applications["shop"].variables}
    for old, new in (
        ("SEARCH_RESULTS_LIMIT", "OTHER"),
        ("PAYMENT_SECRET_KEY", "OTHER"),
        ("NEXT_PUBLIC_BASE_URL", "OTHER"),
    ):
        variables.setdefault(new, variables[old])
    return variable_with(own_with(settings, variables=variables), changes["kind"], name="OTHER")


IN: dict[str, Any] = {
    "Application.framework": lambda s: shop_with(s, framework="astro"),
    "Application.root_directory": lambda s: shop_with(s, root_directory="apps/other"),
    "Application.node_version": lambda s: shop_with(s, node_version="24.x"),
    "Application.build_command": lambda s: shop_with(s, build_command="make"),
    "Application.install_command": lambda s: shop_with(s, install_command="make"),
    "Application.output_directory": lambda s: shop_with(s, output_directory="out"),
    "Application.function_region": lambda s: shop_with(s, function_region="iad1"),
    "PlainVariable.name": lambda s: variable_with(s, PlainVariable, name="OTHER"),
    "PlainVariable.value": lambda s: variable_with(s, PlainVariable, value="0"),
    "PlainVariable.targets": lambda s: variable_with(s, PlainVariable, targets=("preview",)),
    "PerStackVariable.name": lambda s: renamed(s, kind=PerStackVariable),
    "PerStackVariable.targets": lambda s: variable_with(s, PerStackVariable, targets=("preview",)),
    "SensitiveVariable.name": lambda s: renamed(s, kind=SensitiveVariable),
    "SensitiveVariable.targets": lambda s: variable_with(s, SensitiveVariable, targets=("preview",)),
    "DatabaseUrlVariable.name": lambda s: variable_with(s, DatabaseUrlVariable, name="OTHER"),
    "DatabaseUrlVariable.schemas": lambda s: variable_with(s, DatabaseUrlVariable, schemas=("shop", "backoffice")),
    "DatabaseUrlVariable.targets": lambda s: variable_with(s, DatabaseUrlVariable, targets=("preview",)),
    "DatabaseUrlVariable.database": lambda s: variable_with(
        dataclasses.replace(
            catalog_with(s, databases=(*s.catalog.databases, Database(name="other", schemas=("shop",)))),
            databases={**s.databases, "other": s.databases["storefront"]},
        ),
        DatabaseUrlVariable,
        database="other",
    ),
    "ApplicationSettings.variables": lambda s: value_with(s, "SEARCH_RESULTS_LIMIT", 21),
    "ApplicationSettings.variables (secret)": lambda s: value_with(s, "PAYMENT_SECRET_KEY", Secret("another")),
    "DatabaseSettings.host": lambda s: database_with(s, host="other.example.com"),
    "DatabaseSettings.port": lambda s: database_with(s, port=5433),
    "DatabaseSettings.sslmode": lambda s: database_with(s, sslmode="verify-full"),
    "DatabaseSettings.pooler": lambda s: database_with(s, pooler=pooler(s, port=5433)),
    "Pooler.host": lambda s: database_with(s, pooler=pooler(s, host="pooler.example.com")),
    "Pooler.port": lambda s: database_with(s, pooler=pooler(s, port=6432)),
    "Pooler.user": lambda s: database_with(s, pooler=pooler(s, user="{role}.project")),
    "DatabaseNames.database": lambda s: patterned(s, database="other_{stack}"),
    "DatabaseNames.login": lambda s: patterned(s, login="{application}_{generation}"),
    "GivenNames.database": lambda s: named(s, database="other"),
    "ApplicationRoles.login": lambda s: named(s, applications={"shop": {"login": "web_{generation}"}}),
    "StackConfig.environment": lambda s: dataclasses.replace(s, environment="other"),
    "StackConfig.secret": lambda s: dataclasses.replace(s, secret=Secret("another stack secret, also long enough")),
}
"""A change of each field that a deployment is built with."""

BY_NAME = {"Application.name", "Application.formerly", "Database.name", "Database.formerly", "Release.credentials"}
"""Fields that are in the digest by the names made of them; tested below."""

OUT: dict[str, Any] = {
    "Catalog.vercel_team": lambda s: catalog_with(s, vercel_team="other"),
    "Repository.owner": lambda s: catalog_with(s, repository=s.catalog.repository.model_copy(update={"owner": "o"})),
    "Repository.name": lambda s: catalog_with(s, repository=s.catalog.repository.model_copy(update={"name": "o"})),
    "Application.health": lambda s: shop_with(s, health=Health(path="/other")),
    "Application.container": lambda s: shop_with(s, container=Container(port=8080)),
    "Application.retention": lambda s: shop_with(s, retention=Retention(preview="1y")),
    "PerStackVariable.type": lambda s: variable_with(s, PerStackVariable, type="string"),
    "Database.extensions": lambda s: catalog_with(
        s, databases=(s.catalog.databases[0].model_copy(update={"extensions": ()}),)
    ),
    "Database.timeouts": lambda s: catalog_with(
        s, databases=(s.catalog.databases[0].model_copy(update={"timeouts": Timeouts(statement_milliseconds=1)}),)
    ),
    "Database.schemas": lambda s: catalog_with(
        s, databases=(s.catalog.databases[0].model_copy(update={"schemas": ("shop", "backoffice", "more")}),)
    ),
    "Repository.required_approvals": lambda s: catalog_with(
        s, repository=s.catalog.repository.model_copy(update={"required_approvals": 6, "default_branch": "trunk"})
    ),
    "Catalog.telemetry": lambda s: catalog_with(s, telemetry=Telemetry(sources=("build",), sampling_rate=0.5)),
    "ApplicationSettings.domains": lambda s: own_with(s, domains=()),
    "ApplicationSettings.protection": lambda s: own_with(s, protection="none"),
    "DatabaseNames.owner": lambda s: patterned(s, owner="o", migrator="m", readonly="r", access="{application}"),
    "GivenNames.owner": lambda s: named(
        s, owner="o", migrator="m", readonly="r", applications={"shop": {"access": "a"}}
    ),
    "DatabaseSettings.connection_limit": lambda s: database_with(
        s, connection_limit=99, application_connection_limit=9
    ),
    "StackConfig.delivery": lambda s: dataclasses.replace(
        s, delivery=s.delivery.model_copy(update={"environment": "o", "wait_minutes": 7, "branches": ("other",)})
    ),
    "StackConfig.logs": lambda s: dataclasses.replace(s, logs=None),
    "StackConfig.releases": lambda s: dataclasses.replace(s, releases={}),
    "StackConfig.exceptions": lambda s: dataclasses.replace(s, exceptions=("x",), acknowledged=("x",)),
    "StackConfig.promotes_from": lambda s: dataclasses.replace(s, promotes_from="qa"),
    "StackConfig.protect": lambda s: dataclasses.replace(s, protect=True, manages_repository=True),
}


def test_every_field_is_in_the_digest_or_left_out_with_a_reason():
    excluded = {name for name in FIELDS if {name, name.partition(".")[0]} & NOT_IN_DIGEST.keys()}
    models = {name.partition(".")[0] for name in FIELDS}
    inside = {name for name in IN if "(" not in name} | BY_NAME | CONTAINERS
    assert FIELDS - excluded - inside == set(), "neither in the digest nor in NOT_IN_DIGEST"
    assert NOT_IN_DIGEST.keys() - FIELDS - models == set(), "NOT_IN_DIGEST names fields that do not exist"
    assert excluded & inside == set(), "in both"


def test_a_new_field_would_be_noticed():
    class Grown(Application):
        surprise: str = ""

    assert f"{Grown.__name__}.surprise" not in NOT_IN_DIGEST.keys() | set(IN)
    assert "surprise" in {name for model in models_below(Grown) for name in model.model_fields}


@pytest.mark.parametrize("name", IN)
def test_a_change_of_what_a_deployment_is_built_with_changes_the_digest_and_stops_the_program(name, project):
    settings = project.load()
    changed = IN[name](settings)
    assert digest.config_digest(changed, "shop", 2) != digest.config_digest(settings, "shop", 2)
    with pytest.raises(StaleRelease, match="Release r2 of shop"):
        guard.check(changed)


@pytest.mark.parametrize("name", OUT)
def test_a_change_of_anything_else_leaves_it(name, project):
    settings = project.load()
    assert digest.config_digest(OUT[name](settings), "shop", 2) == digest.config_digest(settings, "shop", 2)


def test_the_names_and_the_generation_are_in(project):
    settings = project.load()
    now = digest.config_digest(settings, "shop", 2)
    assert digest.config_digest(settings, "shop", 3) != now
    assert digest.config_digest(settings, "admin", 2) != now
    assert digest.config_digest(dataclasses.replace(settings, stack="other"), "shop", 2) != now


def test_only_production_variables_count(project):
    settings = variable_with(project.load(), PlainVariable, targets=("preview",))
    other = variable_with(settings, PlainVariable, value="another")
    assert digest.config_digest(settings, "shop", 2) == digest.config_digest(other, "shop", 2)


def test_the_digest_is_32_hex_digits_and_no_secret_is_in_its_document(project):
    settings = project.load()
    text = digest.config_digest(settings, "shop", 2)
    assert len(text) == 32
    assert int(text, 16)
    said = json.dumps(digest.document(settings, "shop", 2))
    assert "canary-payment" not in said
    assert settings.secret.reveal() not in said


def test_a_sealed_config_has_the_same_digest_by_its_fingerprints(project):
    assert digest.config_digest(project.offline(), "shop", 2) == digest.config_digest(project.load(), "shop", 2)
    assert guard.check(project.offline()) is None


def test_a_sealed_secret_without_a_fingerprint_gives_no_digest(project):
    path = "parity:applications.shop.variables.PAYMENT_SECRET_KEY"
    project.edit((f"    {path}: {project.offline().fingerprints[path]}\n", ""))
    with pytest.raises(ConfigError, match="has no fingerprint") as caught:
        digest.config_digest(project.offline(), "shop", 2)
    assert [fault.line for fault in caught.value.faults] == [18]
    assert "`parity secret fingerprint staging`" in caught.value.faults[0].remedy
    with pytest.raises(StaleRelease, match="has no fingerprint"):
        guard.check(project.offline())


def test_another_encryption_of_the_same_values_asks_for_no_release(project, monkeypatch):
    conftest = sys.modules[type(project).__module__]
    monkeypatch.setitem(conftest.PLAIN, "v1:again", conftest.PLAIN["v1:payment"])
    monkeypatch.setitem(conftest.PLAIN, "v1:stack-again", conftest.PLAIN["v1:stack"])
    project.edit(("v1:payment", "v1:again"), ("secure: v1:stack", "secure: v1:stack-again"))
    assert guard.check(project.load()) is None
    with pytest.raises(StaleRelease, match="was encrypted after its fingerprint") as caught:
        guard.check(project.offline())
    assert {fault.remedy.split("`")[1] for fault in caught.value.faults} == {"parity secret fingerprint staging"}
    project.fingerprint()
    assert guard.check(project.offline()) is None


def test_a_secret_that_was_set_another_way_stops_where_values_are_open(project, monkeypatch):
    monkeypatch.setitem(sys.modules[type(project).__module__].PLAIN, "v1:other", "canary-payment-0009")
    project.edit(("v1:payment", "v1:other"))
    with pytest.raises(StaleRelease, match="the value may be another one"):
        guard.check(project.offline())
    with pytest.raises(StaleRelease) as caught:
        guard.check(project.load())
    said = str(caught.value)
    assert "was not set by `parity secret set`" in said
    assert "canary-payment" not in said
    project.fingerprint()
    with pytest.raises(StaleRelease, match="Release r2 of shop"):
        guard.check(project.offline())


def test_a_fingerprint_is_keyed_so_that_a_short_value_cannot_be_guessed(project):
    path = ("parity:applications", "shop", "variables", "PAYMENT_SECRET_KEY")
    one, other = (fingerprints.of(Secret(key * 40), path, Secret("1234")) for key in "ab")
    assert one != other
    assert len(one) == 16
    key = HKDF(SHA256(), 32, None, b"parity/fingerprint/1").derive(b"a" * 40)
    spelled = b"parity:applications.shop.variables.PAYMENT_SECRET_KEY"
    assert one == hmac.new(key, spelled + b"\x001234", sha256).hexdigest()[:16]


def test_the_guard_names_every_stale_application_with_its_command(project):
    project.edit(
        (
            "live: null\n      kept: {}",
            "live: null\n      kept:\n        r1: {commit: "
            + "3c" * 20
            + ", config: "
            + "a" * 32
            + ", credentials: 1}",
        ),
        ("SEARCH_RESULTS_LIMIT: 20", "SEARCH_RESULTS_LIMIT: 21"),
    )
    with pytest.raises(StaleRelease) as caught:
        guard.check(project.load())
    assert [fault.key for fault in caught.value.faults] == [
        "parity:releases.shop.kept.r2.config",
        "parity:releases.admin.kept.r1.config",
    ]
    commands = [fault.remedy for fault in caught.value.faults]
    assert f"`parity release staging shop --commit {'1a' * 20} --live --up`" in commands[0]
    assert f"`parity release staging admin --commit {'3c' * 20} --live --up`" in commands[1]
    now = digest.config_digest(project.load(), "shop", 2)
    assert f"`r3: {{commit: {'1a' * 20}, config: {now}, credentials: 2}}` below r2 and write `live: r3`" in commands[0]
    assert all(fault.line for fault in caught.value.faults)


def test_an_older_release_keeps_its_digest(project):
    """r1 of the test's file was recorded with config of its own; only the newest must be what config gives."""
    settings = project.load()
    assert settings.releases["shop"].kept["r1"].config != digest.config_digest(settings, "shop", 1)
    assert guard.check(settings) is None


def test_a_password_is_hkdf_of_the_stack_secret_with_role_and_generation():
    secret = Secret("stack-secret-of-at-least-thirty-two-characters")
    password = passwords.derive(secret, "storefront_staging_shop_g2", 2).reveal()
    info = b"parity/role/storefront_staging_shop_g2/2"
    # RFC 5869 by hand: extract with an empty salt, expand to one block
    key = hmac.new(b"\0" * 32, secret.reveal().encode(), sha256).digest()
    block = hmac.new(key, info + b"\x01", sha256).digest()
    assert password == base64.urlsafe_b64encode(block).rstrip(b"=").decode()
    assert block == HKDF(SHA256(), 32, None, info).derive(secret.reveal().encode())
    assert len(password) == 43


def test_passwords_differ_by_role_generation_and_secret():
    one, other = Secret("a" * 40), Secret("b" * 40)
    made = {
        passwords.derive(secret, role, n).reveal() for secret in (one, other) for role in ("x", "y") for n in (1, 2)
    }
    assert len(made) == 8
    assert passwords.derive(Secret(None), "x", 1).sealed


def test_models_used_here_are_the_platforms():
    """The walk above really goes through them."""
    assert {"Repository.owner", "Database.name", "Timeouts.statement_milliseconds", "Release.commit"} <= FIELDS
    assert {Repository, Database, Timeouts} <= set(models_below(Catalog))


def test_the_guard_names_the_keys_that_changed_since_the_release_was_recorded(project):
    git = ("git", "-C", str(project.folder), "-c", "user.name=a", "-c", "user.email=a@example.com")
    for words in (("init", "-q"), ("add", "."), ("commit", "-q", "-m", "Record r2")):
        subprocess.run([*git, *words], check=True)
    project.edit(
        ("SEARCH_RESULTS_LIMIT: 20", "SEARCH_RESULTS_LIMIT: 21"), ("port: 5432", "port: 5433"), ("all", "preview")
    )
    with pytest.raises(StaleRelease) as caught:
        guard.check(project.offline())
    (fault,) = caught.value.faults
    assert [each for each in ("variables.SEARCH_RESULTS_LIMIT", "storefront.port") if each not in fault.what] == []
    assert "Pulumi.staging.yaml:17:9: parity:applications.shop.variables.SEARCH_RESULTS_LIMIT" in fault.what
    assert "protection" not in fault.what
    assert "NEXT_PUBLIC_BASE_URL" not in fault.what


def test_a_sensitive_variable_s_mark_changes_with_what_is_declared_of_it_and_holds_no_value(project):
    settings = project.load()
    application = settings.catalog.application("shop")
    found = digest.marks(settings, application, 1)
    wanted = {each.name for each in application.variables if isinstance(each, SensitiveVariable | DatabaseUrlVariable)}
    assert found.keys() == wanted
    assert digest.marks(settings, application, 2) == {
        **found,
        "DATABASE_URL": found["DATABASE_URL"].replace("g1", "g2"),
    }
    for secret in (settings.secret, *settings.applications["shop"].values.values()):
        assert not isinstance(secret, Secret) or secret.reveal() not in str(found)
