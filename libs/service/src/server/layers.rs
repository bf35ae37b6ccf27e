//! The layers between a connection and a generated server.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, LazyLock},
    task::{Context, Poll},
    time::Instant,
};

use http::{Request, Response};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use opentelemetry::{KeyValue, global, metrics::Histogram};
use opentelemetry_http::HeaderExtractor;
use tonic::body::Body;
use tower::{Layer, Service, ServiceBuilder, layer::layer_fn};
use tracing::Instrument as _;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use super::Authenticate;
use crate::{Error, Lifecycle, deadline};

/// The most that one request may hold.
const MOST_BYTES: usize = 1024 * 1024;
/// Every layer, outermost first.
pub(super) fn stack<S>(
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
