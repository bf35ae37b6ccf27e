//! The relay: from the outbox to Kafka.

use std::{sync::LazyLock, time::Duration};

use anyhow::Context as _;
use futures::future::join_all;
use jiff_sqlx::ToSqlx as _;
use opentelemetry::{KeyValue, global, metrics::Counter};
use rdkafka::{
    ClientConfig,
    producer::{FutureProducer, FutureRecord},
    util::Timeout,
};
use service::{Error, Result, clock, deadline};
use sqlx::{Connection as _, PgConnection, Row as _};
use tenancy::Db;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use uuid::Uuid;

use crate::{envelope::Outgoing, kafka::Kafka, topic_of, trace};

/// Names the lock that lets one relay a service run.
const LOCK: i64 = 0x6f75_7462_6f78;
const BATCH: i64 = 500;
/// Of one organization in a batch, so that a busy one does not hold up the others.
const BATCH_PER_TENANT: i64 = 50;
const POLL: Duration = Duration::from_secs(1);
/// One piece of work on the own database; where no answer comes, the relay starts again.
const BUDGET: Duration = Duration::from_secs(10);
/// The server takes the lock from who was cut off after this. Longer than Kafka takes to give a batch up.
const KEEP_LOCK: &str = "set idle_session_timeout = '1min'";

/// Events that Kafka took, by type; never by tenant.
static PUBLISHED: LazyLock<Counter<u64>> = LazyLock::new(|| {
    global::meter("contractoros")
        .u64_counter("outbox.published")
        .with_description("Events that Kafka took")
        .build()
});

/// Publishes what stands in a service's outbox.
pub struct Relay {
    service: &'static str,
    db: Db,
    kafka: ClientConfig,
}

impl Relay {
    /// Makes a relay.
    pub fn new(service: &'static str, db: Db, kafka: &Kafka) -> Self {
        let mut kafka = kafka.client();
        kafka
            .set("enable.idempotence", "true")
            .set("delivery.timeout.ms", "30000")
            .set("compression.type", "zstd")
            .set("partitioner", "murmur2_random")
            .set("linger.ms", "5");
        Self { service, db, kafka }
    }

    /// Runs until stopped. Of several replicas one publishes and the others wait for its lock.
    pub async fn run(self, stopping: CancellationToken) {
        while !stopping.is_cancelled() {
            if let Err(error) = self.publish_while_leading(&stopping).await {
                tracing::warn!(%error, "the relay starts again from the table");
            }
            pause(&stopping).await;
        }
    }

    async fn publish_while_leading(&self, stopping: &CancellationToken) -> Result<()> {
        let Some(mut lock) = self.lead(stopping).await? else {
            return Ok(());
        };
        // a new one each time: one that failed for good is not used again
        let producer = self.kafka.create().context("make a Kafka producer")?;
        let committed = self.db.committed();
        while !stopping.is_cancelled() {
            // fails when the connection, and with it the lock, is lost
            deadline::strictly(BUDGET, ask(&mut lock)).await?;
            let woken = committed.notified();
            if self.publish_batch(&producer).await? > 0 {
                continue;
            }
            tokio::select! {
                () = woken => {}
                () = tokio::time::sleep(POLL) => {}
                () = stopping.cancelled() => {}
            }
        }
        deadline::strictly(BUDGET, close(lock)).await
    }

    /// Waits for the lock as long as another replica has it, and answers the connection that has it then; none where the
    /// relay is stopped before.
    async fn lead(&self, stopping: &CancellationToken) -> Result<Option<PgConnection>> {
        let mut lock = deadline::strictly(BUDGET, self.connect()).await?;
        while !deadline::strictly(BUDGET, take(&mut lock)).await? {
            pause(stopping).await;
            if stopping.is_cancelled() {
                deadline::strictly(BUDGET, close(lock)).await?;
                return Ok(None);
            }
        }
        Ok(Some(lock))
    }

    async fn connect(&self) -> Result<PgConnection> {
        let mut lock = self
            .db
            .platform_connection("relay: one a service, by a lock that lasts")
            .await?;
        sqlx::query(KEEP_LOCK).execute(&mut lock).await?;
        Ok(lock)
    }

