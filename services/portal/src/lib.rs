//! The portal: the web front of the platform, for clients, for the office and for sign-up.
//!
//! It owns no data. Every page asks the services, as the person who looks at it, and shows what they answer.
//!
//! # From a request to a page
//!
//! 1. [`routes`] has every address on one screen. [`host`] finds the organization that answers at the request's host.
//! 2. A handler names who may come as its first argument: [`session::Guest`], [`session::Client`] or
//!    [`session::Office`], which [`office::Manager`] and [`office::Owner`] narrow. Who comes without a session is sent
//!    to sign in; who is on the wrong side finds no page.
//! 3. It makes one round of calls at once with `person.calls` ([`backend`]). Where something hangs on the answer, such
//!    as the names of team members, one more round follows, never a call an item.
//! 4. It answers with a page: a struct with its template, in the same file as its handler, the template at the mirrored
//!    path. A field that is absent in an answer is not on the page at all.
//! 5. What goes wrong is an [`error::Error`], which becomes a page of the organization in one place.
//!
//! # Rules for pages
//!
//! - A page's struct has a field `frame`: a [`page::Frame`], or something that derefs to one and adds navigation.
//! - GET changes nothing. A form is read by [`csrf::Form`] alone and leads on by [`flash::redirect`]; a form that a
//!   service refused is shown again through [`form::FormView`] with [`page::refuse`].
//! - A form that creates something carries [`form::request_id`]; one that two people may edit carries the etag, and who
//!   comes second is shown what was saved beside what was typed ([`office::edit`]).
//! - No `style` attribute and no script inside a page: the policy in [`layers`] forbids both. A bar's value is a class,
//!   `p-0` to `p-100`, a segment's width `w-0` to `w-100`.
//! - Dates, money and counts go through [`format`]; statuses through [`badge`].
//! - Files are never held in memory: [`storage`] streams them to and from where documents says, [`upload`] takes them
//!   in, [`photo_file`] hands them out. A form with files is read by [`csrf::FileForm`], a script's request goes through
//!   [`csrf::FromScript`].
//! - Macros for fields, icons, badges and the error summary are in `templates/parts/`.

mod account;
mod assets;
mod auth;
mod backend;
mod badge;
mod brand;
mod client;
mod config;
mod connection;
mod cookies;
mod csrf;
mod error;
mod flash;
mod form;
mod format;
mod frequency;
mod host;
mod layers;
mod office;
mod page;
#[cfg(test)]
mod page_tests;
mod photo_file;
mod pictures;
mod routes;
mod session;
mod signup;
mod spool;
mod storage;
mod time_zones;
mod upload;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context as _, Result, bail};
use axum::{Router, routing::get};
use http::StatusCode;
use service::{Command, Lifecycle, Listen};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use config::{Config, DEFAULT_CONFIG, Peers, Upload};

use crate::{
    backend::Backend, cookies::Cookies, csrf::CookieKey, host::Sites, spool::Spool,
    storage::Storage,
};

/// What every handler has at hand.
type App = Arc<Portal>;

struct Portal {
    config: Config,
    backend: Backend,
    storage: Storage,
    spool: Spool,
    sites: Sites,
    key: CookieKey,
    cookies: Cookies,
}

/// Does what the command line says.
pub async fn run(command: Command, config: Config) -> Result<()> {
    match command {
        Command::Serve => {
            let lifecycle = Lifecycle::from_signals()?;
            Server::bind(config).await?.run(lifecycle).await
        }
        Command::Migrate | Command::Replay { .. } => {
            bail!("the portal has neither a database nor events: it only serves")
        }
    }
}

/// The portal with its ports bound, not yet serving.
pub struct Server {
    listener: TcpListener,
    health: TcpListener,
    control: Option<TcpListener>,
    router: Router,
    drain: Duration,
}

impl Server {
    /// Checks the configuration and binds the ports.
    pub async fn bind(config: Config) -> Result<Self> {
        let ports = Listen {
            address: config.address,
            health_address: config.health_address,
            control_address: config.control_address,
            base_domain: config.base_domain.clone(),
        };
        let control = service::bind_control(&ports).await?;
        let app = Arc::new(Portal {
            backend: Backend::new(&config)?,
            storage: Storage::new()?,
            spool: Spool::new(&config.upload),
            sites: Sites::new(),
            key: CookieKey::read(&config.cookie_key)?,
            cookies: Cookies::new(config.is_local()),
            config,
        });
        Ok(Self {
            listener: listen(app.config.address).await?,
            health: listen(app.config.health_address).await?,
            control,
            router: routes::portal(&app),
            drain: Duration::from_millis(app.config.drain_ms),
        })
    }

    /// The address that browsers go to.
    pub fn address(&self) -> Result<SocketAddr> {
        self.listener.local_addr().context("read the bound address")
    }

    /// Serves until the lifecycle stops; then says so, keeps serving until others have heard of it, and drains.
    pub async fn run(self, lifecycle: Lifecycle) -> Result<()> {
        tracing::info!(address = %self.address()?, "portal serves");
        let stopping = lifecycle.stopping();
        let drained = CancellationToken::new();
        lifecycle.spawn(serve_health(self.health, stopping.clone(), drained.clone()));
        if let Some(listener) = self.control {
            lifecycle.spawn(service::serve_control(listener, stopping.clone()));
        }
        tokio::select! {
            never = connection::accept(self.listener, self.router, &lifecycle, drained.clone()) => match never {},
            () = lifecycle.drained(self.drain) => {}
        }
        drained.cancel();
        lifecycle.finish().await;
        Ok(())
    }
}

async fn serve_health(
    listener: TcpListener,
    stopping: CancellationToken,
    drained: CancellationToken,
) {
    let healthz = get(async move || {
        if stopping.is_cancelled() {
            (StatusCode::SERVICE_UNAVAILABLE, "stopping")
        } else {
            (StatusCode::OK, "ok")
        }
    });
    let served = axum::serve(listener, Router::new().route("/healthz", healthz))
        .with_graceful_shutdown(drained.cancelled_owned())
        .await;
    if let Err(error) = served {
        tracing::error!(%error, "health is not served");
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("listen on {address}"))
}
