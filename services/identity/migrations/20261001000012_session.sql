-- A browser that is signed in. The cookie's secret is stored hashed only.
create table session (
    tenant_id uuid not null,
    id uuid not null,
    account_id uuid not null,
    secret_hash bytea not null,
    -- false: the person did not ask to stay signed in
    kept boolean not null,
    user_agent text not null constraint session_user_agent check (char_length(user_agent) <= 500),
    client_address text not null constraint session_client_address check (char_length(client_address) <= 100),
    created_at timestamptz not null,
    last_seen_at timestamptz not null,
    -- moves on with use, up to ends_at
    expires_at timestamptz not null,
    ends_at timestamptz not null,
    constraint session_pkey primary key (tenant_id, id),
    constraint session_secret unique (tenant_id, secret_hash),
    constraint session_account foreign key (tenant_id, account_id) references account (tenant_id, id),
    constraint session_expires_before_end check (expires_at <= ends_at)
);
create index session_of_account on session (tenant_id, account_id);
create index session_expires_at on session (expires_at);
call tenant_table('session', 'select, insert, update, delete');
call platform_table('session', 'select (tenant_id, id, expires_at), delete');

-- Browsers in which a person signed in before: guessing elsewhere never keeps these out.
create table device (
    tenant_id uuid not null,
    account_id uuid not null,
    token_hash bytea not null,
    last_used_at timestamptz not null,
    constraint device_pkey primary key (tenant_id, account_id, token_hash),
    constraint device_account foreign key (tenant_id, account_id) references account (tenant_id, id)
);
create index device_last_used_at on device (last_used_at);
call tenant_table('device', 'select, insert, update');
call platform_table('device', 'select, delete');

-- Carries a sign-up from the base domain to the new host: used once, within a minute.
create table sign_in_code (
    tenant_id uuid not null,
    code_hash bytea not null,
    account_id uuid not null,
    expires_at timestamptz not null,
    constraint sign_in_code_pkey primary key (tenant_id, code_hash),
    constraint sign_in_code_account foreign key (tenant_id, account_id) references account (tenant_id, id)
);
create index sign_in_code_expires_at on sign_in_code (expires_at);
call tenant_table('sign_in_code', 'select, insert, delete');
call platform_table('sign_in_code', 'select, delete');
