"""The queries of PostgreSQL's catalogues; each works for a role that is no superuser."""

from __future__ import annotations

VERSION = "select current_setting('server_version_num')::int"

IDENTIFIER = "select system_identifier::text as identifier from pg_control_system()"

DATABASES = """
select d.datname, r.rolname as owner, d.datconnlimit, d.datallowconn, d.datistemplate,
       pg_encoding_to_char(d.encoding) as encoding, d.datcollate, d.datctype, t.spcname
from pg_database d join pg_roles r on r.oid = d.datdba join pg_tablespace t on t.oid = d.dattablespace
where d.datname = any(%(databases)s) or r.rolname = any(%(roles)s) or r.rolname like any(%(patterns)s)
"""
"""The stack's databases, and every other that belongs to one of its roles."""

PARAMETERS = """
select p.parname as name, g.rolname as grantee, a.privilege_type, a.is_grantable, m.rolname as grantor
from pg_parameter_acl p, aclexplode(p.paracl) a left join pg_roles g on g.oid = a.grantee
     left join pg_roles m on m.oid = a.grantor
where a.grantee <> 10
"""
"""Who may set or alter the server's parameters; there from version 15 on."""

ROLES = """
select rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls,
       rolconnlimit, case when rolvaliduntil = 'infinity' then 'infinity' else rolvaliduntil::text end as valid_until,
       coalesce(rolvaliduntil < now() + interval '1 day', false) as ends, rolconfig, oid < 16384 as builtin
from pg_roles
"""

MEMBERSHIPS = """
select g.rolname as role, m.rolname as member, a.admin_option, {inherit} as inherit_option, {set} as set_option,
       a.grantor = 10 as by_the_server, coalesce(o.rolname, '') as grantor, g.oid < 16384 as predefined,
       m.oid < 16384 as builtin, m.rolcreaterole or m.rolsuper as creates
from pg_auth_members a join pg_roles g on g.oid = a.roleid join pg_roles m on m.oid = a.member
     left join pg_roles o on o.oid = a.grantor
"""
"""`inherit_option` and `set_option` are there from version 16 on. The server itself (role 10) gives whoever makes a
role the right to grant it."""

SETTINGS = """
select coalesce(d.datname, '') as database, coalesce(r.rolname, '') as role, s.setconfig
from pg_db_role_setting s left join pg_database d on d.oid = s.setdatabase left join pg_roles r on r.oid = s.setrole
"""

DATABASE_PRIVILEGES = """
select d.datname as name, o.rolname as owner, coalesce(g.rolname, 'public') as grantee, a.privilege_type,
       a.is_grantable, m.rolname as grantor,
       exists (select from aclexplode(acldefault('d', d.datdba)) b
               where b.grantee = a.grantee and b.privilege_type = a.privilege_type) as builtin
from pg_database d join pg_roles o on o.oid = d.datdba,
     aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a left join pg_roles g on g.oid = a.grantee
     left join pg_roles m on m.oid = a.grantor
where d.datname = any(%(databases)s)
"""

MIGRATIONS = """
select number, sha256, applied_at, applied_by from parity.migrations
where applied_at is not null and number > %s order by number
"""

CATALOGUES = ("pg_catalog", "information_schema")
"""The schemas of PostgreSQL's own objects."""

_FIRST = 16384
"""The first object id that is not PostgreSQL's own: initdb uses the ones below."""

_OWN = f"(n.nspname !~ '^pg_(toast|temp)' and (n.nspname not in {CATALOGUES} or x.oid >= {_FIRST}))"

_IN_SCHEMAS = (
    ("routine", "pg_proc", "pro", "f"),
    ("type", "pg_type", "typ", "T"),
    ("operator", "pg_operator", "opr", ""),
    ("operator class", "pg_opclass", "opc", ""),
    ("operator family", "pg_opfamily", "opf", ""),
    ("collation", "pg_collation", "coll", ""),
    ("conversion", "pg_conversion", "con", ""),
    ("text search configuration", "pg_ts_config", "cfg", ""),
    ("text search dictionary", "pg_ts_dict", "dict", ""),
    ("statistics object", "pg_statistic_ext", "stx", ""),
)
"""Kind, catalogue, the prefix of its columns, and the code of its access list in `acldefault`; empty: it has none."""

