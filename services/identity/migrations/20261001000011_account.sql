-- The sign-in of one person in one organization. The same address at two organizations is two accounts.
create table account (
    tenant_id uuid not null,
    id uuid not null,
    kind text not null constraint account_kind check (kind in ('office', 'client')),
    role text constraint account_role check (role in ('owner', 'pm', 'field')),
    state text not null constraint account_state check (state in ('invited', 'active', 'disabled')),
    name text not null constraint account_name check (char_length(name) between 1 and 200),
    email text not null constraint account_email_length check (char_length(email) between 3 and 254),
    -- the address in lower case: what people type varies
    email_key text not null,
    phone text not null default '' constraint account_phone check (char_length(phone) <= 50),
    -- Argon2id in PHC form
    password_hash text,
    -- how often the office wants the person mailed until the person chooses, by the name notifications gives it
    preset_frequency text not null default '',
    email_confirmed_at timestamptz,
    accepted_at timestamptz,
    last_seen_at timestamptz,
    disabled_at timestamptz,
    -- where the person looked for the portal in vain, so that the office can help
    wrong_host text not null default '',
    wrong_host_at timestamptz,
    created_at timestamptz not null,
    constraint account_pkey primary key (tenant_id, id),
    constraint account_email unique (tenant_id, email_key),
    constraint account_office_has_role check ((kind = 'office') = (role is not null)),
    constraint account_active_has_password check (state <> 'active' or password_hash is not null),
    constraint account_disabled_has_time check ((state = 'disabled') = (disabled_at is not null))
);
-- a person who does not know the host is looked up over all organizations
create index account_email_everywhere on account (email_key);
call tenant_table('account', 'select, insert, update');
call platform_table('account', 'select (tenant_id, id, email_key, state)');
