//! Serving: the stack of layers, health, the development clock, draining.

use std::{
    future::Future,
    net::SocketAddr,
    ops::RangeInclusive,
    pin::Pin,
    sync::{Arc, LazyLock},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use axum::{Router, http::StatusCode, routing::get};
use futures::{FutureExt as _, future::BoxFuture};
use http::{Extensions, HeaderMap, Request, Response};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use opentelemetry::{KeyValue, global, metrics::Histogram};
use opentelemetry_http::HeaderExtractor;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_util::sync::CancellationToken;
use tonic::{body::Body, service::Routes};
use tower::{Layer, Service, ServiceBuilder, layer::layer_fn};
use tracing::Instrument as _;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use crate::{Error, Lifecycle, clock, deadline};

/// Between NOT_SERVING and the close of the port, unless told: others must hear of it first.
const DRAIN: Duration = Duration::from_secs(3);
/// The most that one request may hold.
const MOST_BYTES: usize = 1024 * 1024;
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
        lifecycle.spawn(serve_health(
            self.health,
            self.ready,
            stopping.clone(),
            drained.clone(),
        ));

        let stack = stack(self.authenticate, lifecycle.clone());
        let served = tonic::transport::Server::builder()
            .concurrency_limit_per_connection(64)
            .max_concurrent_streams(128)
            .http2_keepalive_interval(Some(Duration::from_secs(30)))
            .http2_keepalive_timeout(Some(Duration::from_secs(10)))
            .http2_max_header_list_size(16 * 1024)
            .max_connection_age(Duration::from_secs(rand::random_range(CONNECTION_AGE)))
            .layer(stack)
            .add_routes(self.routes)
            .serve_with_incoming_shutdown(TcpListenerStream::new(self.listener), async move {
                stopping.cancelled().await;
                tokio::time::sleep(self.drain).await;
            })
            .await;
        drained.cancel();
        lifecycle.finish().await;
        served.with_context(|| format!("serve {}", self.name))
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("listen on {address}"))
}

/// Every layer, outermost first.
fn stack<S>(
    authenticate: Arc<dyn Authenticate>,
    lifecycle: Lifecycle,
) -> impl Layer<
    S,
    Service: Service<Request<Body>, Response = Response<Body>, Error = S::Error, Future: Send>
                 + Clone
                 + Send
                 + Sync,
> + Clone
where
    S: Service<Request<Body>, Response = Response<Body>> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    ServiceBuilder::new()
        // outermost, so that whatever a layer below answers stands in the trace
        .layer(layer_fn(|inner| Traced { inner }))
        // answers in time even when the work below does not
        .layer(layer_fn(move |inner| Uncut {
            inner,
            lifecycle: lifecycle.clone(),
        }))
        // what is below knows who asks
        .layer(layer_fn(move |inner| Authenticated {
            inner,
            authenticate: authenticate.clone(),
        }))
        // innermost, for every service alike: no generated server can be added without a limit
        .map_request(limited)
        .into_inner()
}

/// Lets a request be read up to [`MOST_BYTES`].
fn limited(request: Request<Body>) -> Request<Body> {
    request.map(|body| {
        Body::new(Limited::new(body, MOST_BYTES).map_err(|error| {
            match error.downcast::<LengthLimitError>() {
                Ok(_) => Error::TooLarge.into(),
                Err(other) => tonic::Status::from_error(other),
            }
        }))
    })
}

type ServiceFuture<E> = Pin<Box<dyn Future<Output = Result<Response<Body>, E>> + Send>>;

/// How long calls take, by method and outcome; never by tenant.
static CALL_DURATION: LazyLock<Histogram<f64>> = LazyLock::new(|| {
    global::meter("contractoros")
        .f64_histogram("rpc.server.call.duration")
        .with_unit("s")
        .with_description("Duration of calls at the server")
        .build()
});