_NAMES = {
    "routine": "x.proname || '(' || pg_get_function_identity_arguments(x.oid) || ')'",
    "operator": "x.oprname || '(' || format_type(x.oprleft, null) || ',' || format_type(x.oprright, null) || ')'",
}
_ONLY = {"type": "and (x.typrelid = 0 or exists (select from pg_class c where c.oid = x.typrelid and c.relkind = 'c'))"
         " and x.typelem = 0 and x.typtype <> 'm'"}  # fmt: skip

_LOOSE = (
    ("language", "pg_language", "lanname", "lanowner", "l"),
    ("foreign data wrapper", "pg_foreign_data_wrapper", "fdwname", "fdwowner", "F"),
    ("foreign server", "pg_foreign_server", "srvname", "srvowner", "S"),
    ("large object", "pg_largeobject_metadata", "oid::text", "lomowner", "L"),
    ("publication", "pg_publication", "pubname", "pubowner", ""),
    ("event trigger", "pg_event_trigger", "evtname", "evtowner", ""),
    ("access method", "pg_am", "amname", "", ""),
)
"""What is in no schema: kind, catalogue, its columns of name and owner (the server's own role where it has none)."""

_ON_TABLES = (
    ("trigger", "pg_trigger", "tgrelid", "tgname", "not x.tgisinternal and x.tgparentid = 0"),
    ("rule", "pg_rewrite", "ev_class", "rulename", "x.rulename <> '_RETURN'"),
    ("policy", "pg_policy", "polrelid", "polname", "true"),
)
"""What belongs to a table and has its owner: kind, catalogue, its columns of table and name, and which rows."""

_RELATION = r"""
  select case x.relkind when 'S' then 'sequence' else 'table' end, n.nspname, x.relname, x.relowner, x.relacl,
         acldefault(case x.relkind when 'S' then 's' else 'r' end::"char", x.relowner), 'pg_class'::regclass, x.oid
  from pg_class x join pg_namespace n on n.oid = x.relnamespace where @own and x.relkind in ('r','v','m','f','p','S')
"""

_REST = r"""
  select 'schema', n.nspname, n.nspname, n.nspowner, n.nspacl, acldefault('n', n.nspowner), 'pg_namespace'::regclass,
         n.oid from pg_namespace n where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  union all
  select 'row level security', n.nspname, x.relname, x.relowner, @none, 'pg_class'::regclass, x.oid
  from pg_class x join pg_namespace n on n.oid = x.relnamespace where @own and x.relrowsecurity
  union all
  select 'forced row level security', n.nspname, x.relname, x.relowner, @none, 'pg_class'::regclass, x.oid
  from pg_class x join pg_namespace n on n.oid = x.relnamespace where @own and x.relforcerowsecurity
  union all
  select 'security definer', n.nspname, @routine, x.proowner, @none, 'pg_proc'::regclass, x.oid
  from pg_proc x join pg_namespace n on n.oid = x.pronamespace where @own and x.prosecdef
  union all
  select 'untrusted routine', n.nspname, @routine, x.proowner, @none, 'pg_proc'::regclass, x.oid
  from pg_proc x join pg_namespace n on n.oid = x.pronamespace join pg_language l on l.oid = x.prolang
  where @own and not l.lanpltrusted
  union all
  select 'cast', '', format('(%%s as %%s)', s.typname, t.typname), greatest(s.typowner, t.typowner), @none,
         'pg_cast'::regclass, x.oid
  from pg_cast x join pg_type s on s.oid = x.castsource join pg_type t on t.oid = x.casttarget
  union all
  select 'transform', '', format('for %%s language %%s', t.typname, l.lanname), t.typowner, @none,
         'pg_transform'::regclass, x.oid
  from pg_transform x join pg_type t on t.oid = x.trftype join pg_language l on l.oid = x.trflang
  union all
  select 'user mapping', '', m.srvname || ' for ' || m.usename, s.srvowner, @none, 'pg_user_mapping'::regclass, m.umid
  from pg_user_mappings m join pg_foreign_server s on s.oid = m.srvid
  union all
  select 'subscription', '', x.subname, x.subowner, @none, 'pg_subscription'::regclass, x.oid
  from pg_subscription x where x.subdbid = (select oid from pg_database where datname = current_database())
"""
"""Everyone may read these columns of pg_subscription."""


