//! No pooled connection carries anything over to its next user, wherever calls are cut off.
//!
//! A seed decides where: `POOL_SEED=17` cuts at the same places again. Who gets which connection is another each time.

use std::{
    collections::BTreeMap,
    fmt::Debug,
    ops::DerefMut,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use futures::future::{poll_fn, try_join_all};
use integration_tests::setting;
use rand::{Rng, RngExt as _, SeedableRng as _, rngs::StdRng};
use sqlx::{AssertSqlSafe, PgConnection, PgPool, Postgres, Transaction, postgres::PgPoolOptions};
use tenancy::{Caller, Db, TenantId};
use testing::TestDb;
use tokio::{sync::Semaphore, task::JoinSet};
use tracing::{Event, Subscriber, field::Field, instrument::WithSubscriber as _};
use tracing_subscriber::{
    Layer,
    filter::LevelFilter,
    layer::{Context as Scope, SubscriberExt as _},
};
use uuid::Uuid;

const TASKS: usize = 200;
/// What a task does, one after the other.
const UNITS: usize = 20;
const ORGANIZATIONS: usize = 20;
/// Few, so that each has many users.
const CONNECTIONS: u32 = 4;
/// Units of work that compete for them: a pool refuses who waits for two seconds, and a busy machine is slow.
const AT_ONCE: usize = 40;
/// Some more than a unit of work takes.
const MOST_POLLS: u32 = 14;
/// read_only_sql_transaction
const READ_ONLY: &str = "25006";
/// What PostgreSQL says to who begins a transaction in another.
const NESTED: &str = "there is already a transaction in progress";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_carried_over_wherever_calls_are_cut_off() -> Result<()> {
    let test_db = TestDb::new("billing", &billing::migrations()).await?;
    let db = Db::open("billing", &test_db.database(CONNECTIONS)?).await?;
    let storm = storm(&db).await?;
    assert_eq!(storm.nested, 0, "transactions that began in another");
    assert!(
        storm.cut.values().all(|times| *times > TASKS / 4),
        "calls are cut off everywhere: {:?}",
        storm.cut
    );
    let mut superuser = test_db.superuser().await?;
    comes_to_rest(&mut superuser).await?;
    // no connection was lost: all can be lent at once
    let caller = Caller::system(TenantId::new(), "billing");
    try_join_all((0..CONNECTIONS).map(|_| db.begin(&caller))).await?;
    db.close();

    let second = Db::open("billing", &test_db.database(1)?).await?;
    let mut found = BTreeMap::new();
    for organization in &storm.organizations {
        let caller = Caller::system(*organization, "billing");
        let mut tx = second.begin(&caller).await?;
        let rows: Vec<(Uuid, Uuid)> = sqlx::query_as("select project_id, tenant_id from contract")
            .fetch_all(&mut *tx)
            .await?;
        found.extend(rows);
    }
    second.close();
    let written = storm.acknowledged.len();
    let mut kept = storm.acknowledged.iter();
    assert!(
        kept.all(|(project, tenant)| found.get(project) == Some(tenant)),
        "some of {written} acknowledged writes are lost"
    );
    let mut all = found.iter();
    assert!(
        all.all(|(project, tenant)| storm.tried.get(project) == Some(tenant)),
        "a row stands where nobody wrote it"
    );
    let cut: usize = storm.cut.values().sum();
    let result = format!(
        "{TASKS} tasks on {CONNECTIONS} connections, {cut} calls cut off, {written} acknowledged writes read back"
    );
    println!("{result}; cut off in {:?}", storm.cut);
    testing::proved("isolation.connections", &result)
}

/// A transaction that reads is dropped and not waited for: whoever gets its connection next must be in one of their own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_writes_nothing_and_leaves_nothing_behind() -> Result<()> {
    let test_db = TestDb::new("billing", &billing::migrations()).await?;
    let db = Db::open("billing", &test_db.database(1)?).await?;
    let (reader, writer) = (TenantId::new(), TenantId::new());
    let project = service::new_id();

    let mut tx = db.read(&Caller::system(reader, "billing")).await?;
    let refused = insert(&mut tx, reader, project).await;
    let refused = refused.expect_err("it only reads");
    let code = refused
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    assert_eq!(code.as_deref(), Some(READ_ONLY), "{refused}");
    drop(tx);

    let writer = Caller::system(writer, "billing");
    let mut tx = db.begin(&writer).await?;
    insert(&mut tx, writer.tenant, project).await?;
    tx.commit().await?;
    let mut tx = db.read(&writer).await?;
    let found: i64 = sqlx::query_scalar("select count(*) from contract")
        .fetch_one(&mut *tx)
        .await?;
    assert_eq!(found, 1);
    drop(tx);
    db.close();
    Ok(())
}

