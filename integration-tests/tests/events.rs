//! Events between services: outbox, relay, Kafka, consumer, held events.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result};
use devstack::kafka::Kafka;
use events::{Aggregate, Consumer, Handler, Received, Relay};
use proto::billing::ContractValueSet;
use rdkafka::{
    ClientConfig,
    message::{Header, OwnedHeaders},
    producer::{FutureProducer, FutureRecord},
};
use service::{Error, new_id};
use sqlx::{AssertSqlSafe, Executor as _};
use tempfile::TempDir;
use tenancy::{Caller, Db, TenantId, TenantTx};
use testing::TestDb;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(40);
/// One kind of a forgery.
const LONG_ID: &str = "an id that is none, and longer than an index takes";

/// Where a [`Notebook`] notes what it handled: what is undone is gone from it.
const HANDLED: &str = "
    create table handled (tenant_id uuid not null, project_id uuid not null);
    grant select, insert on handled to public";

/// Notes what it handles; refuses the project it is told to refuse.
#[derive(Default)]
struct Notebook {
    rounds: AtomicUsize,
    refused: Mutex<Option<String>>,
    /// Whether what is refused may pass.
    is_away: AtomicBool,
    is_mended: AtomicBool,
}

impl Handler for Notebook {
    type Round = ();

    fn round(&self, _: TenantId) {
        self.rounds.fetch_add(1, Ordering::Relaxed);
    }

    async fn handle(
        &self,
        tx: &mut TenantTx,
        (): &mut (),
        event: &Received,
    ) -> service::Result<()> {
        let Some(set) = event.read::<ContractValueSet>()? else {
            return Ok(());
        };
        let refused = self.refused.lock().expect("not poisoned").clone();
        if refused == Some(set.project_id.clone()) && !self.is_mended.load(Ordering::Relaxed) {
            return Err(if self.is_away.load(Ordering::Relaxed) {
                Error::Unavailable(anyhow::anyhow!("a peer is away"))
            } else {
                Error::internal("a bug of ours")
            });
        }
        sqlx::query("insert into handled (tenant_id, project_id) values ($1, $2::uuid)")
            .bind(event.tenant.uuid())
            .bind(set.project_id)
            .execute(&mut **tx)
            .await?;
        Ok(())
    }
}

/// Billing publishes, notifications consumes.
struct Stage {
    kafka: Kafka,
    source: Db,
    target: Db,
    notebook: Arc<Notebook>,
    stopping: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
    _databases: (TestDb, TestDb),
    _folder: TempDir,
}

