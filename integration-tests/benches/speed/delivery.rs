//! Events, from their commit to the mail that was taken, beside what Kafka and the database do at least.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use devstack::platform::Platform;
use events::{Kafka, create_topic, topic_of};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use integration_tests::Organization;
use prost::{Message as _, Name as _};
use proto::projects::MilestoneReached;
use rdkafka::{
    ClientConfig,
    producer::{FutureProducer, FutureRecord},
    util::Timeout,
};
use sqlx::{Connection as _, Executor as _};

use crate::{
    line::{Goal, Line, median, middle},
    pgbench::Play,
};

const ROUNDS: usize = 3;
const EVENTS: i64 = 2_000;
/// As many events of one organization as the relay takes at once.
const BATCH: usize = 50;
const PATIENCE: Duration = Duration::from_mins(2);
/// Of pgbench, each of one transaction.
const PLAYS: usize = 300;
const BENCH: &str = "bench";

/// Milestones are written to the outbox of projects, all in one commit: the click that does so otherwise is no part of this.
/// Each is one mail to one person, and the clock stops when the mail server took the last of them.
pub(crate) async fn measure(platform: &Platform, alder: &Organization) -> Result<Line> {
    let event = MilestoneReached {
        project_id: alder.anas.project.to_string(),
        phase_id: alder.anas.phase.to_string(),
        client_id: alder.anas.client.to_string(),
        actor_id: alder.owner.account.to_string(),
    };
    let producer = Producer::start(platform, alder, &event).await?;
    let plays = Plays::of(platform, alder, &event)?;
    deliver(platform, alder, &event, EVENTS).await?;
    analyze(platform).await?;
    producer.send(BATCH).await?;

    let (mut ours, mut sent, mut played) = (Vec::new(), Vec::new(), Vec::new());
    let mut parts = Vec::new();
    for _ in 0..ROUNDS {
        ours.push(deliver(platform, alder, &event, EVENTS).await?);
        sent.push(producer.send(usize::try_from(EVENTS)?).await?);
        let times = plays.times().await?;
        played.push(1.0 / times.event().as_secs_f64());
        parts.push(times);
    }
    let (ours, sent, played) = (middle(ours), middle(sent), middle(played));
    let part =
        |of: fn(&Times) -> Duration| 1e6 * median(parts.iter().map(of).collect()).as_secs_f64();
    Ok(Line {
        name: "delivery",
        ratio: ours / sent.min(played),
        goal: Goal::AtLeast(0.4),
        method: format!(
            "{ours:.1} events a second from the commit of {EVENTS} in the outbox to the last mail that was taken, one mail each; \
             {sent:.0} by a bare producer with the relay's settings, batches of {BATCH}; {played:.0} by pgbench on one connection \
             with what libs/events sends to remember each once; median of {ROUNDS} rounds, in turn\n\
             of pgbench: {:.0} µs to write an event to the outbox, {:.0} µs to mark {BATCH} published, {:.0} µs to write one to \
             the inbox; the median of {PLAYS} each",
            part(|times| times.publish),
            part(|times| times.mark),
            part(|times| times.handle),
        ),
    })
}

/// Has PostgreSQL count its rows, as it does by itself within a minute: until then it plans for tables that are empty.
async fn analyze(platform: &Platform) -> Result<()> {
    for service in ["projects", "notifications"] {
        let mut admin = platform.postgres().admin(service).await?;
        admin.execute("analyze").await.context("count rows")?;
        admin.close().await?;
    }
    Ok(())
}

/// Commits events and waits for their mails; answers how many a second there were.
async fn deliver(
    platform: &Platform,
    alder: &Organization,
    event: &MilestoneReached,
    events: i64,
) -> Result<f64> {
    let mails = platform.smtp().mails().len();
    let all = mails + usize::try_from(events)?;
    let mut changes = platform.smtp().changes();
    let mut projects = platform.postgres().admin("projects").await?;
    let insert = sqlx::query(
        "with last as (
             insert into outbox_sequence (tenant_id, aggregate_type, aggregate_id, last) values ($1, 'project', $2, $6)
             on conflict (tenant_id, aggregate_type, aggregate_id) do update set last = outbox_sequence.last + $6
             returning last - $6 as before)
         insert into outbox (tenant_id, id, aggregate_type, aggregate_id, sequence, type, payload, traceparent, created_at)
         select $1, uuidv7(), 'project', $2, before + number, $3, $4, $5, clock_timestamp()
         from last, generate_series(1, $6::bigint) as number",
    )
    .bind(alder.id.uuid())
    .bind(alder.anas.project)
    .bind(MilestoneReached::full_name())
    .bind(event.encode_to_vec())
    .bind("")
    .bind(events);
    insert
        .execute(&mut projects)
        .await
        .context("write events to the outbox")?;
    let begin = Instant::now();
    projects.close().await?;
    tokio::time::timeout(PATIENCE, changes.wait_for(|taken| *taken >= all))
        .await
        .with_context(|| format!("not all of {events} mails came within {PATIENCE:?}"))??;
    let time = begin.elapsed();
    let taken = platform.smtp().mails();
    ensure!(
        taken[mails..all]
            .iter()
            .all(|mail| mail.subject.contains("Milestone reached")),
        "other mails came between"
    );
    Ok(f64::from(i32::try_from(events)?) / time.as_secs_f64())
}

