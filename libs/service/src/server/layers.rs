//! The layers between a connection and a generated server.

use std::{
    future::Future,
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::{Arc, LazyLock},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use futures::FutureExt as _;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use opentelemetry::{KeyValue, global, metrics::Histogram};
use opentelemetry_http::HeaderExtractor;
use tokio::runtime::Handle;
use tokio_util::task::task_tracker::TaskTrackerToken;
use tonic::body::Body;
use tower::{Layer, Service, ServiceBuilder, layer::layer_fn};
use tracing::Instrument as _;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use super::Authenticate;
use crate::{Error, Lifecycle, deadline};

/// The most that one request may hold.
const MOST_BYTES: usize = 1024 * 1024;
/// By how much a call ends before its time: tonic keeps the same time around our layers, and would answer CANCELLED without
/// a reason.
const AHEAD: Duration = Duration::from_millis(5);
/// What stands for the service and for the method where none of ours answered.
const OTHER: &str = "_OTHER";

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
        // outermost, so that whatever is answered stands in the trace, and what is below knows who asks
        .layer(layer_fn(move |inner| Authenticated {
            inner,
            authenticate: authenticate.clone(),
        }))
        // answers in time even when the work below does not
        .layer(layer_fn(move |inner| Uncut {
            inner,
            lifecycle: lifecycle.clone(),
        }))
        // innermost, for every service alike: no generated server can be added without a limit
        .layer(layer_fn(|inner| Readable { inner }))
        .into_inner()
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

/// Reads who asks, opens the span of the call below its caller's, and measures it; refuses a token that is not valid.
///
/// The span begins once the token is read, with its tenant: lines of a log are written with every field of their spans, and
/// each field that comes later writes all of them anew.
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

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let began = Instant::now();
        let (mut parts, body) = request.into_parts();
        let authenticated = self
            .authenticate
            .authenticate(&parts.headers, &mut parts.extensions);
        let (service, method) = rpc_names(parts.uri.path());
        let span = tracing::info_span!(
            "rpc",
            otel.name = parts.uri.path().trim_start_matches('/'),
            otel.kind = "server",
            rpc.system = "grpc",
            rpc.service = service,
            rpc.method = method,
            tenant = authenticated.as_ref().ok().and_then(Option::as_deref),
        );
        let parent = global::get_text_map_propagator(|propagator| {
            propagator.extract(&HeaderExtractor(&parts.headers))
        });
        // an error only says that no layer listens for spans
        let _ = span.set_parent(parent);
        let names = series(service.to_owned(), method.to_owned());
        let is_let_in = authenticated.is_ok();
        let request = Request::from_parts(parts, body);
        let answer: ServiceFuture<S::Error> = match authenticated {
            Ok(_) => Box::pin(span.in_scope(|| self.inner.call(request))),
            Err(error) => {
                let refused = tonic::Status::from(error).into_http();
                Box::pin(async move { Ok(refused) })
            }
        };
        let traced = span.clone();
        Box::pin(
            async move {
                let answer = answer.await?;
                let code = tonic::Status::from_header_map(answer.headers())
                    .map_or(tonic::Code::Ok, |status| status.code());
                let is_ours = is_ours(is_let_in, answer.status(), code);
                let code = KeyValue::new("rpc.grpc.status_code", i64::from(code as i32));
                traced.set_attribute(code.key.clone(), code.value.clone());
                let [system, service, method] = if is_ours { names } else { series(OTHER, OTHER) };
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

/// True where one of our methods answered: what a stranger calls one is no name of a series. A call that was not let in
/// reached none.
fn is_ours(is_let_in: bool, status: StatusCode, code: tonic::Code) -> bool {
    is_let_in && status == StatusCode::OK && code != tonic::Code::Unimplemented
}

fn series(
    service: impl Into<opentelemetry::Value>,
    method: impl Into<opentelemetry::Value>,
) -> [KeyValue; 3] {
    [
        KeyValue::new("rpc.system", "grpc"),
        KeyValue::new("rpc.service", service),
        KeyValue::new("rpc.method", method),
    ]
}

/// Service and method of a path such as "/contractoros.projects.v1.PhaseService/UpdatePhase".
pub(crate) fn rpc_names(path: &str) -> (&str, &str) {
    path.trim_start_matches('/')
        .split_once('/')
        .unwrap_or((path, ""))
}

/// Runs each call to its end, with a deadline.
///
/// A caller that goes away or runs out of time drops the answer, not the work, which goes on in a task of its own: nothing
/// between BEGIN and COMMIT is ever cut in half. The work ends by itself, because its statements have the same deadline. What
/// does not waits for an answer that never comes, and is dropped: it would keep its connection for good.
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
        // from now, and not from when somebody first asks how far it is
        let answer_by = tokio::time::Instant::now() + limit.saturating_sub(AHEAD);
        let answer = self.inner.call(request);
        let work = deadline::strictly(limit, async { Ok(answer.await) })
            .instrument(tracing::Span::current());
        let work = AssertUnwindSafe(work)
            .catch_unwind()
            // the panic itself is in the log
            .map(|ended| ended.unwrap_or_else(|_| Err(Error::internal("the call panicked"))));
        let work = Finished {
            work: Some(Box::pin(work)),
            lifecycle: self.lifecycle.clone(),
            _running: self.lifecycle.token(),
        };
        Box::pin(async move {
            tokio::time::timeout_at(answer_by, work)
                .await
                .unwrap_or(Err(Error::DeadlineExceeded))
                .unwrap_or_else(|error| Ok(tonic::Status::from(error).into_http()))
        })
    }
}

/// Work that goes on in a task of its own where nobody waits for it any more.
struct Finished<T: Send + 'static> {
    work: Option<Pin<Box<dyn Future<Output = T> + Send>>>,
    lifecycle: Lifecycle,
    /// A process that stops waits for it either way.
    _running: TaskTrackerToken,
}