impl Stage {
    async fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let kafka = Kafka::start(folder.path()).await?;
        let config = events::Kafka {
            brokers: kafka.brokers(),
            replication: 1,
        };
        events::create_topic(&config, "billing").await?;
        let source_db = TestDb::new("billing", &billing::migrations()).await?;
        let target_db = TestDb::new("notifications", &notifications::migrations()).await?;
        target_db
            .superuser()
            .await?
            .execute(HANDLED)
            .await
            .context("make a table for what is handled")?;
        let source = Db::open("billing", &source_db.database(8)?).await?;
        let target = Db::open("notifications", &target_db.database(8)?).await?;
        let notebook = Arc::new(Notebook::default());
        let stopping = CancellationToken::new();
        let relay = Relay::new("billing", source.clone(), &config);
        let consumer = Consumer::new(
            "notifications",
            target.clone(),
            &config,
            &["billing"],
            notebook.clone(),
        )?;
        #[expect(
            clippy::disallowed_methods,
            reason = "a test has no lifecycle of its own"
        )]
        let tasks = vec![
            tokio::spawn(relay.run(stopping.clone())),
            tokio::spawn(consumer.run(stopping.clone())),
        ];
        Ok(Self {
            kafka,
            source,
            target,
            notebook,
            stopping,
            tasks,
            _databases: (source_db, target_db),
            _folder: folder,
        })
    }

    async fn publish(&self, tenant: TenantId, project: Uuid) -> Result<()> {
        self.publish_together(tenant, &[project]).await
    }

    async fn publish_together(&self, tenant: TenantId, projects: &[Uuid]) -> Result<()> {
        let caller = Caller::system(tenant, "billing");
        let mut tx = self.source.begin(&caller).await?;
        for project in projects {
            let event = ContractValueSet {
                project_id: project.to_string(),
                ..ContractValueSet::default()
            };
            let aggregate = Aggregate {
                kind: "project",
                id: *project,
            };
            events::publish(&mut tx, aggregate, &event).await?;
        }
        Ok(tx.commit().await?)
    }

    /// The projects of the events that were handled for good, in their order; twice where one took effect twice.
    async fn handled(&self, tenant: TenantId) -> Result<Vec<Uuid>> {
        let mut tx = self.target.read(&Caller::system(tenant, "test")).await?;
        Ok(
            sqlx::query_scalar("select project_id from handled where tenant_id = $1 order by 1")
                .bind(tenant.uuid())
                .fetch_all(&mut *tx)
                .await?,
        )
    }

    async fn held(&self) -> Result<i64> {
        let mut tx = self
            .target
            .begin_unscoped("test: count held events")
            .await?;
        Ok(
            sqlx::query_scalar("select count(*) from held_event where state = 'held'")
                .fetch_one(&mut *tx)
                .await?,
        )
    }

    /// Moves the first event that was held to another offset.
    async fn move_held(&self, by: i64) -> Result<()> {
        let mut tx = self.target.begin_unscoped("test: move an event").await?;
        sqlx::query(
            r#"update held_event set "offset" = "offset" + $1
               where id = (select id from held_event order by id limit 1)"#,
        )
        .bind(by)
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }

    /// The events that were ever held, by one of their columns.
    async fn held_by(&self, column: &str) -> Result<Vec<Uuid>> {
        let mut tx = self.target.begin_unscoped("test: which were held").await?;
        let query = format!("select id from held_event order by {column}");
        Ok(sqlx::query_scalar(AssertSqlSafe(query))
            .fetch_all(&mut *tx)
            .await?)
    }

    /// Waits until so many events of an organization are handled for good, and so many of all are held.
    async fn until(&self, tenant: TenantId, handled: usize, held: i64) -> Result<()> {
        let reached = async {
            while self.handled(tenant).await?.len() < handled || self.held().await? < held {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            anyhow::Ok(())
        };
        let reached = tokio::time::timeout(PATIENCE, reached).await;
        reached.with_context(|| format!("not yet {handled} handled and {held} held"))?
    }

    async fn until_none_is_held(&self) -> Result<()> {
        let reached = async {
            while self.held().await? > 0 {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            anyhow::Ok(())
        };
        let reached = tokio::time::timeout(PATIENCE, reached).await;
        reached.context("events are held still")?
    }

    async fn stop(self) -> Result<()> {
        self.stopping.cancel();
        for task in self.tasks {
            task.await?;
        }
        self.source.close();
        self.target.close();
        self.kafka.stop().await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_event_takes_effect_once_whatever_comes_twice() -> Result<()> {
    let stage = Stage::new().await?;
    let tenant = TenantId::new();
    let projects: Vec<Uuid> = (0..120).map(|_| new_id()).collect();
    for project in &projects {
        stage.publish(tenant, *project).await?;
    }
    stage.until(tenant, projects.len(), 0).await?;

    // the relay lost its marks: everything is sent again
    let mut tx = stage
        .source
        .begin_unscoped("test: forget the marks")
        .await?;
    let again = sqlx::query("update outbox set published_at = null")
        .execute(&mut *tx)
        .await?
        .rows_affected();
    tx.commit().await?;
    assert_eq!(again, projects.len() as u64);
    let last = new_id();
    stage.publish(tenant, last).await?;
    stage.until(tenant, projects.len() + 1, 0).await?;

    let mut expected = projects;
    expected.push(last);
    expected.sort();
    assert_eq!(stage.handled(tenant).await?, expected);
    assert_eq!(stage.held().await?, 0);
    stage.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_come_together_are_handled_together_unless_one_cannot_be() -> Result<()> {
    let stage = Stage::new().await?;
    let good = TenantId::new();
    let projects: Vec<Uuid> = (0..40).map(|_| new_id()).collect();
    stage.publish_together(good, &projects).await?;
    stage.until(good, projects.len(), 0).await?;
    let rounds = stage.notebook.rounds.load(Ordering::Relaxed);
    assert!(rounds < projects.len(), "{rounds} rounds");

    let mixed = TenantId::new();
    let bad = projects[20];
    *stage.notebook.refused.lock().expect("not poisoned") = Some(bad.to_string());
    stage.publish_together(mixed, &projects).await?;
    // what was handled before the bad one was undone with it, and is handled once more
    stage.until(mixed, projects.len() - 1, 1).await?;
    assert_eq!(stage.held().await?, 1);
    assert_eq!(stage.handled(good).await?.len(), projects.len());
    assert_eq!(stage.handled(mixed).await?.len(), projects.len() - 1);
    stage.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_event_holds_its_key_until_it_is_replayed() -> Result<()> {
    let stage = Stage::new().await?;
    let tenant = TenantId::new();
    let (good, bad) = (new_id(), new_id());
    *stage.notebook.refused.lock().expect("not poisoned") = Some(bad.to_string());
    for project in [bad, good, bad, good] {
        stage.publish(tenant, project).await?;
    }
    // more than a replay reads at once
    stage.publish_together(tenant, &[bad; 120]).await?;
    stage.until(tenant, 2, 122).await?;
    let replay =
        async || events::replay("notifications", &stage.target, &*stage.notebook, None).await;
    assert_eq!(replay().await?, (0, 122));

    stage.notebook.is_mended.store(true, Ordering::Relaxed);
    assert_eq!(replay().await?, (122, 0));
    assert_eq!(stage.handled(tenant).await?.len(), 124);
    assert_eq!(stage.held().await?, 0);
    stage.publish(tenant, bad).await?;
    stage.until(tenant, 125, 0).await?;
    stage.stop().await?;
    testing::proved(
        "events.held",
        "a bug holds one key, and its events are replayed",
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_held_because_something_was_away_is_handled_once_it_is_back() -> Result<()> {
    let stage = Stage::new().await?;
    let tenant = TenantId::new();
    let (good, late) = (new_id(), new_id());
    *stage.notebook.refused.lock().expect("not poisoned") = Some(late.to_string());
    stage.notebook.is_away.store(true, Ordering::Relaxed);
    for project in [late, good, late] {
        stage.publish(tenant, project).await?;
    }
    stage.until(tenant, 1, 2).await?;

    stage.notebook.is_mended.store(true, Ordering::Relaxed);
    stage.until(tenant, 3, 0).await?;
    stage.until_none_is_held().await?;
    stage.publish(tenant, late).await?;
    stage.until(tenant, 4, 0).await?;
    stage.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_given_up_blocks_its_key_no_longer() -> Result<()> {
    let stage = Stage::new().await?;
    let (tenant, bad) = (TenantId::new(), new_id());
    *stage.notebook.refused.lock().expect("not poisoned") = Some(bad.to_string());
    stage.publish(tenant, bad).await?;
    stage.until(tenant, 0, 1).await?;

    let mut tx = stage.target.begin_unscoped("test: which is held").await?;
    let held: Uuid = sqlx::query_scalar("select id from held_event")
        .fetch_one(&mut *tx)
        .await?;
    tx.commit().await?;
    events::give_up(&stage.target, held).await?;
    assert_eq!(stage.held().await?, 0);
    let again = events::give_up(&stage.target, held).await;
    assert!(matches!(again, Err(Error::NotFound)));

    stage.notebook.is_mended.store(true, Ordering::Relaxed);
    stage.publish(tenant, bad).await?;
    stage.until(tenant, 1, 0).await?;
    stage.stop().await
}

/// After the broker's data was lost offsets begin anew, and meet those of events that were held before.
#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_held_although_another_was_held_at_its_offset() -> Result<()> {
    let stage = Stage::new().await?;
    let (tenant, bad) = (TenantId::new(), new_id());
    *stage.notebook.refused.lock().expect("not poisoned") = Some(bad.to_string());
    stage.publish(tenant, bad).await?;
    stage.until(tenant, 0, 1).await?;

    // the first one as if its offset had been the next, and then a later one
    stage.move_held(1).await?;
    stage.publish(tenant, bad).await?;
    stage.until(tenant, 0, 2).await?;
    let first = stage.held_by("id").await?.remove(0);
    stage.move_held(1).await?;
    assert_eq!(stage.held_by(r#""offset""#).await?.pop(), Some(first));

    stage.notebook.is_mended.store(true, Ordering::Relaxed);
    let outcome = events::replay("notifications", &stage.target, &*stage.notebook, None).await?;
    assert_eq!(outcome, (2, 0));
    assert_eq!(stage.held_by("settled_at").await?.remove(0), first);
    stage.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_envelope_is_held_and_never_handled() -> Result<()> {
    let stage = Stage::new().await?;
    let (tenant, other) = (TenantId::new(), TenantId::new());
    let producer: FutureProducer = ClientConfig::new()
        .set("bootstrap.servers", stage.kafka.brokers())
        .set("broker.address.family", "v4")
        .create()?;
    let forgeries = [
        (
            "tenant of another key",
            "billing",
            other,
            "contractoros.billing.v1.ContractValueSet",
        ),
        (
            "source of another topic",
            "identity",
            tenant,
            "contractoros.billing.v1.ContractValueSet",
        ),
        (
            "type of another topic",
            "billing",
            tenant,
            "contractoros.identity.v1.LinkIssued",
        ),
        (
            "text that PostgreSQL cannot store",
            "billing\0",
            tenant,
            "contractoros.billing.v1.ContractValueSet",
        ),
        (
            LONG_ID,
            "billing",
            tenant,
            "contractoros.billing.v1.ContractValueSet",
        ),
    ];
    // longer than an index takes, and nothing that can be made shorter
    let noise: String = (0..200)
        .map(|_| rand::random::<u128>().to_string())
        .collect();
    for (what, source, claimed, event_type) in forgeries {
        let key = format!("{tenant}:{}\0{noise}", new_id());
        let attributes = [
            (
                "ce_id",
                match what {
                    LONG_ID => noise.clone(),
                    _ => new_id().to_string(),
                },
            ),
            ("ce_source", source.to_owned()),
            ("ce_type", event_type.to_owned()),
            ("ce_time", "2026-11-25T00:00:00Z".to_owned()),
            ("ce_tenantid", claimed.to_string()),
        ];
        let headers = attributes
            .iter()
            .fold(OwnedHeaders::new(), |headers, (name, value)| {
                headers.insert(Header {
                    key: name,
                    value: Some(value),
                })
            });
        producer
            .send(
                FutureRecord::to("contractoros.billing.v1")
                    .key(&key)
                    .payload("")
                    .headers(headers),
                PATIENCE,
            )
            .await
            .map_err(|(error, _)| error)
            .with_context(|| what.to_owned())?;
    }
    let honest = new_id();
    stage.publish(tenant, honest).await?;
    stage.until(tenant, 1, 5).await?;
    assert_eq!(stage.handled(tenant).await?, [honest]);
    assert!(stage.handled(other).await?.is_empty());
    stage.stop().await?;
    testing::proved("events.held", "five kinds of forged envelopes are held")
}
