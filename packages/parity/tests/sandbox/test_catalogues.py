"""Each catalogue of PostgreSQL that holds an owner, an access list or code is read, or there is a reason why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from parity.inventory import postgres_queries

if TYPE_CHECKING:
    from support.sandboxes import Sandbox

pytestmark = pytest.mark.sandbox

CONFERS = """
select distinct c.relname from pg_attribute a join pg_class c on c.oid = a.attrelid
where c.relnamespace = 'pg_catalog'::regnamespace and c.relkind = 'r' and a.attnum > 0
  and (a.attname ~ '(owner|acl|dba|role|grantee|member|foid|qual|func)$' or a.atttypid = 'regproc'::regtype)
"""
REASONS = {
    "pg_aggregate": "a part of a routine, whose owner is compared",
    "pg_amproc": "a part of an operator family, whose owner is compared",
    "pg_amop": "a part of an operator family, whose owner is compared",
    "pg_authid": "read through pg_roles, which everyone may",
    "pg_range": "a part of a type, whose owner is compared",
    "pg_replication_origin": "holds positions; no rights and no code",
    "pg_ts_parser": "only a superuser makes one, who is reported",
    "pg_ts_template": "only a superuser makes one, who is reported",
    "pg_user_mapping": "read through pg_user_mappings, which everyone may",
    "pg_partitioned_table": "a part of a table: migrations own the data model",
    "pg_publication_rel": "a part of a publication, which is reported",
}


def test_each_catalogue_that_confers_rights_or_runs_code_is_read_or_has_a_reason(shared_sandbox: Sandbox):
    with shared_sandbox.postgres() as connection:
        names = {str(row[0]) for row in connection.execute(CONFERS)}
    read = " ".join(value for value in vars(postgres_queries).values() if isinstance(value, str))
    unread = {each for each in names if f" {each} " not in f"{read} ".replace("\n", " ")}
    assert unread - REASONS.keys() == set()
    assert REASONS.keys() & (names - unread) == set(), "a reason for what is read"
