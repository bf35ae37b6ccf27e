-- A link that is mailed. The token is computed from the row's id and a key outside the database; stored is its hash.
create table link (
    tenant_id uuid not null,
    id uuid not null,
    account_id uuid not null,
    purpose text not null
        constraint link_purpose check (purpose in ('invite', 'reset', 'confirm_email', 'access_ended', 'portal_address')),
    -- none where the mail tells something and gives no power
    token_hash bytea,
    -- who caused it; none where the person did
    created_by uuid,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz,
    voided_at timestamptz,
    constraint link_pkey primary key (tenant_id, id),
    constraint link_token unique (tenant_id, token_hash),
    constraint link_account foreign key (tenant_id, account_id) references account (tenant_id, id),
    constraint link_creator foreign key (tenant_id, created_by) references account (tenant_id, id),
    constraint link_power check ((purpose in ('invite', 'reset', 'confirm_email')) = (token_hash is not null))
);
-- the newest alone works
create unique index link_newest on link (tenant_id, account_id, purpose) where used_at is null and voided_at is null;
-- a contact's record shows its newest invitation
create index link_of_account on link (tenant_id, account_id, purpose, id);
call tenant_table('link', 'select, insert, update');
