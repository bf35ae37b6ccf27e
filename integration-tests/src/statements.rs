//! What services ask of their databases, from PostgreSQL's own log.

mod log;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{Read as _, Seek as _, SeekFrom},
    path::PathBuf,
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use devstack::{platform::Platform, services::Service};
use sqlx::{Connection as _, Executor as _, PgConnection};

use self::log::Transaction;
pub use self::log::{Message, Script};

/// So long nobody asks for anything, and what is sent all the same is a timer's. Longer than the pauses of all timers that
/// look for work; those of the hourly ones and of the sweeper show in one deed of several at most.
const QUIET: Duration = Duration::from_secs(4);
/// How often a deed is done: what most of them send is what it sends.
const DEEDS: usize = 5;

/// Has PostgreSQL log every statement, with its parameters.
pub struct StatementLog {
    admin: PgConnection,
    file: PathBuf,
    /// Statements that timers send.
    of_timers: BTreeSet<String>,
}

impl StatementLog {
    /// Begins to listen, and learns while nobody asks for anything what timers send.
    pub async fn open(platform: &Platform) -> Result<Self> {
        let mut admin = platform.postgres().admin("postgres").await?;
        for setting in [
            "alter system set log_statement = 'all'",
            "alter system set log_line_prefix = '%p|%u|%d|'",
        ] {
            admin.execute(setting).await.context("log statements")?;
        }
        let mut log = Self {
            admin,
            file: platform.postgres().log(),
            of_timers: BTreeSet::new(),
        };
        let begin = log.end()?;
        log.reload().await?;
        tokio::time::sleep(QUIET).await;
        let quiet = log::transactions(&log.read_from(begin)?);
        for service in Service::WITH_DATABASE {
            // each looks after its database once a second
            ensure!(
                quiet.iter().any(|one| one.database == service.name()),
                "no statement of {} was logged",
                service.name()
            );
        }
        log.of_timers = quiet.iter().flat_map(Transaction::statements).collect();
        Ok(log)
    }

    /// What the services send for a deed, a script a login, transactions in the order in which they began. What a pool
    /// sends when a connection comes back to it is left out.
    ///
    /// The deed is done a few times. Transactions with a statement of a timer are left out, and so is a deed that differs
    /// from most others, for a timer that fires rarely fell into it.
    pub async fn of(&self, mut deed: impl AsyncFnMut() -> Result<()>) -> Result<Vec<Script>> {
        let mut seen: BTreeMap<Vec<Vec<String>>, Vec<Vec<Transaction>>> = BTreeMap::new();
        for _ in 0..DEEDS {
            let begin = self.end()?;
            deed().await?;
            // each was logged before it was carried out, and the deed has its answer
            let mut transactions = log::transactions(&self.read_from(begin)?);
            transactions.retain(|one| !self.is_of_timer(one));
            let mut asked: Vec<_> = transactions.iter().map(Transaction::statements).collect();
            asked.sort();
            seen.entry(asked).or_default().push(transactions);
        }
        let most = seen.values().max_by_key(|alike| alike.len());
        match most {
            Some(alike) if 2 * alike.len() > DEEDS => Ok(log::scripts(&alike[0])),
            _ => bail!(
                "the same deed sends other statements each time: {:#?}",
                seen.keys()
            ),
        }
    }

    /// Ends it: the server logs as before.
    pub async fn close(mut self) -> Result<()> {
        for setting in [
            "alter system reset log_statement",
            "alter system reset log_line_prefix",
        ] {
            self.admin
                .execute(setting)
                .await
                .context("log no statements")?;
        }
        self.reload().await?;
        self.admin.close().await.context("close a connection")
    }

    async fn reload(&mut self) -> Result<()> {
        self.admin
            .execute("select pg_reload_conf()")
            .await
            .context("have the server read its settings")?;
        Ok(())
    }

    fn is_of_timer(&self, transaction: &Transaction) -> bool {
        transaction
            .statements()
            .iter()
            .any(|statement| self.of_timers.contains(statement))
    }

    fn end(&self) -> Result<u64> {
        Ok(self.open_file()?.metadata()?.len())
    }

    fn read_from(&self, begin: u64) -> Result<String> {
        let mut file = self.open_file()?;
        file.seek(SeekFrom::Start(begin))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn open_file(&self) -> Result<File> {
        File::open(&self.file).with_context(|| format!("open {}", self.file.display()))
    }
}
