-- A contractor company, which is one tenant.
create table organization (
    tenant_id uuid not null,
    -- first label of the portal's host; never changes, because links in sent mails hold it
    slug text not null
        constraint organization_slug_form check (slug ~ '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$' and char_length(slug) between 3 and 40),
    name text not null constraint organization_name check (char_length(name) between 2 and 200),
    phone text not null default '' constraint organization_phone check (char_length(phone) <= 50),
    email text not null default '' constraint organization_email check (char_length(email) <= 254),
    website text not null default '' constraint organization_website check (char_length(website) <= 200),
    address text not null default '' constraint organization_address check (char_length(address) <= 500),
    welcome_text text not null default '' constraint organization_welcome_text check (char_length(welcome_text) <= 2000),
    primary_color text not null constraint organization_primary_color check (primary_color ~ '^#[0-9a-f]{6}$'),
    secondary_color text not null constraint organization_secondary_color check (secondary_color ~ '^#[0-9a-f]{6}$'),
    accent_color text not null constraint organization_accent_color check (accent_color ~ '^#[0-9a-f]{6}$'),
    stylesheet_hash text not null,
    -- the logo lives in another service: no foreign key
    logo_id uuid,
    logo_width integer constraint organization_logo_width check (logo_width > 0),
    logo_height integer constraint organization_logo_height check (logo_height > 0),
    time_zone text not null,
    created_at timestamptz not null,
    version bigint not null default 1,
    constraint organization_pkey primary key (tenant_id),
    constraint organization_logo check
        ((logo_id is null) = (logo_width is null) and (logo_width is null) = (logo_height is null))
);
create unique index organization_slug on organization (slug);
comment on index organization_slug is 'global: a host belongs to one organization';
call tenant_table('organization', 'select, insert, update');
-- which organization answers at a host is asked before any is known
call platform_table('organization', 'select');

-- Derived style sheets by the hash of their content. Former ones stay: pages that browsers hold still name them.
create table stylesheet (
    tenant_id uuid not null,
    hash text not null,
    css text not null,
    created_at timestamptz not null,
    constraint stylesheet_pkey primary key (tenant_id, hash)
);
call tenant_table('stylesheet', 'select, insert');
