//! SQL on files.

use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx as _;
use service::{Result, clock};
use tenancy::{TenantId, TenantTx, UnscopedTx};
use uuid::Uuid;

use crate::{
    file::{Declared, Refused, Subject, type_word},
    opening::Sound,
};

/// How long an upload may take.
pub(super) const QUARANTINE: SignedDuration = SignedDuration::from_hours(24);
/// How long a claimed file may take before another worker tries it.
const LEASE: SignedDuration = SignedDuration::from_mins(3);
/// How long a refused upload is listed.
const REFUSED_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A file as it stands in the database.
pub(crate) struct File {
    pub(crate) id: Uuid,
    pub(crate) state: String,
    pub(crate) refusal: Option<String>,
    pub(crate) name: String,
    pub(crate) r#type: String,
    pub(crate) size_bytes: i64,
    pub(crate) stored_bytes: i64,
    pub(crate) width: Option<i32>,
    pub(crate) height: Option<i32>,
    pub(crate) uploaded_by: Uuid,
    pub(crate) attempts: i32,
    pub(crate) created_at: jiff_sqlx::Timestamp,
}

/// A file whose time has come.
pub(crate) struct Claimed {
    pub(crate) tenant: TenantId,
    pub(crate) id: Uuid,
    pub(crate) traceparent: String,
}

