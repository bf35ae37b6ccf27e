//! A PostgreSQL server of our own.

mod databases;

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::Signal;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions, Connection, PgConnection};
use tokio::sync::Mutex;

pub use self::databases::{Login, Logins};
use crate::prerequisites::{Prerequisites, lock};
use crate::process::{LOOK_AGAIN, Launch, Process, Stray};
use crate::progress::Progress;
use crate::unix_account::Account;
use crate::{folders, ports, secrets};

const SUPERUSER: &str = "postgres";

/// Stretching protects passwords that people choose. Ours are random, and unstretched each
/// connection costs 3 ms instead of 38 in a debug build.
const NO_STRETCHING: &str = "scram_iterations=1";

/// A start repairs what a crash left, which takes longer than a plain one.
const START_PATIENCE: Duration = Duration::from_secs(30);
const STOP_PATIENCE: Duration = Duration::from_secs(10);
const PAUSE_BETWEEN_STARTS: Duration = Duration::from_millis(100);

/// Whether what was committed must outlive a crash of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// As in production.
    Durable,
    /// Nothing waits for the disk: for data that a test makes and throws away.
    Fast,
}

/// A server, either a child of ours or the one that all tests share.
pub struct Postgres {
    folder: PathBuf,
    programs: PathBuf,
    account: Option<Account>,
    durability: Durability,
    port: u16,
    superuser_password: String,
    /// None while it is stopped, and always for the shared server.
    process: Mutex<Option<Process>>,
}

impl Postgres {
    /// Starts the server whose data stands in `folder`, which is made at the first start.
    pub async fn start(folder: &Path, durability: Durability) -> Result<Self> {
        Self::start_on(None, folder, durability).await
    }

    /// Like [`Postgres::start`], on this port where there is one.
    pub async fn start_on(
        port: Option<u16>,
        folder: &Path,
        durability: Durability,
    ) -> Result<Self> {
        let mut server = Self::prepare(folder, durability).await?;
        server.stop_leftover().await?;
        server.make_cluster().await?;
        server.port = match port {
            Some(port) => port,
            None => ports::kept(&folder.join("port"))?,
        };
        let process = server.launch(false).await?;
        *server.process.lock().await = Some(process);
        Ok(server)
    }

    /// The server that all tests of this user share, started by the first who asks.
    ///
    /// It runs on when the tests end; `devstack stop-tests` ends it. Its data is worthless: a
    /// cluster that does not start is made anew.
    pub async fn shared_for_tests() -> Result<Self> {
        let folder = folders::test_cluster();
        let _starting = lock(&folder.with_extension("lock")).await?;
        let mut server = Self::prepare(&folder, Durability::Fast).await?;
        if server.find_running().await {
            return Ok(server);
        }
        if server.start_shared().await.is_err() {
            folders::remove(&server.data())?;
            server.start_shared().await?;
        }
        Ok(server)
    }

    /// Ends the tests' server and removes its data; false when there was none.
    pub async fn stop_shared() -> Result<bool> {
        let folder = folders::test_cluster();
        let _stopping = lock(&folder.with_extension("lock")).await?;
        if !folder.exists() {
            return Ok(false);
        }
        let server = Self::prepare(&folder, Durability::Fast).await?;
        let running = server.postmaster();
        server.stop_leftover().await?;
        folders::remove(&folder)?;
        Ok(running.is_some())
    }

    /// Stops in good order: open transactions are rolled back.
    pub async fn stop(&self) -> Result<()> {
        match self.process.lock().await.take() {
            Some(mut process) => process.stop(STOP_PATIENCE).await,
            None => Ok(()),
        }
    }

    /// Ends the server as a power cut would.
    pub async fn kill(&self) -> Result<()> {
        match self.process.lock().await.take() {
            Some(mut process) => process.kill().await,
            None => Ok(()),
        }
    }

    /// Starts the server again, on the same port, after `stop` or `kill`.
    pub async fn restart(&self) -> Result<()> {
        self.stop().await?;
        *self.process.lock().await = Some(self.launch(false).await?);
        Ok(())
    }

