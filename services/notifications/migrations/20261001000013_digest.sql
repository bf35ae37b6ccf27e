-- Summaries that went out by the calendar. The key makes a second one of the same day impossible, whatever a change of
-- the time zone or a second worker does.
create table digest (
    tenant_id uuid not null,
    account_id uuid not null,
    kind text not null constraint digest_kind check (kind in ('daily', 'weekly')),
    -- the day in the person's time zone
    local_date date not null,
    delivery_id uuid not null,
    constraint digest_pkey primary key (tenant_id, account_id, kind, local_date),
    constraint digest_delivery foreign key (tenant_id, delivery_id) references delivery (tenant_id, id)
);
call tenant_table('digest', 'select, insert');
