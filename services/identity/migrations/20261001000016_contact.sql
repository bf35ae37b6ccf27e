-- One person of a client record. Portal access ties it to an account; several contacts may share one.
create table contact (
    tenant_id uuid not null,
    id uuid not null,
    client_id uuid not null,
    name text not null constraint contact_name check (char_length(name) between 1 and 200),
    email text not null constraint contact_email check (char_length(email) <= 254),
    phone text not null constraint contact_phone check (char_length(phone) <= 50),
    relation text not null constraint contact_relation check (char_length(relation) <= 200),
    main_contact boolean not null,
    account_id uuid,
    view_financials boolean not null default false,
    approve boolean not null default false,
    pay boolean not null default false,
    message boolean not null default false,
    access_enabled_by uuid,
    access_enabled_at timestamptz,
    access_disabled_at timestamptz,
    constraint contact_pkey primary key (tenant_id, id),
    constraint contact_client foreign key (tenant_id, client_id) references client (tenant_id, id),
    constraint contact_account foreign key (tenant_id, account_id) references account (tenant_id, id),
    constraint contact_enabler foreign key (tenant_id, access_enabled_by) references account (tenant_id, id),
    constraint contact_account_once unique (tenant_id, client_id, account_id),
    constraint contact_access_whole check (
        (account_id is null) = (access_enabled_by is null)
        and (account_id is null) = (access_enabled_at is null)
        and (account_id is not null or access_disabled_at is null))
);
create unique index contact_main on contact (tenant_id, client_id) where main_contact;
create index contact_of_account on contact (tenant_id, account_id) where account_id is not null;
call tenant_table('contact', 'select, insert, update, delete');
