//! SQL on deliveries.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use proto::notifications::{DeliveryState, MailKind};
use service::{Result, clock};
use tenancy::TenantTx;
use uuid::Uuid;

use crate::{visible_projects::VisibleProjects, words::Word as _};

/// The longest detail of a step, in characters.
const DETAIL_LENGTH: usize = 1_000;

/// A mail that is to be sent.
pub(crate) struct NewDelivery {
    pub(crate) account: Uuid,
    pub(crate) kind: MailKind,
    pub(crate) state: DeliveryState,
    pub(crate) due_at: Timestamp,
    pub(crate) about: About,
    /// The first mail, where this is another copy of it.
    pub(crate) resend_of: Option<Uuid>,
}

/// What a mail is about, as its kind wants it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct About {
    pub(crate) link: Option<Uuid>,
    pub(crate) item: Option<Uuid>,
    pub(crate) project: Option<Uuid>,
}

/// A mail as lists show it.
pub(crate) struct Delivery {
    pub(crate) id: Uuid,
    pub(crate) account_id: Uuid,
    pub(crate) kind: String,
    pub(crate) state: String,
    pub(crate) has_link: bool,
    pub(crate) project_id: Option<Uuid>,
    pub(crate) subject: String,
    pub(crate) due_at: Option<jiff_sqlx::Timestamp>,
    pub(crate) created_at: jiff_sqlx::Timestamp,
    pub(crate) seen_at: Option<jiff_sqlx::Timestamp>,
}

/// One step of a mail.
pub(crate) struct Step {
    pub(crate) delivery_id: Uuid,
    pub(crate) state: String,
    pub(crate) at: jiff_sqlx::Timestamp,
    pub(crate) detail: String,
}

/// Which mails a list has.
pub(crate) struct Filter<'a> {
    /// None: those of everybody.
    pub(crate) accounts: Option<&'a [Uuid]>,
    /// None: those about anything; mails about no project are always in.
    pub(crate) visible: Option<&'a VisibleProjects>,
    pub(crate) problems_only: bool,
    pub(crate) after: Option<(Timestamp, Uuid)>,
    pub(crate) limit: i64,
}

/// News that a summary may take along.
pub(crate) struct News {
    pub(crate) delivery_id: Uuid,
    pub(crate) kind: String,
    pub(crate) project_id: Uuid,
    pub(crate) subject_id: Uuid,
    pub(crate) seen_at: Option<jiff_sqlx::Timestamp>,
}

/// A mail that is sent once more.
pub(crate) struct Former {
    pub(crate) account_id: Uuid,
    pub(crate) kind: String,
    pub(crate) state: String,
    pub(crate) link_id: Option<Uuid>,
    pub(crate) item_id: Option<Uuid>,
    pub(crate) project_id: Option<Uuid>,
    pub(crate) resend_of: Option<Uuid>,
}

/// Inserts a mail with its first step, as part of the trace at hand, and answers its id.
pub(crate) async fn insert(tx: &mut TenantTx, delivery: NewDelivery) -> Result<Uuid> {
    let tenant = tx.tenant().uuid();
    let id = service::new_id();
    let now = clock::now();
    // what was due before is as old as that: a mail tells when something happened, not when it was heard of
    let created_at = now.min(delivery.due_at);
    sqlx::query!(
        "with mail as (
             insert into delivery
                 (tenant_id, id, account_id, kind, state, link_id, item_id, project_id, resend_of, subject,
                  attempts, due_at, traceparent, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, '', 0, $10, $11, $12)
             returning tenant_id, id, state)
         insert into delivery_step (tenant_id, delivery_id, position, state, at, detail)
         select tenant_id, id, 1, state, $13, '' from mail",
        tenant,
        id,
        delivery.account,
        delivery.kind.word(),
        delivery.state.word(),
        delivery.about.link,
        delivery.about.item,
        delivery.about.project,
        delivery.resend_of,
        delivery.due_at.to_sqlx(),
        ::events::trace::current(),
        created_at.to_sqlx(),
        now.to_sqlx()
    )
    .execute(&mut **tx)
    .await?;
    if delivery.due_at <= now {
        tx.hurry();
    }
    Ok(id)
}

