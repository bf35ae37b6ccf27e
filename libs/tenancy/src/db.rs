//! The database: two logins, each with a pool of its own, and transactions that know their organization.

use std::{
    net::IpAddr,
    ops::{Deref, DerefMut},
    sync::Arc,
};

use anyhow::{Context as _, Result};
use deadpool::managed::Object;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use service::deadline;
use sqlx::{Connection as _, PgConnection, postgres::PgConnectOptions};
use tokio::sync::{Mutex, Notify};
use tracing::{Instrument as _, Span};
use uuid::Uuid;

use crate::{
    caller::{Caller, TenantId},
    lent::Lent,
    pool::{self, Pool, answered, lend},
};

const LOCK_TIMEOUT_MILLIS: u64 = 2_000;
const IDLE_IN_TRANSACTION_MILLIS: u64 = 10_000;
/// After this the server ends a session without work: its client was cut off and will not come back. Longer than a pool
/// keeps one.
const IDLE_SESSION: &str = "15min";

/// Where a service's database is. The roles are `<service>_app`, `<service>_platform` and `<service>_owner`.
#[derive(Clone, Debug, Deserialize)]
pub struct Database {
    /// Host name or address.
    pub host: String,
    /// Port, 5432 as a rule.
    pub port: u16,
    /// The database's name.
    pub name: String,
    /// Password of the app login, which row-level security binds to one organization at a time.
    pub app_password: SecretString,
    /// Password of the platform login, for work that crosses organizations.
    pub platform_password: SecretString,
    /// Password of the owner, for migrations alone.
    pub owner_password: SecretString,
    /// Connections of the app login, but for the one that asks whether the database answers.
    pub max_connections: u32,
}

impl Database {
    fn options(&self, login: &str, password: &SecretString) -> PgConnectOptions {
        PgConnectOptions::new()
            .host(&self.host)
            .port(self.port)
            .database(&self.name)
            .username(login)
            .password(password.expose_secret())
            .application_name(login)
            .options([("idle_session_timeout", IDLE_SESSION)])
    }

    /// Connects as the owner, to migrate.
    pub async fn connect_owner(&self, service: &str) -> Result<PgConnection> {
        let login = format!("{service}_owner");
        PgConnection::connect_with(&self.options(&login, &self.owner_password))
            .await
            .with_context(|| format!("connect to the database as {login}"))
    }
}

/// A service's database.
#[derive(Clone)]
pub struct Db {
    name: Arc<str>,
    app: Pool,
    platform: Pool,
    committed: Arc<Notify>,
    probe: Arc<Probe>,
}

/// A connection of its own, on which the database is asked whether it answers: a busy pool is not away.
struct Probe {
    options: PgConnectOptions,
    connection: Mutex<Option<PgConnection>>,
}

impl Db {
    /// Opens both pools and checks that each login works.
    pub async fn open(service: &str, database: &Database) -> Result<Self> {
        let options = database.options(&format!("{service}_app"), &database.app_password);
        let app = pool::open(options.clone(), database.max_connections)
            .await
            .context("open the app login's pool")?;
        let platform = pool::open(
            database.options(&format!("{service}_platform"), &database.platform_password),
            (database.max_connections / 4).max(3),
        )
        .await
        .context("open the platform login's pool")?;
        Ok(Self {
            name: database.name.as_str().into(),
            app,
            platform,
            committed: Arc::new(Notify::new()),
            probe: Arc::new(Probe {
                options,
                connection: Mutex::new(None),
            }),
        })
    }

    /// Opens a transaction in which the caller's organization is visible and no other.
    pub async fn begin(&self, caller: &Caller) -> service::Result<TenantTx> {
        self.open_as(caller, "begin").await
    }

    /// Opens a transaction that only reads. It has nothing to commit, and nobody waits for its end: drop it.
    pub async fn read(&self, caller: &Caller) -> service::Result<TenantTx> {
        self.open_as(caller, "begin read only").await
    }

    /// Like [`Db::begin`], where a crash of the database may forget what was committed in its last second: the commit does
    /// not wait for the disk.
    pub async fn begin_forgettable(&self, caller: &Caller) -> service::Result<TenantTx> {
        self.open_as(caller, "begin; set local synchronous_commit = off")
            .await
    }

    async fn open_as(&self, caller: &Caller, begin: &'static str) -> service::Result<TenantTx> {
        // the id and the numbers are ours: nothing from a request is interpolated
        let statement = format!(
            "{begin}; set local app.tenant_id = '{}'; {}",
            caller.tenant.uuid(),
            limits()
        );
        let span = self.span();
        let begin = Lent::begin(&self.app, statement);
        let inner = begin.instrument(span.clone()).await?;
        Ok(TenantTx {
            inner,
            _span: span,
            tenant: caller.tenant,
            origin: Origin::default(),
            hurries: false,
            committed: self.committed.clone(),
        })
    }

