-- A household or company that the contractor works for.
create table client (
    tenant_id uuid not null,
    id uuid not null,
    kind text not null constraint client_kind check (kind in ('individual', 'company')),
    display_name text not null constraint client_display_name check (char_length(display_name) between 1 and 200),
    -- the name in lower case: lists go by it
    sort_key text collate "C" not null,
    phone text not null constraint client_phone check (char_length(phone) <= 50),
    best_time text not null constraint client_best_time check (char_length(best_time) <= 200),
    status text not null constraint client_status check (status in ('lead', 'active', 'past')),
    source text not null constraint client_source check (char_length(source) <= 200),
    notes text not null constraint client_notes check (char_length(notes) <= 10000),
    created_at timestamptz not null,
    version bigint not null default 1,
    constraint client_pkey primary key (tenant_id, id)
);
create index client_by_name on client (tenant_id, sort_key, id);
call tenant_table('client', 'select, insert, update');

create table client_tag (
    tenant_id uuid not null,
    client_id uuid not null,
    tag text collate "C" not null constraint client_tag_length check (char_length(tag) between 1 and 50),
    constraint client_tag_pkey primary key (tenant_id, client_id, tag),
    constraint client_tag_client foreign key (tenant_id, client_id) references client (tenant_id, id)
);
create index client_tag_by_tag on client_tag (tenant_id, tag, client_id);
call tenant_table('client_tag', 'select, insert, delete');

create table client_address (
    tenant_id uuid not null,
    client_id uuid not null,
    position integer not null,
    line1 text not null constraint client_address_line1 check (char_length(line1) <= 200),
    line2 text not null constraint client_address_line2 check (char_length(line2) <= 200),
    city text not null constraint client_address_city check (char_length(city) <= 200),
    region text not null constraint client_address_region check (char_length(region) <= 200),
    postal_code text not null constraint client_address_postal_code check (char_length(postal_code) <= 200),
    label text not null constraint client_address_label check (char_length(label) <= 200),
    constraint client_address_pkey primary key (tenant_id, client_id, position),
    constraint client_address_client foreign key (tenant_id, client_id) references client (tenant_id, id)
);
call tenant_table('client_address', 'select, insert, delete');

-- Words of a record in lower case, to search by how a word begins: under row-level security LIKE would read every row.
create table client_search_word (
    tenant_id uuid not null,
    word text collate "C" not null,
    client_id uuid not null,
    constraint client_search_word_pkey primary key (tenant_id, word, client_id),
    constraint client_search_word_client foreign key (tenant_id, client_id) references client (tenant_id, id)
);
-- a changed record replaces its words
create index client_search_word_of_client on client_search_word (tenant_id, client_id);
call tenant_table('client_search_word', 'select, insert, delete');