def _acl(code: str, owner: str, acl: str) -> str:
    return f"{acl}, acldefault('{code}', {owner})" if code else "@none"


def _objects() -> str:
    """One query of every object in a database that confers rights or runs code."""
    parts = [_RELATION]
    parts += [
        f"select '{kind}', n.nspname, {_NAMES.get(kind, f'x.{prefix}name')}, x.{prefix}owner, "
        f"{_acl(code, f'x.{prefix}owner', f'x.{prefix}acl')}, '{catalogue}'::regclass, x.oid from {catalogue} x "
        f"join pg_namespace n on n.oid = x.{prefix}namespace where @own {_ONLY.get(kind, '')}"
        for kind, catalogue, prefix, code in _IN_SCHEMAS
    ]
    parts += [
        f"select '{kind}', '', x.{name}, {f'x.{owner}' if owner else '10::oid'}, "
        f"{_acl(code, f'x.{owner}', f'x.{owner[:3]}acl')}, "
        f"'{'pg_largeobject' if kind == 'large object' else catalogue}'::regclass, x.oid from {catalogue} x"
        for kind, catalogue, name, owner, code in _LOOSE
    ]
    parts += [
        f"select '{kind}', n.nspname, c.relname || '.' || x.{name}, c.relowner, @none, '{catalogue}'::regclass, x.oid "
        f"from {catalogue} x join pg_class c on c.oid = x.{table} join pg_namespace n on n.oid = c.relnamespace "
        f"where {only} and @own"
        for kind, catalogue, table, name, only in _ON_TABLES
    ]
    text = "\n  union all\n  ".join([*parts, _REST])
    none = "null::aclitem[], null::aclitem[]"
    return text.replace("@own", _OWN).replace("@none", none).replace("@routine", _NAMES["routine"])


_EXPLODED = """
       (select jsonb_agg(jsonb_build_array(coalesce(g.rolname, 'public'), a.privilege_type, a.is_grantable,
          exists (select from aclexplode(o.usual) b
                  where b.grantee = a.grantee and b.privilege_type = a.privilege_type), m.rolname))
        from aclexplode(coalesce(o.acl, o.usual)) a left join pg_roles g on g.oid = a.grantee
        left join pg_roles m on m.oid = a.grantor
        where a.grantee <> o.owner) as privileges
"""

THINGS = f"""
with objects(kind, schema, name, owner, acl, usual, class, oid) as ({_objects()})
select o.kind, o.schema, o.name, coalesce(r.rolname, o.owner::text) as owner, coalesce(x.extname, '') as extension,
       i.type, case o.kind when 'user mapping' then regexp_replace(i.identity, '^(.*) on server ', 'for \\1 server ')
         when 'transform' then o.name else i.identity end as identity,
       o.oid < {_FIRST} and o.kind <> 'large object' as builtin, {_EXPLODED},
       (select array_agg(b.privilege_type) from aclexplode(o.usual) b
        where o.acl is not null and b.grantee = o.owner and not exists (select from aclexplode(o.acl) a
              where a.grantee = o.owner and a.privilege_type = b.privilege_type)) as owner_lacks,
       (select array_agg(b.privilege_type) from aclexplode(o.usual) b
        where o.acl is not null and b.grantee = 0 and not exists (select from aclexplode(o.acl) a
              where a.grantee = 0 and a.privilege_type = b.privilege_type)) as public_lacks
from objects o cross join lateral pg_identify_object(o.class, o.oid, 0) i left join pg_roles r on r.oid = o.owner
left join pg_depend e on e.classid = o.class and e.objid = o.oid and e.deptype = 'e' and e.objsubid = 0
     and e.refclassid = 'pg_extension'::regclass
left join pg_extension x on x.oid = e.refobjid
"""
"""Each object with its owner and its access list. PostgreSQL itself says how a statement names it
(`pg_identify_object`)."""