/// Inserts the file of a logo, whose bytes are on their way. That of a photo is inserted with it, by
/// [`photo::insert`](super::photo::insert).
pub(crate) async fn insert_logo(
    tx: &mut TenantTx,
    id: Uuid,
    declared: &Declared,
    account: Uuid,
) -> Result<()> {
    let tenant = tx.tenant().uuid();
    let now = clock::now();
    sqlx::query!(
        "insert into file
             (tenant_id, id, subject, state, name, type, size_bytes, stored_bytes, uploaded_by, due_at, traceparent,
              created_at)
         values ($1, $2, 'logo', 'quarantined', $3, $4, $5, $5, $6, $7, $8, $9)",
        tenant,
        id,
        declared.name,
        type_word(declared.file_type),
        declared.size,
        account,
        (now + QUARANTINE).to_sqlx(),
        ::events::trace::current(),
        now.to_sqlx()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Finds a file and locks it.
pub(crate) async fn lock(tx: &mut TenantTx, subject: Subject, id: Uuid) -> Result<Option<File>> {
    let tenant = tx.tenant().uuid();
    let file = sqlx::query_as!(
        File,
        "select id, state, refusal, name, type, size_bytes, stored_bytes, width, height, uploaded_by,
             attempts, created_at
         from file where tenant_id = $1 and subject = $2 and id = $3 for update",
        tenant,
        subject.word(),
        id
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(file)
}

/// Finds a file that is to be deleted, and locks it; none where it was finished or taken out of the trash meanwhile.
pub(crate) async fn lock_stale(tx: &mut TenantTx, id: Uuid) -> Result<Option<File>> {
    let tenant = tx.tenant().uuid();
    let file = sqlx::query_as!(
        File,
        "select id, state, refusal, name, type, size_bytes, stored_bytes, width, height, uploaded_by,
             attempts, created_at
         from file where tenant_id = $1 and id = $2 and state <> 'processing' and due_at is not null for update",
        tenant,
        id
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(file)
}

/// True for a logo that is ready.
pub(crate) async fn is_logo(tx: &mut TenantTx, id: Uuid) -> Result<bool> {
    let tenant = tx.tenant().uuid();
    let found = sqlx::query_scalar!(
        "select id from file where tenant_id = $1 and id = $2 and subject = 'logo' and state = 'ready'",
        tenant,
        id
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(found.is_some())
}

/// Lists uploads to a project that are not photos, oldest first; those of one account where one is named.
pub(crate) async fn list_uploads(
    tx: &mut TenantTx,
    project: Uuid,
    uploader: Option<Uuid>,
    limit: i64,
) -> Result<Vec<File>> {
    let tenant = tx.tenant().uuid();
    let files = sqlx::query_as!(
        File,
        "select f.id, f.state, f.refusal, f.name, f.type, f.size_bytes, f.stored_bytes, f.width, f.height,
             f.uploaded_by, f.attempts, f.created_at
         from photo p join file f using (tenant_id, id)
         where p.tenant_id = $1 and p.project_id = $2 and p.taken_at is null
             and ($3::uuid is null or p.uploaded_by = $3)
         order by f.id limit $4",
        tenant,
        project,
        uploader,
        limit
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(files)
}

/// Queues a photo's file that the account uploads; none where it is another's, or not awaited.
pub(crate) async fn queue(tx: &mut TenantTx, id: Uuid, account: Uuid) -> Result<Option<File>> {
    let tenant = tx.tenant().uuid();
    let file = sqlx::query_as!(
        File,
        "update file set state = 'processing', due_at = $4, traceparent = $5
         where tenant_id = $1 and id = $2 and subject = 'photo' and uploaded_by = $3 and state = 'quarantined'
         returning id, state, refusal, name, type, size_bytes, stored_bytes, width, height, uploaded_by, attempts,
             created_at",
        tenant,
        id,
        account,
        clock::now().to_sqlx(),
        ::events::trace::current()
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(file)
}

/// Counts a try that was begun.
pub(crate) async fn count_attempt(tx: &mut TenantTx, id: Uuid) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "update file set attempts = attempts + 1 where tenant_id = $1 and id = $2",
        tenant,
        id
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Gives a claimed file back, to be tried again later.
pub(crate) async fn give_back(tx: &mut TenantTx, id: Uuid, due_at: Timestamp) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "update file set due_at = $3, attempts = greatest(attempts - 1, 0)
         where tenant_id = $1 and id = $2 and state = 'processing'",
        tenant,
        id,
        due_at.to_sqlx()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Makes a file ready.
pub(crate) async fn make_ready(tx: &mut TenantTx, id: Uuid, sound: &Sound) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "update file set state = 'ready', due_at = null, stored_bytes = $3, width = $4, height = $5
         where tenant_id = $1 and id = $2",
        tenant,
        id,
        sound.stored_bytes,
        sound.width,
        sound.height
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Refuses a file; it takes nothing of the storage any more.
pub(crate) async fn refuse(tx: &mut TenantTx, id: Uuid, why: Refused) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "update file set state = 'refused', refusal = $3, stored_bytes = 0, due_at = $4
         where tenant_id = $1 and id = $2",
        tenant,
        id,
        why.word(),
        (clock::now() + REFUSED_FOR).to_sqlx()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Says when files in the trash are deleted; none where they are taken out of it.
pub(crate) async fn delete_at(
    tx: &mut TenantTx,
    ids: &[Uuid],
    time: Option<Timestamp>,
) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "update file set due_at = $3 where tenant_id = $1 and id = any($2) and state = 'ready'",
        tenant,
        ids,
        time.map(jiff_sqlx::ToSqlx::to_sqlx) as _
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Deletes a file.
pub(crate) async fn delete(tx: &mut TenantTx, id: Uuid) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "delete from file where tenant_id = $1 and id = $2",
        tenant,
        id
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Takes photos that wait to be processed, the first of each organization before the second of any.
pub(crate) async fn claim(tx: &mut UnscopedTx, limit: i64) -> Result<Vec<Claimed>> {
    let now = clock::now();
    let rows = sqlx::query!(
        "with due as (
             select tenant_id, id, row_number() over (partition by tenant_id order by due_at, id) as place
             from file where due_at <= $1 and state = 'processing'
             order by place, due_at, id limit 4 * $2::bigint),
         claimed as (
             select f.tenant_id, f.id from file f join due using (tenant_id, id)
             where f.due_at <= $1 and f.state = 'processing'
             order by due.place, f.due_at, f.id limit $2 for update of f skip locked)
         update file f set due_at = $3
         from claimed where f.tenant_id = claimed.tenant_id and f.id = claimed.id
         returning f.tenant_id, f.id, f.traceparent",
        now.to_sqlx(),
        limit,
        (now + LEASE).to_sqlx()
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Claimed {
            tenant: row.tenant_id.into(),
            id: row.id,
            traceparent: row.traceparent,
        })
        .collect())
}

/// Takes files that are to be deleted: never finished, refused long ago, or in the trash for its time.
pub(crate) async fn claim_stale(tx: &mut UnscopedTx, limit: i64) -> Result<Vec<Claimed>> {
    let now = clock::now();
    let rows = sqlx::query!(
        "with claimed as (
             select tenant_id, id from file where due_at <= $1 and state <> 'processing'
             order by due_at, id limit $2 for update skip locked)
         update file f set due_at = $3
         from claimed where f.tenant_id = claimed.tenant_id and f.id = claimed.id
         returning f.tenant_id, f.id, f.traceparent",
        now.to_sqlx(),
        limit,
        (now + LEASE).to_sqlx()
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Claimed {
            tenant: row.tenant_id.into(),
            id: row.id,
            traceparent: row.traceparent,
        })
        .collect())
}
