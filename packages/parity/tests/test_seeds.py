"""What the sandbox is seeded with."""

from __future__ import annotations

from infra.catalog import CATALOG
from parity.local.seeds import seed_document

A, B = "a" * 40, "b" * 40


def stack(**config):
    return {"config": {f"parity:{key}": value for key, value in config.items()}}


def test_every_commit_of_every_stack_is_there_once():
    first = stack(releases={"shop": {"live": "r1", "kept": {"r1": {"commit": A}, "r2": {"commit": B}}}})
    second = stack(releases={"shop": {"live": "r1", "kept": {"r1": {"commit": A}}}})
    (repository,) = seed_document(CATALOG, [first, second])["github"]["repositories"]
    assert repository["commits"] == [A, B]
    assert (repository["owner"], repository["name"]) == (CATALOG.repository.owner, CATALOG.repository.name)
    assert repository["branches"] == [CATALOG.repository.default_branch]


def test_the_reviewers_of_every_stack_exist():
    first = stack(delivery={"reviewers": {"teams": ["platform"], "users": ["ada"]}})
    second = stack(delivery={"reviewers": {"teams": ["platform", "security"]}})
    github = seed_document(CATALOG, [first, second])["github"]
    assert [team["slug"] for team in github["teams"]] == ["platform", "security"]
    assert github["users"] == [{"login": "ada"}]


def test_the_vercel_team_has_the_same_id_each_time():
    teams = seed_document(CATALOG, [])["vercel"]["teams"]
    assert teams == seed_document(CATALOG, [])["vercel"]["teams"]
    assert teams[0]["slug"] == CATALOG.vercel_team


def test_a_file_of_another_shape_is_left_to_the_program_to_report():
    odd = [{"config": None}, {}, stack(releases=["r1"], delivery="x"), stack(releases={"shop": None})]
    assert seed_document(CATALOG, odd)["github"]["repositories"][0]["commits"] == []
