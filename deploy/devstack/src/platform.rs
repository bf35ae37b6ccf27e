//! The platform as a whole: what it needs, its five services and its portal.

mod options;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
use futures::future::{join_all, try_join_all};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;
use tonic::transport::Endpoint;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

pub use self::options::{Detour, Detours, Options};
use crate::kafka::Kafka;
use crate::keys::Keys;
use crate::occupancy::Occupancy;
use crate::postgres::{Logins, Postgres};
use crate::prerequisites::Prerequisites;
use crate::process::{Launch, Process, Stray};
use crate::progress::Progress;
use crate::s3::S3;
use crate::services::{Ports, Service, Surroundings};
use crate::smtp::Smtp;
use crate::{folders, ports};

/// Where browsers find the portal when nobody else is there.
const PORTAL_PORT: u16 = 8080;

/// What documents opens uploads with, beside its own program.
const DECODER: &str = "decoder";

const HEALTH_PATIENCE: Duration = Duration::from_mins(1);
const LOOK_AT_HEALTH: Duration = Duration::from_millis(50);
const LOOK_AFTER_SERVICES: Duration = Duration::from_secs(1);

/// A service answers what it has begun before it ends.
const STOP_PATIENCE: Duration = Duration::from_secs(20);

/// The running platform. Dropping it kills its processes; `stop` ends them in order.
pub struct Platform {
    data: PathBuf,
    binaries: PathBuf,
    postgres: Postgres,
    kafka: Kafka,
    smtp: Smtp,
    s3: S3,
    surroundings: Surroundings,
    /// One for all calls: a new one reads every certificate of the machine.
    http: reqwest::Client,
    running: Mutex<BTreeMap<Service, Process>>,
    /// By how much the services' clocks were moved.
    clock: Mutex<Option<SignedDuration>>,
    occupancy: Occupancy,
}

impl Platform {
    /// Starts everything and waits until all of it answers.
    pub async fn start(options: Options) -> Result<Self> {
        let progress = options.progress;
        let binaries = binaries(options.binaries)?;
        let data = &options.data;
        folders::make(data)?;
        let occupancy = Occupancy::take(data)?;
        occupancy.end_leftovers().await?;
        if options.fresh {
            remove_all(data)?;
        }
        Prerequisites::find_or_fetch(progress).await?;
        for folder in ["logs", "ports"] {
            folders::make(&data.join(folder))?;
        }

        let ports = choose_ports(data, options.portal_port, progress)?;
        let keys = Keys::make(&data.join("keys"), &Service::ALL.map(Service::name))?;
        let [in_postgres, in_kafka, in_s3, in_mails] =
            ["postgres", "kafka", "s3", "mails"].map(|name| data.join(name));
        let to_postgres = options.detours.map(|detours| detours.postgres);
        let to_kafka = options.detours.map(|detours| detours.kafka);
        let postgres = async {
            let port = to_postgres.map(|detour| detour.server);
            let server = Postgres::start_on(port, &in_postgres, options.durability);
            let server = progress.step("PostgreSQL", server).await?;
            let logins = progress
                .step("databases and logins", bootstrap(&server))
                .await?;
            Ok((server, logins))
        };
        let ((postgres, logins), kafka, s3, smtp) = tokio::try_join!(
            postgres,
            progress.step("Kafka", Kafka::start_behind(to_kafka, &in_kafka)),
            progress.step("S3", async { S3::start(&in_s3) }),
            progress.step("mail", Smtp::start(&in_mails)),
        )?;

        let surroundings = Surroundings {
            ports,
            postgres_port: to_postgres.map_or(postgres.port(), |detour| detour.sought),
            logins,
            kafka_brokers: kafka.advertised(),
            keys,
            s3_endpoint: s3.endpoint.clone(),
            s3_access_key: s3.access_key.clone(),
            s3_secret_key_file: s3.secret_key_file.clone(),
            smtp_port: smtp.port(),
            otlp_endpoint: options.otlp_endpoint,
        };
        let platform = Self {
            data: options.data,
            binaries,
            postgres,
            kafka,
            smtp,
            s3,
            surroundings,
            http: reqwest::Client::new(),
            running: Mutex::default(),
            clock: Mutex::default(),
            occupancy,
        };
        for child in [
            platform.postgres.stray().await,
            platform.kafka.stray().await,
        ] {
            platform.note(child)?;
        }
        progress.step("migrations", platform.migrate()).await?;
        try_join_all(
            Service::ALL.map(|service| progress.step(service.name(), platform.restart(service))),
        )
        .await?;
        Ok(platform)
    }

