-- Mails, one row a mail to a person. News that waits for a summary is a row of its own, which goes where the summary goes.
create table delivery (
    tenant_id uuid not null,
    id uuid not null,
    account_id uuid not null,
    kind text not null constraint delivery_kind check (kind in (
        'invitation', 'reset', 'confirm_email', 'access_ended', 'portal_address', 'password_changed',
        'milestone_reached', 'photos_added', 'digest')),
    state text not null constraint delivery_state check (state in (
        'queued', 'held', 'sending', 'accepted', 'bounced', 'suppressed', 'failed', 'dropped')),
    -- the link in the mail, which identity makes when the mail is sent
    link_id uuid,
    item_id uuid,
    project_id uuid,
    -- the summary that takes this news along
    digest_id uuid,
    -- the first mail, where this is another copy of it
    resend_of uuid,
    subject text not null constraint delivery_subject_length check (length(subject) <= 1000),
    -- tries that came to an end; a try that was cut off is none
    attempts integer not null constraint delivery_attempts check (attempts >= 0),
    -- queued or held: when it goes out at the earliest; sending: when somebody else may take it over
    due_at timestamptz,
    -- W3C trace context of what caused the mail
    traceparent text not null,
    created_at timestamptz not null,
    constraint delivery_pkey primary key (tenant_id, id),
    constraint delivery_item foreign key (tenant_id, item_id) references inbox_item (tenant_id, id),
    constraint delivery_digest foreign key (tenant_id, digest_id) references delivery (tenant_id, id),
    constraint delivery_first foreign key (tenant_id, resend_of) references delivery (tenant_id, id),
    constraint delivery_link_by_kind check (
        (link_id is not null) =
        (kind in ('invitation', 'reset', 'confirm_email', 'access_ended', 'portal_address'))),
    constraint delivery_item_by_kind check (
        (item_id is not null) = (kind in ('milestone_reached', 'photos_added'))),
    constraint delivery_project_by_kind check (
        (project_id is not null) = (kind in ('milestone_reached', 'photos_added'))),
    constraint delivery_due_by_state check (
        (due_at is not null) =
        (state in ('queued', 'sending') or (state = 'held' and digest_id is null)))
);
-- the worker reads these and nothing else
create index delivery_due on delivery (due_at) where due_at is not null;
-- the office's list, and a person's
create index delivery_newest on delivery (tenant_id, created_at desc, id desc);
create index delivery_of_account on delivery (tenant_id, account_id, created_at desc, id desc);
create index delivery_of_item on delivery (tenant_id, item_id) where item_id is not null;
create index delivery_of_digest on delivery (tenant_id, digest_id) where digest_id is not null;
call tenant_table('delivery', 'select, insert, update');
-- the worker claims over all organizations what is due; what a mail is about stays out of its sight
call platform_table('delivery',
    'select (tenant_id, id, account_id, state, digest_id, due_at, traceparent), update (state, due_at)');

-- How each mail came to its state.
create table delivery_step (
    tenant_id uuid not null,
    delivery_id uuid not null,
    position bigint not null,
    state text not null constraint delivery_step_state check (state in (
        'queued', 'held', 'sending', 'accepted', 'bounced', 'suppressed', 'failed', 'dropped')),
    at timestamptz not null,
    -- the mail server's answer or the reason, for the office
    detail text not null constraint delivery_step_detail_length check (length(detail) <= 1000),
    constraint delivery_step_pkey primary key (tenant_id, delivery_id, position),
    constraint delivery_step_delivery foreign key (tenant_id, delivery_id) references delivery (tenant_id, id)
);
call tenant_table('delivery_step', 'select, insert');