/// Opens the span of a call below its caller's, and measures it.
#[derive(Clone)]
struct Traced<S> {
    inner: S,
}

impl<S> Service<Request<Body>> for Traced<S>
where
    S: Service<Request<Body>, Response = Response<Body>> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = ServiceFuture<S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let (service, method) = rpc_names(request.uri().path());
        let span = tracing::info_span!(
            "rpc",
            otel.name = request.uri().path().trim_start_matches('/'),
            otel.kind = "server",
            rpc.system = "grpc",
            rpc.service = service,
            rpc.method = method,
            rpc.grpc.status_code = tracing::field::Empty,
            tenant = tracing::field::Empty,
        );
        let parent = global::get_text_map_propagator(|propagator| {
            propagator.extract(&HeaderExtractor(request.headers()))
        });
        // an error only says that no layer listens for spans
        let _ = span.set_parent(parent);
        let names = [
            KeyValue::new("rpc.system", "grpc"),
            KeyValue::new("rpc.service", service.to_owned()),
            KeyValue::new("rpc.method", method.to_owned()),
        ];
        let began = Instant::now();
        let answer = span.in_scope(|| self.inner.call(request));
        let recorded = span.clone();
        Box::pin(
            async move {
                let answer = answer.await?;
                let code = tonic::Status::from_header_map(answer.headers())
                    .map_or(tonic::Code::Ok, |status| status.code())
                    as i32;
                recorded.record("rpc.grpc.status_code", code);
                let [system, service, method] = names;
                let code = KeyValue::new("rpc.grpc.status_code", i64::from(code));
                CALL_DURATION.record(
                    began.elapsed().as_secs_f64(),
                    &[system, service, method, code],
                );
                Ok(answer)
            }
            .instrument(span),
        )
    }
}

/// Service and method of a path such as "/contractoros.projects.v1.PhaseService/UpdatePhase".
pub(crate) fn rpc_names(path: &str) -> (&str, &str) {
    path.trim_start_matches('/')
        .split_once('/')
        .unwrap_or((path, ""))
}

/// Runs each call in a task of its own, with a deadline.
///
/// A caller that goes away or runs out of time drops the answer, not the work: nothing between BEGIN and COMMIT is
/// ever cut in half. The work ends by itself, because its statements have the same deadline.
#[derive(Clone)]
struct Uncut<S> {
    inner: S,
    lifecycle: Lifecycle,
}

impl<S> Service<Request<Body>> for Uncut<S>
where
    S: Service<Request<Body>, Response = Response<Body>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = ServiceFuture<S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let limit = request
            .headers()
            .get("grpc-timeout")
            .and_then(|value| value.to_str().ok())
            .and_then(deadline::parse_grpc_timeout)
            .unwrap_or(deadline::CAP)
            .min(deadline::CAP);
        let work = deadline::within(limit, self.inner.call(request));
        let task = self
            .lifecycle
            .spawn(work.instrument(tracing::Span::current()));
        Box::pin(async move {
            match tokio::time::timeout(limit, task).await {
                Ok(Ok(answer)) => answer,
                Ok(Err(panic)) => Ok(tonic::Status::from(Error::internal(panic)).into_http()),
                Err(_) => Ok(tonic::Status::from(Error::DeadlineExceeded).into_http()),
            }
        })
    }
}

/// Reads who asks; refuses a token that is not valid.
#[derive(Clone)]
struct Authenticated<S> {
    inner: S,
    authenticate: Arc<dyn Authenticate>,
}

impl<S> Service<Request<Body>> for Authenticated<S>
where
    S: Service<Request<Body>, Response = Response<Body>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = ServiceFuture<S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let headers = request.headers().clone();
        match self
            .authenticate
            .authenticate(&headers, request.extensions_mut())
        {
            Ok(tenant) => {
                if let Some(tenant) = tenant {
                    tracing::Span::current().record("tenant", tenant);
                }
                Box::pin(self.inner.call(request))
            }
            Err(error) => {
                let refused = tonic::Status::from(error).into_http();
                Box::pin(async move { Ok(refused) })
            }
        }
    }
}

