//! The consumer: each event once, in a transaction that remembers it, together with others that have come.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
    slice,
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use futures::FutureExt as _;
use jiff_sqlx::ToSqlx as _;
use rdkafka::consumer::{Consumer as _, StreamConsumer};
use service::{Error, Result, clock, deadline};
use tenancy::{Caller, Db, TenantId, TenantTx};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, Span};
use uuid::Uuid;

use crate::{
    envelope::{Raw, Received},
    held::{self, Why},
    kafka::Kafka,
    topic_of,
};

/// How many events are handled together at most.
const BATCH: usize = 50;
/// Less than others wait for a lock: what the first of them locks stays locked while the last is handled.
const TOGETHER: Duration = Duration::from_millis(1_500);
const BUDGET: Duration = Duration::from_secs(30);
/// One piece of work on the own database: an answer that never comes must not stop the partition for good.
pub(crate) const PIECE: Duration = Duration::from_secs(10);
/// The pause where the own database is away.
const PAUSE: Duration = Duration::from_secs(1);

/// What is done for one event before it is held.
#[derive(Clone, Copy)]
struct Patience {
    /// How long one try may take.
    limit: Duration,
    /// Before other tries, where the failure may pass.
    pauses: &'static [Duration],
}

impl Patience {
    const ALL: Self = Self {
        limit: PIECE,
        pauses: &[
            Duration::from_millis(200),
            Duration::from_secs(1),
            Duration::from_secs(5),
        ],
    };
    /// For those that came together with one for which something was away: Kafka must hear of this consumer in time.
    const LITTLE: Self = Self {
        limit: Duration::from_secs(1),
        pauses: &[],
    };
}

/// How often it is seen whether held events are to be tried again.
const LOOK_AT_HELD: Duration = Duration::from_secs(5);

/// What a service does with the events of others.
pub trait Handler: Send + Sync + 'static {
    /// What it finds out while it handles events together, such as the answers of other services, so that nobody is asked
    /// twice. All of them are of one organization.
    type Round: Send;

    /// Begins to handle events of an organization that were recorded before now.
    fn round(&self, tenant: TenantId) -> Self::Round;

    /// Handles one event inside the transaction that remembers it; an event of no interest is `Ok`.
    fn handle(
        &self,
        tx: &mut TenantTx,
        round: &mut Self::Round,
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
            let mut batch = Vec::new();
            let mut next = Some(message);
            while let Some(message) = next {
                match message {
                    Ok(message) => batch.push(Raw::of(&message.detach())),
                    Err(error) => tracing::warn!(%error, "cannot read from Kafka"),
                }
                // what has come already, and no waiting for more
                next = (batch.len() < BATCH)
                    .then(|| self.kafka.recv().now_or_never())
                    .flatten();
            }
            let mut patience = Patience::ALL;
            for events in by_tenant(&batch) {
                if !self.take(&events, &mut patience, &stopping).await {
                    return;
                }
            }
            for raw in &batch {
                let stored = self
                    .kafka
                    .store_offset(&raw.topic, raw.partition, raw.offset);
                if let Err(error) = stored {
                    // the partition was given to another replica, which will skip the event by its id
                    tracing::info!(%error, "the offset was not stored");
                }
            }
        }
    }

    /// Handles or holds events of one organization; false where it was stopped before.
    ///
    /// All of them are one transaction, or, where that is not possible, each is one of its own.
    async fn take(
        &self,
        raws: &[&Raw],
        patience: &mut Patience,
        stopping: &CancellationToken,
    ) -> bool {
        let tenant = raws[0].tenant();
        if raws.len() > 1 {
            let span = tracing::info_span!(
                parent: None,
                "consume together",
                otel.kind = "consumer",
                messaging.system = "kafka",
                messaging.batch.message_count = raws.len(),
                %tenant,
            );
            let taken = self.take_together(raws).instrument(span);
            match deadline::strictly(TOGETHER, taken).await {
                Ok(true) => return true,
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, %tenant, "events are handled one by one"),
            }
        }
        for raw in raws {
            // an event is neither handled nor held only while the own database is away: it waits, nothing is lost
            while !stopping.is_cancelled() {
                match deadline::within(BUDGET, self.take_one(raw, patience)).await {
                    Ok(()) => break,
                    Err(error) => {
                        tracing::warn!(%error, %tenant, "an event waits for the database");
                        tokio::select! {
                            () = stopping.cancelled() => {}
                            () = tokio::time::sleep(PAUSE) => {}
                        }
                    }
                }
            }
        }
        !stopping.is_cancelled()
    }

    /// Handles events of one organization together; false where one of them is to be held.
    async fn take_together(&self, raws: &[&Raw]) -> Result<bool> {
        let events: std::result::Result<Vec<Received>, _> =
            raws.iter().map(|raw| raw.check()).collect();
        let Ok(events) = events else {
            return Ok(false);
        };
        let keys: Vec<&str> = raws.iter().map(|raw| raw.key.as_str()).collect();
        if self.is_key_held(events[0].tenant, &keys).await? {
            return Ok(false);
        }
        self.handle(&events, TOGETHER).await?;
        Ok(true)
    }

    /// Handles or holds one event.
    async fn take_one(&self, raw: &Raw, patience: &mut Patience) -> Result<()> {
        match raw.check() {
            Ok(event) => {
                let span = event.span();
                self.take_checked(raw, &event, patience)
                    .instrument(span)
                    .await
            }
            Err(reason) => self.hold(raw, Why::Wrong(reason)).await,
        }
    }

    async fn take_checked(
        &self,
        raw: &Raw,
        event: &Received,
        patience: &mut Patience,
    ) -> Result<()> {
        if self.is_key_held(event.tenant, &[&raw.key]).await? {
            return self.hold(raw, Why::Behind).await;
        }
        let mut pauses = patience.pauses.iter();
        loop {
            let handled = self.handle(slice::from_ref(event), patience.limit).await;
            let Err(error) = handled else {
                return Ok(());
            };
            match pauses.next() {
                Some(pause) if error.is_transient() => {
                    tracing::warn!(%error, "an event is tried again");
                    tokio::time::sleep(*pause).await;
                }
                _ => {
                    if error.is_transient() {
                        *patience = Patience::LITTLE;
                    }
                    return self.hold(raw, Why::of(&error)).await;
                }
            }
        }
    }

    async fn is_key_held(&self, tenant: TenantId, keys: &[&str]) -> Result<bool> {
        deadline::strictly(PIECE, held::is_key_held(&self.db, tenant, keys)).await
    }

    async fn handle(&self, events: &[Received], limit: Duration) -> Result<()> {
        let handled = handle_once(self.service, &self.db, &*self.handler, events);
        deadline::strictly(deadline::remaining().min(limit), handled).await
    }

    /// Holds an event, whatever its handling left of the time.
    async fn hold(&self, raw: &Raw, why: Why) -> Result<()> {
        deadline::strictly(PIECE, held::hold(&self.db, raw, &why)).await
    }
}

