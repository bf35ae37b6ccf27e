//! An Apache Kafka of our own: one node that is broker and controller.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use tokio::sync::Mutex;

use crate::platform::Detour;
use crate::prerequisites::Prerequisites;
use crate::process::{Launch, Process, Stray};
use crate::progress::Progress;
use crate::{folders, ports, secrets};

/// A start after a kill waits for the former session of the broker to end.
const START_PATIENCE: Duration = Duration::from_secs(40);
const STOP_PATIENCE: Duration = Duration::from_secs(15);
const ANSWER_PATIENCE: Duration = Duration::from_millis(500);

/// A small machine, quick to start: this Kafka carries a developer's events, not a company's.
const JAVA_FLAGS: [&str; 6] = [
    "-Xmx256m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:-UsePerfData",
    "-Xshare:auto",
    "-Djava.awt.headless=true",
];

/// The three intervals at the end bring a killed broker back in a few seconds; with the usual ones its own former session
/// keeps it out for 10. A session much shorter than these is lost on a busy machine, and with it every partition's leader.
const SETTINGS: &str = "\
process.roles=broker,controller
node.id=1
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
auto.create.topics.enable=false
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=4
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=6000
broker.heartbeat.interval.ms=500
metadata.max.idle.interval.ms=5000
";

const LOGGING: &str = "\
appender.console.type=Console
appender.console.name=console
appender.console.layout.type=PatternLayout
appender.console.layout.pattern=%d %p %c: %m%n
rootLogger.level=warn
rootLogger.appenderRef.console.ref=console
";

/// A broker that is a child of ours.
pub struct Kafka {
    folder: PathBuf,
    prerequisites: Prerequisites,
    port: u16,
    /// Where clients are told to find the broker, whichever way they came to it first.
    advertised_port: u16,
    controller_port: u16,
    process: Mutex<Option<Process>>,
}

impl Kafka {
    /// Starts the broker whose data stands in `folder`, which is made at the first start.
    pub async fn start(folder: &Path) -> Result<Self> {
        Self::start_behind(None, folder).await
    }

    /// Like [`Kafka::start`], where clients come by a detour if there is one.
    pub async fn start_behind(detour: Option<Detour>, folder: &Path) -> Result<Self> {
        let prerequisites = Prerequisites::find_or_fetch(Progress::Lines).await?;
        let kafka = Self::prepare(folder, detour, prerequisites)?;
        let archive = kafka.prerequisites.kafka_classes.display().to_string();
        kafka.format(&archive).await?;
        kafka.restart().await?;
        Ok(kafka)
    }

    /// Stops in good order.
    pub async fn stop(&self) -> Result<()> {
        match self.process.lock().await.take() {
            Some(mut process) => process.stop(STOP_PATIENCE).await,
            None => Ok(()),
        }
    }

    /// Ends the broker as a power cut would.
    pub async fn kill(&self) -> Result<()> {
        match self.process.lock().await.take() {
            Some(mut process) => process.kill().await,
            None => Ok(()),
        }
    }

    /// Starts the broker again, on the same port, after `stop` or `kill`.
    pub async fn restart(&self) -> Result<()> {
        self.stop().await?;
        let archive = self.prerequisites.kafka_classes.display();
        let flag = format!("-XX:SharedArchiveFile={archive}");
        *self.process.lock().await = Some(self.launch(&flag).await?);
        Ok(())
    }