    pub fn host(&self) -> &'static str {
        "127.0.0.1"
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process to record, so that a later start can end it if we cannot.
    pub async fn stray(&self) -> Option<Stray> {
        let process = self.process.lock().await;
        process
            .as_ref()
            .and_then(|process| Stray::find(process.pid()))
    }

    /// What the server has said since it was last started.
    pub fn log(&self) -> PathBuf {
        self.folder.join("postgres.log")
    }

    /// Connects as the superuser, for whom no row-level security exists: to prepare, never to
    /// prove anything about it.
    pub async fn admin(&self, database: &str) -> Result<PgConnection> {
        self.options(SUPERUSER, &self.superuser_password, database)
            .connect()
            .await
            .with_context(|| format!("connect to the database {database} as superuser"))
    }

    /// How to connect to `database` with one of a service's logins.
    pub fn connect_options(&self, login: &Login, database: &str) -> PgConnectOptions {
        self.options(&login.user, &login.password, database)
    }

    async fn prepare(folder: &Path, durability: Durability) -> Result<Self> {
        let prerequisites = Prerequisites::find_or_fetch(Progress::Lines).await?;
        let account = Account::for_postgres()?;
        folders::make(folder)?;
        if let Some(account) = &account {
            account.must_reach(&folder.join("data"))?;
            account.must_reach(&prerequisites.postgres.join("bin"))?;
        }
        Ok(Self {
            folder: folder.to_owned(),
            programs: prerequisites.postgres.join("bin"),
            account,
            durability,
            port: 0,
            superuser_password: secrets::kept(&folder.join("superuser.password"), 24)?,
            process: Mutex::new(None),
        })
    }

    async fn start_shared(&mut self) -> Result<()> {
        self.stop_leftover().await?;
        self.make_cluster().await?;
        self.port = ports::kept(&self.folder.join("port"))?;
        // Dropped, it runs on: that is how it was launched.
        drop(self.launch(true).await?);
        Ok(())
    }

    /// Makes the data folder; one that is half made never gets its name.
    async fn make_cluster(&self) -> Result<()> {
        if self.data().exists() {
            return Ok(());
        }
        let half_made = self.folder.join("data.new");
        folders::remove(&half_made)?;
        folders::make(&half_made)?;
        let password_file = self.folder.join("initial.password");
        secrets::write_once(&password_file, self.superuser_password.as_bytes())?;
        for path in [&half_made, &password_file] {
            self.give_to_account(path)?;
        }
        let mut launch = Launch::new("initdb", self.programs.join("initdb"), self.log())
            .account(self.account.as_ref())
            .arguments(["--username", SUPERUSER, "--encoding=UTF8"])
            .arguments(["--locale-provider=builtin", "--locale=C.UTF-8"])
            .arguments(["--auth=scram-sha-256", "--no-instructions"])
            .arguments(["--set", NO_STRETCHING])
            .argument(format!("--pwfile={}", password_file.display()))
            .argument(format!("--pgdata={}", half_made.display()));
        if self.durability == Durability::Fast {
            launch = launch.argument("--no-sync");
        }
        launch.run().await?;
        fs::remove_file(&password_file).context("remove the initial password")?;
        fs::rename(&half_made, self.data()).context("keep the new cluster")
    }

    fn give_to_account(&self, path: &Path) -> Result<()> {
        let mode = if path.is_dir() { 0o700 } else { 0o600 };
        fs::set_permissions(path, Permissions::from_mode(mode))
            .and_then(|()| match &self.account {
                Some(account) => chown(path, Some(account.uid), Some(account.gid)),
                None => Ok(()),
            })
            .with_context(|| format!("give {} to PostgreSQL's user", path.display()))
    }

    /// Starts the server and waits until it answers.
    async fn launch(&self, outlives_us: bool) -> Result<Process> {
        let deadline = Instant::now() + START_PATIENCE;
        loop {
            let mut process = self.launch_once(outlives_us)?;
            match self.answers(&mut process, deadline).await {
                Ok(()) => return Ok(process),
                // Children of a killed server hold its memory for a moment; only a later start
                // succeeds.
                Err(error) if error.to_string().contains("still in use") => {
                    if Instant::now() > deadline {
                        return Err(error);
                    }
                    tokio::time::sleep(PAUSE_BETWEEN_STARTS).await;
                }
                Err(error) => {
                    process.kill().await?;
                    return Err(error);
                }
            }
        }
    }

