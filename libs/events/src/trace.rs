//! Trace context as text, in the outbox, in headers, and in rows of work that is done later.

use std::collections::HashMap;

use opentelemetry::{Context, global};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// The header's and the column's name, from W3C Trace Context.
pub(crate) const TRACEPARENT: &str = "traceparent";

/// The trace of the work at hand; empty where there is none.
pub fn current() -> String {
    let mut headers = HashMap::new();
    global::get_text_map_propagator(|propagator| {
        propagator.inject_context(&tracing::Span::current().context(), &mut headers);
    });
    headers.remove(TRACEPARENT).unwrap_or_default()
}

/// Reads what [`current`] wrote.
pub fn parse(traceparent: &str) -> Context {
    let headers = HashMap::from([(TRACEPARENT.to_owned(), traceparent.to_owned())]);
    global::get_text_map_propagator(|propagator| propagator.extract(&headers))
}