    /// Ends all in order: first who asks, then who is asked.
    pub async fn stop(self) -> Result<()> {
        let mut running = std::mem::take(&mut *self.running.lock().await);
        if let Some(mut portal) = running.remove(&Service::Portal) {
            portal.stop(STOP_PATIENCE).await?;
        }
        try_join_all(
            running
                .values_mut()
                .map(|process| process.stop(STOP_PATIENCE)),
        )
        .await?;
        tokio::try_join!(self.kafka.stop(), self.postgres.stop())?;
        Ok(())
    }

    /// Ends one service as a power cut would.
    pub async fn kill(&self, service: Service) -> Result<()> {
        let process = self.running.lock().await.remove(&service);
        match process {
            Some(mut process) => process.kill().await,
            None => bail!("{} does not run", service.name()),
        }
    }

    /// Stops one service if it runs, starts it at the same addresses, and waits until it serves.
    pub async fn restart(&self, service: Service) -> Result<()> {
        let former = self.running.lock().await.remove(&service);
        if let Some(mut former) = former {
            former.stop(STOP_PATIENCE).await?;
        }
        let mut process = self
            .launch(service)
            .argument("serve")
            .environment(self.surroundings.settings(service))
            .start()?;
        self.note(Stray::find(process.pid()))?;
        let deadline = Instant::now() + HEALTH_PATIENCE;
        while let Err(error) = self.comes_up(service).await {
            process.must_run()?;
            if Instant::now() > deadline {
                return Err(error.context(process.end_of_log()));
            }
            tokio::time::sleep(LOOK_AT_HEALTH).await;
        }
        self.running.lock().await.insert(service, process);
        self.keep_time(service).await
    }

    /// Moves the clock of all services; it runs on from there, also in one that is started again.
    pub async fn set_clock(&self, time: Timestamp) -> Result<()> {
        // held until all show it, so that none that is being started gets the former time last
        let mut clock = self.clock.lock().await;
        *clock = Some(time.duration_since(Timestamp::now()));
        let services: Vec<Service> = self.running.lock().await.keys().copied().collect();
        try_join_all(
            services
                .into_iter()
                .map(|service| self.put_clock(service, time)),
        )
        .await?;
        Ok(())
    }

    /// Waits until services end that nobody stopped, and gives the reason for each.
    pub async fn ended_by_themselves(&self) -> Vec<anyhow::Error> {
        loop {
            let mut running = self.running.lock().await;
            let ended: Vec<_> = running
                .extract_if(.., |_, process| process.must_run().is_err())
                .filter_map(|(_, mut process)| process.must_run().err())
                .collect();
            drop(running);
            if !ended.is_empty() {
                return ended;
            }
            tokio::time::sleep(LOOK_AFTER_SERVICES).await;
        }
    }

    /// Where a service listens.
    pub fn ports(&self, service: Service) -> Ports {
        self.surroundings.ports[&service]
    }

    pub fn portal_port(&self) -> u16 {
        self.ports(Service::Portal).calls
    }

    pub fn postgres(&self) -> &Postgres {
        &self.postgres
    }

    pub fn kafka(&self) -> &Kafka {
        &self.kafka
    }

    pub fn smtp(&self) -> &Smtp {
        &self.smtp
    }

    pub fn s3(&self) -> &S3 {
        &self.s3
    }

    pub fn keys(&self) -> &Keys {
        &self.surroundings.keys
    }

    /// What a service has said since the platform was first started on this data.
    pub fn log(&self, service: Service) -> PathBuf {
        self.data.join(format!("logs/{}.log", service.name()))
    }

    /// What a person at the terminal wants to know.
    pub fn summary(&self) -> String {
        let port = self.portal_port();
        format!(
            "  Portal   http://localhost:{port}/  (an organization: http://<its name>.localhost:{port}/)\n  \
               Mails    {}\n  \
               Data     {}  (what services say: logs/)\n  \
               Stop     Ctrl-C; the data stays, `devstack --fresh` begins anew\n",
            self.smtp.page(),
            self.data.display(),
        )
    }

    async fn migrate(&self) -> Result<()> {
        try_join_all(Service::WITH_DATABASE.map(|service| {
            self.launch(service)
                .argument("migrate")
                .environment(self.surroundings.settings_to_migrate(service))
                .run()
        }))
        .await?;
        Ok(())
    }

    fn launch(&self, service: Service) -> Launch {
        let name = service.name();
        Launch::new(name, self.binaries.join(name), self.log(service))
    }

