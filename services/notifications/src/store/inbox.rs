//! SQL on inbox items.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use proto::notifications::InboxItemKind;
use service::{Result, clock};
use tenancy::TenantTx;
use uuid::Uuid;

use crate::{visible_projects::VisibleProjects, words::Word as _};

/// An item as it stands in the database.
pub(crate) struct Item {
    pub(crate) id: Uuid,
    pub(crate) kind: String,
    pub(crate) project_id: Uuid,
    pub(crate) subject_id: Uuid,
    pub(crate) text: String,
    pub(crate) actor_id: Option<Uuid>,
    pub(crate) created_at: jiff_sqlx::Timestamp,
    /// When it told something for the last time.
    pub(crate) told_at: jiff_sqlx::Timestamp,
    /// What was told until then is seen.
    pub(crate) seen_at: Option<jiff_sqlx::Timestamp>,
}

/// What one person is to be told.
pub(crate) struct NewItem<'a> {
    pub(crate) account: Uuid,
    pub(crate) kind: InboxItemKind,
    pub(crate) project: Uuid,
    pub(crate) subject: Uuid,
    /// Empty for photos: how many there are depends on who reads it and when.
    pub(crate) text: &'a str,
    pub(crate) actor: Option<Uuid>,
}

/// Inserts an item, or tells anew by the one of a batch of photos, and answers its id.
pub(crate) async fn insert(tx: &mut TenantTx, item: NewItem<'_>) -> Result<Uuid> {
    let tenant = tx.tenant().uuid();
    let id = sqlx::query_scalar!(
        "insert into inbox_item
             (tenant_id, id, account_id, kind, project_id, subject_id, text, actor_id, created_at, told_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
         on conflict (tenant_id, subject_id, account_id) where kind = 'photos_added'
             do update set told_at = excluded.told_at
         returning id",
        tenant,
        service::new_id(),
        item.account,
        item.kind.word(),
        item.project,
        item.subject,
        item.text,
        item.actor,
        clock::now().to_sqlx()
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(id)
}

/// Lists an account's items that are visible to it, newest first, from below `after`.
pub(crate) async fn list(
    tx: &mut TenantTx,
    account: Uuid,
    visible: &VisibleProjects,
    after: Option<(Timestamp, Uuid)>,
    limit: i64,
) -> Result<Vec<Item>> {
    let tenant = tx.tenant().uuid();
    let (time, id) = after.unzip();
    let items = sqlx::query_as!(
        Item,
        "select id, kind, project_id, subject_id, text, actor_id, created_at, told_at, seen_at
         from inbox_item
         where tenant_id = $1 and account_id = $2 and withdrawn_at is null
             and (kind = 'milestone_reached' and project_id = any($3)
                 or kind = 'photos_added' and project_id = any($4))
             and ($5::timestamptz is null or (created_at, id) < ($5, $6))
         order by created_at desc, id desc limit $7",
        tenant,
        account,
        &visible.milestones,
        &visible.photos,
        time.map(jiff_sqlx::ToSqlx::to_sqlx) as _,
        id,
        limit
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(items)
}

/// Lists an account's items that are visible to it and that tell something unseen, newest first.
pub(crate) async fn list_unseen(
    tx: &mut TenantTx,
    account: Uuid,
    visible: &VisibleProjects,
    limit: i64,
) -> Result<Vec<Item>> {
    let tenant = tx.tenant().uuid();
    let items = sqlx::query_as!(
        Item,
        "select id, kind, project_id, subject_id, text, actor_id, created_at, told_at, seen_at
         from inbox_item
         where tenant_id = $1 and account_id = $2 and withdrawn_at is null
             and (kind = 'milestone_reached' and project_id = any($3)
                 or kind = 'photos_added' and project_id = any($4))
             and (seen_at is null or seen_at < told_at)
         order by created_at desc, id desc limit $5",
        tenant,
        account,
        &visible.milestones,
        &visible.photos,
        limit
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(items)
}

/// Lists those of these items that are the account's own and that are visible to it.
pub(crate) async fn list_named(
    tx: &mut TenantTx,
    account: Uuid,
    visible: &VisibleProjects,
    items: &[Uuid],
) -> Result<Vec<Item>> {
    let tenant = tx.tenant().uuid();
    let items = sqlx::query_as!(
        Item,
        "select id, kind, project_id, subject_id, text, actor_id, created_at, told_at, seen_at
         from inbox_item
         where tenant_id = $1 and account_id = $2 and id = any($5)
             and (kind = 'milestone_reached' and project_id = any($3)
                 or kind = 'photos_added' and project_id = any($4))",
        tenant,
        account,
        &visible.milestones,
        &visible.photos,
        items
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(items)
}

/// Marks what these items had told until a time as seen.
pub(crate) async fn mark_seen(tx: &mut TenantTx, items: &[Uuid], as_of: Timestamp) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "update inbox_item set seen_at = $3
         where tenant_id = $1 and id = any($2) and withdrawn_at is null and created_at <= $3
             and (seen_at is null or seen_at < least(told_at, $3))",
        tenant,
        items,
        as_of.to_sqlx()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Withdraws what people were told about a subject, and answers those items.
pub(crate) async fn withdraw(tx: &mut TenantTx, subject: Uuid) -> Result<Vec<Uuid>> {
    let tenant = tx.tenant().uuid();
    let items = sqlx::query_scalar!(
        "update inbox_item set withdrawn_at = $3
         where tenant_id = $1 and subject_id = $2 and withdrawn_at is null
         returning id",
        tenant,
        subject,
        clock::now().to_sqlx()
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(items)
}