async fn serve_health(
    listener: TcpListener,
    ready: Ready,
    stopping: CancellationToken,
    drained: CancellationToken,
) {
    let (reporter, health) = tonic_health::server::health_reporter();
    let serving = |is_ready| {
        if is_ready {
            tonic_health::ServingStatus::Serving
        } else {
            tonic_health::ServingStatus::NotServing
        }
    };
    reporter.set_service_status("liveness", serving(true)).await;
    let watch = async {
        loop {
            let is_ready = !stopping.is_cancelled() && ready().await;
            for name in ["", "readiness"] {
                reporter.set_service_status(name, serving(is_ready)).await;
            }
            tokio::select! {
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
                () = stopping.cancelled(), if !stopping.is_cancelled() => {}
            }
        }
    };
    let serve = tonic::transport::Server::builder()
        .add_service(health)
        .serve_with_incoming_shutdown(
            TcpListenerStream::new(listener),
            drained.clone().cancelled_owned(),
        );
    tokio::select! {
        outcome = serve => if let Err(error) = outcome {
            tracing::error!(%error, "health is not served");
        },
        () = watch => {}
        () = drained.cancelled() => {}
    }
}

/// Binds the control address; refuses one where the platform is not a development machine's.
pub async fn bind_control(listen: &Listen) -> Result<Option<TcpListener>> {
    let Some(address) = listen.control_address else {
        return Ok(None);
    };
    if listen.base_domain != "localhost" {
        bail!("control_address may be set only where base_domain is \"localhost\"");
    }
    bind(address).await.map(Some)
}

/// Serves the development clock: `GET /clock` reads it, `PUT /clock` with an RFC 3339 time moves it.
pub async fn serve_control(listener: TcpListener, stopping: CancellationToken) {
    let router = Router::new().route(
        "/clock",
        get(|| async { clock::now().to_string() }).put(|body: String| async move {
            match body.trim().parse() {
                Ok(time) => {
                    clock::set(time);
                    (StatusCode::OK, clock::now().to_string())
                }
                Err(_) => (
                    StatusCode::BAD_REQUEST,
                    "send a time such as 2026-11-25T09:00:00Z".to_owned(),
                ),
            }
        }),
    );
    let served = axum::serve(listener, router)
        .with_graceful_shutdown(stopping.cancelled_owned())
        .await;
    if let Err(error) = served {
        tracing::error!(%error, "the control address is not served");
    }
}

#[cfg(test)]
mod tests {
    use tonic::Code;
    use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

    use super::*;
    use crate::{Peer, Reason};

    struct Nobody;

    impl Authenticate for Nobody {
        fn authenticate(&self, _: &HeaderMap, _: &mut Extensions) -> Result<Option<String>, Error> {
            Ok(None)
        }
    }

    /// Sends text of a size to a server of our stack and answers the status.
    async fn send(bytes: usize) -> tonic::Status {
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
        let lifecycle = Lifecycle::new();
        let mut client = HealthClient::new(Peer::new(&format!("http://{address}")).expect("valid"));
        let call = async {
            let service = "a".repeat(bytes);
            let answer = client.check(HealthCheckRequest { service }).await;
            lifecycle.stop();
            answer.expect_err("there is no such service")
        };
        let (status, served) = tokio::join!(call, server.run(lifecycle.clone()));
        served.expect("it served");
        status
    }

    #[tokio::test]
    async fn a_request_is_read_up_to_one_mebibyte() {
        assert_eq!(send(1_000_000).await.code(), Code::NotFound);
        let refused = send(1_100_000).await;
        assert_eq!(refused.code(), Code::OutOfRange, "{refused}");
        assert!(Reason::TooLarge.is_in(&refused));
    }
}
