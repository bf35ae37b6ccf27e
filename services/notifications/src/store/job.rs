//! SQL on mails in the hands of the worker.

use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx as _;
use proto::notifications::DeliveryState;
use service::{Result, clock};
use tenancy::{TenantId, TenantTx, UnscopedTx};
use uuid::Uuid;

use crate::{
    store::{delivery::detail_of, preference::Preference, suppression},
    words::Word as _,
};

/// How long a claimed mail may take before another worker tries it.
const LEASE: SignedDuration = SignedDuration::from_mins(2);

/// A mail that the worker took.
pub(crate) struct Claimed {
    pub(crate) tenant: TenantId,
    pub(crate) id: Uuid,
    pub(crate) account: Uuid,
    pub(crate) traceparent: String,
}

/// A mail that is being sent, with what is known of its person here.
#[derive(Clone)]
pub(crate) struct Job {
    pub(crate) id: Uuid,
    pub(crate) account_id: Uuid,
    pub(crate) kind: String,
    pub(crate) link_id: Option<Uuid>,
    pub(crate) project_id: Option<Uuid>,
    pub(crate) resend_of: Option<Uuid>,
    pub(crate) attempts: i32,
    /// Of the first mail, where this is another copy of it.
    pub(crate) created_at: jiff_sqlx::Timestamp,
    /// What the item is about and who caused it, where the mail is about one.
    pub(crate) subject_id: Option<Uuid>,
    pub(crate) actor_id: Option<Uuid>,
    pub(crate) seen_at: Option<jiff_sqlx::Timestamp>,
    pub(crate) withdrawn_at: Option<jiff_sqlx::Timestamp>,
    frequency: Option<String>,
    time_zone: Option<String>,
    suppressed_hash: Option<Vec<u8>>,
}

impl Job {
    /// The person's preferences.
    pub(crate) fn preference(&self) -> Result<Preference> {
        Preference::read(self.frequency.as_deref(), self.time_zone.as_deref())
    }

    /// True where mail to this address of the person bounced.
    pub(crate) fn is_suppressed(&self, address: &str) -> bool {
        suppression::is_of(self.suppressed_hash.as_deref(), address)
    }
}

/// Lists the people whose news has waited long enough, the first of each organization before the second of any.
pub(crate) async fn due_summaries(
    tx: &mut UnscopedTx,
    limit: i64,
) -> Result<Vec<(TenantId, Uuid)>> {
    let rows = sqlx::query!(
        "select tenant_id, account_id from
             (select tenant_id, account_id, min(due_at) as due_at,
                  row_number() over (partition by tenant_id order by min(due_at), account_id) as place
              from delivery where due_at <= $1 and state = 'held' and digest_id is null
              group by tenant_id, account_id) as due
         order by place, due_at limit $2",
        clock::now().to_sqlx(),
        limit
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.tenant_id.into(), row.account_id))
        .collect())
}

/// Takes the mails that are due, the first of each organization before the second of any.
///
/// It looks at four times as many as it takes, in case others take some at the same time, and at no more: each is looked up
/// once more to be locked, and PostgreSQL may read the whole table for each.
pub(crate) async fn claim(tx: &mut UnscopedTx, limit: i64) -> Result<Vec<Claimed>> {
    let now = clock::now();
    let rows = sqlx::query!(
        "with due as (
             select tenant_id, id, due_at,
                 row_number() over (partition by tenant_id order by due_at, id) as place
             from delivery where due_at <= $1 and state in ('queued', 'sending')
             order by place, due_at limit 4 * $2::bigint),
         claimed as (
             select d.tenant_id, d.id from delivery d join due using (tenant_id, id)
             where d.due_at <= $1 and d.state in ('queued', 'sending')
             order by due.place, due.due_at limit $2 for update of d skip locked)
         update delivery d set state = 'sending', due_at = $3
         from claimed where d.tenant_id = claimed.tenant_id and d.id = claimed.id
         returning d.tenant_id, d.id, d.account_id, d.traceparent",
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
            account: row.account_id,
            traceparent: row.traceparent,
        })
        .collect())
}