/// Events by the organization that they name, each organization's in the order in which they came.
fn by_tenant(batch: &[Raw]) -> Vec<Vec<&Raw>> {
    let mut by_tenant: BTreeMap<Uuid, Vec<&Raw>> = BTreeMap::new();
    for raw in batch {
        by_tenant.entry(raw.tenant()).or_default().push(raw);
    }
    by_tenant.into_values().collect()
}

/// Handles those events of one organization that were not handled before; remembering and effect are one transaction.
///
/// Each of several is handled in its own span, which is part of the trace of what caused it.
pub(crate) async fn handle_once<H: Handler>(
    service: &'static str,
    db: &Db,
    handler: &H,
    events: &[Received],
) -> Result<()> {
    let Some(first) = events.first() else {
        return Ok(());
    };
    let mut tx = db.begin(&Caller::system(first.tenant, service)).await?;
    let mut new = remember(&mut tx, events).await?;
    if new.is_empty() {
        return Ok(());
    }
    let mut round = handler.round(first.tenant);
    for event in events {
        if !new.remove(&event.id) {
            continue;
        }
        // one alone is in its span already
        let span = match events {
            [_] => Span::current(),
            _ => event.span(),
        };
        let handled = handler.handle(&mut tx, &mut round, event).instrument(span);
        match tokio::time::timeout(deadline::remaining(), handled).await {
            Ok(outcome) => outcome?,
            Err(_) => return Err(Error::DeadlineExceeded),
        }
    }
    tx.commit().await
}

/// Remembers events, and answers the ids of those that were not known.
async fn remember(tx: &mut TenantTx, events: &[Received]) -> Result<BTreeSet<Uuid>> {
    let (ids, types): (Vec<Uuid>, Vec<&str>) = events
        .iter()
        .map(|event| (event.id, event.event_type.as_str()))
        .unzip();
    let tenant = tx.tenant().uuid();
    let new: Vec<Uuid> = sqlx::query_scalar(
        "insert into inbox (tenant_id, event_id, type, handled_at)
         select $1, event.id, event.type, $4 from unnest($2::uuid[], $3::text[]) as event (id, type)
         on conflict do nothing returning event_id",
    )
    .bind(tenant)
    .bind(ids)
    .bind(types)
    .bind(clock::now().to_sqlx())
    .fetch_all(&mut **tx)
    .await?;
    Ok(new.into_iter().collect())
}
