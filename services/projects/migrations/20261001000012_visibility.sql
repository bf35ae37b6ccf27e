-- What clients see of a project: one row a project, made with it.
create table visibility (
    tenant_id uuid not null,
    project_id uuid not null,
    progress text not null constraint visibility_progress check (progress in ('show', 'hide')),
    photos text not null constraint visibility_photos check (photos in ('all', 'selected', 'none')),
    logs text not null constraint visibility_logs check (logs in ('share', 'summarized', 'hide')),
    schedule text not null constraint visibility_schedule check (schedule in ('full', 'milestones', 'hide')),
    financials text not null constraint visibility_financials check (financials in ('full', 'summary', 'hide')),
    updated_at timestamptz not null,
    -- null while the settings are those that the project was created with
    updated_by uuid,
    version bigint not null default 1,
    constraint visibility_pkey primary key (tenant_id, project_id),
    constraint visibility_project_fkey foreign key (tenant_id, project_id) references project (tenant_id, id)
);
call tenant_table('visibility', 'select, insert, update');
