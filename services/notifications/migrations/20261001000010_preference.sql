-- How often a client is mailed. A client without a row gets every mail at once, in the organization's time zone.
create table preference (
    tenant_id uuid not null,
    account_id uuid not null,
    frequency text not null constraint preference_frequency
        check (frequency in ('instant', 'daily', 'weekly', 'critical', 'paused')),
    -- IANA name; empty until the person chose one
    time_zone text not null constraint preference_time_zone_length check (length(time_zone) <= 100),
    -- absent while the row is what the office proposed
    chosen_at timestamptz,
    updated_at timestamptz not null,
    constraint preference_pkey primary key (tenant_id, account_id)
);
call tenant_table('preference', 'select, insert, update');
