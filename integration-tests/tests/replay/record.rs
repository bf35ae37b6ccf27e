//! Records of topics: captured, shuffled, and sent to another broker.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use devstack::kafka::Kafka;
use integration_tests::Services;
use prost_reflect::DescriptorPool;
use rand::{Rng, RngExt as _};
use rdkafka::{
    ClientConfig, Message as _, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _, StreamConsumer},
    message::{Headers as _, OwnedHeaders, OwnedMessage},
    metadata::MetadataTopic,
    producer::{FutureProducer, FutureRecord},
};
use sqlx::Connection as _;

const PATIENCE: Duration = Duration::from_secs(30);
/// Whose events notifications reads.
const SOURCES: [&str; 3] = ["identity", "projects", "documents"];

/// One record as the broker keeps it.
#[derive(Clone)]
pub(crate) struct Record(OwnedMessage);

impl Record {
    /// The event's type, such as "contractoros.billing.v1.ContractValueSet".
    pub(crate) fn kind(&self) -> &str {
        self.header("ce_type")
    }

    /// The event's id.
    pub(crate) fn id(&self) -> &str {
        self.header("ce_id")
    }

    pub(crate) fn is_told_to_notifications(&self) -> bool {
        SOURCES
            .into_iter()
            .any(|source| events::topic_of(source) == self.0.topic())
    }

    /// Everything in it that can be read as text.
    pub(crate) fn text(&self) -> String {
        let payload = String::from_utf8_lossy(self.0.payload().unwrap_or_default());
        format!(
            "{} {} {payload}",
            self.id(),
            String::from_utf8_lossy(self.key())
        )
    }

    fn key(&self) -> &[u8] {
        self.0.key().unwrap_or_default()
    }

    fn header(&self, name: &str) -> &str {
        self.0
            .headers()
            .into_iter()
            .flat_map(|headers| headers.iter())
            .find(|header| header.key == name)
            .and_then(|header| std::str::from_utf8(header.value?).ok())
            .unwrap_or_default()
    }
}

/// Every event that a proto declares and a service of ours publishes, but for what only a mail server causes.
pub(crate) fn declared() -> std::collections::BTreeSet<&'static str> {
    static POOL: std::sync::LazyLock<DescriptorPool> = std::sync::LazyLock::new(|| {
        DescriptorPool::decode(proto::DESCRIPTORS).expect("the descriptors are compiled")
    });
    static NAMES: std::sync::LazyLock<Vec<String>> = std::sync::LazyLock::new(|| {
        POOL.files()
            .filter(|file| file.name().ends_with("/events.proto"))
            .flat_map(|file| file.messages().collect::<Vec<_>>())
            .map(|message| message.full_name().to_owned())
            .collect()
    });
    NAMES
        .iter()
        .map(String::as_str)
        // notifications does not read its own topic
        .filter(|name| !name.starts_with("contractoros.notifications."))
        .collect()
}