/// What the guard in `tenancy::lent` is for, and that its absence would be seen.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_without_a_guard_hands_over_open_transactions() -> Result<()> {
    let test_db = TestDb::new("billing", &billing::migrations()).await?;
    #[expect(
        clippy::disallowed_methods,
        reason = "a pool that is not guarded is what this is about"
    )]
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .connect_with(test_db.app_login()?)
        .await?;
    let storm = storm(&pool).await?;
    pool.close().await;
    assert!(storm.nested > 0, "{:?}", storm.cut);
    Ok(())
}

/// A pool that lends connections with a transaction of one organization.
trait Lending: Clone + Send + Sync + 'static {
    type Tx: DerefMut<Target = PgConnection> + Send;

    fn begin(&self, caller: &Caller) -> impl Future<Output = service::Result<Self::Tx>> + Send;
    fn commit(tx: Self::Tx) -> impl Future<Output = service::Result<()>> + Send;
}

impl Lending for Db {
    type Tx = tenancy::TenantTx;

    async fn begin(&self, caller: &Caller) -> service::Result<Self::Tx> {
        Db::begin(self, caller).await
    }

    async fn commit(tx: Self::Tx) -> service::Result<()> {
        tx.commit().await
    }
}

impl Lending for PgPool {
    type Tx = Transaction<'static, Postgres>;

    async fn begin(&self, caller: &Caller) -> service::Result<Self::Tx> {
        let tenant = caller.tenant;
        let statement = format!("begin; set local app.tenant_id = '{tenant}'");
        Ok(self.begin_with(AssertSqlSafe(statement)).await?)
    }

    async fn commit(tx: Self::Tx) -> service::Result<()> {
        Ok(tx.commit().await?)
    }
}

/// What came of many tasks on one pool.
struct Storm {
    organizations: Vec<TenantId>,
    /// Organizations by project of what was to be written.
    tried: BTreeMap<Uuid, Uuid>,
    /// Of these, what the database acknowledged.
    acknowledged: BTreeMap<Uuid, Uuid>,
    cut: BTreeMap<Step, usize>,
    /// Transactions that began in another that was open still.
    nested: usize,
}

/// How far a unit of work came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Begin,
    Statements,
    Commit,
}

async fn storm(pool: &impl Lending) -> Result<Storm> {
    let seed = setting("POOL_SEED")?.unwrap_or_else(rand::random);
    println!("again: POOL_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut storm = Storm {
        organizations: (0..ORGANIZATIONS).map(|_| TenantId::new()).collect(),
        tried: BTreeMap::new(),
        acknowledged: BTreeMap::new(),
        cut: [Step::Begin, Step::Statements, Step::Commit]
            .map(|step| (step, 0))
            .into(),
        nested: 0,
    };
    let warnings = Warnings::default();
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let mut tasks = JoinSet::new();
    for _ in 0..TASKS {
        let mut units = Vec::new();
        for _ in 0..UNITS {
            let tenant = storm.organizations[random.random_range(0..ORGANIZATIONS)];
            units.push((tenant, service::new_id(), Cut::draw(&mut random)));
        }
        storm.tried.extend(
            units
                .iter()
                .map(|(tenant, project, _)| (*project, tenant.uuid())),
        );
        let (pool, turns) = (pool.clone(), turns.clone());
        let task = async move {
            let mut outcomes = Vec::new();
            for (tenant, project, cut) in units {
                let _turn = turns.acquire().await?;
                let mut step = Step::Begin;
                let work = write(&pool, tenant, project, &mut step);
                let outcome = cut.off(work).await.transpose();
                let outcome = outcome.with_context(|| format!("{step:?}"))?;
                outcomes.push((tenant, project, step, outcome.is_some()));
            }
            anyhow::Ok(outcomes)
        };
        let listening = tracing_subscriber::registry()
            .with(LevelFilter::WARN)
            .with(warnings.clone());
        tasks.spawn(task.with_subscriber(listening));
    }
    while let Some(outcomes) = tasks.join_next().await {
        for (tenant, project, step, is_acknowledged) in outcomes?? {
            if is_acknowledged {
                storm.acknowledged.insert(project, tenant.uuid());
            } else {
                *storm.cut.entry(step).or_default() += 1;
            }
        }
    }
    storm.nested = warnings.0.load(Ordering::Relaxed);
    Ok(storm)
}

