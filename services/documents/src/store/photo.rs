//! SQL on photos.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use proto::documents::PhotoFilter;
use service::{Result, clock, parse_id};
use tenancy::TenantTx;
use uuid::Uuid;

use super::{file::QUARANTINE, usage::Usage};
use crate::{
    access::Scope,
    file::{Declared, type_word},
    photo::{Audience, Details},
};

/// A photo that is ready.
pub(crate) struct Photo {
    pub(crate) id: Uuid,
    pub(crate) project_id: Uuid,
    pub(crate) phase_id: Option<Uuid>,
    pub(crate) caption: String,
    pub(crate) alt_text: String,
    pub(crate) audience: String,
    pub(crate) uploaded_by: Uuid,
    pub(crate) taken_at: jiff_sqlx::Timestamp,
    pub(crate) created_at: jiff_sqlx::Timestamp,
    pub(crate) width: i32,
    pub(crate) height: i32,
    pub(crate) is_trashed: bool,
    pub(crate) version: i64,
}

impl Photo {
    /// What is written about it.
    pub(crate) fn details(&self) -> Result<Details> {
        Ok(Details {
            caption: self.caption.clone(),
            alt_text: self.alt_text.clone(),
            phase: self.phase_id,
            audience: Audience::of_word(&self.audience)?,
        })
    }

    /// Its place in the gallery.
    pub(crate) fn key(&self) -> Key {
        (self.taken_at.to_jiff(), self.id)
    }
}

/// Where a photo stands in the order of a gallery.
pub(crate) type Key = (Timestamp, Uuid);

/// A photo that is not ready yet.
pub(crate) struct Pending {
    pub(crate) project_id: Uuid,
    pub(crate) uploaded_by: Uuid,
    pub(crate) time_zone: String,
}

/// Which photos of a project are meant: what the caller sees of it, narrowed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Filter {
    project: Uuid,
    scope: Scope,
    audience: Option<Audience>,
    phase: Option<Uuid>,
    without_phase: bool,
    trashed: bool,
}

impl Filter {
    /// Everything that is seen of a project outside the trash.
    pub(crate) fn of(project: Uuid, scope: Scope) -> Self {
        Self {
            project,
            scope,
            audience: None,
            phase: None,
            without_phase: false,
            trashed: false,
        }
    }

    /// Narrows it as a request asks; clients know of no audience and no trash.
    pub(crate) fn narrow(mut self, filter: Option<&PhotoFilter>) -> Result<Self> {
        let Some(filter) = filter else {
            return Ok(self);
        };
        if !filter.phase_id.is_empty() {
            self.phase = Some(parse_id(&filter.phase_id, "filter.phase_id")?);
        }
        self.without_phase = filter.without_phase;
        if self.scope.may_edit() {
            self.audience = Audience::of(filter.audience());
            self.trashed = filter.trashed;
        }
        Ok(self)
    }

    /// True where counts by phase are those of all photos of the project.
    pub(crate) fn is_narrowed_by_phase_alone(&self) -> bool {
        self.audience.is_none() && !self.trashed
    }

    /// True where photos of this phase, or of none, are meant.
    pub(crate) fn has_phase(&self, phase: Option<Uuid>) -> bool {
        self.phase.is_none_or(|only| Some(only) == phase)
            && !(self.without_phase && phase.is_some())
    }

    fn audiences(&self) -> Vec<String> {
        self.scope
            .audiences()
            .iter()
            .filter(|audience| self.audience.is_none_or(|only| only == **audience))
            .map(|audience| audience.word().to_owned())
            .collect()
    }
}