/// Waits until every outbox is published, and reads all topics from their beginning.
pub(crate) async fn published(services: &Services) -> Result<Vec<Record>> {
    let mut expected = 0;
    for database in &services.databases {
        let mut superuser = database.superuser().await?;
        let all_sent = async {
            loop {
                let (waiting, sent): (i64, i64) = sqlx::query_as(
                    "select count(*) filter (where published_at is null), count(*) from outbox",
                )
                .fetch_one(&mut superuser)
                .await?;
                if waiting == 0 {
                    return anyhow::Ok(sent);
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        expected += tokio::time::timeout(PATIENCE, all_sent)
            .await
            .with_context(|| format!("{} does not publish", database.service()))??;
        superuser.close().await?;
    }

    let consumer: StreamConsumer = ClientConfig::new()
        .set("bootstrap.servers", services.kafka.brokers())
        .set("broker.address.family", "v4")
        .set("group.id", "capture")
        .set("enable.auto.commit", "false")
        .create()?;
    let mut places = TopicPartitionList::new();
    for database in &services.databases {
        let topic = events::topic_of(database.service());
        let metadata = consumer.fetch_metadata(Some(&topic), PATIENCE)?;
        for partition in metadata.topics().iter().flat_map(MetadataTopic::partitions) {
            places.add_partition_offset(&topic, partition.id(), Offset::Beginning)?;
        }
    }
    consumer.assign(&places)?;
    let mut records = Vec::new();
    for _ in 0..expected {
        let message = tokio::time::timeout(PATIENCE, consumer.recv())
            .await
            .with_context(|| format!("{} of {expected} events came", records.len()))??;
        records.push(Record(message.detach()));
    }
    records.sort_by_key(|Record(message)| {
        (
            message.timestamp().to_millis(),
            message.partition(),
            message.offset(),
        )
    });
    Ok(records)
}

/// Each record so many times: of one key each comes first in its turn, and again at any time after that; keys come in any
/// order.
pub(crate) fn shuffled(records: &[Record], times: usize, random: &mut impl Rng) -> Vec<Record> {
    let mut queues: BTreeMap<&[u8], Vec<&Record>> = BTreeMap::new();
    for record in records {
        queues.entry(record.key()).or_default().push(record);
    }
    for queue in queues.values_mut() {
        let mut end = queue.len();
        for first in (0..queue.len()).rev() {
            let record = queue[first];
            for _ in 1..times {
                let place = random.random_range(first + 1..=end);
                queue.insert(place, record);
                end += 1;
            }
        }
    }
    let mut queues: Vec<_> = queues.into_values().map(Vec::into_iter).collect();
    let mut all = Vec::new();
    while !queues.is_empty() {
        let chosen = random.random_range(0..queues.len());
        match queues[chosen].next() {
            Some(record) => all.push(record.clone()),
            None => drop(queues.swap_remove(chosen)),
        }
    }
    all
}

/// Sends records to a broker, each when the former is there, and makes their topics where there are none.
pub(crate) async fn send(kafka: &Kafka, records: &[Record]) -> Result<()> {
    let config = events::Kafka {
        brokers: kafka.brokers(),
        replication: 1,
    };
    for service in SOURCES.into_iter().chain(["billing", "notifications"]) {
        events::create_topic(&config, service).await?;
    }
    let producer: FutureProducer = ClientConfig::new()
        .set("bootstrap.servers", kafka.brokers())
        .set("broker.address.family", "v4")
        .set("linger.ms", "0")
        .create()?;
    for Record(message) in records {
        let record = FutureRecord::to(message.topic())
            .partition(message.partition())
            .key(message.key().unwrap_or_default())
            .payload(message.payload().unwrap_or_default())
            .headers(message.headers().cloned().unwrap_or_else(OwnedHeaders::new));
        producer
            .send(record, PATIENCE)
            .await
            .map_err(|(error, _)| error)
            .context("deliver an event")?;
    }
    Ok(())
}

/// Waits until notifications has said that it is done with everything that stands in its topics.
pub(crate) async fn until_read(kafka: &Kafka) -> Result<()> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", kafka.brokers())
        .set("broker.address.family", "v4")
        .set("group.id", "notifications")
        .create()?;
    let consumer = Arc::new(consumer);
    let read = async {
        loop {
            let asked = consumer.clone();
            if tokio::task::spawn_blocking(move || is_read(&asked)).await?? {
                return anyhow::Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, read)
        .await
        .context("notifications does not read everything")?
}

/// True where the group of the consumer has committed the end of each partition.
fn is_read(consumer: &BaseConsumer) -> Result<bool> {
    let mut places = TopicPartitionList::new();
    let mut ends = Vec::new();
    for source in SOURCES {
        let topic = events::topic_of(source);
        let metadata = consumer.fetch_metadata(Some(&topic), PATIENCE)?;
        for partition in metadata.topics().iter().flat_map(MetadataTopic::partitions) {
            let (_, end) = consumer.fetch_watermarks(&topic, partition.id(), PATIENCE)?;
            if end > 0 {
                places.add_partition(&topic, partition.id());
                ends.push((topic.clone(), partition.id(), end));
            }
        }
    }
    let committed = consumer.committed_offsets(places, PATIENCE)?;
    Ok(ends.iter().all(|(topic, partition, end)| {
        committed
            .find_partition(topic, *partition)
            .is_some_and(|place| place.offset() == Offset::Offset(*end))
    }))
}