/// Lists mails, newest first.
pub(crate) async fn list(tx: &mut TenantTx, filter: Filter<'_>) -> Result<Vec<Delivery>> {
    let tenant = tx.tenant().uuid();
    let (time, id) = filter.after.unzip();
    let deliveries = sqlx::query_as!(
        Delivery,
        r#"select d.id, d.account_id, d.kind, d.state, d.link_id is not null as "has_link!",
               d.project_id, d.subject, d.due_at, d.created_at, i.seen_at as "seen_at?"
           from delivery d
           left join inbox_item i on i.tenant_id = d.tenant_id and i.id = d.item_id
           where d.tenant_id = $1
               and ($2::uuid[] is null or d.account_id = any($2))
               and ($3::uuid[] is null or d.project_id is null
                   or d.kind = 'milestone_reached' and d.project_id = any($3)
                   or d.kind = 'photos_added' and d.project_id = any($4))
               and (not $5 or d.state in ('bounced', 'failed', 'suppressed'))
               and ($6::timestamptz is null or (d.created_at, d.id) < ($6, $7))
           order by d.created_at desc, d.id desc limit $8"#,
        tenant,
        filter.accounts as Option<&[Uuid]>,
        filter.visible.map(|visible| visible.milestones.as_slice()) as Option<&[Uuid]>,
        filter.visible.map(|visible| visible.photos.as_slice()) as Option<&[Uuid]>,
        filter.problems_only,
        time.map(jiff_sqlx::ToSqlx::to_sqlx) as _,
        id,
        filter.limit
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(deliveries)
}

/// Finds one mail as lists show it.
pub(crate) async fn find(tx: &mut TenantTx, id: Uuid) -> Result<Option<Delivery>> {
    let tenant = tx.tenant().uuid();
    let delivery = sqlx::query_as!(
        Delivery,
        r#"select d.id, d.account_id, d.kind, d.state, d.link_id is not null as "has_link!",
               d.project_id, d.subject, d.due_at, d.created_at, i.seen_at as "seen_at?"
           from delivery d
           left join inbox_item i on i.tenant_id = d.tenant_id and i.id = d.item_id
           where d.tenant_id = $1 and d.id = $2"#,
        tenant,
        id
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(delivery)
}

/// Lists the steps of mails, in order.
pub(crate) async fn steps(tx: &mut TenantTx, deliveries: &[Uuid]) -> Result<Vec<Step>> {
    let tenant = tx.tenant().uuid();
    let steps = sqlx::query_as!(
        Step,
        "select delivery_id, state, at, detail from delivery_step
         where tenant_id = $1 and delivery_id = any($2) order by delivery_id, position",
        tenant,
        deliveries
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(steps)
}

/// Finds the mail that is to be sent once more, and locks it.
pub(crate) async fn lock_former(tx: &mut TenantTx, id: Uuid) -> Result<Option<Former>> {
    let tenant = tx.tenant().uuid();
    let former = sqlx::query_as!(
        Former,
        "select account_id, kind, state, link_id, item_id, project_id, resend_of
         from delivery where tenant_id = $1 and id = $2 for update",
        tenant,
        id
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(former)
}

/// Lists when mails were sent once more to an account since a time, oldest first.
///
/// Others who count for the same account wait until the transaction ends.
pub(crate) async fn resends_since(
    tx: &mut TenantTx,
    account: Uuid,
    since: Timestamp,
) -> Result<Vec<Timestamp>> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        r#"select pg_advisory_xact_lock(hashtextextended($1 || $2, 0)) as "locked!: ()""#,
        tenant.to_string(),
        account.to_string()
    )
    .fetch_one(&mut **tx)
    .await?;
    let times = sqlx::query_scalar!(
        "select created_at from delivery
         where tenant_id = $1 and account_id = $2 and resend_of is not null and created_at > $3
         order by created_at",
        tenant,
        account,
        since.to_sqlx()
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(times
        .into_iter()
        .map(jiff_sqlx::Timestamp::to_jiff)
        .collect())
}

/// As much of a detail as is kept.
pub(crate) fn detail_of(text: &str) -> String {
    text.chars().take(DETAIL_LENGTH).collect()
}

/// Moves mails to a state and writes the step; `due_at` as the state wants it.
pub(crate) async fn advance(
    tx: &mut TenantTx,
    deliveries: &[Uuid],
    state: DeliveryState,
    due_at: Option<Timestamp>,
    detail: &str,
) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "with moved as (
             update delivery set state = $3, due_at = $4 where tenant_id = $1 and id = any($2)
             returning id)
         insert into delivery_step (tenant_id, delivery_id, position, state, at, detail)
         select $1, moved.id,
             1 + (select count(*) from delivery_step s where s.tenant_id = $1 and s.delivery_id = moved.id),
             $3, $5, $6
         from moved",
        tenant,
        deliveries,
        state.word(),
        due_at.map(jiff_sqlx::ToSqlx::to_sqlx) as _,
        clock::now().to_sqlx(),
        detail_of(detail)
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Locks the mails to an account that have not gone out.
pub(crate) async fn lock_pending_of_account(tx: &mut TenantTx, account: Uuid) -> Result<Vec<Uuid>> {
    let tenant = tx.tenant().uuid();
    let ids = sqlx::query_scalar!(
        "select id from delivery
         where tenant_id = $1 and account_id = $2 and state in ('queued', 'held') for update",
        tenant,
        account
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(ids)
}

/// Locks the mails about these items that have not gone out.
pub(crate) async fn lock_pending_of_items(tx: &mut TenantTx, items: &[Uuid]) -> Result<Vec<Uuid>> {
    let tenant = tx.tenant().uuid();
    let ids = sqlx::query_scalar!(
        "select id from delivery
         where tenant_id = $1 and item_id = any($2) and state in ('queued', 'held') for update",
        tenant,
        items
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(ids)
}

/// Locks the news for an account that no summary has taken along.
pub(crate) async fn lock_held(tx: &mut TenantTx, account: Uuid) -> Result<Vec<Uuid>> {
    let tenant = tx.tenant().uuid();
    let ids = sqlx::query_scalar!(
        "select id from delivery
         where tenant_id = $1 and account_id = $2 and state = 'held' and digest_id is null for update",
        tenant,
        account
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(ids)
}

/// Locks the mails to an account that gather photos.
pub(crate) async fn lock_gathering(tx: &mut TenantTx, account: Uuid) -> Result<Vec<Uuid>> {
    let tenant = tx.tenant().uuid();
    let ids = sqlx::query_scalar!(
        "select id from delivery
         where tenant_id = $1 and account_id = $2 and state = 'queued' and kind = 'photos_added'
             and resend_of is null for update",
        tenant,
        account
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(ids)
}

/// True where a mail about an item was written down, whatever became of it.
pub(crate) async fn exists(tx: &mut TenantTx, item: Uuid) -> Result<bool> {
    let tenant = tx.tenant().uuid();
    let exists = sqlx::query_scalar!(
        r#"select exists (select from delivery where tenant_id = $1 and item_id = $2) as "exists!""#,
        tenant,
        item
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(exists)
}

/// Lets held news wait until another time.
pub(crate) async fn put_off(
    tx: &mut TenantTx,
    deliveries: &[Uuid],
    due_at: Timestamp,
) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "update delivery set due_at = $3 where tenant_id = $1 and id = any($2)",
        tenant,
        deliveries,
        due_at.to_sqlx()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Gives held news to a summary; no other takes it along.
pub(crate) async fn give_to_digest(
    tx: &mut TenantTx,
    deliveries: &[Uuid],
    digest: Uuid,
) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "update delivery set digest_id = $3, due_at = null where tenant_id = $1 and id = any($2)",
        tenant,
        deliveries,
        digest
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Lists the news of a summary that was not withdrawn, oldest first: what still waits, or `all`.
pub(crate) async fn news_of(tx: &mut TenantTx, digest: Uuid, all: bool) -> Result<Vec<News>> {
    let tenant = tx.tenant().uuid();
    let news = sqlx::query_as!(
        News,
        "select d.id as delivery_id, d.kind, i.project_id, i.subject_id, i.seen_at
         from delivery d join inbox_item i on i.tenant_id = d.tenant_id and i.id = d.item_id
         where d.tenant_id = $1 and d.digest_id = $2 and (d.state = 'held' or $3)
             and i.withdrawn_at is null
         order by i.created_at, i.id",
        tenant,
        digest,
        all
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(news)
}
