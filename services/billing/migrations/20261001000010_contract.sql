-- One contract a project. Projects live in another service: project_id has no foreign key.
create table contract (
    tenant_id uuid not null,
    project_id uuid not null,
    value_minor_units bigint not null constraint contract_value_not_negative check (value_minor_units >= 0),
    currency_code text not null constraint contract_currency_code check (currency_code ~ '^[A-Z]{3}$'),
    updated_by uuid not null,
    updated_at timestamptz not null,
    version bigint not null default 1,
    constraint contract_pkey primary key (tenant_id, project_id)
);
call tenant_table('contract', 'select, insert, update');
