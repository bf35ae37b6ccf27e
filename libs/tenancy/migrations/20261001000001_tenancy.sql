-- What every service's database has: the way to put a table under row-level security, request ids, the audit trail.

-- The service's name, from the login that migrates: `<service>_owner`.
create function service_name() returns text language sql stable
as $$ select regexp_replace(current_user::text, '_owner$', '') $$;

-- Puts a table under forced row-level security for the app login, with exactly the privileges given.
create procedure tenant_table(name regclass, privileges text) language plpgsql
as $$
begin
    execute format('alter table %s enable row level security', name);
    execute format('alter table %s force row level security', name);
    execute format(
        'create policy tenant on %s to %I
             using (tenant_id = nullif(current_setting(''app.tenant_id'', true), '''')::uuid)
             with check (tenant_id = nullif(current_setting(''app.tenant_id'', true), '''')::uuid)',
        name, service_name() || '_app');
    execute format('grant %s on %s to %I', privileges, name, service_name() || '_app');
end
$$;

-- Opens a table to the platform login, which works across organizations, with exactly the privileges given.
create procedure platform_table(name regclass, privileges text) language plpgsql
as $$
begin
    execute format('create policy platform on %s to %I using (true) with check (true)',
        name, service_name() || '_platform');
    execute format('grant %s on %s to %I', privileges, name, service_name() || '_platform');
end
$$;

-- Answers given to writes, so that the same request id answers as before; deleted after a day, where it is about money
-- after 30 days.
create table request (
    tenant_id uuid not null,
    subject text not null,
    method text not null,
    request_id uuid not null,
    request_hash bytea not null,
    response bytea not null,
    created_at timestamptz not null,
    constraint request_pkey primary key (tenant_id, subject, method, request_id)
);
-- the clean-up reads these
create index request_created_at on request (created_at);
call tenant_table('request', 'select, insert, update');
call platform_table('request', 'select, delete');

-- Who did what. Append-only: nobody is granted UPDATE or DELETE.
create table audit (
    tenant_id uuid not null,
    id uuid not null,
    -- the person; null where a service acts by itself
    actor uuid,
    -- the service that asks, for the actor or by itself; null where the person's own browser does
    service text,
    action text not null,
    target uuid not null,
    -- of the target's state, where a deed is recorded with both
    before_hash bytea,
    after_hash bytea,
    -- as the person gave it
    reason text,
    -- of the call, where it carries one: leads to its answer for as long as that is kept
    request_id uuid,
    -- of the call: leads to its spans and logs
    trace_id text,
    -- of the person's browser, where the call says it
    client_address inet,
    created_at timestamptz not null,
    constraint audit_pkey primary key (tenant_id, id)
);
call tenant_table('audit', 'select, insert');

-- Readiness and the refusal to serve an old schema read this.
do $$
begin
    execute format('grant select on _sqlx_migrations to %I', service_name() || '_app');
end
$$;
