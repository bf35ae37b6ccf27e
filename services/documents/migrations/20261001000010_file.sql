-- Files that were uploaded. Their bytes lie in the bucket under t/<tenant_id>/<id>/<variant>.
create table file (
    tenant_id uuid not null,
    id uuid not null,
    subject text not null constraint file_subject check (subject in ('photo', 'logo')),
    state text not null constraint file_state check (state in ('quarantined', 'processing', 'ready', 'refused')),
    refusal text constraint file_refusal check
        (refusal in ('type_mismatch', 'too_many_pixels', 'unreadable', 'too_hard', 'virus')),
    name text not null constraint file_name_length check (char_length(name) between 1 and 255),
    type text not null constraint file_type check (type in ('jpeg', 'png', 'heic', 'svg')),
    -- as declared when the upload was started; what comes has exactly this size
    size_bytes bigint not null constraint file_size_bytes check (size_bytes > 0),
    -- what this file takes of the organization's storage
    stored_bytes bigint not null constraint file_stored_bytes check (stored_bytes >= 0),
    -- pixels of the largest size made of it
    width integer constraint file_width check (width > 0),
    height integer constraint file_height check (height > 0),
    uploaded_by uuid not null,
    attempts integer not null default 0 constraint file_attempts check (attempts >= 0),
    -- quarantined, refused, or in the trash: when it is deleted; processing: when a worker may take it
    due_at timestamptz,
    -- W3C trace context of the upload
    traceparent text not null,
    created_at timestamptz not null,
    constraint file_pkey primary key (tenant_id, id),
    constraint file_refusal_by_state check ((refusal is not null) = (state = 'refused')),
    constraint file_pixels_by_state check ((width is not null) = (state = 'ready') and (height is null) = (width is null)),
    constraint file_due_by_state check (due_at is not null or state = 'ready')
);
-- the workers read these and nothing else
create index file_due on file (due_at) where due_at is not null;
call tenant_table('file', 'select, insert, update, delete');
-- workers take files over all organizations in turn; what a file is called stays out of their sight
call platform_table('file', 'select (tenant_id, id, subject, state, due_at, traceparent), update (due_at)');

-- What an organization's files take. Its row is locked by whoever adds or deletes a file.
create table usage (
    tenant_id uuid not null,
    file_count bigint not null constraint usage_file_count check (file_count >= 0),
    stored_bytes bigint not null constraint usage_stored_bytes check (stored_bytes >= 0),
    constraint usage_pkey primary key (tenant_id)
);
call tenant_table('usage', 'select, insert, update');
