//! The way to another service: deadline, trace context and errors travel along.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use anyhow::Context as _;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use opentelemetry::{global, propagation::Injector};
use tonic::{
    body::Body,
    transport::{Channel, Endpoint},
};
use tower::Service;
use tracing::Instrument as _;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use crate::{Error, Reason, deadline};

/// A connection to another service, to be given to a generated client.
///
/// Each call gets what is left of the deadline, carries the trace on and answers DEADLINE_EXCEEDED by itself.
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
    type Error = Box<dyn std::error::Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.channel.poll_ready(context).map_err(Into::into)
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
        let answer = self.channel.call(request);
        let in_time = async move {
            match tokio::time::timeout(limit, answer).await {
                Ok(answer) => answer.map_err(Into::into),
                Err(_) => Ok(tonic::Status::from(Error::DeadlineExceeded).into_http()),
            }
        };
        Box::pin(in_time.instrument(span))
    }
}

fn milliseconds(limit: Duration) -> HeaderValue {
    HeaderValue::from_str(&format!("{}m", limit.as_millis())).expect("digits and a letter")
}

/// Writes trace context into headers.
pub(crate) struct HeaderInjector<'a>(pub(crate) &'a mut HeaderMap);

impl Injector for HeaderInjector<'_> {
    fn set(&mut self, key: &str, value: String) {
        if let (Ok(name), Ok(value)) = (
            HeaderName::from_bytes(key.as_bytes()),
            HeaderValue::from_str(&value),
        ) {
            self.0.insert(name, value);
        }
    }
}

impl Reason {
    /// True where a peer's status carries this reason.
    pub fn is_in(self, status: &tonic::Status) -> bool {
        use tonic_types::StatusExt as _;
        status
            .get_details_error_info()
            .is_some_and(|info| info.reason == self.as_str())
    }
}
