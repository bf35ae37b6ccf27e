//! Serving: the stack of layers, health, the development clock, draining.

mod control;
mod health;
mod layers;

use std::{future::Future, net::SocketAddr, ops::RangeInclusive, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use futures::{FutureExt as _, future::BoxFuture};
use http::{Extensions, HeaderMap};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::{service::Routes, transport::server::TcpIncoming};
use tracing::Instrument as _;

pub use self::control::{bind_control, serve_control};
pub(crate) use self::layers::rpc_names;
use self::layers::stack;
use crate::{Error, Lifecycle};

/// Between NOT_SERVING and the close of the port, unless told: others must hear of it first.
const DRAIN: Duration = Duration::from_secs(3);
/// How long a connection may serve, in seconds; each process chooses, so that not all of them reconnect at once.
const CONNECTION_AGE: RangeInclusive<u64> = 270..=330;

/// Reads who asks from a request's headers.
pub trait Authenticate: Send + Sync + 'static {
    /// Puts who asks into the extensions and answers the tenant's id for the span.
    ///
    /// A request without a token passes: its handler finds nobody and refuses. A token that is not valid fails.
    fn authenticate(
        &self,
        headers: &HeaderMap,
        extensions: &mut Extensions,
    ) -> Result<Option<String>, Error>;
}

/// Where a service listens.
#[derive(Clone, Debug)]
pub struct Listen {
    /// Calls.
    pub address: SocketAddr,
    /// Health, in plain gRPC.
    pub health_address: SocketAddr,
    /// The development clock; only where the base domain is "localhost".
    pub control_address: Option<SocketAddr>,
    /// The platform's base domain.
    pub base_domain: String,
}

type Ready = Arc<dyn Fn() -> BoxFuture<'static, bool> + Send + Sync>;
type Background = Box<dyn FnOnce(CancellationToken) -> BoxFuture<'static, ()> + Send>;

/// A gRPC server whose ports are bound and that has not started yet.
pub struct Server {
    name: &'static str,
    listener: TcpListener,
    health: TcpListener,
    control: Option<TcpListener>,
    routes: Routes,
    authenticate: Arc<dyn Authenticate>,
    ready: Ready,
    background: Vec<(&'static str, Background)>,
    drain: Duration,
}

impl Server {
    /// Binds the ports.
    pub async fn bind(
        name: &'static str,
        listen: &Listen,
        authenticate: impl Authenticate,
        routes: Routes,
    ) -> Result<Self> {
        Ok(Self {
            name,
            listener: bind(listen.address).await?,
            health: bind(listen.health_address).await?,
            control: bind_control(listen).await?,
            routes,
            authenticate: Arc::new(authenticate),
            ready: Arc::new(|| async { true }.boxed()),
            background: Vec::new(),
            drain: DRAIN,
        })
    }

    /// Says what readiness asks: the own database and nothing else.
    #[must_use]
    pub fn ready<F>(mut self, check: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = bool> + Send + 'static,
    {
        self.ready = Arc::new(move || check().boxed());
        self
    }

    /// Sets the time between NOT_SERVING and the close of the port; 3 seconds unless told.
    #[must_use]
    pub fn drain(mut self, time: Duration) -> Self {
        self.drain = time;
        self
    }

    /// Adds a task that runs beside the server; it must end soon after the token fires.
    #[must_use]
    pub fn background<F>(
        mut self,
        name: &'static str,
        task: impl FnOnce(CancellationToken) -> F + Send + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.background
            .push((name, Box::new(move |stop| task(stop).boxed())));
        self
    }

    /// The address that calls go to.
    pub fn address(&self) -> Result<SocketAddr> {
        self.listener.local_addr().context("read the bound address")
    }

    /// Serves until the lifecycle stops, then drains.
    pub async fn run(self, lifecycle: Lifecycle) -> Result<()> {
        let stopping = lifecycle.stopping();
        tracing::info!(address = %self.address()?, "{} serves", self.name);
        for (name, task) in self.background {
            let span = tracing::info_span!(parent: None, "background", task = name);
            lifecycle.spawn(task(stopping.clone()).instrument(span));
        }
        if let Some(listener) = self.control {
            lifecycle.spawn(serve_control(listener, stopping.clone()));
        }
        let drained = CancellationToken::new();
        lifecycle.spawn(health::serve(
            self.health,
            self.ready,
            stopping.clone(),
            drained.clone(),
        ));

        let stack = stack(self.authenticate, lifecycle.clone());
        // an answer is small and awaited: it must not wait for the next packet
        let incoming = TcpIncoming::from(self.listener).with_nodelay(Some(true));
        let drain = self.drain;
        let stops = lifecycle.clone();
        let serving = tonic::transport::Server::builder()
            .concurrency_limit_per_connection(64)
            .max_concurrent_streams(128)
            .http2_keepalive_interval(Some(Duration::from_secs(30)))
            .http2_keepalive_timeout(Some(Duration::from_secs(10)))
            .http2_max_header_list_size(16 * 1024)
            .max_connection_age(Duration::from_secs(rand::random_range(CONNECTION_AGE)))
            .layer(stack)
            .add_routes(self.routes)
            .serve_with_incoming_shutdown(incoming, async move {
                stops.drained(drain).await;
            });
        let serving = async {
            let served = serving.await;
            drained.cancel();
            lifecycle.finish().await;
            served.with_context(|| format!("serve {}", self.name))
        };
        // a peer that was cut off does not close its connection
        let overdue = async {
            stopping.cancelled().await;
            lifecycle.overdue(drain).await;
        };
        tokio::select! {
            served = serving => served,
            () = overdue => Ok(()),
        }
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("listen on {address}"))
}

#[cfg(test)]
mod tests {
    use http::{Method, Request, StatusCode, header};
    use http_body_util::Full;
    use tonic::{Code, Status, body::Body};
    use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
    use tower::ServiceExt as _;