SYSTEM = """
with objects(kind, owner, acl, code, class, oid) as (
  select 'routine', proowner, proacl, 'f', 'pg_proc'::regclass, oid from pg_proc where pronamespace = @system
  union all
  select 'table', relowner, relacl, 'r', 'pg_class'::regclass, oid from pg_class
  where relnamespace = @system and relkind in ('r', 'v')
  union all
  select 'type', typowner, typacl, 'T', 'pg_type'::regclass, oid from pg_type where typnamespace = @system
  union all
  select 'schema', nspowner, nspacl, 'n', 'pg_namespace'::regclass, oid from pg_namespace where oid = @system
)
select o.kind, i.identity, r.rolname as owner, coalesce(g.rolname, 'public') as grantee, a.privilege_type,
       a.is_grantable, m.rolname as grantor
from objects o left join pg_init_privs p on p.classoid = o.class and p.objoid = o.oid and p.objsubid = 0
cross join lateral aclexplode(o.acl) a cross join lateral pg_identify_object(o.class, o.oid, 0) i
join pg_roles r on r.oid = o.owner left join pg_roles g on g.oid = a.grantee left join pg_roles m on m.oid = a.grantor
where o.acl is distinct from p.initprivs and a.grantee <> o.owner
  and not exists (select from aclexplode(coalesce(p.initprivs, acldefault(o.code::"char", o.owner))) b
                  where b.grantee = a.grantee and b.privilege_type = a.privilege_type)
  and o.oid < 16384
""".replace("@system", "'pg_catalog'::regnamespace")
"""Privileges on PostgreSQL's own objects that it did not give by itself."""

COLUMNS = r"""
select n.nspname as schema, c.relname || '.' || t.attname as name, o.rolname as owner,
       coalesce(g.rolname, 'public') as grantee, a.privilege_type, a.is_grantable, m.rolname as grantor
from pg_attribute t join pg_class c on c.oid = t.attrelid join pg_namespace n on n.oid = c.relnamespace
     join pg_roles o on o.oid = c.relowner, aclexplode(t.attacl) a left join pg_roles g on g.oid = a.grantee
     left join pg_roles m on m.oid = a.grantor
where t.attacl is not null and not t.attisdropped and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
"""

DEFAULTS = """
with wanted as (
  select r.oid as role, r.rolname as owner, k.kind, k.code
  from pg_roles r,
       (values ('table', 'r'), ('sequence', 'S'), ('routine', 'f'), ('type', 'T'), ('schema', 'n'),
               ('large object', 'L')) k(kind, code)
  where r.rolname = any(%(owners)s) or r.oid in (select defaclrole from pg_default_acl)
)
select w.owner, w.kind, coalesce(n.nspname, '') as schema, coalesce(g.rolname, 'public') as grantee,
       a.privilege_type, a.is_grantable, d.oid is null as builtin
from wanted w
left join pg_default_acl d on d.defaclrole = w.role and d.defaclobjtype = w.code::"char"
left join pg_namespace n on n.oid = d.defaclnamespace,
     aclexplode(coalesce(d.defaclacl, acldefault(case w.code when 'S' then 's' else w.code end::"char", w.role))) a
left join pg_roles g on g.oid = a.grantee
where a.grantee <> w.role
union all
-- Where there are defaults for one schema only, those of every schema are PostgreSQL's own.
select w.owner, w.kind, '', coalesce(g.rolname, 'public'), a.privilege_type, a.is_grantable, true
from wanted w, aclexplode(acldefault(case w.code when 'S' then 's' else w.code end::"char", w.role)) a
left join pg_roles g on g.oid = a.grantee
where a.grantee <> w.role
  and exists (select from pg_default_acl d where d.defaclrole = w.role and d.defaclobjtype = w.code::"char")
  and not exists (select from pg_default_acl d where d.defaclrole = w.role and d.defaclobjtype = w.code::"char"
                  and d.defaclnamespace = 0)
"""

EXTENSIONS = """
select e.extname, e.extversion, n.nspname as schema, r.rolname as owner
from pg_extension e join pg_namespace n on n.oid = e.extnamespace join pg_roles r on r.oid = e.extowner
"""

INSIDE = {"things": THINGS, "columns": COLUMNS, "defaults": DEFAULTS, "extensions": EXTENSIONS, "system": SYSTEM}
"""Of everything inside one database."""
