//! Traces, metrics and logs over OTLP, and log lines on standard output.

use anyhow::{Context as _, Result};
use opentelemetry::{
    KeyValue, global,
    trace::{TraceContextExt as _, TraceId, TracerProvider as _},
};
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_otlp::{LogExporter, MetricExporter, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::{
    Resource, logs::SdkLoggerProvider, metrics::SdkMeterProvider,
    propagation::TraceContextPropagator, trace::SdkTracerProvider,
};
use serde::Deserialize;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::{
    EnvFilter, Layer as _, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

/// Where telemetry goes.
#[derive(Clone, Debug, Deserialize)]
pub struct Telemetry {
    /// An OTLP/gRPC receiver, such as "http://collector:4317"; empty sends nothing.
    pub otlp_endpoint: String,
    /// A filter such as "info,rdkafka=warn".
    pub log: String,
    /// "json" for machines, "text" for people.
    pub log_format: String,
}

/// What must be flushed before the process ends.
pub struct Guard {
    tracer: Option<SdkTracerProvider>,
    meter: Option<SdkMeterProvider>,
    logger: Option<SdkLoggerProvider>,
}

/// Starts telemetry for the whole process; call once.
pub fn init(name: &'static str, telemetry: &Telemetry) -> Result<Guard> {
    global::set_text_map_propagator(TraceContextPropagator::new());
    let filter = EnvFilter::try_new(&telemetry.log)
        .with_context(|| format!("telemetry.log is not a filter: {}", telemetry.log))?;
    let lines = match telemetry.log_format.as_str() {
        "json" => tracing_subscriber::fmt::layer()
            .json()
            .flatten_event(true)
            .boxed(),
        "text" => tracing_subscriber::fmt::layer().boxed(),
        other => anyhow::bail!("telemetry.log_format must be json or text, not {other}"),
    };
    let registry = tracing_subscriber::registry().with(filter).with(lines);
    if telemetry.otlp_endpoint.is_empty() {
        registry.try_init().context("start logging")?;
        return Ok(Guard {
            tracer: None,
            meter: None,
            logger: None,
        });
    }

    let endpoint = &telemetry.otlp_endpoint;
    let resource = Resource::builder()
        .with_service_name(name)
        .with_attribute(KeyValue::new("service.namespace", "contractoros"))
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build();
    let spans = SpanExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .build()
        .context("make the span exporter")?;
    let tracer = SdkTracerProvider::builder()
        .with_batch_exporter(spans)
        .with_resource(resource.clone())
        .build();
    let metrics = MetricExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .build()
        .context("make the metric exporter")?;
    let meter = SdkMeterProvider::builder()
        .with_periodic_exporter(metrics)
        .with_resource(resource.clone())
        .build();
    let logs = LogExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .build()
        .context("make the log exporter")?;
    let logger = SdkLoggerProvider::builder()
        .with_batch_exporter(logs)
        .with_resource(resource)
        .build();
    global::set_tracer_provider(tracer.clone());
    global::set_meter_provider(meter.clone());
    // the exporters' own calls must not make spans and logs of their own
    let outside =
        EnvFilter::new("trace,h2=off,hyper=off,tonic=off,tower=off,reqwest=off,opentelemetry=off");
    registry
        .with(
            tracing_opentelemetry::layer()
                .with_tracer(tracer.tracer("contractoros"))
                .with_filter(outside.clone()),
        )
        .with(OpenTelemetryTracingBridge::new(&logger).with_filter(outside))
        .try_init()
        .context("start logging")?;
    Ok(Guard {
        tracer: Some(tracer),
        meter: Some(meter),
        logger: Some(logger),
    })
}

/// The id of the trace of the work at hand; none where nobody traces.
pub fn trace_id() -> Option<String> {
    let context = tracing::Span::current().context();
    let trace = context.span().span_context().trace_id();
    (trace != TraceId::INVALID).then(|| trace.to_string())
}

impl Guard {
    /// Sends what is still held back.
    pub fn shutdown(self) {
        let outcomes = [
            self.tracer.map(|provider| provider.shutdown()),
            self.meter.map(|provider| provider.shutdown()),
            self.logger.map(|provider| provider.shutdown()),
        ];
        for error in outcomes.into_iter().flatten().filter_map(Result::err) {
            tracing::warn!(%error, "cannot flush telemetry");
        }
    }
}
