//! SQL on batches of photos.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use service::{Result, clock};
use tenancy::TenantTx;
use uuid::Uuid;

use crate::photo_batch;

/// The batch that a photo joined.
pub(crate) struct Batch {
    pub(crate) id: Uuid,
    pub(crate) due_at: Timestamp,
}

/// A photo of a batch.
pub(crate) struct BatchPhoto {
    pub(crate) batch_id: Uuid,
    pub(crate) photo_id: Uuid,
    pub(crate) told_at: jiff_sqlx::Timestamp,
}

/// Puts a photo into the open batch that has it, or else into the one of its project and actor, or else into a new one.
///
/// The batch is due later by that, and no other tells of the photo any more. Others who add photos of the project wait until the transaction ends.
pub(crate) async fn join(
    tx: &mut TenantTx,
    project: Uuid,
    actor: Uuid,
    photo: Uuid,
) -> Result<Batch> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        r#"select pg_advisory_xact_lock(hashtextextended($1 || $2, 0)) as "locked!: ()""#,
        tenant.to_string(),
        project.to_string()
    )
    .fetch_one(&mut **tx)
    .await?;
    let now = clock::now();
    let open = sqlx::query!(
        "select b.id, b.opened_at from photo_batch b
         left join photo_batch_photo p
             on p.tenant_id = b.tenant_id and p.batch_id = b.id and p.photo_id = $4
         where b.tenant_id = $1 and b.project_id = $2 and b.due_at > $5
             and (p.photo_id is not null or b.actor_id = $3)
         order by p.photo_id is null limit 1 for update of b",
        tenant,
        project,
        actor,
        photo,
        now.to_sqlx()
    )
    .fetch_optional(&mut **tx)
    .await?;
    let (id, opened_at) = match open {
        Some(open) => (open.id, open.opened_at.to_jiff()),
        None => (service::new_id(), now),
    };
    let due_at = photo_batch::due(opened_at, now);
    sqlx::query!(
        "insert into photo_batch (tenant_id, id, project_id, actor_id, opened_at, due_at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (tenant_id, id) do update set due_at = excluded.due_at",
        tenant,
        id,
        project,
        actor,
        opened_at.to_sqlx(),
        due_at.to_sqlx()
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into photo_batch_photo (tenant_id, photo_id, batch_id, told_at) values ($1, $2, $3, $4)
         on conflict (tenant_id, photo_id) do update set
             batch_id = excluded.batch_id, told_at = excluded.told_at",
        tenant,
        photo,
        id,
        now.to_sqlx()
    )
    .execute(&mut **tx)
    .await?;
    Ok(Batch { id, due_at })
}

/// Lets the mails that wait for a batch wait until it is due.
pub(crate) async fn put_off_mails(tx: &mut TenantTx, batch: &Batch) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "update delivery d set due_at = $3
         from inbox_item i
         where d.tenant_id = $1 and d.item_id = i.id and d.state = 'queued'
             and i.tenant_id = $1 and i.subject_id = $2",
        tenant,
        batch.id,
        batch.due_at.to_sqlx()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Closes the batches that these mails are about: what comes later is told by another.
pub(crate) async fn close_of(tx: &mut TenantTx, deliveries: &[Uuid]) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "update photo_batch b set due_at = $3
         from delivery d join inbox_item i on i.tenant_id = d.tenant_id and i.id = d.item_id
         where b.tenant_id = $1 and b.id = i.subject_id and b.due_at > $3
             and d.tenant_id = $1 and d.id = any($2)",
        tenant,
        deliveries,
        clock::now().to_sqlx()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Lists the photos of batches, newest first; no more than `limit`, where there is one.
pub(crate) async fn photos_of(
    tx: &mut TenantTx,
    batches: &[Uuid],
    limit: Option<i64>,
) -> Result<Vec<BatchPhoto>> {
    let tenant = tx.tenant().uuid();
    let photos = sqlx::query_as!(
        BatchPhoto,
        "select batch_id, photo_id, told_at from photo_batch_photo
         where tenant_id = $1 and batch_id = any($2)
         order by told_at desc, photo_id desc limit $3",
        tenant,
        batches,
        limit
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(photos)
}
