//! The five services in this process.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use devstack::{folders, kafka::Kafka, s3::S3, smtp::Smtp};
use service::{Peer, config::load_from};
use sqlx::PgConnection;
use tempfile::TempDir;
use tenancy::Signer;
use testing::{Running, TestDb, TestKeys, environment};

use crate::Stage;

/// The five services, each with a database of its own, with one Kafka and one mailbox.
pub struct Services {
    /// Every service's keys.
    pub keys: TestKeys,
    /// Every mail that was sent.
    pub smtp: Smtp,
    /// The broker.
    pub kafka: Kafka,
    /// Where files lie.
    pub s3: S3,
    /// A database a service.
    pub databases: Vec<TestDb>,
    identity: Running,
    projects: Running,
    documents: Running,
    billing: Running,
    notifications: Running,
    // made once: a test makes thousands of calls
    peers: BTreeMap<&'static str, Peer>,
    signers: BTreeMap<&'static str, Signer>,
    _folder: TempDir,
}

impl Services {
    /// Starts everything; the order follows who asks whom.
    pub async fn start() -> Result<Self> {
        let folder = tempfile::tempdir().context("make a folder for Kafka and mails")?;
        let keys = TestKeys::new()?;
        let databases = async {
            anyhow::Ok(vec![
                TestDb::new("identity", &identity::migrations()).await?,
                TestDb::new("projects", &projects::migrations()).await?,
                TestDb::new("documents", &documents::migrations()).await?,
                TestDb::new("billing", &billing::migrations()).await?,
                TestDb::new("notifications", &notifications::migrations()).await?,
            ])
        };
        let (in_kafka, in_mails) = (folder.path().join("kafka"), folder.path().join("mails"));
        let (kafka, smtp, databases) =
            tokio::try_join!(Kafka::start(&in_kafka), Smtp::start(&in_mails), databases)?;
        let s3 = S3::start(&folder.path().join("s3"))?;
        for db in &databases {
            let config = events::Kafka {
                brokers: kafka.brokers(),
                replication: 1,
            };
            events::create_topic(&config, db.service()).await?;
        }
        let brokers = ("APP__KAFKA__BROKERS", kafka.brokers());

        let identity = Running::start(
            identity::build(load_from(
                identity::DEFAULT_CONFIG,
                environment(
                    &databases[0],
                    &keys,
                    &[
                        brokers.clone(),
                        (
                            "APP__LINK_KEY_FILE",
                            keys.files().link_key().display().to_string(),
                        ),
                    ],
                )?,
            )?)
            .await?,
        )?;
        let projects = Running::start(
            projects::build(load_from(
                projects::DEFAULT_CONFIG,
                environment(&databases[1], &keys, std::slice::from_ref(&brokers))?,
            )?)
            .await?,
        )?;
        let documents = Running::start(
            documents::build(load_from(
                documents::DEFAULT_CONFIG,
                environment(
                    &databases[2],
                    &keys,
                    &[
                        brokers.clone(),
                        ("APP__PEERS__PROJECTS", projects.address().to_owned()),
                        ("APP__S3__ENDPOINT", s3.endpoint.clone()),
                        ("APP__S3__BUCKET", s3.bucket.clone()),
                        ("APP__S3__ACCESS_KEY", s3.access_key.clone()),
                        ("APP__S3__SECRET_KEY", s3.secret_key.clone()),
                        (
                            "APP__DECODER__PROGRAM",
                            folders::programs()?.join("decoder").display().to_string(),
                        ),
                    ],
                )?,
            )?)
            .await?,
        )?;
        let billing = Running::start(
            billing::build(load_from(
                billing::DEFAULT_CONFIG,
                environment(
                    &databases[3],
                    &keys,
                    &[
                        brokers.clone(),
                        ("APP__PEERS__PROJECTS", projects.address().to_owned()),
                    ],
                )?,
            )?)
            .await?,
        )?;
        let owners = [&identity, &projects, &documents];
        let notifications = notifications(&databases[4], &keys, &kafka, &smtp, owners).await?;
        let peers = BTreeMap::from([
            ("identity", identity.peer()?),
            ("projects", projects.peer()?),
            ("documents", documents.peer()?),
            ("billing", billing.peer()?),
            ("notifications", notifications.peer()?),
        ]);
        let mut signers = BTreeMap::from([("portal", keys.signer("portal")?)]);
        for service in peers.keys() {
            signers.insert(service, keys.signer(service)?);
        }
        Ok(Self {
            keys,
            smtp,
            kafka,
            s3,
            databases,
            identity,
            projects,
            documents,
            billing,
            notifications,
            peers,
            signers,
            _folder: folder,
        })
    }

    /// A service's database.
    pub fn database(&self, service: &str) -> &TestDb {
        self.databases
            .iter()
            .find(|db| db.service() == service)
            .expect("every service has a database")
    }

    /// Starts another notifications, on a database, a broker and a mailbox of its own; it asks the same services.
    pub async fn notifications_on(
        &self,
        database: &TestDb,
        kafka: &Kafka,
        smtp: &Smtp,
    ) -> Result<Running> {
        let owners = [&self.identity, &self.projects, &self.documents];
        notifications(database, &self.keys, kafka, smtp, owners).await
    }

    /// Stops everything, consumers of others first.
    pub async fn stop(self) -> Result<()> {
        for running in [
            self.notifications,
            self.billing,
            self.documents,
            self.projects,
            self.identity,
        ] {
            running.stop().await?;
        }
        self.kafka.stop().await
    }
}

async fn notifications(
    database: &TestDb,
    keys: &TestKeys,
    kafka: &Kafka,
    smtp: &Smtp,
    [identity, projects, documents]: [&Running; 3],
) -> Result<Running> {
    let environment = environment(
        database,
        keys,
        &[
            ("APP__KAFKA__BROKERS", kafka.brokers()),
            ("APP__PEERS__IDENTITY", identity.address().to_owned()),
            ("APP__PEERS__PROJECTS", projects.address().to_owned()),
            ("APP__PEERS__DOCUMENTS", documents.address().to_owned()),
            ("APP__SMTP__HOST", smtp.host().to_owned()),
            ("APP__SMTP__PORT", smtp.port().to_string()),
            ("APP__SMTP__TLS", "none".to_owned()),
        ],
    )?;
    Running::start(
        notifications::build(load_from(notifications::DEFAULT_CONFIG, environment)?).await?,
    )
}

impl Stage for Services {
    fn peer(&self, service: &str) -> Result<Peer> {
        self.peers
            .get(service)
            .cloned()
            .with_context(|| format!("there is no service {service}"))
    }

    fn signer(&self, service: &str) -> Result<Signer> {
        self.signers
            .get(service)
            .cloned()
            .with_context(|| format!("no service signs as {service}"))
    }

    fn smtp(&self) -> &Smtp {
        &self.smtp
    }

    async fn superuser(&self, service: &str) -> Result<PgConnection> {
        self.database(service).superuser().await
    }
}
