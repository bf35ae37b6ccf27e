//! A receiver of traces, in process.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::{Context as _, Result};
use opentelemetry_proto::tonic::{
    collector::{
        logs::v1::{
            ExportLogsServiceRequest, ExportLogsServiceResponse,
            logs_service_server::{LogsService, LogsServiceServer},
        },
        metrics::v1::{
            ExportMetricsServiceRequest, ExportMetricsServiceResponse,
            metrics_service_server::{MetricsService, MetricsServiceServer},
        },
        trace::v1::{
            ExportTraceServiceRequest, ExportTraceServiceResponse,
            trace_service_server::{TraceService, TraceServiceServer},
        },
    },
    common::v1::any_value::Value,
    trace::v1::span::SpanKind,
};
use tokio::net::TcpListener;
use tonic::{Request, Response, Status, transport::server::TcpIncoming};

/// A span as it was received.
#[derive(Clone, Debug)]
pub struct Span {
    /// The service that made it.
    pub service: String,
    /// Its name.
    pub name: String,
    /// Hex digits.
    pub trace: String,
    /// Hex digits.
    pub id: String,
    /// Hex digits; empty for a root.
    pub parent: String,
    /// True where it answers what another service or a browser asked.
    pub is_server: bool,
    /// Since 1970.
    pub began_at: Duration,
    /// From its begin to its end.
    pub took: Duration,
}

/// Receives OTLP over gRPC and keeps the spans.
#[derive(Clone, Default)]
pub struct Receiver {
    spans: Arc<Mutex<Vec<Span>>>,
    logs: Arc<Mutex<usize>>,
    metrics: Arc<Mutex<usize>>,
}

impl Receiver {
    /// Starts one; answers it and its address.
    pub async fn start() -> Result<(Self, String)> {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .context("listen for telemetry")?;
        let address = format!("http://{}", listener.local_addr()?);
        let receiver = Self::default();
        let server = tonic::transport::Server::builder()
            .add_service(TraceServiceServer::new(receiver.clone()))
            .add_service(LogsServiceServer::new(receiver.clone()))
            .add_service(MetricsServiceServer::new(receiver.clone()))
            .serve_with_incoming(TcpIncoming::from(listener));
        #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
        tokio::spawn(server);
        Ok((receiver, address))
    }

    /// Every span so far.
    pub fn spans(&self) -> Vec<Span> {
        self.spans
            .lock()
            .expect("nobody panics while holding it")
            .clone()
    }

    /// How many log records and metric exports came.
    pub fn others(&self) -> (usize, usize) {
        let count = |of: &Mutex<usize>| *of.lock().expect("nobody panics while holding it");
        (count(&self.logs), count(&self.metrics))
    }

    /// Waits until the spans so far satisfy `enough`.
    pub async fn wait_until(
        &self,
        patience: Duration,
        enough: impl Fn(&[Span]) -> bool,
    ) -> Result<Vec<Span>> {
        let deadline = tokio::time::Instant::now() + patience;
        loop {
            let spans = self.spans();
            if enough(&spans) {
                return Ok(spans);
            }
            if tokio::time::Instant::now() > deadline {
                anyhow::bail!("the spans did not come; there are: {spans:#?}");
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

#[tonic::async_trait]
impl TraceService for Receiver {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let mut spans = self.spans.lock().expect("nobody panics while holding it");
        for resource in request.into_inner().resource_spans {
            let service = resource
                .resource
                .into_iter()
                .flat_map(|resource| resource.attributes)
                .find(|attribute| attribute.key == "service.name")
                .and_then(|attribute| attribute.value?.value)
                .map(|value| match value {
                    Value::StringValue(name) => name,
                    other => format!("{other:?}"),
                })
                .unwrap_or_default();
            for span in resource
                .scope_spans
                .into_iter()
                .flat_map(|scope| scope.spans)
            {
                let began_at = Duration::from_nanos(span.start_time_unix_nano);
                let ended_at = Duration::from_nanos(span.end_time_unix_nano);
                spans.push(Span {
                    service: service.clone(),
                    is_server: span.kind() == SpanKind::Server,
                    began_at,
                    took: ended_at.saturating_sub(began_at),
                    name: span.name,
                    trace: hex(&span.trace_id),
                    id: hex(&span.span_id),
                    parent: hex(&span.parent_span_id),
                });
            }
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl LogsService for Receiver {
    async fn export(
        &self,
        _: Request<ExportLogsServiceRequest>,
    ) -> Result<Response<ExportLogsServiceResponse>, Status> {
        *self.logs.lock().expect("nobody panics while holding it") += 1;
        Ok(Response::new(ExportLogsServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Receiver {
    async fn export(
        &self,
        _: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        *self.metrics.lock().expect("nobody panics while holding it") += 1;
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // writing to a String cannot fail
        let _ = write!(text, "{byte:02x}");
        text
    })
}
