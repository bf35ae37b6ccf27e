-- Attempts that are limited: sign-ins, resets, sign-ups. A subject is a hash of what is limited, such as an organization
-- with an address, so that unknown addresses are counted alike and none can be read here.
create table attempt (
    id uuid not null,
    subject bytea not null,
    -- network of the browser; empty where the limit does not ask for it
    network text not null,
    made_at timestamptz not null,
    constraint attempt_pkey primary key (id)
);
comment on table attempt is 'global: sign-up is limited before there is an organization, and subjects are hashes';
create index attempt_subject on attempt (subject, made_at);
create index attempt_made_at on attempt (made_at);
do $$
begin
    execute format('grant select, insert, delete on attempt to %I', service_name() || '_app');
    execute format('grant select, insert, delete on attempt to %I', service_name() || '_platform');
end
$$;