    /// Opens a transaction across organizations, as the platform login; `reason` is for whoever searches for these.
    ///
    /// The login sees only the tables that grant it something: sign-in by host, the outbox, what is due.
    pub async fn begin_unscoped(&self, reason: &'static str) -> service::Result<UnscopedTx> {
        tracing::trace!(reason, "begin unscoped");
        let statement = format!("begin; {}", limits());
        let inner = Lent::begin(&self.platform, statement).await?;
        Ok(UnscopedTx { inner })
    }

    /// The span of a transaction, from BEGIN until it is committed or dropped.
    fn span(&self) -> Span {
        tracing::info_span!(
            "transaction",
            otel.kind = "client",
            db.system.name = "postgresql",
            db.namespace = &*self.name,
        )
    }

    /// A connection of the platform login that never goes back to the pool, for a lock that lasts.
    pub async fn platform_connection(&self, reason: &'static str) -> service::Result<PgConnection> {
        tracing::trace!(reason, "platform connection");
        Ok(Object::take(lend(&self.platform).await?))
    }

    /// Fires after a transaction was committed that left work for a task in the background.
    pub fn committed(&self) -> Arc<Notify> {
        self.committed.clone()
    }

    /// True while the database answers.
    pub async fn is_ready(&self) -> bool {
        self.probe.answers().await
    }

    /// Fails where the schema is older than this binary.
    pub async fn check_schema(&self, newest: i64) -> Result<()> {
        let mut connection = Lent::of(&self.app).await?;
        let found: Option<i64> =
            sqlx::query_scalar("select max(version) from _sqlx_migrations where success")
                .fetch_one(&mut *connection)
                .await
                .context("read the schema version; run `migrate` first")?;
        anyhow::ensure!(
            found.is_some_and(|version| version >= newest),
            "the database is at version {}, this binary needs {newest}; run `migrate` first",
            found.unwrap_or(0)
        );
        Ok(())
    }

    /// Closes both pools.
    pub fn close(&self) {
        self.app.close();
        self.platform.close();
    }
}

impl Probe {
    async fn answers(&self) -> bool {
        let mut probe = self.connection.lock().await;
        // taken: whoever goes away in between leaves no connection of which nobody knows whether it works
        if let Some(mut connection) = probe.take()
            && answered(connection.ping()).await.is_ok()
        {
            *probe = Some(connection);
        } else {
            let connecting = PgConnection::connect_with(&self.options);
            *probe = answered(connecting).await.ok();
        }
        probe.is_some()
    }
}

fn limits() -> String {
    format!(
        "set local statement_timeout = {}; set local lock_timeout = {LOCK_TIMEOUT_MILLIS}; \
         set local idle_in_transaction_session_timeout = {IDLE_IN_TRANSACTION_MILLIS}",
        deadline::remaining().as_millis()
    )
}

/// A transaction bound to one organization; derefs to the connection. Dropped without a commit, it rolls back.
pub struct TenantTx {
    inner: Lent,
    _span: Span,
    tenant: TenantId,
    origin: Origin,
    hurries: bool,
    committed: Arc<Notify>,
}

/// Where a transaction's deeds come from, for the audit trail.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Origin {
    pub(crate) request_id: Option<Uuid>,
    pub(crate) client_address: Option<IpAddr>,
}

impl TenantTx {
    /// The organization, for the `tenant_id` of what is written.
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    pub(crate) fn origin(&self) -> Origin {
        self.origin
    }

    pub(crate) fn note_request(&mut self, id: Uuid) {
        self.origin.request_id = Some(id);
    }

    /// Notes the address of the person's browser, as the portal saw it, for the audit trail; what is none is not noted.
    pub fn note_client_address(&mut self, address: &str) {
        self.origin.client_address = address.parse().ok();
    }

    /// Says that this transaction leaves work for a task in the background, such as events in the outbox, so that whoever
    /// waits for [`Db::committed`] hurries after the commit.
    pub fn hurry(&mut self) {
        self.hurries = true;
    }

    /// Commits.
    pub async fn commit(self) -> service::Result<()> {
        self.inner.commit().await?;
        if self.hurries {
            self.committed.notify_waiters();
        }
        Ok(())
    }
}

impl Deref for TenantTx {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.inner
    }
}

impl DerefMut for TenantTx {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.inner
    }
}

/// A transaction across organizations; derefs to the connection.
pub struct UnscopedTx {
    inner: Lent,
}

impl UnscopedTx {
    /// Commits.
    pub async fn commit(self) -> service::Result<()> {
        Ok(self.inner.commit().await?)
    }
}

impl Deref for UnscopedTx {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.inner
    }
}

impl DerefMut for UnscopedTx {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.inner
    }
}
