//! SQL on inbox items.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use proto::notifications::InboxItemKind;
use service::{Result, clock};
use tenancy::TenantTx;
use uuid::Uuid;

use crate::words::Word as _;

/// An item as it stands in the database.
pub(crate) struct Item {
    pub(crate) id: Uuid,
    pub(crate) kind: String,
    pub(crate) project_id: Uuid,
    pub(crate) subject_id: Uuid,
    pub(crate) text: String,
    pub(crate) actor_id: Option<Uuid>,
    pub(crate) created_at: jiff_sqlx::Timestamp,
    pub(crate) seen_at: Option<jiff_sqlx::Timestamp>,
}

/// What one person is to be told.
pub(crate) struct NewItem<'a> {
    pub(crate) account: Uuid,
    pub(crate) kind: InboxItemKind,
    pub(crate) project: Uuid,
    pub(crate) subject: Uuid,
    pub(crate) text: &'a str,
    pub(crate) actor: Option<Uuid>,
}

/// Inserts an item and answers its id.
pub(crate) async fn insert(tx: &mut TenantTx, item: NewItem<'_>) -> Result<Uuid> {
    let tenant = tx.tenant().uuid();
    let id = service::new_id();
    sqlx::query!(
        "insert into inbox_item
             (tenant_id, id, account_id, kind, project_id, subject_id, text, actor_id, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        tenant,
        id,
        item.account,
        item.kind.word(),
        item.project,
        item.subject,
        item.text,
        item.actor,
        clock::now().to_sqlx()
    )
    .execute(&mut **tx)
    .await?;
    Ok(id)
}

/// Lists an account's items of these projects, newest first, from below `after`.
pub(crate) async fn list(
    tx: &mut TenantTx,
    account: Uuid,
    projects: &[Uuid],
    after: Option<(Timestamp, Uuid)>,
    limit: i64,
) -> Result<Vec<Item>> {
    let tenant = tx.tenant().uuid();
    let (time, id) = after.unzip();
    let items = sqlx::query_as!(
        Item,
        "select id, kind, project_id, subject_id, text, actor_id, created_at, seen_at
         from inbox_item
         where tenant_id = $1 and account_id = $2 and project_id = any($3) and withdrawn_at is null
             and ($4::timestamptz is null or (created_at, id) < ($4, $5))
         order by created_at desc, id desc limit $6",
        tenant,
        account,
        projects,
        time.map(jiff_sqlx::ToSqlx::to_sqlx) as _,
        id,
        limit
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(items)
}

/// Counts an account's unseen items of these projects, up to a cap.
pub(crate) async fn count_unseen(
    tx: &mut TenantTx,
    account: Uuid,
    projects: &[Uuid],
    cap: i64,
) -> Result<i64> {
    let tenant = tx.tenant().uuid();
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from (
               select from inbox_item
               where tenant_id = $1 and account_id = $2 and project_id = any($3)
                   and withdrawn_at is null and seen_at is null
               limit $4) unseen"#,
        tenant,
        account,
        projects,
        cap
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(count)
}

/// True where each of these items is the account's own, of one of these projects.
pub(crate) async fn all_exist(
    tx: &mut TenantTx,
    account: Uuid,
    projects: &[Uuid],
    items: &[Uuid],
) -> Result<bool> {
    let tenant = tx.tenant().uuid();
    let missing = sqlx::query_scalar!(
        r#"select exists (
               select from unnest($4::uuid[]) as named (id)
               where not exists (
                   select from inbox_item i
                   where i.tenant_id = $1 and i.id = named.id and i.account_id = $2
                       and i.project_id = any($3))
           ) as "missing!""#,
        tenant,
        account,
        projects,
        items
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(!missing)
}

/// Marks an account's items of these projects as seen: those named, or all where none is.
pub(crate) async fn mark_seen(
    tx: &mut TenantTx,
    account: Uuid,
    projects: &[Uuid],
    items: &[Uuid],
) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "update inbox_item set seen_at = $5
         where tenant_id = $1 and account_id = $2 and project_id = any($3)
             and withdrawn_at is null and seen_at is null
             and (cardinality($4::uuid[]) = 0 or id = any($4))",
        tenant,
        account,
        projects,
        items,
        clock::now().to_sqlx()
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
