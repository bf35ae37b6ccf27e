-- Photos of projects; a photo has the id of its file. Projects, phases and accounts live in other services: no foreign keys.
create table photo (
    tenant_id uuid not null,
    id uuid not null,
    project_id uuid not null,
    phase_id uuid,
    caption text not null constraint photo_caption_length check (char_length(caption) <= 300),
    alt_text text not null constraint photo_alt_text_length check (char_length(alt_text) <= 500),
    audience text not null constraint photo_audience check (audience in ('internal', 'unmarked', 'shared')),
    uploaded_by uuid not null,
    -- of the site: cameras write the time on the wall
    time_zone text not null,
    created_at timestamptz not null,
    -- absent until the photo is ready; what orders the gallery
    taken_at timestamptz,
    trashed_at timestamptz,
    version bigint not null default 1,
    constraint photo_pkey primary key (tenant_id, id),
    constraint photo_file_fkey foreign key (tenant_id, id) references file (tenant_id, id),
    constraint photo_trashed_when_ready check (trashed_at is null or taken_at is not null),
    -- who cannot see the picture is told what it shows
    constraint photo_shared_in_words check (audience <> 'shared' or caption <> '' or alt_text <> '')
);
-- a project's gallery, newest first, with what decides who sees a photo
create index photo_of_project on photo (tenant_id, project_id, taken_at desc, id desc)
    include (audience, uploaded_by, phase_id) where taken_at is not null and trashed_at is null;
-- uploads of a project that are not photos yet, and the trash
create index photo_not_in_gallery on photo (tenant_id, project_id, id) where taken_at is null or trashed_at is not null;
call tenant_table('photo', 'select, insert, update, delete');
