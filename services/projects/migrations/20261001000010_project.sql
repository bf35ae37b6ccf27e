-- Projects and who of the office works on them. Clients and accounts live in another service: client_id, manager_id and
-- account_id have no foreign keys.
create table project (
    tenant_id uuid not null,
    id uuid not null,
    client_id uuid not null,
    name text not null constraint project_name_length check (char_length(name) between 1 and 200),
    type text not null constraint project_type check
        (type in ('kitchen', 'bathroom', 'addition', 'whole_home', 'new_home', 'exterior', 'other')),
    status text not null constraint project_status check (status in ('planned', 'active', 'on_hold', 'finished')),
    address_line1 text not null constraint project_address_line1_length check (char_length(address_line1) <= 200),
    address_city text not null constraint project_address_city_length check (char_length(address_city) <= 200),
    address_region text not null constraint project_address_region_length check (char_length(address_region) <= 200),
    address_postal_code text not null
        constraint project_address_postal_code_length check (char_length(address_postal_code) <= 20),
    latitude_e6 integer constraint project_latitude check (latitude_e6 between -90000000 and 90000000),
    longitude_e6 integer constraint project_longitude check (longitude_e6 between -180000000 and 180000000),
    start_date date,
    planned_finish date,
    manager_id uuid not null,
    time_zone text not null constraint project_time_zone_length check (char_length(time_zone) between 1 and 100),
    -- one time for each part that the settings hide apart, so that "last updated" says nothing of a hidden one
    details_changed_at timestamptz not null,
    progress_changed_at timestamptz not null,
    schedule_changed_at timestamptz not null,
    milestones_changed_at timestamptz not null,
    version bigint not null default 1,
    constraint project_pkey primary key (tenant_id, id),
    constraint project_point check ((latitude_e6 is null) = (longitude_e6 is null)),
    constraint project_dates check (planned_finish >= start_date)
);
-- a client's projects, newest first
create index project_client on project (tenant_id, client_id, id);
-- the projects that somebody of the crew runs
create index project_manager on project (tenant_id, manager_id);
call tenant_table('project', 'select, insert, update');

create table project_member (
    tenant_id uuid not null,
    project_id uuid not null,
    account_id uuid not null,
    constraint project_member_pkey primary key (tenant_id, project_id, account_id),
    constraint project_member_project_fkey foreign key (tenant_id, project_id) references project (tenant_id, id)
);
-- the projects that somebody of the crew is assigned to
create index project_member_account on project_member (tenant_id, account_id);
call tenant_table('project_member', 'select, insert, delete');