    /// Fails as long as a service does not say that it serves.
    pub async fn serves(&self, service: Service) -> Result<()> {
        let address = format!("http://127.0.0.1:{}", self.ports(service).health);
        if service == Service::Portal {
            self.http
                .get(format!("{address}/healthz"))
                .send()
                .await
                .and_then(reqwest::Response::error_for_status)
                .context("ask for the portal's health")?;
            return Ok(());
        }
        let channel = Endpoint::new(address)?
            .connect()
            .await
            .with_context(|| format!("connect to the health of {}", service.name()))?;
        let request = HealthCheckRequest::default();
        let answer = HealthClient::new(channel).check(request).await;
        let status = answer
            .map_err(|status| anyhow!("{} refused to tell its health: {status}", service.name()))?
            .into_inner()
            .status();
        ensure!(
            status == ServingStatus::Serving,
            "{} does not serve yet: {status:?}",
            service.name()
        );
        Ok(())
    }

    /// Fails as long as a new service does not serve. Its clock is set as early as it can be: what it
    /// did before would go back in time.
    async fn comes_up(&self, service: Service) -> Result<()> {
        self.keep_time(service).await?;
        self.serves(service).await
    }

    /// Moves the clock of a service as those of all were moved.
    async fn keep_time(&self, service: Service) -> Result<()> {
        let clock = self.clock.lock().await;
        match *clock {
            Some(moved) => self.put_clock(service, Timestamp::now() + moved).await,
            None => Ok(()),
        }
    }

    async fn put_clock(&self, service: Service, time: Timestamp) -> Result<()> {
        let address = format!("http://127.0.0.1:{}/clock", self.ports(service).control);
        self.http
            .put(address)
            .body(time.to_string())
            .send()
            .await
            .and_then(reqwest::Response::error_for_status)
            .with_context(|| format!("move the clock of {}", service.name()))?;
        Ok(())
    }

    fn note(&self, child: Option<Stray>) -> Result<()> {
        child.map_or(Ok(()), |child| self.occupancy.note_child(&child))
    }
}

/// Where the programs are; says how to build them when one is missing.
fn binaries(wanted: Option<PathBuf>) -> Result<PathBuf> {
    let folder = match wanted {
        Some(folder) => folder,
        None => folders::programs()?,
    };
    let missing: Vec<&str> = Service::ALL
        .iter()
        .map(|service| service.name())
        .chain([DECODER])
        .filter(|name| !folder.join(name).is_file())
        .collect();
    ensure!(
        missing.is_empty(),
        "{} has no program {}; build all with: cargo build --workspace",
        folder.display(),
        missing.join(", ")
    );
    Ok(folder)
}

fn choose_ports(
    data: &Path,
    portal_port: Option<u16>,
    progress: Progress,
) -> Result<BTreeMap<Service, Ports>> {
    let kept = |service: Service, purpose: &str| {
        let name = service.name();
        ports::kept(&data.join(format!("ports/{name}.{purpose}")))
    };
    Service::ALL
        .into_iter()
        .map(|service| {
            let calls = if service == Service::Portal {
                choose_portal_port(portal_port, progress)?
            } else {
                kept(service, "calls")?
            };
            let ports = Ports {
                calls,
                health: kept(service, "health")?,
                control: kept(service, "control")?,
            };
            Ok((service, ports))
        })
        .collect()
}

/// A port that was asked for by number must be free; the usual one may give way to the next.
fn choose_portal_port(wanted: Option<u16>, progress: Progress) -> Result<u16> {
    let (port, holder) = ports::at_or_after(wanted.unwrap_or(PORTAL_PORT))?;
    match (wanted, holder) {
        (_, None) => Ok(port),
        (Some(wanted), Some(holder)) => bail!("port {wanted} is taken by {holder}"),
        (None, Some(holder)) => {
            progress.say(&format!(
                "Port {PORTAL_PORT} is taken by {holder}; the portal uses {port}."
            ));
            Ok(port)
        }
    }
}

async fn bootstrap(server: &Postgres) -> Result<BTreeMap<Service, Logins>> {
    let made = join_all(Service::WITH_DATABASE.map(|service| async move {
        let logins = server.bootstrap(service.name()).await?;
        Ok((service, logins))
    }));
    made.await.into_iter().collect()
}

/// Removes what we make in a data folder and nothing else: people mistype folders.
fn remove_all(data: &Path) -> Result<()> {
    for folder in ["postgres", "kafka", "s3", "mails", "keys", "logs", "ports"] {
        folders::remove(&data.join(folder))?;
    }
    Ok(())
}
