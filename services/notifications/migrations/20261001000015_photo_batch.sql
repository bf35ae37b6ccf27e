-- Photos that one person added to a project, or shared, one soon after another: together they are one piece of news.
create table photo_batch (
    tenant_id uuid not null,
    id uuid not null,
    -- the project, the actor and the photos live in other services: no foreign keys
    project_id uuid not null,
    actor_id uuid not null,
    opened_at timestamptz not null,
    -- further photos join before it; then the mail goes out
    due_at timestamptz not null,
    constraint photo_batch_pkey primary key (tenant_id, id)
);
-- the batch that a further photo joins
create index photo_batch_open on photo_batch (tenant_id, project_id, due_at);
call tenant_table('photo_batch', 'select, insert, update');

-- Which batch tells of a photo: the last one that it came into. Whether a person may see it is asked each time the batch
-- is read.
create table photo_batch_photo (
    tenant_id uuid not null,
    photo_id uuid not null,
    batch_id uuid not null,
    -- when it was added, or shared after that
    told_at timestamptz not null,
    constraint photo_batch_photo_pkey primary key (tenant_id, photo_id),
    constraint photo_batch_photo_batch foreign key (tenant_id, batch_id) references photo_batch (tenant_id, id)
);
-- the photos of a batch, newest first
create index photo_batch_photo_of_batch on photo_batch_photo (tenant_id, batch_id, told_at desc);
call tenant_table('photo_batch_photo', 'select, insert, update');
