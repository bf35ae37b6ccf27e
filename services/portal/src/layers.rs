//! What happens to every request, and to every answer.

use std::time::Duration;

use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::Response,
};
use http::{HeaderName, HeaderValue, Method, header};
use opentelemetry::trace::TraceContextExt as _;
use tracing::{Instrument as _, field::Empty};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// How long a page may take; a form may take as long as the longest write, and a page after it.
const PAGE: Duration = Duration::from_secs(3);
const FORM: Duration = Duration::from_secs(8);

/// Nothing inline, nothing from elsewhere.
const CONTENT_SECURITY_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; \
     frame-ancestors 'self'; form-action 'self'; base-uri 'none'; object-src 'none'",
);

/// Opens the span of a request: named after its route, never after its path, which may hold a link's token.
pub(crate) async fn trace(request: Request, next: Next) -> Response {
    let span = tracing::info_span!(
        "page",
        otel.kind = "server",
        http.request.method = request.method().as_str(),
        http.route = Empty,
        tenant = Empty,
    );
    let traced = span.clone();
    let response = next.run(request).instrument(span).await;
    let status = i64::from(response.status().as_u16());
    traced.set_attribute("http.response.status_code", status);
    response
}

/// Tells the span which route it was.
pub(crate) async fn name_route(request: Request, next: Next) -> Response {
    if let Some(route) = request.extensions().get::<MatchedPath>() {
        let span = tracing::Span::current();
        span.record("http.route", route.as_str());
        // the span has begun with the question which organization answers here: a field of that name comes too late
        let name = format!("{} {}", request.method(), route.as_str());
        span.context().span().update_name(name);
    }
    next.run(request).await
}

/// Gives the request its time; every call that it makes gets what is left.
pub(crate) async fn deadline(request: Request, next: Next) -> Response {
    let limit = match *request.method() {
        Method::GET | Method::HEAD => PAGE,
        _ => FORM,
    };
    service::deadline::within(limit, next.run(request)).await
}

/// Headers of every answer; what a handler has set already stays.
pub(crate) async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let usual = [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static("private, no-store"),
        ),
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
        (
            header::REFERRER_POLICY,
            HeaderValue::from_static("same-origin"),
        ),
        (
            HeaderName::from_static("x-robots-tag"),
            HeaderValue::from_static("noindex"),
        ),
    ];
    for (name, value) in usual {
        response.headers_mut().entry(name).or_insert(value);
    }
    response
}

/// For pages whose address is a secret: it is told to nobody.
pub(crate) async fn no_referrer(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    response
}
