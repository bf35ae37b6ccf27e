//! The way to another service: deadline, trace context and errors travel along.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use anyhow::Context as _;
use http::{HeaderValue, Request, Response};
use opentelemetry::global;
use opentelemetry_http::HeaderInjector;
use tonic::{
    Code, Status, TimeoutExpired,
    body::Body,
    transport::{Channel, Endpoint},
};
use tonic_types::{ErrorDetails, StatusExt as _};
use tower::{Service, ServiceExt as _};
use tracing::Instrument as _;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use crate::{Reason, deadline, error};

/// A connection to another service, to be given to a generated client.
///
/// Each call gets what is left of the deadline and carries the trace on. Where no answer comes, it fails by itself:
/// DEADLINE_EXCEEDED when time runs out, UNAVAILABLE with the cause as its source when there is no connection or it breaks.
#[derive(Clone, Debug)]
pub struct Peer {
    channel: Channel,
}

impl Peer {
    /// Makes a peer from its address, such as "http://projects:50051"; connects with the first call.
    pub fn new(address: &str) -> anyhow::Result<Self> {
        let channel = Endpoint::from_shared(address.to_owned())
            .with_context(|| format!("{address} is not the address of a peer"))?
            .connect_timeout(Duration::from_secs(1))
            .http2_keep_alive_interval(Duration::from_secs(30))
            .keep_alive_timeout(Duration::from_secs(10))
            .keep_alive_while_idle(true)
            .connect_lazy();
        Ok(Self { channel })
    }
}

impl Service<Request<Body>> for Peer {
    type Response = Response<Body>;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    /// Always ready: to wait for the connection is part of the call and of its time.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let limit = request
            .headers()
            .get("grpc-timeout")
            .and_then(|value| value.to_str().ok())
            .and_then(deadline::parse_grpc_timeout)
            .unwrap_or(deadline::CAP)
            .min(deadline::for_next_hop());
        let (service, method) = crate::server::rpc_names(request.uri().path());
        let span = tracing::info_span!(
            "rpc",
            otel.name = request.uri().path().trim_start_matches('/'),
            otel.kind = "client",
            rpc.system = "grpc",
            rpc.service = service,
            rpc.method = method,
        );
        let headers = request.headers_mut();
        headers.insert("grpc-timeout", milliseconds(limit));
        global::get_text_map_propagator(|propagator| {
            propagator.inject_context(&span.context(), &mut HeaderInjector(headers));
        });
        let answer = self.channel.clone().oneshot(request);
        let in_time = async move {
            tokio::time::timeout(limit, answer)
                .await
                .map_err(|_| out_of_time())?
                .map_err(unanswered)
        };
        Box::pin(in_time.instrument(span))
    }
}

/// What it means that a call got no answer; the channel keeps the deadline, too, and may be the first to see it pass.
fn unanswered(error: tonic::transport::Error) -> Status {
    if anyhow::Chain::new(&error).any(<dyn std::error::Error>::is::<TimeoutExpired>) {
        return out_of_time();
    }
    let mut status = error::status(Code::Unavailable, Reason::Unavailable, ErrorDetails::new());
    status.set_source(Arc::new(error));
    status
}

fn out_of_time() -> Status {
    error::status(
        Code::DeadlineExceeded,
        Reason::DeadlineExceeded,
        ErrorDetails::new(),
    )
}

fn milliseconds(limit: Duration) -> HeaderValue {
    HeaderValue::from_str(&format!("{}m", limit.as_millis())).expect("digits and a letter")
}

impl Reason {
    /// True where a peer's status carries this reason.
    pub fn is_in(self, status: &Status) -> bool {
        status
            .get_details_error_info()
            .is_some_and(|info| info.reason == self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use tokio::{io::AsyncReadExt as _, net::TcpListener};
    use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

    use super::*;
    use crate::Error;

    /// Calls a peer that accepts a connection, reads from it, and then does `then`.
    async fn call_one_that<F: Future>(then: impl FnOnce() -> F) -> Status {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let mut client = HealthClient::new(Peer::new(&format!("http://{address}")).expect("valid"));
        let lose = async {
            let (mut connection, _) = listener.accept().await.expect("a call");
            let read = connection.read_u8().await;
            then().await;
            read
        };
        let (answer, _) = tokio::join!(client.check(HealthCheckRequest::default()), lose);
        answer.expect_err("nobody answers")
    }

    #[tokio::test]
    async fn a_connection_that_breaks_is_worth_another_try() {
        let status = call_one_that(|| async {}).await;
        assert_eq!(status.code(), Code::Unavailable, "{status}");
        assert!(Reason::Unavailable.is_in(&status));
        let error = Error::from(status);
        assert!(error.is_transient());
        assert!(error.to_string().contains("transport error"), "{error}");
    }

    #[tokio::test]
    async fn a_call_without_an_answer_ends_in_time() {
        let limit = Duration::from_millis(100);
        let silent = || tokio::time::sleep(2 * limit);
        let status = deadline::within(limit, call_one_that(silent)).await;
        assert_eq!(status.code(), Code::DeadlineExceeded, "{status}");
    }
}
