//! A platform whose processes can be killed and whose PostgreSQL and Kafka can be cut off.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, ensure};
use devstack::{
    platform::{Detour, Detours, Options, Platform},
    ports,
    postgres::Durability,
    services::Service,
};
use integration_tests::proxy::{Proxy, Way};
use jiff::{SignedDuration, Timestamp};
use sqlx::{Connection as _, FromRow, PgConnection, postgres::PgRow};
use tempfile::TempDir;
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::fault::{CUT, Fault, Server, Victim};

/// The platform with the ways to what it stands on.
pub(crate) struct Exposed {
    pub(crate) platform: Platform,
    postgres: Proxy,
    kafka: Proxy,
    /// By how much its clock is ahead. Held while something is away: nobody moves the clock of what is not there.
    ahead: Mutex<SignedDuration>,
    _folder: TempDir,
}

impl Exposed {
    pub(crate) async fn start() -> Result<Self> {
        let folder = tempfile::tempdir_in("/var/tmp").context("make a folder for a platform")?;
        let detour = || -> Result<Detour> {
            Ok(Detour {
                sought: ports::free()?,
                server: ports::free()?,
            })
        };
        let detours = Detours {
            postgres: detour()?,
            kafka: detour()?,
        };
        let postgres = Proxy::listen(detours.postgres.sought, detours.postgres.server).await?;
        let kafka = Proxy::listen(detours.kafka.sought, detours.kafka.server).await?;
        let platform = Platform::start(Options {
            // what is acknowledged must outlive a kill
            durability: Durability::Durable,
            detours: Some(detours),
            ..Options::for_test(&folder.path().join("platform"))?
        })
        .await?;
        Ok(Self {
            platform,
            postgres,
            kafka,
            ahead: Mutex::default(),
            _folder: folder,
        })
    }

    pub(crate) async fn stop(self) -> Result<()> {
        self.platform.stop().await
    }

    /// Lets a fault happen, and mends it.
    pub(crate) async fn suffer(&self, fault: Fault) -> Result<()> {
        let _clock = self.ahead.lock().await;
        match fault {
            Fault::Kill(Victim::Service(service), pause) => {
                self.platform.kill(service).await?;
                tokio::time::sleep(pause).await;
                self.platform.restart(service).await
            }
            Fault::Kill(Victim::Server(Server::Postgres), pause) => {
                self.platform.postgres().kill().await?;
                tokio::time::sleep(pause).await;
                self.platform.postgres().restart().await
            }
            Fault::Kill(Victim::Server(Server::Kafka), pause) => {
                self.platform.kafka().kill().await?;
                tokio::time::sleep(pause).await;
                self.platform.kafka().restart().await
            }
            Fault::Cut(server, way) => {
                let proxy = match server {
                    Server::Postgres => &self.postgres,
                    Server::Kafka => &self.kafka,
                };
                let before = proxy.hindered();
                proxy.set(way);
                tokio::time::sleep(CUT).await;
                proxy.set(Way::Open);
                ensure!(
                    proxy.hindered() > before,
                    "services go another way than the one that was cut"
                );
                Ok(())
            }
        }
    }

    /// Moves the platform's clock on; false, and nothing is done, while a fault lasts.
    pub(crate) async fn move_clock(&self, time: SignedDuration) -> Result<bool> {
        let Ok(mut ahead) = self.ahead.try_lock() else {
            return Ok(false);
        };
        *ahead += time;
        self.platform.set_clock(Timestamp::now() + *ahead).await?;
        Ok(true)
    }

    /// Asks a service's database behind its back, for rows of one organization, which the query calls $1.
    pub(crate) async fn ask<T>(
        &self,
        service: Service,
        organization: Uuid,
        query: &'static str,
    ) -> Result<Vec<T>>
    where
        T: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        let mut connection = self.connect(service).await?;
        let rows = sqlx::query_as(query)
            .bind(organization)
            .fetch_all(&mut connection)
            .await
            .with_context(|| format!("ask the database of {}: {query}", service.name()))?;
        connection.close().await.context("close a connection")?;
        Ok(rows)
    }

    /// Like [`Exposed::ask`], for one number.
    pub(crate) async fn count(
        &self,
        service: Service,
        organization: Uuid,
        query: &'static str,
    ) -> Result<i64> {
        let rows: Vec<(i64,)> = self.ask(service, organization, query).await?;
        Ok(rows.iter().map(|(count,)| count).sum())
    }

    /// Takes a service's marks away as if its relay had died before it wrote them: everything is published once more.
    ///
    /// Behind the events of each aggregate one is put that says nothing: who has handled that has seen all of them.
    pub(crate) async fn publish_again(&self, service: Service, organization: Uuid) -> Result<()> {
        let mut connection = self.connect(service).await?;
        sqlx::query(
            "with again as (
                 update outbox set published_at = null where tenant_id = $1 returning aggregate_type, aggregate_id),
             aggregate as (select * from again union select 'organization', $1)
             insert into outbox
                 (tenant_id, id, aggregate_type, aggregate_id, sequence, type, payload, traceparent, created_at)
             select $1, uuidv7(), aggregate_type, aggregate_id, 0, 'contractoros.' || $2 || '.v1.Nothing', '', '', now()
             from aggregate",
        )
        .bind(organization)
        .bind(service.name())
        .execute(&mut connection)
        .await
        .context("write to an outbox")?;
        connection.close().await.context("close a connection")
    }

    /// The organization that answers at a host.
    pub(crate) async fn organization(&self, slug: &str) -> Result<Uuid> {
        let mut connection = self.connect(Service::Identity).await?;
        sqlx::query_scalar("select tenant_id from organization where slug = $1")
            .bind(slug)
            .fetch_one(&mut connection)
            .await
            .with_context(|| format!("find the organization {slug}"))
    }

    async fn connect(&self, service: Service) -> Result<PgConnection> {
        self.platform.postgres().admin(service.name()).await
    }

    /// How long each log is now.
    pub(crate) fn logs(&self) -> Vec<(Service, u64)> {
        let length = |path: &Path| fs::metadata(path).map_or(0, |file| file.len());
        Service::ALL
            .map(|service| (service, length(&self.platform.log(service))))
            .to_vec()
    }

    /// What services had to complain of since then.
    pub(crate) fn complaints(&self, since: &[(Service, u64)]) -> Vec<String> {
        since
            .iter()
            .flat_map(|(service, length)| {
                let log = fs::read(self.platform.log(*service)).unwrap_or_default();
                let begin = usize::try_from(*length).unwrap_or(0).min(log.len());
                String::from_utf8_lossy(&log[begin..])
                    .lines()
                    .filter(|line| line.contains(" WARN ") || line.contains(" ERROR "))
                    .map(|line| format!("{}: {line}", service.name()))
                    .collect::<Vec<_>>()
            })
            .collect()
    }
}