/// Inserts a photo and its file, whose bytes are on their way, and adds it to the usage, which it answers; by one statement,
/// for its uploader waits. Others who add a file wait until the transaction ends.
pub(crate) async fn insert(
    tx: &mut TenantTx,
    id: Uuid,
    project: Uuid,
    details: &Details,
    declared: &Declared,
    account: Uuid,
    time_zone: &str,
) -> Result<Usage> {
    let tenant = tx.tenant().uuid();
    let now = clock::now();
    let usage = sqlx::query_as!(
        Usage,
        "with new_usage as (
             insert into usage (tenant_id, file_count, stored_bytes) values ($1, 1, $5)
             on conflict (tenant_id) do update set
                 file_count = usage.file_count + 1, stored_bytes = usage.stored_bytes + $5
             returning file_count, stored_bytes),
         new_file as (
             insert into file
                 (tenant_id, id, subject, state, name, type, size_bytes, stored_bytes, uploaded_by, due_at, traceparent,
                  created_at)
             values ($1, $2, 'photo', 'quarantined', $3, $4, $5, $5, $6, $7, $8, $9)),
         new_photo as (
             insert into photo
                 (tenant_id, id, project_id, phase_id, caption, alt_text, audience, uploaded_by, time_zone, created_at)
             values ($1, $2, $10, $11, $12, $13, $14, $6, $15, $9))
         select file_count, stored_bytes from new_usage",
        tenant,
        id,
        declared.name,
        type_word(declared.file_type),
        declared.size,
        account,
        (now + QUARANTINE).to_sqlx(),
        ::events::trace::current(),
        now.to_sqlx(),
        project,
        details.phase,
        details.caption,
        details.alt_text,
        details.audience.word(),
        time_zone
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(usage)
}