    fn launch_once(&self, outlives_us: bool) -> Result<Process> {
        let log = self.log();
        if log.exists() {
            fs::rename(&log, self.folder.join("postgres.log.1"))
                .context("put the old log aside")?;
        }
        let data = self.data();
        let mut launch = Launch::new("PostgreSQL", self.programs.join("postgres"), log)
            .account(self.account.as_ref())
            .asks_to_stop(Signal::INT)
            .arguments(["-D".as_ref(), data.as_os_str()]);
        for setting in self.settings() {
            launch = launch.arguments(["-c", &setting]);
        }
        if outlives_us {
            launch = launch.outlives_us();
        }
        launch.start()
    }

    fn settings(&self) -> Vec<String> {
        let port = format!("port={}", self.port);
        let always = [
            port.as_str(),
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "max_connections=300",
            "shared_buffers=64MB",
            "jit=off",
            "timezone=UTC",
            "log_timezone=UTC",
            NO_STRETCHING,
        ];
        let fast = [
            "fsync=off",
            "synchronous_commit=off",
            "full_page_writes=off",
            "wal_level=minimal",
            "max_wal_senders=0",
        ];
        let only_when_fast = match self.durability {
            Durability::Durable => &[][..],
            Durability::Fast => &fast[..],
        };
        always
            .iter()
            .chain(only_when_fast)
            .map(|setting| (*setting).to_owned())
            .collect()
    }

    async fn answers(&self, process: &mut Process, deadline: Instant) -> Result<()> {
        loop {
            process.must_run()?;
            match self.admin(SUPERUSER).await {
                Ok(connection) => {
                    return connection.close().await.context("close a connection");
                }
                Err(error) if Instant::now() > deadline => {
                    return Err(error.context(process.end_of_log()));
                }
                Err(_) => tokio::time::sleep(LOOK_AGAIN).await,
            }
        }
    }

    /// Whether the server that last ran here still does and lets us in; notes its port.
    async fn find_running(&mut self) -> bool {
        let Some(port) = self
            .postmaster_file()
            .and_then(|file| line(&file, 4)?.parse().ok())
        else {
            return false;
        };
        self.port = port;
        match self.admin(SUPERUSER).await {
            Ok(connection) => connection.close().await.is_ok(),
            Err(_) => false,
        }
    }

    /// Ends a server that a former run left on this data folder, and forgets one that died.
    async fn stop_leftover(&self) -> Result<()> {
        if let Some(leftover) = self.postmaster() {
            leftover.signal(Signal::INT);
            leftover.gone(STOP_PATIENCE).await;
        }
        match fs::remove_file(self.data().join("postmaster.pid")) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).context("remove the note of a server that is gone")
            }
            _ => Ok(()),
        }
    }

    /// The live server that works on this data folder: its number may have gone to another
    /// process since it was noted.
    fn postmaster(&self) -> Option<Stray> {
        let pid: u32 = line(&self.postmaster_file()?, 1)?.parse().ok()?;
        let works_in = fs::read_link(format!("/proc/{pid}/cwd")).ok()?;
        let data = fs::canonicalize(self.data()).ok()?;
        if works_in != data {
            return None;
        }
        Stray::find(pid)
    }

    fn postmaster_file(&self) -> Option<String> {
        fs::read_to_string(self.data().join("postmaster.pid")).ok()
    }

    fn options(&self, user: &str, password: &str, database: &str) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .host(self.host())
            .port(self.port)
            .username(user)
            .password(password)
            .database(database)
            .ssl_mode(PgSslMode::Disable)
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }
}

/// A line by its number, from one.
fn line(text: &str, number: usize) -> Option<&str> {
    text.lines().nth(number - 1).map(str::trim)
}