/// A producer as the relay has it, and nothing around it.
struct Producer {
    kafka: FutureProducer,
    topic: String,
    key: String,
    payload: Vec<u8>,
}

impl Producer {
    async fn start(
        platform: &Platform,
        alder: &Organization,
        event: &MilestoneReached,
    ) -> Result<Self> {
        let config = Kafka {
            brokers: platform.kafka().brokers(),
            replication: 1,
        };
        create_topic(&config, BENCH).await?;
        let kafka = ClientConfig::new()
            .set("bootstrap.servers", &config.brokers)
            .set("broker.address.family", "v4")
            .set("enable.idempotence", "true")
            .set("delivery.timeout.ms", "30000")
            .set("compression.type", "zstd")
            .set("partitioner", "murmur2_random")
            .set("linger.ms", "5")
            .create()
            .context("make a producer")?;
        Ok(Self {
            kafka,
            topic: topic_of(BENCH),
            key: format!("{}:{}", alder.id, alder.anas.project),
            payload: event.encode_to_vec(),
        })
    }

    /// Sends so many, batch by batch, each when all of the last were taken; answers how many a second.
    async fn send(&self, events: usize) -> Result<f64> {
        let begin = Instant::now();
        for _ in 0..events / BATCH {
            stream::iter(0..BATCH)
                .map(async |_| {
                    let record = FutureRecord::to(&self.topic)
                        .key(&self.key)
                        .payload(&self.payload);
                    let sent = self.kafka.send(record, Timeout::Never).await;
                    sent.map_err(|(error, _)| error).context("send an event")
                })
                .buffered(BATCH)
                .try_for_each(async |_| Ok(()))
                .await?;
        }
        let sent = u32::try_from(events / BATCH * BATCH)?;
        Ok(f64::from(sent) / begin.elapsed().as_secs_f64())
    }
}

/// What `libs/events` sends to its databases, and nothing around it.
struct Plays<'a> {
    publish: Play<'a>,
    mark: Play<'a>,
    handle: Play<'a>,
}

struct Times {
    publish: Duration,
    mark: Duration,
    handle: Duration,
}

impl<'a> Plays<'a> {
    fn of(platform: &'a Platform, alder: &Organization, event: &MilestoneReached) -> Result<Self> {
        let tenant = alder.id.uuid();
        let project = alder.anas.project;
        let kind = MilestoneReached::full_name();
        let payload = hex::encode(event.encode_to_vec());
        let limits = "set local statement_timeout = 10000; set local lock_timeout = 2000;
                      set local idle_in_transaction_session_timeout = 10000;";
        let begin =
            |settings: &str| format!("\\startpipeline\nbegin;{settings}{limits}\n\\endpipeline\n");
        let scoped = begin(&format!("set local app.tenant_id = '{tenant}';"));
        let unscoped = begin("");
        let projects = platform.postgres().logins("projects")?;
        let notifications = platform.postgres().logins("notifications")?;
        // as if of other aggregates, marked at once, so that the relay has nothing to do with them
        let publish = format!(
            "{scoped}insert into outbox_sequence (tenant_id, aggregate_type, aggregate_id, last)
             values ('{tenant}', 'bench', '{project}', 1)
             on conflict (tenant_id, aggregate_type, aggregate_id) do update set last = outbox_sequence.last + 1
             returning last;
             insert into outbox (tenant_id, id, aggregate_type, aggregate_id, sequence, type, payload, traceparent, created_at,
                 published_at)
             values ('{tenant}', uuidv7(), 'bench', '{project}', 1, '{kind}', '\\x{payload}', '', now(), now());
             commit;\n"
        );
        let mark = format!(
            "{unscoped}select tenant_id, id, aggregate_type, aggregate_id, sequence, type, payload, traceparent, created_at
             from (select *, row_number() over (partition by tenant_id order by id) as place
                   from outbox where published_at is null) waiting
             where place <= 50 order by id limit 500;
             commit;
             {unscoped}update outbox set published_at = now()
             where (tenant_id, id) in (select tenant_id, id from outbox where tenant_id = '{tenant}' order by id desc limit {BATCH});
             commit;\n"
        );
        let handle = format!(
            "{scoped}insert into inbox (tenant_id, event_id, type, handled_at) values ('{tenant}', uuidv7(), '{kind}', now())
             on conflict do nothing;
             commit;\n"
        );
        Ok(Self {
            publish: Play::new(platform, "projects", projects.app, &publish)?,
            mark: Play::new(platform, "projects", projects.platform, &mark)?,
            handle: Play::new(platform, "notifications", notifications.app, &handle)?,
        })
    }

    async fn times(&self) -> Result<Times> {
        Ok(Times {
            publish: self.publish.median(PLAYS).await?,
            mark: self.mark.median(PLAYS).await?,
            handle: self.handle.median(PLAYS).await?,
        })
    }
}

impl Times {
    /// For one event, which is one of many in a batch.
    fn event(&self) -> Duration {
        self.publish + self.mark / u32::try_from(BATCH).unwrap_or(1) + self.handle
    }
}
