//! The Kafka broker: its start, and its return after a kill.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use devstack::kafka::Kafka;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{FutureProducer, FutureRecord};

const TOPIC: &str = "notes";
const PATIENCE: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_killed_broker_comes_back_soon_with_what_it_acknowledged() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let started = Instant::now();
    let kafka = Kafka::start(folder.path()).await?;
    println!("first start: {:.1?}", started.elapsed());
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", kafka.brokers());

    let admin: AdminClient<DefaultClientContext> = config.create()?;
    let topic = NewTopic::new(TOPIC, 1, TopicReplication::Fixed(1));
    admin.create_topics(&[topic], &AdminOptions::new()).await?;
    let producer: FutureProducer = config.create()?;
    let record = FutureRecord::to(TOPIC).key("1").payload("kept");
    let sent = producer.send(record, PATIENCE).await;
    sent.map_err(|(error, _)| error)?;

    kafka.kill().await?;
    let killed = Instant::now();
    kafka.restart().await?;
    println!("back after a kill: {:.1?}", killed.elapsed());
    let consumer: BaseConsumer = config.clone().set("group.id", "test").create()?;
    let (_, high) = consumer.fetch_watermarks(TOPIC, 0, PATIENCE)?;
    assert_eq!(high, 1);

    let stopping = Instant::now();
    kafka.stop().await?;
    println!("stop: {:.1?}", stopping.elapsed());
    drop(kafka);
    let started = Instant::now();
    let kafka = Kafka::start(folder.path()).await?;
    println!("second start: {:.1?}", started.elapsed());
    let unknown = consumer.fetch_metadata(Some("never-made"), PATIENCE)?;
    let error = unknown.topics().first().context("asked for one")?.error();
    assert!(error.is_some(), "topics are not made by being asked for");
    kafka.stop().await
}
