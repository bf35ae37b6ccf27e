-- Every way in which a schema can break tenant isolation, found in PostgreSQL's own catalogue. No row: the schema holds.
-- $1 is the app login, $2 the platform login.
-- A table without tenant data carries the comment 'global: <why>' and has no tenant_id; an index that is global on purpose
-- likewise.
with ns as (
    select oid, nspname from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'
),
rel as (
    select c.oid, c.oid::regclass::text as name, c.relkind, c.relrowsecurity, c.relforcerowsecurity, c.reloptions, c.relacl, c.relowner,
           exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped) as has_tenant,
           coalesce(obj_description(c.oid, 'pg_class'), '') like 'global: %' as global
    from pg_class c join ns on ns.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and c.relname <> '_sqlx_migrations'
),
tab as (select * from rel where relkind in ('r', 'p') and not (global and not has_tenant)),
pol as (
    select p.*, tab.name, regexp_replace(coalesce(pg_get_expr(p.polqual, p.polrelid), ''), '\s+', ' ', 'g') as qual,
           regexp_replace(coalesce(pg_get_expr(p.polwithcheck, p.polrelid), ''), '\s+', ' ', 'g') as chk,
           array(select r.rolname::text from unnest(p.polroles) x join pg_roles r on r.oid = x) as roles
    from pg_policy p join tab on tab.oid = p.polrelid
),
logins as (select oid, rolname from pg_roles where rolname in ($1::text, $2::text))
select name, 'row-level security is off' as finding from tab where not relrowsecurity
union all select name, 'row-level security is not forced' from tab where relrowsecurity and not relforcerowsecurity
union all select name, 'marked global but has tenant_id' from rel where global and has_tenant and relkind in ('r', 'p')
union all select name, 'has no NOT NULL tenant_id' from tab where not exists (
    select from pg_attribute a where a.attrelid = tab.oid and a.attname = 'tenant_id' and a.attnotnull)
union all select name, 'has no policy for ' || $1::text from tab where not exists (
    select from pol where pol.polrelid = tab.oid and $1::text = any (pol.roles))
union all select name, 'policy ' || polname || ' is open to everybody' from pol where 0 = any (polroles)
union all select name, 'policy ' || polname || ' of ' || $1::text || ' is not the tenant rule' from pol
    where $1::text = any (roles) and (
        (polcmd in ('*', 'r', 'w', 'd') and qual <> '(tenant_id = (NULLIF(current_setting(''app.tenant_id''::text, true), ''''::text))::uuid)')
        or (polcmd in ('*', 'a', 'w') and chk <> '(tenant_id = (NULLIF(current_setting(''app.tenant_id''::text, true), ''''::text))::uuid)'))
union all select name, 'view runs with its owner''s rights' from rel where relkind = 'v'
    and not coalesce(reloptions::text like any (array['%security_invoker=true%', '%security_invoker=on%']), false)
union all select name, 'materialised view ignores row-level security' from rel where relkind = 'm'
union all select name, 'foreign table ignores row-level security' from rel where relkind = 'f'
union all select tab.name, 'foreign key ' || con.conname || ' lacks tenant_id' from tab join pg_constraint con on con.conrelid = tab.oid
    where con.contype = 'f' and exists (select from rel t where t.oid = con.confrelid and t.has_tenant) and not exists (
        select from unnest(con.conkey) k join pg_attribute a on a.attrelid = tab.oid and a.attnum = k where a.attname = 'tenant_id')
union all select tab.name, 'unique index ' || i.indexrelid::regclass || ' is not led by tenant_id' from tab join pg_index i on i.indrelid = tab.oid
    where i.indisunique and coalesce(obj_description(i.indexrelid, 'pg_class'), '') not like 'global: %' and not exists (
        select from pg_attribute a where a.attrelid = tab.oid and a.attnum = i.indkey[0] and a.attname = 'tenant_id')
union all select rel.name, x.who || ' holds ' || x.privilege_type from rel, lateral (
        select coalesce(r.rolname::text, 'everybody') as who, e.privilege_type from aclexplode(rel.relacl) e left join pg_roles r on r.oid = e.grantee
        where (e.grantee = 0) or (r.rolname in ($1::text, $2::text) and e.privilege_type in ('TRUNCATE', 'REFERENCES', 'TRIGGER'))) x
union all select p.oid::regprocedure::text, 'security definer without a pinned search_path, or open to everybody' from pg_proc p join ns on ns.oid = p.pronamespace
    where p.prosecdef and (not exists (select from unnest(coalesce(p.proconfig, '{}')) c where c like 'search_path=%')
        or p.proacl is null or exists (select from aclexplode(p.proacl) e where e.grantee = 0))
union all select l.rolname, 'login is superuser, creates roles or databases, or bypasses row-level security' from pg_roles r join logins l using (oid)
    where r.rolsuper or r.rolbypassrls or r.rolcreaterole or r.rolcreatedb
union all select l.rolname, 'login owns ' || rel.name from logins l join rel on rel.relowner = l.oid
union all select l.rolname, 'login is a member of ' || g.rolname from logins l join pg_auth_members m on m.member = l.oid join pg_roles g on g.oid = m.roleid
union all select ns.nspname, l.rolname || ' may create in this schema' from ns cross join logins l where has_schema_privilege(l.oid, ns.oid, 'CREATE')
union all select current_database(), 'everybody may connect' from pg_database d
    where d.datname = current_database() and (d.datacl is null or exists (select from aclexplode(d.datacl) e where e.grantee = 0 and e.privilege_type = 'CONNECT'))
order by 1, 2