/// Lists photos, newest first, from after a place on.
pub(crate) async fn list(
    tx: &mut TenantTx,
    filter: &Filter,
    after: Option<Key>,
    limit: i64,
) -> Result<Vec<Photo>> {
    let tenant = tx.tenant().uuid();
    let (time, id) = after.unzip();
    let photos = sqlx::query_as!(
        Photo,
        r#"select p.id, p.project_id, p.phase_id, p.caption, p.alt_text, p.audience, p.uploaded_by,
               p.taken_at as "taken_at!", p.created_at, f.width as "width!", f.height as "height!",
               p.trashed_at is not null as "is_trashed!", p.version
           from photo p join file f using (tenant_id, id)
           where p.tenant_id = $1 and p.project_id = $2 and p.taken_at is not null
               and case when $3 then p.trashed_at is not null else p.trashed_at is null end
               and p.audience = any($4) and ($5::uuid is null or p.uploaded_by = $5)
               and ($6::uuid is null or p.phase_id = $6) and (not $7 or p.phase_id is null)
               and ($8::timestamptz is null or (p.taken_at, p.id) < ($8, $9))
           order by p.taken_at desc, p.id desc limit $10"#,
        tenant,
        filter.project,
        filter.trashed,
        &filter.audiences(),
        filter.scope.uploader(),
        filter.phase,
        filter.without_phase,
        time.map(jiff_sqlx::ToSqlx::to_sqlx) as _,
        id,
        limit
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(photos)
}

/// Counts photos by phase.
pub(crate) async fn count_by_phase(
    tx: &mut TenantTx,
    filter: &Filter,
) -> Result<Vec<(Option<Uuid>, i64)>> {
    let tenant = tx.tenant().uuid();
    let counts = sqlx::query!(
        r#"select phase_id, count(*) as "count!"
           from photo
           where tenant_id = $1 and project_id = $2 and taken_at is not null
               and case when $3 then trashed_at is not null else trashed_at is null end
               and audience = any($4) and ($5::uuid is null or uploaded_by = $5)
           group by phase_id"#,
        tenant,
        filter.project,
        filter.trashed,
        &filter.audiences(),
        filter.scope.uploader()
    )
    .map(|row| (row.phase_id, row.count))
    .fetch_all(&mut **tx)
    .await?;
    Ok(counts)
}

/// How many photos stand before a place and after it, and which are the next ones.
pub(crate) struct Neighbors {
    pub(crate) newer: i64,
    pub(crate) older: i64,
    pub(crate) previous: Option<Uuid>,
    pub(crate) next: Option<Uuid>,
}

/// Finds what stands around a place.
pub(crate) async fn neighbors(
    tx: &mut TenantTx,
    filter: &Filter,
    (time, id): Key,
) -> Result<Neighbors> {
    let tenant = tx.tenant().uuid();
    let neighbors = sqlx::query_as!(
        Neighbors,
        r#"with seen as (
               select id, taken_at from photo
               where tenant_id = $1 and project_id = $2 and taken_at is not null
                   and case when $3 then trashed_at is not null else trashed_at is null end
                   and audience = any($4) and ($5::uuid is null or uploaded_by = $5)
                   and ($6::uuid is null or phase_id = $6) and (not $7 or phase_id is null))
           select
               (select count(*) from seen where (taken_at, id) > ($8, $9)) as "newer!",
               (select count(*) from seen where (taken_at, id) < ($8, $9)) as "older!",
               (select id from seen where (taken_at, id) > ($8, $9) order by taken_at, id limit 1) as previous,
               (select id from seen where (taken_at, id) < ($8, $9)
                order by taken_at desc, id desc limit 1) as next"#,
        tenant,
        filter.project,
        filter.trashed,
        &filter.audiences(),
        filter.scope.uploader(),
        filter.phase,
        filter.without_phase,
        time.to_sqlx(),
        id
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(neighbors)
}

/// Finds photos by their ids, those in the trash too.
pub(crate) async fn find(tx: &mut TenantTx, ids: &[Uuid]) -> Result<Vec<Photo>> {
    let tenant = tx.tenant().uuid();
    let photos = sqlx::query_as!(
        Photo,
        r#"select p.id, p.project_id, p.phase_id, p.caption, p.alt_text, p.audience, p.uploaded_by,
               p.taken_at as "taken_at!", p.created_at, f.width as "width!", f.height as "height!",
               p.trashed_at is not null as "is_trashed!", p.version
           from photo p join file f using (tenant_id, id) where p.tenant_id = $1 and p.id = any($2) and p.taken_at is not null
           order by p.taken_at desc, p.id desc"#,
        tenant,
        ids
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(photos)
}

/// Locks photos of a project by their ids, always in the same order.
pub(crate) async fn lock(
    tx: &mut TenantTx,
    project: Uuid,
    ids: &[Uuid],
    trashed_after: Timestamp,
) -> Result<Vec<Photo>> {
    let tenant = tx.tenant().uuid();
    let photos = sqlx::query_as!(
        Photo,
        r#"select p.id, p.project_id, p.phase_id, p.caption, p.alt_text, p.audience, p.uploaded_by,
               p.taken_at as "taken_at!", p.created_at, f.width as "width!", f.height as "height!",
               p.trashed_at is not null as "is_trashed!", p.version
           from photo p join file f using (tenant_id, id) where p.tenant_id = $1 and p.project_id = $2 and p.id = any($3) and p.taken_at is not null
               and (p.trashed_at is null or p.trashed_at > $4)
           order by p.id for update of p"#,
        tenant,
        project,
        ids,
        trashed_after.to_sqlx()
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(photos)
}

/// Finds a photo that is not ready yet.
pub(crate) async fn find_pending(tx: &mut TenantTx, id: Uuid) -> Result<Option<Pending>> {
    let tenant = tx.tenant().uuid();
    let pending = sqlx::query_as!(
        Pending,
        "select project_id, uploaded_by, time_zone from photo
         where tenant_id = $1 and id = $2 and taken_at is null",
        tenant,
        id
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(pending)
}

/// Makes a photo ready.
pub(crate) async fn make_ready(
    tx: &mut TenantTx,
    id: Uuid,
    taken_at: Option<Timestamp>,
) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "update photo set taken_at = coalesce($3, created_at) where tenant_id = $1 and id = $2",
        tenant,
        id,
        taken_at.map(jiff_sqlx::ToSqlx::to_sqlx) as _
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Updates what is written about a photo.
pub(crate) async fn update(tx: &mut TenantTx, id: Uuid, details: &Details) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "update photo set caption = $3, alt_text = $4, phase_id = $5, audience = $6, version = version + 1
         where tenant_id = $1 and id = $2",
        tenant,
        id,
        details.caption,
        details.alt_text,
        details.phase,
        details.audience.word()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Puts photos into the trash, or takes them out of it where no time is given.
pub(crate) async fn set_trashed(
    tx: &mut TenantTx,
    ids: &[Uuid],
    time: Option<Timestamp>,
) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "update photo set trashed_at = $3, version = version + 1 where tenant_id = $1 and id = any($2)",
        tenant,
        ids,
        time.map(jiff_sqlx::ToSqlx::to_sqlx) as _
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Deletes a photo.
pub(crate) async fn delete(tx: &mut TenantTx, id: Uuid) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "delete from photo where tenant_id = $1 and id = $2",
        tenant,
        id
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
