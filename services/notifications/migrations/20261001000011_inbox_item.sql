-- What clients were told, one row a person. Whether a row may be seen is asked each time it is read.
create table inbox_item (
    tenant_id uuid not null,
    id uuid not null,
    account_id uuid not null,
    kind text not null constraint inbox_item_kind check (kind in ('milestone_reached', 'photos_added')),
    -- the project, the subject and the actor live in other services: no foreign keys
    project_id uuid not null,
    subject_id uuid not null,
    -- empty where it depends on what the person may see when it is read
    text text not null constraint inbox_item_text_length check (length(text) <= 500),
    actor_id uuid,
    created_at timestamptz not null,
    -- when something was last told by it
    told_at timestamptz not null,
    -- what was told until then is seen
    seen_at timestamptz,
    -- it turned out not to be so
    withdrawn_at timestamptz,
    constraint inbox_item_pkey primary key (tenant_id, id),
    constraint inbox_item_text_by_kind check ((text = '') = (kind = 'photos_added'))
);
-- the inbox of a person, newest first, and the count on the badge
create index inbox_item_of_account on inbox_item (tenant_id, account_id, created_at desc, id desc)
    where withdrawn_at is null;
-- what is withdrawn when a milestone is opened again
create index inbox_item_of_subject on inbox_item (tenant_id, subject_id) where withdrawn_at is null;
-- a person is told of a batch of photos once
create unique index inbox_item_of_batch on inbox_item (tenant_id, subject_id, account_id) where kind = 'photos_added';
call tenant_table('inbox_item', 'select, insert, update');