impl<T: Send + 'static> Future for Finished<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let work = self.work.as_mut().expect("it is not polled once it ended");
        let outcome = std::task::ready!(work.as_mut().poll(context));
        self.work = None;
        Poll::Ready(outcome)
    }
}

impl<T: Send + 'static> Drop for Finished<T> {
    fn drop(&mut self) {
        // without a runtime the process ends
        if let Some(work) = self.work.take()
            && Handle::try_current().is_ok()
        {
            self.lifecycle.spawn(work);
        }
    }
}

/// Lets through what a generated server can read, and puts our words in the place of those that it finds for the rest: they
/// name our types, and take what came for a fault of ours.
#[derive(Clone)]
struct Readable<S> {
    inner: S,
}

impl<S> Service<Request<Body>> for Readable<S>
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
        if let Some(refusal) = refusal(&request) {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = refusal;
            return Box::pin(async move { Ok(response) });
        }
        let answer = self.inner.call(limited(request));
        Box::pin(async move { answer.await.map(in_our_words) })
    }
}

/// Why a request is none of gRPC, which answers a POST of its own content type and nothing else.
fn refusal(request: &Request<Body>) -> Option<StatusCode> {
    let is_grpc = |kind: &HeaderValue| kind.as_bytes().starts_with(b"application/grpc");
    if request.method() != Method::POST {
        return Some(StatusCode::METHOD_NOT_ALLOWED);
    }
    let kind = request.headers().get(header::CONTENT_TYPE);
    (!kind.is_some_and(is_grpc)).then_some(StatusCode::UNSUPPORTED_MEDIA_TYPE)
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

fn in_our_words(response: Response<Body>) -> Response<Body> {
    // a call that failed has its status among the headers
    let Some(status) = tonic::Status::from_header_map(response.headers()) else {
        return response;
    };
    // whatever a handler answers gives its reason
    let is_ours = !status.details().is_empty();
    let error = match status.code() {
        tonic::Code::Internal | tonic::Code::Unknown if !is_ours => Error::Unreadable,
        tonic::Code::OutOfRange if !is_ours => Error::TooLarge,
        tonic::Code::Unimplemented if !is_ours => Error::Unsupported,
        _ => return response,
    };
    tonic::Status::from(error).into_http()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Notify;
    use tower::{ServiceExt as _, service_fn};

    use super::*;

    fn uncut<F>(
        lifecycle: Lifecycle,
        work: impl Fn() -> F + Clone + Send + 'static,
    ) -> impl Service<Request<Body>, Response = Response<Body>, Error = tonic::Status>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let inner = service_fn(move |_| work().map(|()| Ok(Response::new(Body::empty()))));
        Uncut { inner, lifecycle }
    }

    #[tokio::test]
    async fn work_whose_caller_goes_away_is_finished() {
        let (lifecycle, go_on) = (Lifecycle::new(), Arc::new(Notify::new()));
        let finished = Arc::new(AtomicUsize::new(0));
        let (waits, counts) = (go_on.clone(), finished.clone());
        let service = uncut(lifecycle.clone(), move || {
            let (waits, counts) = (waits.clone(), counts.clone());
            async move {
                waits.notified().await;
                counts.fetch_add(1, Ordering::Relaxed);
            }
        });
        let mut call = Box::pin(service.oneshot(Request::new(Body::empty())));
        assert!(call.as_mut().now_or_never().is_none());
        drop(call);
        go_on.notify_one();
        lifecycle.finish().await;
        assert_eq!(finished.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_made_up_name_is_no_name_of_a_series() {
        use tonic::Code;

        assert!(is_ours(true, StatusCode::OK, Code::Ok));
        assert!(is_ours(true, StatusCode::OK, Code::NotFound));
        assert!(!is_ours(true, StatusCode::OK, Code::Unimplemented));
        assert!(!is_ours(true, StatusCode::METHOD_NOT_ALLOWED, Code::Ok));
        assert!(!is_ours(false, StatusCode::OK, Code::Unauthenticated));
    }

    #[tokio::test]
    async fn a_call_that_panics_is_answered() {
        let service = uncut(Lifecycle::new(), || async { panic!("for a test") });
        let answer = service.oneshot(Request::new(Body::empty())).await;
        let answer = answer.expect("a panic is answered");
        let status = tonic::Status::from_header_map(answer.headers()).expect("a status");
        assert_eq!(status.code(), tonic::Code::Internal);
        assert!(!status.message().contains("test"), "{status}");
    }
}
