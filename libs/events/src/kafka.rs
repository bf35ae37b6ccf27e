//! Connections to Kafka, and topics.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use jiff::SignedDuration;
use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    error::RDKafkaErrorCode,
};
use serde::Deserialize;

/// Where Kafka is.
#[derive(Clone, Debug, Deserialize)]
pub struct Kafka {
    /// Host and port of brokers, with commas between; empty runs neither relay nor consumer.
    pub brokers: String,
    /// Copies of each partition.
    pub replication: i32,
}

const PARTITIONS: i32 = 12;
/// How long a topic keeps events: a consumer that was away for longer has missed some.
pub(crate) const RETENTION: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How long brokers may take to start.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(200);

impl Kafka {
    pub(crate) fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.brokers)
            .set("broker.address.family", "v4")
            .set("reconnect.backoff.max.ms", "2000")
            // a broker that was cut off is given up soon, and looked for again
            .set("socket.connection.setup.timeout.ms", "5000")
            .set("socket.timeout.ms", "10000")
            .set("socket.keepalive.enable", "true");
        config
    }
}

/// The topic of a service; only that service writes it.
pub fn topic_of(service: &str) -> String {
    format!("contractoros.{service}.v1")
}

/// Makes a service's topic; one that exists stays as it is. Waits for as many brokers as it has copies: they may be starting.
pub async fn create_topic(kafka: &Kafka, service: &str) -> Result<()> {
    let admin: AdminClient<DefaultClientContext> = kafka
        .client()
        .create()
        .context("make a Kafka admin client")?;
    let name = topic_of(service);
    let kept = RETENTION.as_millis().to_string();
    let topic = NewTopic::new(
        &name,
        PARTITIONS,
        TopicReplication::Fixed(kafka.replication),
    )
    .set("retention.ms", &kept);
    let deadline = Instant::now() + PATIENCE;
    loop {
        let outcomes = admin
            .create_topics([&topic], &AdminOptions::new())
            .await
            .with_context(|| format!("make the topic {name}"))?;
        let failed = outcomes.into_iter().find_map(Result::err);
        match failed {
            None | Some((_, RDKafkaErrorCode::TopicAlreadyExists)) => return Ok(()),
            Some((_, RDKafkaErrorCode::InvalidReplicationFactor)) if Instant::now() < deadline => {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            Some((name, code)) => anyhow::bail!("cannot make the topic {name}: {code}"),
        }
    }
}