    /// What a client takes as its list of brokers.
    pub fn brokers(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The same for a client that comes by the detour, if there is one.
    pub fn advertised(&self) -> String {
        format!("127.0.0.1:{}", self.advertised_port)
    }

    /// The process to record, so that a later start can end it if we cannot.
    pub async fn stray(&self) -> Option<Stray> {
        let process = self.process.lock().await;
        process
            .as_ref()
            .and_then(|process| Stray::find(process.pid()))
    }

    fn prepare(
        folder: &Path,
        detour: Option<Detour>,
        prerequisites: Prerequisites,
    ) -> Result<Self> {
        folders::make(folder)?;
        let port = match detour {
            Some(detour) => detour.server,
            None => ports::kept(&folder.join("port"))?,
        };
        let kafka = Self {
            folder: folder.to_owned(),
            prerequisites,
            port,
            advertised_port: detour.map_or(port, |detour| detour.sought),
            controller_port: ports::kept(&folder.join("controller.port"))?,
            process: Mutex::new(None),
        };
        fs::write(kafka.settings_file(), kafka.settings()).context("write Kafka's settings")?;
        fs::write(kafka.logging_file(), LOGGING).context("write Kafka's logging")?;
        Ok(kafka)
    }

    /// Makes the data folder; one whose making was cut short is made again.
    async fn format(&self, archive: &str) -> Result<()> {
        let formatted = self.folder.join("formatted");
        if formatted.exists() {
            return Ok(());
        }
        folders::remove(&self.data())?;
        self.java("Kafka's format")
            .argument(format!("-XX:SharedArchiveFile={archive}"))
            .arguments(["kafka.tools.StorageTool", "format", "--standalone"])
            // in one word with its option: an id may begin with a hyphen
            .argument(format!("--cluster-id={}", new_cluster_id()?))
            .argument("--config")
            .argument(self.settings_file())
            .run()
            .await?;
        fs::write(&formatted, "").context("note that Kafka's folder is made")
    }

    /// Starts the broker and waits until it answers.
    async fn launch(&self, flag: &str) -> Result<Process> {
        let mut process = self
            .java("Kafka")
            .argument(flag)
            .argument("kafka.Kafka")
            .argument(self.settings_file())
            .start()?;
        let deadline = Instant::now() + START_PATIENCE;
        loop {
            process.must_run()?;
            match self.answers().await {
                Ok(()) => return Ok(process),
                Err(error) if Instant::now() > deadline => {
                    return Err(error.context(process.end_of_log()));
                }
                Err(_) => {}
            }
        }
    }

    /// Asks for the list of brokers, in which ours stands once it serves.
    async fn answers(&self) -> Result<()> {
        let brokers = self.brokers();
        let ask = move || {
            let client: BaseConsumer = ClientConfig::new()
                .set("bootstrap.servers", brokers)
                .set("broker.address.family", "v4")
                .set("reconnect.backoff.ms", "20")
                .set("reconnect.backoff.max.ms", "50")
                .set("log_level", "0")
                .create()?;
            let metadata = client.fetch_metadata(None, ANSWER_PATIENCE)?;
            Ok::<_, rdkafka::error::KafkaError>(metadata.brokers().len())
        };
        let known = tokio::task::spawn_blocking(ask)
            .await
            .context("wait for Kafka's answer")?
            .context("ask Kafka for its brokers")?;
        (known == 1)
            .then_some(())
            .context("Kafka does not serve yet")
    }

    fn java(&self, name: &str) -> Launch {
        let jars: Vec<String> = self
            .prerequisites
            .kafka_jars
            .iter()
            .map(|jar| jar.display().to_string())
            .collect();
        let logging = self.logging_file();
        Launch::new(
            name,
            &self.prerequisites.java,
            self.folder.join("kafka.log"),
        )
        .arguments(JAVA_FLAGS)
        .argument(format!("-Dlog4j2.configurationFile={}", logging.display()))
        .arguments(["-cp", &jars.join(":")])
    }

    fn settings(&self) -> String {
        let Self {
            port,
            advertised_port,
            controller_port,
            ..
        } = self;
        let data = self.data();
        format!(
            "{SETTINGS}\
             listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}\n\
             advertised.listeners=PLAINTEXT://127.0.0.1:{advertised_port},\
             CONTROLLER://127.0.0.1:{controller_port}\n\
             controller.quorum.bootstrap.servers=127.0.0.1:{controller_port}\n\
             log.dirs={}\n",
            data.display()
        )
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn settings_file(&self) -> PathBuf {
        self.folder.join("server.properties")
    }

    fn logging_file(&self) -> PathBuf {
        self.folder.join("log4j2.properties")
    }
}

/// Lets a broker run once and keeps the classes it loaded as an archive that later starts map
/// into memory.
pub async fn archive_classes(prerequisites: &Prerequisites) -> Result<()> {
    let folder = tempfile::tempdir().context("make a folder for a first Kafka")?;
    let archive = &prerequisites.kafka_classes;
    let half_made = archive.with_extension("new");
    let kafka = Kafka::prepare(folder.path(), None, prerequisites.clone())?;
    kafka.format(&archive.display().to_string()).await?;
    let flag = format!("-XX:ArchiveClassesAtExit={}", half_made.display());
    let mut process = kafka.launch(&flag).await?;
    process.stop(START_PATIENCE).await?;
    fs::rename(&half_made, archive)
        .with_context(|| format!("keep Kafka's classes\n{}", process.end_of_log()))
}

/// 16 random bytes as Kafka writes them: 22 characters.
fn new_cluster_id() -> Result<String> {
    let bytes = hex::decode(secrets::random_hex(16)).context("make Kafka's cluster id")?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}
