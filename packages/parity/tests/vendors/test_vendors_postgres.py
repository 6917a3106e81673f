from __future__ import annotations

import psycopg
import pytest

from parity.vendors import postgres

ENVIRONMENT = {"PGHOST": "db.example", "PGPORT": "6432", "PGUSER": "admin", "PGPASSWORD": "p"}


@pytest.fixture
def given(monkeypatch):
    """What psycopg is given, by the last connection."""
    found = {}

    def connect(**options):
        found.clear()
        found.update(options)

    monkeypatch.setattr(psycopg, "connect", connect)
    return found


def test_it_logs_in_as_libpq_would_and_so_that_its_own_session_is_known(given):
    postgres.connect({**ENVIRONMENT, "PGSSLMODE": "", "PGDATABASE": "main"})
    login = {"host": "db.example", "port": "6432", "user": "admin", "password": "p", "dbname": "main"}
    assert given == {**login, "connect_timeout": 10, "application_name": "parity", "autocommit": True}


def test_what_is_given_counts_before_the_variables(given):
    postgres.connect(ENVIRONMENT, "other", user="shop", autocommit=False)
    assert (given["dbname"], given["user"], given["password"], given["autocommit"]) == ("other", "shop", "p", False)
    postgres.connect(ENVIRONMENT)
    assert given["dbname"] == "postgres"