    /// Publishes one batch and marks it after every delivery report; answers its size.
    async fn publish_batch(&self, producer: &FutureProducer) -> Result<usize> {
        let batch = deadline::strictly(BUDGET, self.unpublished()).await?;
        if batch.is_empty() {
            return Ok(0);
        }
        let outcomes = join_all(batch.iter().map(|event| self.send(producer, event))).await;
        let (tenants, ids): (Vec<Uuid>, Vec<Uuid>) = batch
            .iter()
            .zip(&outcomes)
            .filter(|(_, sent)| **sent)
            .map(|(event, _)| (event.tenant, event.id))
            .unzip();
        deadline::strictly(BUDGET, self.mark_published(&tenants, &ids)).await?;
        if ids.len() < batch.len() {
            return Err(Error::Unavailable(anyhow::anyhow!(
                "{} of {} events were not taken by Kafka",
                batch.len() - ids.len(),
                batch.len()
            )));
        }
        Ok(batch.len())
    }

    async fn send(&self, producer: &FutureProducer, event: &Outgoing) -> bool {
        let topic = topic_of(self.service);
        let span = tracing::info_span!(
            parent: None,
            "publish",
            otel.name = format!("send {topic}"),
            otel.kind = "producer",
            messaging.system = "kafka",
            messaging.destination.name = topic,
            messaging.message.id = %event.id,
            event = event.event_type,
            tenant = %event.tenant,
        );
        // an error only says that no layer listens for spans
        let _ = span.set_parent(trace::parse(&event.traceparent));
        async {
            let key = event.key();
            let headers = event.headers(self.service, &trace::current());
            let record = FutureRecord::to(&topic)
                .key(&key)
                .payload(&event.payload)
                .headers(headers);
            match producer.send(record, Timeout::Never).await {
                Ok(_) => {
                    let event = KeyValue::new("event", event.event_type.clone());
                    PUBLISHED.add(1, &[event]);
                    true
                }
                Err((error, _)) => {
                    tracing::warn!(%error, "an event was not taken by Kafka");
                    false
                }
            }
        }
        .instrument(span)
        .await
    }

    async fn unpublished(&self) -> Result<Vec<Outgoing>> {
        let mut tx = self.db.begin_unscoped("relay: read the outbox").await?;
        let batch = unpublished(&mut tx).await?;
        tx.commit().await?;
        Ok(batch)
    }

    async fn mark_published(&self, tenants: &[Uuid], ids: &[Uuid]) -> Result<()> {
        let mut tx = self
            .db
            .begin_unscoped("relay: mark what was published")
            .await?;
        mark_published(&mut tx, tenants, ids).await?;
        tx.commit().await
    }
}

/// True where the lock is this connection's now.
async fn take(connection: &mut PgConnection) -> Result<bool> {
    let is_taken = sqlx::query_scalar("select pg_try_advisory_lock($1)")
        .bind(LOCK)
        .fetch_one(connection)
        .await?;
    Ok(is_taken)
}

async fn close(connection: PgConnection) -> Result<()> {
    Ok(connection.close().await?)
}

async fn ask(connection: &mut PgConnection) -> Result<()> {
    sqlx::query("select 1").execute(connection).await?;
    Ok(())
}

async fn unpublished(connection: &mut PgConnection) -> Result<Vec<Outgoing>> {
    let rows = sqlx::query(
        "select tenant_id, id, aggregate_type, aggregate_id, sequence, type, payload, traceparent, created_at
         from (select *, row_number() over (partition by tenant_id order by id) as place
               from outbox where published_at is null) waiting
         where place <= $1 order by id limit $2",
    )
    .bind(BATCH_PER_TENANT)
    .bind(BATCH)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Outgoing {
                tenant: row.try_get("tenant_id")?,
                id: row.try_get("id")?,
                aggregate_type: row.try_get("aggregate_type")?,
                aggregate_id: row.try_get("aggregate_id")?,
                sequence: row.try_get("sequence")?,
                event_type: row.try_get("type")?,
                payload: row.try_get("payload")?,
                traceparent: row.try_get("traceparent")?,
                created_at: row
                    .try_get::<jiff_sqlx::Timestamp, _>("created_at")?
                    .to_jiff(),
            })
        })
        .collect()
}

async fn mark_published(
    connection: &mut PgConnection,
    tenants: &[Uuid],
    ids: &[Uuid],
) -> Result<()> {
    sqlx::query(
        "update outbox set published_at = $3
         where (tenant_id, id) in (select * from unnest($1::uuid[], $2::uuid[]))",
    )
    .bind(tenants)
    .bind(ids)
    .bind(clock::now().to_sqlx())
    .execute(connection)
    .await?;
    Ok(())
}

async fn pause(stopping: &CancellationToken) {
    tokio::select! {
        () = tokio::time::sleep(POLL) => {}
        () = stopping.cancelled() => {}
    }
}