/// Finds those of these mails that are being sent.
pub(crate) async fn find(tx: &mut TenantTx, ids: &[Uuid]) -> Result<Vec<Job>> {
    let tenant = tx.tenant().uuid();
    let jobs = sqlx::query_as!(
        Job,
        r#"select d.id, d.account_id, d.kind, d.link_id, d.project_id, d.resend_of, d.attempts,
               coalesce(first.created_at, d.created_at) as "created_at!",
               i.subject_id as "subject_id?", i.actor_id as "actor_id?", i.seen_at as "seen_at?",
               i.withdrawn_at as "withdrawn_at?", p.frequency as "frequency?", p.time_zone as "time_zone?",
               s.address_hash as "suppressed_hash?"
           from delivery d
           left join delivery first on first.tenant_id = d.tenant_id and first.id = d.resend_of
           left join inbox_item i on i.tenant_id = d.tenant_id and i.id = d.item_id
           left join preference p on p.tenant_id = d.tenant_id and p.account_id = d.account_id
           left join suppression s on s.tenant_id = d.tenant_id and s.account_id = d.account_id
           where d.tenant_id = $1 and d.id = any($2) and d.state = 'sending'"#,
        tenant,
        ids
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(jobs)
}

/// Gives a claimed mail back, to be tried again later as if it had not been claimed.
pub(crate) async fn give_back(tx: &mut TenantTx, id: Uuid, due_at: Timestamp) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "update delivery set state = 'queued', due_at = $3
         where tenant_id = $1 and id = $2 and state = 'sending'",
        tenant,
        id,
        due_at.to_sqlx()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What becomes of a mail that was being sent.
pub(crate) struct Settled<'a> {
    pub(crate) state: DeliveryState,
    /// When it is tried again; none where it ends here.
    pub(crate) due_at: Option<Timestamp>,
    pub(crate) detail: &'a str,
    /// True where a try came to an end, which counts.
    pub(crate) was_tried: bool,
    /// The subject that was written; none where none was, and then the former stays.
    pub(crate) subject: Option<&'a str>,
}

/// Moves a mail that is being sent to its next state and writes the step; false where somebody else has finished it.
pub(crate) async fn settle(tx: &mut TenantTx, id: Uuid, settled: &Settled<'_>) -> Result<bool> {
    let tenant = tx.tenant().uuid();
    let steps = sqlx::query!(
        "with moved as (
             update delivery set state = $3, due_at = $4,
                 attempts = attempts + $5::boolean::int, subject = coalesce($6, subject)
             where tenant_id = $1 and id = $2 and state = 'sending' returning id)
         insert into delivery_step (tenant_id, delivery_id, position, state, at, detail)
         select $1, moved.id,
             1 + (select count(*) from delivery_step s where s.tenant_id = $1 and s.delivery_id = moved.id),
             $3, $7, $8
         from moved",
        tenant,
        id,
        settled.state.word(),
        settled.due_at.map(jiff_sqlx::ToSqlx::to_sqlx) as _,
        settled.was_tried,
        settled.subject,
        clock::now().to_sqlx(),
        detail_of(settled.detail)
    )
    .execute(&mut **tx)
    .await?
    .rows_affected();
    Ok(steps == 1)
}

#[cfg(test)]
mod tests {
    use service::new_id;
    use tenancy::{Caller, Db};
    use testing::TestDb;

    use super::*;
    use crate::NAME;

    /// Lets news of so many people of an organization wait until a time.
    async fn hold(db: &Db, tenant: TenantId, people: usize, due_at: Timestamp) -> Result<()> {
        let mut tx = db.begin(&Caller::system(tenant, NAME)).await?;
        for _ in 0..people {
            sqlx::query(
                "insert into delivery
                     (tenant_id, id, account_id, kind, state, subject, attempts, due_at, traceparent, created_at)
                 values ($1, $2, $3, 'password_changed', 'held', '', 0, $4, '', $4)",
            )
            .bind(tenant.uuid())
            .bind(new_id())
            .bind(new_id())
            .bind(due_at.to_sqlx())
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn no_organization_waits_for_the_summaries_of_another() -> anyhow::Result<()> {
        let database = TestDb::new(NAME, &crate::migrations()).await?;
        let db = Db::open(NAME, &database.database(2)?).await?;
        let (busy, other) = (TenantId::new(), TenantId::new());
        let now = clock::now();
        hold(&db, busy, 3, now - SignedDuration::from_hours(2)).await?;
        hold(&db, other, 1, now - SignedDuration::from_hours(1)).await?;

        let mut tx = db.begin_unscoped("test: whose news is due").await?;
        let due = due_summaries(&mut tx, 2).await?;
        let tenants: Vec<TenantId> = due.into_iter().map(|(tenant, _)| tenant).collect();
        assert_eq!(tenants, [busy, other]);
        Ok(())
    }
}
