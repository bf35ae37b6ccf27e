-- Phases of a project, in the order of their position; the positions may have gaps.
create table phase (
    tenant_id uuid not null,
    project_id uuid not null,
    id uuid not null,
    position integer not null,
    name text not null constraint phase_name_length check (char_length(name) between 1 and 200),
    weight integer not null constraint phase_weight check (weight between 1 and 1000),
    progress_percent integer not null constraint phase_progress_percent check (progress_percent between 0 and 100),
    planned_start date,
    planned_end date,
    actual_start date,
    actual_end date,
    milestone text constraint phase_milestone_length check (char_length(milestone) between 1 and 200),
    version bigint not null default 1,
    constraint phase_pkey primary key (tenant_id, project_id, id),
    -- checked at the end of a statement, so that one statement can put all of them into a new order
    constraint phase_position unique (tenant_id, project_id, position) deferrable initially immediate,
    constraint phase_project_fkey foreign key (tenant_id, project_id) references project (tenant_id, id),
    constraint phase_planned_dates check (planned_end >= planned_start),
    constraint phase_actual_dates check (actual_end >= actual_start),
    constraint phase_ended_when_done check (actual_end is null or progress_percent = 100)
);
call tenant_table('phase', 'select, insert, update, delete');