    use super::*;
    use crate::{Peer, Reason};

    const PATIENCE: Duration = Duration::from_secs(10);

    struct Nobody;

    impl Authenticate for Nobody {
        fn authenticate(&self, _: &HeaderMap, _: &mut Extensions) -> Result<Option<String>, Error> {
            Ok(None)
        }
    }

    /// A server of our stack, which knows health alone.
    async fn server() -> (Server, Peer) {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let listen = Listen {
            address: any,
            health_address: any,
            control_address: None,
            base_domain: "localhost".to_owned(),
        };
        let (_, health) = tonic_health::server::health_reporter();
        let server = Server::bind("test", &listen, Nobody, Routes::new(health))
            .await
            .expect("ports are free")
            .drain(Duration::ZERO);
        let address = server.address().expect("bound");
        let peer = Peer::new(&format!("http://{address}")).expect("valid");
        (server, peer)
    }

    /// Calls it.
    async fn call<F: Future>(call: impl FnOnce(Peer) -> F) -> F::Output {
        let lifecycle = Lifecycle::new();
        let (server, peer) = server().await;
        let call = async {
            let answer = call(peer).await;
            lifecycle.stop();
            answer
        };
        let (answer, served) = tokio::join!(call, server.run(lifecycle.clone()));
        served.expect("it served");
        answer
    }

    #[tokio::test]
    async fn a_second_signal_ends_what_a_peer_keeps_open() {
        let lifecycle = Lifecycle::new();
        let (server, peer) = server().await;
        let look = async {
            let mut health = HealthClient::new(peer);
            let watched = health.watch(HealthCheckRequest::default()).await;
            lifecycle.stop();
            lifecycle.stop_at_once();
            // held until the server has ended
            watched.expect("it serves")
        };
        let both = async { tokio::join!(server.run(lifecycle.clone()), look) };
        let (served, _watched) = tokio::time::timeout(PATIENCE, both).await.expect("it ends");
        served.expect("it ended well");
    }

    /// Sends text of a size and answers the status.
    async fn send(bytes: usize) -> Status {
        let service = "a".repeat(bytes);
        call(async |peer| {
            let check = HealthClient::new(peer)
                .check(HealthCheckRequest { service })
                .await;
            check.expect_err("there is no such service")
        })
        .await
    }

    /// Sends bytes, and answers the status of HTTP, and that of gRPC where there is one.
    async fn send_raw(
        method: Method,
        content_type: &'static str,
        path: &'static str,
        bytes: &'static [u8],
    ) -> (StatusCode, Option<Status>) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::CONTENT_TYPE, content_type)
            .body(Body::new(Full::from(bytes)))
            .expect("a request");
        let answer = call(async |peer| peer.oneshot(request).await).await;
        let answer = answer.expect("it answers");
        let status = Status::from_header_map(answer.headers());
        (answer.status(), status)
    }

    #[tokio::test]
    async fn a_request_is_read_up_to_one_mebibyte() {
        assert_eq!(send(1_000_000).await.code(), Code::NotFound);
        let refused = send(1_100_000).await;
        assert_eq!(refused.code(), Code::OutOfRange, "{refused}");
        assert!(Reason::TooLarge.is_in(&refused));
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_told_in_our_words() {
        const CHECK: &str = "/grpc.health.v1.Health/Check";
        let cases: [(&str, &[u8], Code, Reason); 5] = [
            // no UTF-8, nothing, a flag that is none, a length that is too large, no such call
            (
                CHECK,
                b"\0\0\0\0\x03\x0a\x01\xff",
                Code::InvalidArgument,
                Reason::Unreadable,
            ),
            (CHECK, b"", Code::InvalidArgument, Reason::Unreadable),
            (
                CHECK,
                b"\x07\0\0\0\0",
                Code::InvalidArgument,
                Reason::Unreadable,
            ),
            (
                CHECK,
                b"\0\xff\xff\xff\xff",
                Code::OutOfRange,
                Reason::TooLarge,
            ),
            (
                "/grpc.health.v1.Health/Chuck",
                b"\0\0\0\0\0",
                Code::Unimplemented,
                Reason::Unsupported,
            ),
        ];
        for (path, bytes, code, reason) in cases {
            let (_, status) = send_raw(Method::POST, "application/grpc", path, bytes).await;
            let status = status.expect("a call that failed has a status");
            assert_eq!(status.code(), code, "{status}");
            assert!(reason.is_in(&status), "{status}");
            assert_eq!(status.message(), reason.text());
        }
    }

    #[tokio::test]
    async fn what_is_no_call_is_refused() {
        let path = "/grpc.health.v1.Health/Check";
        let (read, _) = send_raw(Method::GET, "application/grpc", path, b"\0\0\0\0\0").await;
        assert_eq!(read, StatusCode::METHOD_NOT_ALLOWED);
        let (form, _) = send_raw(Method::POST, "text/plain", path, b"\0\0\0\0\0").await;
        assert_eq!(form, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
}
