-- Events on their way out, events that came in, and events that could not be handled.

-- Written in the transaction of the fact, published by the relay, deleted 7 days after that.
create table outbox (
    tenant_id uuid not null,
    id uuid not null,
    aggregate_type text not null,
    aggregate_id uuid not null,
    -- counts per aggregate from 1; consumers may order by it, never wait for it
    sequence bigint not null,
    type text not null,
    payload bytea not null,
    -- W3C trace context of the call that caused it
    traceparent text not null,
    created_at timestamptz not null,
    published_at timestamptz,
    constraint outbox_pkey primary key (tenant_id, id)
);
-- the relay reads these and nothing else
create index outbox_unpublished on outbox (id) where published_at is null;
create index outbox_published on outbox (published_at) where published_at is not null;
call tenant_table('outbox', 'select, insert');
call platform_table('outbox', 'select, update, delete');

-- The last sequence of each aggregate: the row's lock puts events of one aggregate into the order of their commits.
create table outbox_sequence (
    tenant_id uuid not null,
    aggregate_type text not null,
    aggregate_id uuid not null,
    last bigint not null,
    constraint outbox_sequence_pkey primary key (tenant_id, aggregate_type, aggregate_id)
);
call tenant_table('outbox_sequence', 'select, insert, update');

-- Events handled, so that one that comes again changes nothing. Kept 35 days.
create table inbox (
    tenant_id uuid not null,
    event_id uuid not null,
    type text not null,
    handled_at timestamptz not null,
    constraint inbox_pkey primary key (tenant_id, event_id)
);
create index inbox_handled_at on inbox (handled_at);
call tenant_table('inbox', 'select, insert');
call platform_table('inbox', 'select, delete');

-- Events that could not be handled, and those of the same key that wait behind them. The nil tenant holds those whose
-- headers name none.
create table held_event (
    tenant_id uuid not null,
    id uuid not null,
    topic text not null,
    partition integer not null,
    "offset" bigint not null,
    key text not null,
    headers jsonb not null,
    payload bytea not null,
    reason text not null,
    -- dead: given up by a person, never handled
    state text not null constraint held_event_state check (state in ('held', 'replayed', 'dead')),
    held_at timestamptz not null,
    settled_at timestamptz,
    constraint held_event_pkey primary key (tenant_id, id),
    constraint held_event_origin unique (tenant_id, topic, partition, "offset")
);
create index held_event_open on held_event (tenant_id, key) where state = 'held';
call tenant_table('held_event', 'select');
call platform_table('held_event', 'select, insert, update');
