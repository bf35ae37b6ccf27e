-- Addresses that do not work. Kept as a hash: identity owns the addresses, and a new address of the account lifts it.
create table suppression (
    tenant_id uuid not null,
    account_id uuid not null,
    address_hash bytea not null constraint suppression_address_hash check (length(address_hash) = 32),
    -- the mail that bounced
    delivery_id uuid not null,
    created_at timestamptz not null,
    constraint suppression_pkey primary key (tenant_id, account_id),
    constraint suppression_delivery foreign key (tenant_id, delivery_id) references delivery (tenant_id, id)
);
call tenant_table('suppression', 'select, insert, update, delete');
