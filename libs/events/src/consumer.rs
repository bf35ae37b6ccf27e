//! The consumer: each event once, in a transaction that remembers it.

use std::{future::Future, sync::Arc, time::Duration};

use anyhow::Context as _;
use jiff_sqlx::ToSqlx as _;
use rdkafka::consumer::{Consumer as _, StreamConsumer};
use service::{Error, Result, clock, deadline};
use tenancy::{Caller, Db, TenantTx};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use crate::{
    envelope::{Raw, Received},
    held::{self, Why},
    kafka::Kafka,
    topic_of, trace,
};

const BUDGET: Duration = Duration::from_secs(30);
/// One piece of work on the own database: an answer that never comes must not stop the partition for good.
pub(crate) const PIECE: Duration = Duration::from_secs(10);
/// Pauses before another try where the failure may pass.
const RETRIES: [Duration; 3] = [
    Duration::from_millis(200),
    Duration::from_secs(1),
    Duration::from_secs(5),
];

/// How often it is seen whether held events are to be tried again.
const LOOK_AT_HELD: Duration = Duration::from_secs(5);

/// What a service does with the events of others.
pub trait Handler: Send + Sync + 'static {
    /// Handles one event inside the transaction that remembers it; an event of no interest is `Ok`.
    fn handle(
        &self,
        tx: &mut TenantTx,
        event: &Received,
    ) -> impl Future<Output = Result<()>> + Send;
}

/// Reads the topics of other services for one service.
pub struct Consumer<H> {
    service: &'static str,
    db: Db,
    kafka: StreamConsumer,
    handler: Arc<H>,
}

impl<H: Handler> Consumer<H> {
    /// Subscribes to the topics of `sources`; replicas of a service share the partitions.
    pub fn new(
        service: &'static str,
        db: Db,
        kafka: &Kafka,
        sources: &[&str],
        handler: Arc<H>,
    ) -> anyhow::Result<Self> {
        let consumer: StreamConsumer = kafka
            .client()
            .set("group.id", service)
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "earliest")
            // whoever died gives its partitions to the next after this, and not after 45 seconds
            .set("session.timeout.ms", "10000")
            .set("partition.assignment.strategy", "cooperative-sticky")
            // a topic that was made a moment ago is looked for again soon, not after five minutes
            .set("topic.metadata.refresh.interval.ms", "5000")
            .create()
            .context("make a Kafka consumer")?;
        let topics: Vec<String> = sources.iter().map(|source| topic_of(source)).collect();
        let names: Vec<&str> = topics.iter().map(String::as_str).collect();
        consumer
            .subscribe(&names)
            .with_context(|| format!("subscribe to {}", names.join(", ")))?;
        Ok(Self {
            service,
            db,
            kafka: consumer,
            handler,
        })
    }

    /// Runs until stopped.
    pub async fn run(self, stopping: CancellationToken) {
        let mut held = tokio::time::interval(LOOK_AT_HELD);
        held.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let message = tokio::select! {
                () = stopping.cancelled() => return,
                _ = held.tick() => {
                    let again = held::try_again(self.service, &self.db, &*self.handler);
                    if let Err(error) = again.await {
                        tracing::warn!(%error, "held events wait for the database");
                    }
                    continue;
                }
                message = self.kafka.recv() => message,
            };
            let message = match message {
                Ok(message) => message.detach(),
                Err(error) => {
                    tracing::warn!(%error, "cannot read from Kafka");
                    continue;
                }
            };
            let raw = Raw::of(&message);
            // an event is neither handled nor held only while the own database is away: it waits, nothing is lost
            while let Err(error) = self.take(&raw).await {
                tracing::warn!(%error, "an event waits for the database");
                tokio::select! {
                    () = stopping.cancelled() => return,
                    () = tokio::time::sleep(RETRIES[1]) => {}
                }
            }
            let stored = self
                .kafka
                .store_offset(&raw.topic, raw.partition, raw.offset);
            if let Err(error) = stored {
                // the partition was given to another replica, which will skip the event by its id
                tracing::info!(%error, "the offset was not stored");
            }
        }
    }

    /// Handles or holds one event.
    async fn take(&self, raw: &Raw) -> Result<()> {
        let span = tracing::info_span!(
            parent: None,
            "consume",
            otel.name = format!("process {}", raw.topic),
            otel.kind = "consumer",
            messaging.system = "kafka",
            messaging.destination.name = raw.topic,
            event = tracing::field::Empty,
            tenant = tracing::field::Empty,
        );
        // an error only says that no layer listens for spans
        let _ = span.set_parent(trace::parse(raw.traceparent()));
        deadline::within(BUDGET, self.take_traced(raw))
            .instrument(span)
            .await
    }

    async fn take_traced(&self, raw: &Raw) -> Result<()> {
        let event = match raw.check() {
            Ok(event) => event,
            Err(reason) => return self.hold(raw, Why::Wrong(reason)).await,
        };
        let span = tracing::Span::current();
        span.record("event", &event.event_type);
        span.record("tenant", event.tenant.to_string());
        if deadline::strictly(PIECE, held::is_key_held(&self.db, raw)).await? {
            return self.hold(raw, Why::Behind).await;
        }
        for pause in RETRIES {
            match self.handle(&event).await {
                Ok(()) => return Ok(()),
                Err(error) if error.is_transient() => {
                    tracing::warn!(%error, "an event is tried again");
                    tokio::time::sleep(pause).await;
                }
                Err(error) => return self.hold(raw, Why::of(&error)).await,
            }
        }
        match self.handle(&event).await {
            Ok(()) => Ok(()),
            Err(error) => self.hold(raw, Why::of(&error)).await,
        }
    }

    async fn handle(&self, event: &Received) -> Result<()> {
        let handled = handle_once(self.service, &self.db, &*self.handler, event);
        deadline::strictly(deadline::remaining().min(PIECE), handled).await
    }

    /// Holds an event, whatever its handling left of the time.
    async fn hold(&self, raw: &Raw, why: Why) -> Result<()> {
        deadline::strictly(PIECE, held::hold(&self.db, raw, &why)).await
    }
}

/// Handles an event unless it was handled before; remembering and effect are one transaction.
pub(crate) async fn handle_once<H: Handler>(
    service: &'static str,
    db: &Db,
    handler: &H,
    event: &Received,
) -> Result<()> {
    let mut tx = db.begin(&Caller::system(event.tenant, service)).await?;
    let is_new = sqlx::query(
        "insert into inbox (tenant_id, event_id, type, handled_at) values ($1, $2, $3, $4)
         on conflict do nothing",
    )
    .bind(event.tenant.uuid())
    .bind(event.id)
    .bind(&event.event_type)
    .bind(clock::now().to_sqlx())
    .execute(&mut *tx)
    .await?
    .rows_affected()
        == 1;
    if !is_new {
        return Ok(());
    }
    match tokio::time::timeout(deadline::remaining(), handler.handle(&mut tx, event)).await {
        Ok(outcome) => outcome?,
        Err(_) => return Err(Error::DeadlineExceeded),
    }
    tx.commit().await
}