/// Writes a row, and sees nothing of other organizations.
async fn write<P: Lending>(
    pool: &P,
    tenant: TenantId,
    project: Uuid,
    step: &mut Step,
) -> Result<()> {
    let caller = Caller::system(tenant, "billing");
    let mut tx = pool.begin(&caller).await?;
    *step = Step::Statements;
    let foreign: i64 = sqlx::query_scalar("select count(*) from contract where tenant_id <> $1")
        .bind(tenant.uuid())
        .fetch_one(&mut *tx)
        .await?;
    ensure!(foreign == 0, "{foreign} rows of others are seen");
    insert(&mut tx, tenant, project).await?;
    *step = Step::Commit;
    Ok(P::commit(tx).await?)
}

async fn insert(
    connection: &mut PgConnection,
    tenant: TenantId,
    project: Uuid,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into contract (tenant_id, project_id, value_minor_units, currency_code, updated_by, updated_at)
         values ($1, $2, 1, 'USD', $2, '2026-11-25T00:00:00Z')",
    )
    .bind(tenant.uuid())
    .bind(project)
    .execute(connection)
    .await?;
    Ok(())
}

/// Where a call is cut off.
#[derive(Clone, Copy)]
struct Cut {
    polls: u32,
    /// While it waits for something; otherwise when that came and before it takes note.
    is_waiting: bool,
}

impl Cut {
    fn draw(random: &mut impl Rng) -> Self {
        Self {
            polls: random.random_range(1..=MOST_POLLS),
            is_waiting: random.random(),
        }
    }

    /// The outcome of what ended sooner.
    async fn off<T>(self, work: impl Future<Output = T>) -> Option<T> {
        let mut work = pin!(work);
        let mut left = self.polls;
        poll_fn(|context| {
            if left == 0 {
                return Poll::Ready(None);
            }
            left -= 1;
            match work.as_mut().poll(context) {
                Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
                Poll::Pending if left == 0 && self.is_waiting => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }
}

/// Counts the warnings of PostgreSQL to who begins a transaction in another.
#[derive(Clone, Default)]
struct Warnings(Arc<AtomicUsize>);

impl<S: Subscriber> Layer<S> for Warnings {
    fn on_event(&self, event: &Event<'_>, _: Scope<'_, S>) {
        if event.metadata().target() == "sqlx::postgres::notice" {
            event.record(&mut |field: &Field, value: &dyn Debug| {
                if field.name() == "message" && format!("{value:?}").contains(NESTED) {
                    self.0.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    }
}

/// Fails unless every connection of the app login soon is in no transaction.
async fn comes_to_rest(superuser: &mut PgConnection) -> Result<()> {
    let mut open = 0;
    for _ in 0..100 {
        open = sqlx::query_scalar(
            "select count(*) from pg_stat_activity
             where datname = current_database() and usename = 'billing_app' and state like 'idle in transaction%'",
        )
        .fetch_one(&mut *superuser)
        .await?;
        if open == 0i64 {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    anyhow::bail!("{open} transactions stay open")
}
