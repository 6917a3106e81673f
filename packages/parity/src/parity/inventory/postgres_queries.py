"""The queries of PostgreSQL's catalogues; each works for a role that is no superuser."""

from __future__ import annotations

VERSION = "select current_setting('server_version_num')::int"

IDENTIFIER = "select system_identifier::text as identifier from pg_control_system()"

DATABASES = """
select d.datname, r.rolname as owner, d.datconnlimit, d.datallowconn, d.datistemplate,
       pg_encoding_to_char(d.encoding) as encoding, d.datcollate, d.datctype, t.spcname
from pg_database d join pg_roles r on r.oid = d.datdba join pg_tablespace t on t.oid = d.dattablespace
where d.datname = any(%(databases)s)
"""

ROLES = """
select rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls,
       rolconnlimit, case when rolvaliduntil = 'infinity' then 'infinity' else rolvaliduntil::text end as valid_until,
       rolconfig
from pg_roles
where rolname = any(%(roles)s) or rolname like any(%(patterns)s)
"""

MEMBERSHIPS = """
select g.rolname as role, m.rolname as member, a.admin_option, {inherit} as inherit_option, {set} as set_option,
       a.grantor = 10 as by_the_server
from pg_auth_members a join pg_roles g on g.oid = a.roleid join pg_roles m on m.oid = a.member
"""
"""`inherit_option` and `set_option` are there from version 16 on. The server itself (role 10) gives whoever makes a
role the right to grant it."""

SETTINGS = """
select coalesce(d.datname, '') as database, coalesce(r.rolname, '') as role, s.setconfig
from pg_db_role_setting s left join pg_database d on d.oid = s.setdatabase left join pg_roles r on r.oid = s.setrole
"""

DATABASE_PRIVILEGES = """
select d.datname as name, o.rolname as owner, coalesce(g.rolname, 'public') as grantee, a.privilege_type,
       a.is_grantable,
       exists (select from aclexplode(acldefault('d', d.datdba)) b
               where b.grantee = a.grantee and b.privilege_type = a.privilege_type) as builtin
from pg_database d join pg_roles o on o.oid = d.datdba,
     aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a left join pg_roles g on g.oid = a.grantee
where d.datname = any(%(databases)s)
"""

_OWN = r"n.nspname !~ '^pg_' and n.nspname <> 'information_schema'"

THINGS = r"""
with objects as (
  select 'schema' as kind, n.nspname as schema, n.nspname as name, n.nspowner as owner, n.nspacl as acl,
         acldefault('n', n.nspowner) as usual, 'pg_namespace'::regclass as class, n.oid as oid
  from pg_namespace n where @own
  union all
  select case c.relkind when 'S' then 'sequence' else 'table' end, n.nspname, c.relname, c.relowner, c.relacl,
         acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner), 'pg_class'::regclass, c.oid
  from pg_class c join pg_namespace n on n.oid = c.relnamespace where @own and c.relkind in ('r','v','m','f','p','S')
  union all
  select 'routine', n.nspname, p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')', p.proowner,
         p.proacl, acldefault('f', p.proowner), 'pg_proc'::regclass, p.oid
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace where @own
  union all
  select 'type', n.nspname, t.typname, t.typowner, t.typacl, acldefault('T', t.typowner), 'pg_type'::regclass, t.oid
  from pg_type t join pg_namespace n on n.oid = t.typnamespace left join pg_class c on c.oid = t.typrelid
  where @own and (t.typrelid = 0 or c.relkind = 'c') and t.typelem = 0 and t.typtype <> 'm'
  union all
  select 'language', '', l.lanname, l.lanowner, l.lanacl, acldefault('l', l.lanowner), 'pg_language'::regclass, l.oid
  from pg_language l
  union all
  select 'foreign data wrapper', '', f.fdwname, f.fdwowner, f.fdwacl, acldefault('F', f.fdwowner),
         'pg_foreign_data_wrapper'::regclass, f.oid from pg_foreign_data_wrapper f
  union all
  select 'foreign server', '', s.srvname, s.srvowner, s.srvacl, acldefault('S', s.srvowner),
         'pg_foreign_server'::regclass, s.oid from pg_foreign_server s
  union all
  select 'large object', '', m.oid::text, m.lomowner, m.lomacl, acldefault('L', m.lomowner),
         'pg_largeobject'::regclass, m.oid from pg_largeobject_metadata m
)
select o.kind, o.schema, o.name, coalesce(r.rolname, o.owner::text) as owner, coalesce(x.extname, '') as extension,
       (select jsonb_agg(jsonb_build_array(coalesce(g.rolname, 'public'), a.privilege_type, a.is_grantable,
          exists (select from aclexplode(o.usual) b
                  where b.grantee = a.grantee and b.privilege_type = a.privilege_type)))
        from aclexplode(coalesce(o.acl, o.usual)) a left join pg_roles g on g.oid = a.grantee
        where a.grantee <> o.owner) as privileges,
       (select array_agg(b.privilege_type) from aclexplode(o.usual) b
        where o.acl is not null and b.grantee = o.owner and not exists (select from aclexplode(o.acl) a
              where a.grantee = o.owner and a.privilege_type = b.privilege_type)) as owner_lacks
from objects o left join pg_roles r on r.oid = o.owner
left join pg_depend e on e.classid = o.class and e.objid = o.oid and e.deptype = 'e' and e.objsubid = 0
     and e.refclassid = 'pg_extension'::regclass
left join pg_extension x on x.oid = e.refobjid
""".replace("@own", _OWN)

COLUMNS = r"""
select n.nspname as schema, c.relname || '.' || t.attname as name, o.rolname as owner,
       coalesce(g.rolname, 'public') as grantee, a.privilege_type, a.is_grantable
from pg_attribute t join pg_class c on c.oid = t.attrelid join pg_namespace n on n.oid = c.relnamespace
     join pg_roles o on o.oid = c.relowner, aclexplode(t.attacl) a left join pg_roles g on g.oid = a.grantee
where t.attacl is not null and not t.attisdropped and @own
""".replace("@own", _OWN)

DEFAULTS = """
with wanted as (
  select r.oid as role, r.rolname as owner, k.kind, k.code
  from pg_roles r,
       (values ('table', 'r'), ('sequence', 'S'), ('routine', 'f'), ('type', 'T'), ('schema', 'n')) k(kind, code)
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

OTHERS = """
select 'publication' as kind, p.pubname as name, r.rolname as owner
from pg_publication p join pg_roles r on r.oid = p.pubowner
union all
select 'event trigger', e.evtname, r.rolname from pg_event_trigger e join pg_roles r on r.oid = e.evtowner
union all
select 'user mapping', m.srvname || ' for ' || m.usename, '' from pg_user_mappings m
union all
select 'subscription', s.subname, r.rolname
from pg_subscription s join pg_roles r on r.oid = s.subowner
where s.subdbid = (select oid from pg_database where datname = current_database())
"""
"""Kinds that the program never declares. Everyone may read these columns of pg_subscription."""
